"""The texts of the report in Chinese, by their English form; `chinese` has those of figures.

They stand in report/texts/zh.json: ``texts`` as the pages say them, ``heard`` the sentences of
tables (methods, notes, warnings) by their pattern.
"""

import json
from pathlib import Path

_CATALOGUE = json.loads((Path(__file__).resolve().parents[2] / "report/texts/zh.json").read_bytes())
TEXTS: dict[str, str] = _CATALOGUE["texts"]
SENTENCES: dict[str, str] = _CATALOGUE["heard"]
