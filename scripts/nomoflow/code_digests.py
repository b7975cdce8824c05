"""Digests of the code behind a rule: Snakemake itself watches the script alone.

Standard library only: Snakemake itself imports this module.
"""

import hashlib
import re
from functools import cache
from pathlib import Path

# Searched, not parsed: the syntax trees of all modules would cost each start half a second.
_IMPORT = re.compile(r"^\s*from nomoflow(?:\.(\w+))? import (?:\(([^)]*)\)|(.*))", re.MULTILINE)
_PLACE = re.compile(r'"((?:report|config/schemas)/[\w./-]+)"')


def code_digests(script: str, root: str | Path) -> dict[str, str]:
    """{name: SHA-256} of what a rule's script reaches, at any depth.

    That is modules of nomoflow by their names, and by their paths the files below report/ and
    config/schemas/ that these modules name, or whose folder they name.
    """
    found: dict[str, str] = {}
    waiting = [f"scripts/{script}.py"]
    while waiting:
        modules, places = _reached(Path(root, waiting.pop()).read_text(encoding="utf-8"))
        for name in modules:
            if name not in found:
                waiting.append(f"scripts/nomoflow/{name}.py")
                found[name] = source_digest(root, waiting[-1])
        for path in places:  # or of results, which have a folder report/ as well
            inside = [path] if Path(root, path).is_file() else _files_in(root, path)
            found |= {file: source_digest(root, file) for file in inside}
    return dict(sorted(found.items()))


@cache  # each rule reaches the same modules
def _reached(source: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The nomoflow modules that a source imports itself, and the places that it names."""
    found = []
    for module, listed, line in _IMPORT.findall(source):
        names = re.sub("#.*", "", listed or line).split(",")
        found += [module] if module else [name.split()[0] for name in names if name.strip()]
    return tuple(found), tuple(_PLACE.findall(source))


def _files_in(root: str | Path, folder: str) -> list[str]:
    return [f"{folder}/{path.name}" for path in Path(root, folder).glob("*") if path.is_file()]


def source_digest(root: str | Path, *paths: str) -> str:
    """Digest of files that a script reads beside its inputs, so that an edit is noticed."""
    content = b"".join(Path(root, path).read_bytes() for path in sorted(paths))
    return hashlib.sha256(content).hexdigest()


def digest_of_texts(root: str | Path, *patterns: str) -> str:
    """Digest of the files below report/ whose names match one of the patterns."""
    found = {path for pattern in patterns for path in Path(root, "report").glob(pattern)}
    return source_digest(root, *(str(path.relative_to(root)) for path in found))
