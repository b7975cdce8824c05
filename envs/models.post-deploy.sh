#!/usr/bin/env bash
# Two small libraries that glmstar needs come with it; the rest stands in the env file.
set -euo pipefail
python -m pip install --no-deps glmstar==0.6.0 coxdev==0.4.1 scatter-smooth==0.3.0
