"""The texts of the pages in Chinese, by their English form; `chinese` has those of figures.

They stand in report/texts: zh_study.json as the study's report says them, zh_pages.json the pages
beside it, zh_tables.json the sentences of tables (methods, notes, warnings) by their pattern.
"""

import json
from pathlib import Path

_TEXTS = Path(__file__).resolve().parents[2] / "report/texts"


def _read(name: str) -> dict[str, str]:
    return json.loads((_TEXTS / f"{name}.json").read_bytes())


TEXTS: dict[str, str] = _read("zh_study") | _read("zh_pages")
SENTENCES: dict[str, str] = _read("zh_tables")
