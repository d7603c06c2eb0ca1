#!/usr/bin/env bash
# Renews requirements.lock (to run) and requirements-dev.lock (to test): hashed, without addresses. lock.sh UV
set -euo pipefail
cd "$(dirname "$0")/.."
uv=$1
common=(--quiet --generate-hashes --no-emit-index-url --universal --python-version 3.11 --no-header)
"$uv" pip compile "${common[@]}" --extra build --extra ocr pyproject.toml -o requirements.lock
"$uv" pip compile "${common[@]}" --extra build --extra ocr --extra dev pyproject.toml -o requirements-dev.lock
