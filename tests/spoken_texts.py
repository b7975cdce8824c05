"""The texts of pages and tables as they stand in code, and the English that a page still says."""

import ast
import re
from html.parser import HTMLParser
from pathlib import Path

from jinja2 import Environment, nodes

ROOT = Path(__file__).resolve().parents[1]
MODULES = ROOT / "scripts/nomoflow"
_HIDDEN = {"script", "style", "code", "pre"}
_SHOWN = ("title", "alt", "aria-label", "placeholder")
# Two Latin words or more; a name with a point, slash or line below is a file's, a key's or a code.
_ENGLISH = re.compile(r"(?<![\w./])[A-Za-z][A-Za-z'’]+(?:[,;:]? [A-Za-z][A-Za-z'’]+)+(?![\w./])")


def texts_in(path: Path) -> list[str]:
    """Strings of a module, an f-string with {} for each value; those of docstrings and errors not.

    Strings that are added together are one.
    """
    found = []
    _walk(ast.parse(path.read_text(encoding="utf-8")), found)
    return found


def _walk(node: ast.AST, found: list[str]) -> None:
    if isinstance(node, ast.Raise | ast.Assert):
        return
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return
    if (text := _text(node)) is not None:
        found.append(text)
        if not isinstance(node, ast.JoinedStr):
            return
    for inner in ast.iter_child_nodes(node):
        if not (isinstance(node, ast.JoinedStr) and isinstance(inner, ast.Constant)):
            _walk(inner, found)


def _text(node: ast.AST) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(v.value if isinstance(v, ast.Constant) else "{}" for v in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        parts = _text(node.left), _text(node.right)
        return None if None in parts else "".join(parts)
    return None


def said_by_template(path: Path) -> set[str]:
    """What a template says: the text of each call of say, both of a choice."""
    tree = Environment().parse(path.read_text(encoding="utf-8"))
    calls = [call for call in tree.find_all(nodes.Call) if getattr(call.node, "name", "") == "say"]
    said = [call.args[0] for call in calls]
    either = [
        one for text in said if isinstance(text, nodes.CondExpr) for one in text.iter_child_nodes()
    ]
    return {text.value for text in (*said, *either) if isinstance(text, nodes.Const)}


class _Reading(HTMLParser):
    def __init__(self, source: str):
        super().__init__()
        self.open, self.section, self.found, self.goes_on = [], "", [], False
        self.feed(source)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.goes_on = tag == "wbr"  # a long name may break there
        if tag in _HIDDEN:
            self.open.append(tag)
        if tag == "section":
            self.section = given.get("id", "")
        self.found += [(self.section, given[name]) for name in _SHOWN if given.get(name)]

    def handle_endtag(self, tag):
        if tag in _HIDDEN:
            self.open.pop()

    def handle_data(self, data):
        if not self.open:
            before = self.found.pop()[1] if self.goes_on else ""
            self.found.append((self.section, before + " ".join(data.split())))
        self.goes_on = False


def english_on(source: str, own=(), sections=()) -> set[str]:
    """Two English words or more in a row, of texts and titles of a page.

    ``own``: texts that are the study's own, or names that have no other form; ``sections``: ids
    of those that stay English as a whole.
    """
    return {
        words
        for section, text in _Reading(source).found
        if section not in sections
        for words in english_in(text, own)
    }


def english_in(text: str, own=()) -> list[str]:
    """The same of one text."""
    names = re.compile("|".join(map(re.escape, sorted(own, key=len, reverse=True))) or r"(?!)")
    return _ENGLISH.findall(names.sub(" · ", text))
