"""Digests of the code behind a rule: Snakemake itself watches the script alone.

Standard library only: Snakemake itself imports this module.
"""

import ast
import hashlib
from functools import cache
from pathlib import Path


def code_digests(script: str, root: str | Path) -> dict[str, str]:
    """{module: SHA-256} of the nomoflow modules that a rule's script reaches, at any depth."""
    found: dict[str, str] = {}
    waiting = [f"scripts/{script}.py"]
    while waiting:
        for name in _imported(Path(root, waiting.pop()).read_text(encoding="utf-8")):
            if name not in found:
                waiting.append(f"scripts/nomoflow/{name}.py")
                found[name] = source_digest(root, waiting[-1])
    return dict(sorted(found.items()))


@cache  # each rule reaches the same modules
def _imported(source: str) -> tuple[str, ...]:
    """The nomoflow modules that a source imports itself."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            package, _, module = (node.module or "").partition(".")
            names = [module] if module else [alias.name for alias in node.names]
            found += names if package == "nomoflow" else []
    return tuple(found)


def source_digest(root: str | Path, *paths: str) -> str:
    """Digest of files that a script reads beside its inputs, so that an edit is noticed."""
    content = b"".join(Path(root, path).read_bytes() for path in sorted(paths))
    return hashlib.sha256(content).hexdigest()


def digest_of_texts(root: str | Path, *patterns: str) -> str:
    """Digest of the files below report/ whose names match one of the patterns."""
    found = {path for pattern in patterns for path in Path(root, "report").glob(pattern)}
    return source_digest(root, *(str(path.relative_to(root)) for path in found))
