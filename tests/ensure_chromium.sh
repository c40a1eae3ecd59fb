#!/bin/sh
# Sees to it that the browser tests have a Chromium: the user's own, the machine's, or one that is
# installed here where we may.
set -eu

[ -n "${CHARLOOM_CHROMIUM:-}" ] && exit 0
for name in chromium chromium-browser google-chrome google-chrome-stable; do
    command -v "$name" >/dev/null 2>&1 && exit 0
done
exec sh "$(dirname "$0")/install.sh" chromium "the browser tests" \
    "run \`sudo apt-get install chromium\` (Fedora: \`sudo dnf install chromium\`; macOS: \`brew
install --cask chromium\`), or set CHARLOOM_CHROMIUM to the path of a Chrome or Chromium"
