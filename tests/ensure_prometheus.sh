#!/bin/sh
# Sees to it that the tests of metrics have Prometheus' programs: the machine's, or ones that are
# installed here where we may.
set -eu

command -v promtool >/dev/null 2>&1 && command -v prometheus >/dev/null 2>&1 && exit 0

as_root=
if [ "$(id -u)" -ne 0 ]; then
    as_root="sudo -n"
    sudo -n true 2>/dev/null || as_root=none
fi
if [ "$as_root" = none ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "The tests of metrics need Prometheus: run \`sudo apt-get install prometheus\`" \
        "(macOS: \`brew install prometheus\`)." >&2
    exit 1
fi
echo "Installing Prometheus for the tests of metrics ..."
# Its log is shown only where it failed.
log=$(mktemp)
export DEBIAN_FRONTEND=noninteractive
if ! { $as_root apt-get update && $as_root apt-get install -y --no-install-recommends prometheus; } \
    >"$log" 2>&1 </dev/null; then
    cat "$log" >&2
    echo "Prometheus could not be installed: run \`apt-get install prometheus\` yourself." >&2
    rm -f "$log"
    exit 1
fi
rm -f "$log"
