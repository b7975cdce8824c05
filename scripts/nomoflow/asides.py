"""Files and folders that are made aside and moved into place whole.

What a killed job leaves aside is named so that the next job of the same output finds it. Standard
library only: Snakemake itself imports this module.
"""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# The number is the process's; the name stays last, since writers choose the format by its ending.
ASIDE = re.compile(r"\.\d+\.(.+)")


def aside(path: Path) -> Path:
    """Where this process makes what will be at ``path``."""
    return path.with_name(f".{os.getpid()}.{path.name}")


def clear_asides(path: Path) -> None:
    """Remove what any process has left aside of ``path``: a job of this output begins anew."""
    for left in path.parent.iterdir():
        found = ASIDE.fullmatch(left.name)
        if found and found[1] == path.name:
            if left.is_dir():
                shutil.rmtree(left)
            else:
                left.unlink()


@contextmanager
def replacing_folder(path: str | Path) -> Iterator[Path]:
    """Give an empty folder beside ``path``; move it into place only when all went well."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    clear_asides(path)
    made = aside(path)
    made.mkdir()
    try:
        yield made
        if path.exists():
            shutil.rmtree(path)
        os.replace(made, path)
    finally:
        shutil.rmtree(made, ignore_errors=True)
