"""Snakemake with conda: conda itself where it is installed, elsewhere an offline stand-in.

The stand-in (``tools/conda_offline`` beside the study data) builds a channel from PyPI's wheels,
then solves and installs real packages from it. docs/environments.md says what it does not prove.
"""

import os
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from workflow.running import CI, ROOT, Run, called, own_environment

CACHE = ROOT / ".cache/conda"
STAND_IN = Path("tools/conda_offline/with_conda.sh")
# Threads of the stand-in's solver at times crash Python as it ends, all done; so it just ends.
JUST_ENDS = """\
#!/bin/sh
exec "{python}" -c '
import os, runpy, sys
sys.argv, code = sys.argv[1:], 0
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
except SystemExit as end:
    code = end.code if isinstance(end.code, int) else int(end.code is not None)
    print(end.code or "", file=sys.stderr)
except BaseException:
    code = 1
    sys.excepthook(*sys.exc_info())
sys.stdout.flush()
sys.stderr.flush()
os._exit(code)
' "$@"
"""


class Conda:
    """Calls of snakemake, each rule in its own stage's conda environment.

    Snakemake itself runs from an environment with nothing else in it: it adds its own packages to
    a script's path, so that one which is missing in an env file would pass unseen.

    stand_in : the stand-in's program, or None for conda itself
    """

    def __init__(self, stand_in: Path | None):
        self.stand_in = stand_in
        self.pin = version("snakemake")
        CACHE.mkdir(parents=True, exist_ok=True)

    def snakemake(self, folder: Path, *options: str) -> Run:
        """The quick study in a folder, or those of its files that are named first."""
        own = own_environment() | {
            "PY": f"{sys.base_prefix}/bin/python3",
            "SNAKEMAKE_VERSION": self.pin,
        }
        start = self._offline(folder) if self.stand_in else self._bare(own)
        command = [*start, "snakemake", *options, "--cores", "2", "--configfile", CI]
        command += ["--software-deployment-method", "conda"]
        command += ["--conda-prefix", str(CACHE / "prefixes")]
        return called(command, folder, own, timeout=3000)

    def _offline(self, folder: Path) -> list[str]:
        solver = CACHE / "just_ends"
        solver.write_text(JUST_ENDS.format(python=CACHE / "tools/bin/python"), encoding="utf-8")
        solver.chmod(0o755)
        stand_in = [str(self.stand_in), str(folder / "envs"), str(CACHE), "--"]
        return [*stand_in, "env", f"STANDIN_PYTHON={solver}"]

    def _bare(self, own: dict[str, str]) -> list[str]:
        bare, conda = CACHE / "snakemake", Path(shutil.which("conda")).parent
        if not (bare / "bin/snakemake").exists():
            install = ["uv", "pip", "install", "-q", "-p", str(bare), f"snakemake=={self.pin}"]
            subprocess.run(["uv", "venv", "-q", "-p", own["PY"], str(bare)], check=True)
            subprocess.run(install, check=True)
        path = os.pathsep.join((f"{bare}/bin", str(conda), "/usr/bin", "/bin"))
        return ["env", "-u", "VIRTUAL_ENV", "-u", "PYTHONPATH", f"PATH={path}"]


def find_conda() -> Conda:
    """Conda, or its stand-in; where there is neither the test is skipped, with the reason."""
    if not shutil.which("uv"):
        pytest.skip("no uv here: it makes the bare environment that Snakemake runs from")
    if shutil.which("conda"):
        return Conda(None)
    data = Path(os.environ.get("STUDY_DATA", ROOT.parent / "shared/data"))
    if not (data.parent / STAND_IN).exists():
        pytest.skip("neither conda here nor its offline stand-in beside the study data")
    return Conda((data.parent / STAND_IN).resolve())
