#!/bin/sh
# Sees to it that the tests of several hosts have `ip` and `tc`, where we may install them; they are
# passed over where not, so nothing of this is an error.
set -eu

command -v ip >/dev/null 2>&1 && command -v tc >/dev/null 2>&1 && exit 0
# Only root can make network namespaces.
[ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1 || exit 0
echo "Installing iproute2 for the tests of several hosts ..."
export DEBIAN_FRONTEND=noninteractive
{ apt-get update && apt-get install -y --no-install-recommends iproute2; } >/dev/null 2>&1 </dev/null \
    || echo "iproute2 could not be installed: the tests of several hosts are passed over." >&2
