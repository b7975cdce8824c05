"""Digests of the code behind a rule: Snakemake itself watches the script alone.

Standard library only: Snakemake itself imports this module.
"""

import ast
import hashlib
from pathlib import Path


def code_digests(script: str, root: str | Path) -> dict[str, str]:
    """{module: SHA-256} of the nomoflow modules that a rule's script reaches, at any depth."""
    found: dict[str, str] = {}
    waiting = [f"scripts/{script}.py"]
    while waiting:
        tree = ast.parse(Path(root, waiting.pop()).read_text(encoding="utf-8"))
        imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        for node in imports:
            package, _, module = (node.module or "").partition(".")
            names = [module] if module else [alias.name for alias in node.names]
            for name in names if package == "nomoflow" else []:
                if name not in found:
                    waiting.append(f"scripts/nomoflow/{name}.py")
                    found[name] = source_digest(root, waiting[-1])
    return dict(sorted(found.items()))


def source_digest(root: str | Path, *paths: str) -> str:
    """Digest of files that a script reads beside its inputs, so that an edit is noticed."""
    content = b"".join(Path(root, path).read_bytes() for path in sorted(paths))
    return hashlib.sha256(content).hexdigest()
