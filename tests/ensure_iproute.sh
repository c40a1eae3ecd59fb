#!/bin/sh
# Sees to it that the test of several hosts has `ip` and `tc`, where we may install them; it is
# passed over where not, so nothing of this is an error.
set -eu

command -v ip >/dev/null 2>&1 && command -v tc >/dev/null 2>&1 && exit 0
# Only root can make network namespaces.
[ "$(id -u)" -eq 0 ] || exit 0
sh "$(dirname "$0")/install.sh" iproute2 "the tests of several hosts" \
    "run \`apt-get install iproute2\`; the test is passed over without" || exit 0
