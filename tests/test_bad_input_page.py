"""docs/bad_input.md: every kind of problem stands there, with its message and a test that is."""

import ast
import re
from pathlib import Path

import pytest
from broken_scans import BROKEN, LIMITS

from nomoflow.images import check_scan
from nomoflow.policy import OF_EVERYONE
from nomoflow.problem_kinds import KINDS

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs/bad_input.md").read_text(encoding="utf-8")
POLICIES = {"stop or exclude", "stop", "warning", "by images.masks", "as `computation`"}
POLICIES.add("row in failures; exit code 1, or exclude")


def rows():
    """The tables' rows as lists of cells, without heads and rules."""
    lines = [line for line in PAGE.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return [row for row in cells if row[0] not in ("kind", "what is wrong") and len(row) > 1]


def by_kind():
    return {row[0].strip("`"): row[1:] for row in rows() if len(row) == 5}


def test_every_kind_stands_there_once():
    found = [row[0].strip("`") for row in rows() if len(row) == 5]
    assert sorted(found) == sorted(KINDS)
    assert {policy for _, _, policy, _ in by_kind().values()} == POLICIES
    assert {kind for kind, row in by_kind().items() if row[2] == "stop"} == set(OF_EVERYONE)


def test_every_row_names_tests_that_exist():
    named = re.findall(r"`(\w+/test_\w+\.py)::(test_\w+)`", PAGE)
    assert len(named) > len(KINDS)
    lost = []
    for path in sorted({path for path, _ in named}):
        tree = ast.parse((ROOT / "tests" / path).read_text(encoding="utf-8"))
        there = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        lost += [f"{path}::{name}" for at, name in named if at == path and name not in there]
    assert lost == []
    cells = [row[-1] for row in rows()]
    assert [cell for cell in cells if cell != "-" and "::" not in cell] == []


@pytest.mark.parametrize("kind", sorted(BROKEN.keys() - {"same_image"}))
def test_the_message_is_as_on_the_page(tmp_path, kind):
    image, mask, label = BROKEN[kind](tmp_path, 0)
    scan = {"patient": "P1", "phase": "CT", "reading": "a1", "label": label}
    (row,) = check_scan(scan | {"image": str(image), "mask": str(mask)}, LIMITS)
    assert row["kind"] == kind
    assert f"`{row['problem']}`" in by_kind()[kind][1]
    assert row["found"] and row["allowed"] and row["remedy"]


def sources():
    """All strings of the program, those that stand over several lines put together."""
    text = "".join(
        path.read_text(encoding="utf-8") for path in sorted(ROOT.glob("scripts/**/*.py"))
    )
    return re.sub(r'"\s*\n\s*f?"', "", text)


def test_messages_of_the_troubleshooting_page_are_the_programs():
    page = (ROOT / "docs/troubleshooting.md").read_text(encoding="utf-8")
    table = page.partition("## Other messages")[2].partition("\n## ")[0]
    cells = [line.split(" | ")[0] for line in table.splitlines() if line.startswith("| `")]
    said = [part for cell in cells for words in re.findall("`([^`]+)`", cell)
            for part in words.split(" ... ")]  # fmt: skip
    assert len(said) > 12
    text = sources()
    assert [words for words in said if words not in text] == []
