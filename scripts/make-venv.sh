#!/usr/bin/env bash
# Makes a virtual environment: make-venv.sh PYTHON FOLDER. Debian keeps venv in a package of its own, which is fetched when missing.
set -euo pipefail
python=$1 folder=$2
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Zegel needs Python 3.11 or newer." >&2; exit 1; }
if ! "$python" -c 'import ensurepip' 2>/dev/null; then
    if [ "$(id -u)" -eq 0 ]; then run=(); elif command -v sudo >/dev/null; then run=(sudo); else
        echo "Python's venv module is missing: install the package python3-venv first." >&2; exit 1
    fi
    "${run[@]}" apt-get update -qq
    "${run[@]}" apt-get install -y -qq --no-install-recommends python3-venv
fi
"$python" -m venv "$folder"
