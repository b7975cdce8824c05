#!/usr/bin/env bash
# Built against the numpy of this prefix; its requirements stand in the env file.
set -euo pipefail
python -m pip install --no-deps --no-build-isolation pyradiomics==3.0.1
