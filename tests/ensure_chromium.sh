#!/bin/sh
# Sees to it that the browser tests have a Chromium: the user's own, the machine's, or one that is
# installed here where we may.
set -eu

[ -n "${CHARLOOM_CHROMIUM:-}" ] && exit 0
for name in chromium chromium-browser google-chrome google-chrome-stable; do
    command -v "$name" >/dev/null 2>&1 && exit 0
done

as_root=
if [ "$(id -u)" -ne 0 ]; then
    as_root="sudo -n"
    sudo -n true 2>/dev/null || as_root=none
fi
if [ "$as_root" = none ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "The browser tests need Chromium: run \`sudo apt-get install chromium\` (Fedora: \`sudo dnf" \
        "install chromium\`; macOS: \`brew install --cask chromium\`), or set CHARLOOM_CHROMIUM to" \
        "the path of a Chrome or Chromium." >&2
    exit 1
fi
echo "Installing Chromium for the browser tests ..."
# Its log is shown only where it failed.
log=$(mktemp)
export DEBIAN_FRONTEND=noninteractive
if ! { $as_root apt-get update && $as_root apt-get install -y --no-install-recommends chromium; } \
    >"$log" 2>&1 </dev/null; then
    cat "$log" >&2
    echo "Chromium could not be installed: run \`apt-get install chromium\` yourself, or set" \
        "CHARLOOM_CHROMIUM to the path of a Chrome or Chromium." >&2
    rm -f "$log"
    exit 1
fi
rm -f "$log"
