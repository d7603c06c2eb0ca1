#!/usr/bin/env bash
# Installs the real peers that the tests run against: mail servers and clients, a database, a browser. Needs root, or sudo.
# Without them the tests fail; they never skip.
set -euo pipefail
cd "$(dirname "$0")/.."
cache=${ZEGEL_TEST_CACHE:-.cache/peers}

packages=(
    postfix dovecot-imapd dovecot-lmtpd   # servers in front and behind
    swaks msmtp                           # submission clients
    libmail-dkim-perl                     # an independent DKIM verifier
    postgresql                            # the other database
    chromium fonts-dejavu-core openssl    # the recipient's browser; certificates
    nodejs npm                            # axe-core, and an SMSC for SMPP
    libarchive13 tesseract-ocr tesseract-ocr-nld   # what reads rar, 7z and images
    fonts-liberation                      # a font to draw pictures of text with
)

as_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi; }

wanted=()
for package in "${packages[@]}"; do
    case "$package" in
        nodejs|npm) command -v "${package/nodejs/node}" >/dev/null && continue ;;
    esac
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || wanted+=("$package")
done
if [ "${#wanted[@]}" -gt 0 ]; then
    # No service starts by itself: the tests start their own, on loopback and free ports.
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
        as_root chmod +x "$policy"
        trap 'as_root rm -f "$policy"' EXIT
    fi
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${wanted[@]}"
fi

mkdir -p "$cache"
cp scripts/peers/package.json scripts/peers/package-lock.json "$cache/"
npm ci --prefix "$cache" --silent --no-audit --no-fund --omit-lockfile-registry-resolved
echo "peers: ready"
