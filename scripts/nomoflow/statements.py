"""Texts that only a study's authors can give (ethics, protocol, intended use), by name.

Their names, and what to write under each, stand in report/checklists/statements.json.
"""

import json
from pathlib import Path

LISTS = Path(__file__).resolve().parents[2] / "report/checklists"


def known_statements() -> dict[str, dict]:
    """The texts that can be given: topic, ask (what to write), and values where it is a choice."""
    return statements_list()["statements"]


def statements_list() -> dict:
    """The list as it stands: shortest (characters of a text) and statements."""
    return json.loads((LISTS / "statements.json").read_bytes())
