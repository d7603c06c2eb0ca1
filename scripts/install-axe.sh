#!/bin/sh
# Fetches axe-core, which the accessibility tests run in the browser, into .cache/axe-core (not committed).
set -eu
VERSION=4.14.1
target="$(cd "$(dirname "$0")/.." && pwd)/.cache/axe-core"
[ -f "$target/axe.min.js" ] && exit 0
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"
npm pack --silent "axe-core@$VERSION" > /dev/null
tar -xzf "axe-core-$VERSION.tgz"
mkdir -p "$target"
cp package/axe.min.js package/LICENSE "$target/"
