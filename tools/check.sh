#!/usr/bin/env bash
# The one command before a commit: format, lint, types, and the fast tests with warnings as errors.
set -euo pipefail
cd "$(dirname "$0")/.."
ruff format --config tools/ruff.toml --check .
ruff check --config tools/ruff.toml .
mypy
python -m pytest -n 2 "$@"
