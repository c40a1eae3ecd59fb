#!/bin/sh
# Sees to it that the tests of metrics have Prometheus' programs: the machine's, or ones that are
# installed here where we may.
set -eu

command -v promtool >/dev/null 2>&1 && command -v prometheus >/dev/null 2>&1 && exit 0
exec sh "$(dirname "$0")/install.sh" prometheus "the tests of metrics" \
    "run \`sudo apt-get install prometheus\` (macOS: \`brew install prometheus\`)"
