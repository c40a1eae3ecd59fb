#!/bin/sh
# Installs a Debian package that tests need, where we may: `sh install.sh PACKAGE FOR HOW`, where HOW
# says what to do by hand.
set -eu
package=$1 purpose=$2 how=$3

as_root=
if [ "$(id -u)" -ne 0 ]; then
    as_root="sudo -n"
    sudo -n true 2>/dev/null || as_root=none
fi
if [ "$as_root" = none ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "$purpose need $package: $how." >&2
    exit 1
fi
echo "Installing $package for $purpose ..."
# Its log is shown only where it failed.
log=$(mktemp)
export DEBIAN_FRONTEND=noninteractive
if ! { $as_root apt-get update && $as_root apt-get install -y --no-install-recommends "$package"; } \
    >"$log" 2>&1 </dev/null; then
    cat "$log" >&2
    echo "$package could not be installed: $how." >&2
    rm -f "$log"
    exit 1
fi
rm -f "$log"
