"""What a test gives to the programs that it calls, as its own source has it.

A page's command counts as run by a test where the test has a call, or a list of words, that holds
the command's words in their order. What is not known before the test runs (a folder, say) may
stand for a path or a value, never for a target or an option.
"""

import ast
import importlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
UNKNOWN = None
SOMEWHERE = "…/"  # a folder that only the running test knows
Words = list[str | None]


def given_words(file: str) -> list[Words]:
    """Words of every call, its function first, and of every list in a file below tests/.

    They are texts, and UNKNOWN for all else. Names that hold texts count as these: of the module,
    and of the function where they are set once. A keyword argument ``configs`` follows its call's
    words, as on the command line.
    """
    module = vars(importlib.import_module(".".join(Path(file).with_suffix("").parts)))
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    found = []
    for scope in (tree, *functions):
        known = {**module, **_set_once(scope)} if scope is not tree else module
        for node in ast.walk(scope):
            if isinstance(node, ast.Call):
                found.append([_called(node), *_words(node, known)])
            elif isinstance(node, ast.List | ast.Tuple):
                found.append(_words(node, known))
    return found


def _called(call: ast.Call) -> str:
    """What is called, without the module that it is of: snakemake, dvc, git."""
    return getattr(call.func, "id", getattr(call.func, "attr", ""))


def _set_once(function: ast.FunctionDef) -> dict[str, ast.AST]:
    """What a function's own names stand for, where they are set once and simply."""
    names = [node.id for node in ast.walk(function)
             if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]  # fmt: skip
    return {
        node.targets[0].id: node.value
        for node in ast.walk(function)
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and names.count(node.targets[0].id) == 1
    }


def _words(node: ast.AST, known: Mapping) -> Words:
    if isinstance(node, ast.Call):
        configs = [one.value for one in node.keywords if one.arg == "configs"]
        return [word for one in (*node.args, *configs) for word in _words(one, known)]
    if isinstance(node, ast.List | ast.Tuple):
        return [word for one in node.elts for word in _words(one, known)]
    node = node.value if isinstance(node, ast.Starred) else node
    own = known.get(node.id) if isinstance(node, ast.Name) else None
    if isinstance(own, ast.List | ast.Tuple):
        return _words(own, known)
    found = _value(node, known)
    return list(found) if isinstance(found, list | tuple) else [found]


def _value(node: ast.AST, known: Mapping) -> str | Sequence[str] | None:
    """A text, or several; UNKNOWN where only the running test has it."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.Name):
        found = known.get(node.id, UNKNOWN)
        found = _value(found, {}) if isinstance(found, ast.AST) else found
    elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        found = getattr(known.get(node.value.id, UNKNOWN), node.attr, UNKNOWN)
    elif isinstance(node, ast.JoinedStr):
        parts = [_value(one, known) for one in node.values]
        return "".join(parts) if all(isinstance(part, str) for part in parts) else UNKNOWN
    elif isinstance(node, ast.FormattedValue):
        return _value(node.value, known)
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        below = _value(node.right, known)
        return f"{SOMEWHERE}{below}" if isinstance(below, str) else UNKNOWN
    else:
        return UNKNOWN
    return found if isinstance(found, str | list | tuple) else UNKNOWN


def holds(given: Words, wanted: Sequence[str]) -> bool:
    """Whether words that were given hold the wanted ones, in their order."""
    rest = iter(given)
    return all(any(_same(one, word) for one in rest) for word in wanted)


def _same(given: str | None, wanted: str) -> bool:
    if given is UNKNOWN:
        return not wanted.startswith("-") and re.search(r"[/.={]", wanted) is not None
    if given.startswith(SOMEWHERE):
        given = given.removeprefix(SOMEWHERE)
        return wanted == given or wanted.endswith(f"/{given}")
    if ".yaml:" in wanted:  # a key of a config with its value: both are the user's
        return given.partition(":")[0] == wanted.partition(":")[0]
    if "=" in wanted and not wanted.startswith("-"):  # key=value: the value is the user's
        return given.partition("=")[0] == wanted.partition("=")[0]
    return given == wanted or (wanted.endswith(".py") and Path(wanted).name == Path(given).name)


def loads(file: str, script: str) -> bool:
    """Whether a file below tests/ loads a program as a module and calls its ``main``."""
    words = [word for words in given_words(file) for word in words]
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    called = [node.func.attr for node in ast.walk(tree)
              if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]  # fmt: skip
    return Path(script).stem in words and "main" in called
