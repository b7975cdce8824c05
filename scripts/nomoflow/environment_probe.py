"""What a Python environment is, told by its own interpreter as JSON: packages, ITK, BLAS.

Run as a program, by the interpreter that is asked about. Standard library only; what else there is
to tell of (numpy, SimpleITK) is imported where it is installed.
"""

import ctypes
import json
import platform
import re
import sys
from importlib import import_module
from importlib.metadata import distributions
from pathlib import Path

CORENAMES = (
    "scipy_openblas_get_corename64_",
    "scipy_openblas_get_corename",
    "openblas_get_corename",
)


def described() -> dict:
    """Python's build, every package with its version, and the numeric libraries below them."""
    return {
        "python": {
            "version": platform.python_version(),
            "implementation": platform.python_implementation(),
            "build": list(platform.python_build()),
            "compiler": platform.python_compiler(),
        },
        "itk": _itk(),
        "blas": _blas(),
        "conda_packages": conda_packages(sys.prefix),
        "packages": packages(),
    }


def packages() -> dict[str, str]:
    """Versions of the installed packages by name, sorted."""
    found = {str(one.metadata["Name"]).lower(): one.version for one in distributions()}
    return dict(sorted(found.items()))


def conda_packages(prefix: str | Path) -> list[str]:
    """What conda itself has installed, ``name version build``; no channel's address."""
    records = [json.loads(path.read_bytes()) for path in Path(prefix, "conda-meta").glob("*.json")]
    return sorted(
        f"{one['name']} {one['version']} {one.get('build', '')}".strip() for one in records
    )


def _itk() -> dict | None:
    sitk = _imported("SimpleITK")
    if sitk is None:
        return None
    return {"simpleitk": sitk.Version_VersionString(), "itk": sitk.Version_ITKVersionString()}


def _blas() -> dict | None:
    """The library behind numpy's linear algebra, the kernels it runs here, and what numpy uses."""
    numpy = _imported("numpy")
    if numpy is None:
        return None
    told = numpy.show_config(mode="dicts")
    library = told["Build Dependencies"]["blas"]
    return {
        "name": library.get("name"),
        "version": library.get("version"),
        "configuration": library.get("openblas configuration"),
        "kernels": corename(_loaded()),
        "simd": told.get("SIMD Extensions", {}).get("found", []),
    }


def _loaded() -> list[str]:
    """Libraries in this process that are named like a BLAS; where the system tells."""
    maps = Path("/proc/self/maps")
    lines = maps.read_text(encoding="utf-8", errors="replace").splitlines() if maps.exists() else []
    return sorted({line.split()[-1] for line in lines if re.search(r"blas[^/]*\.so", line)})


def corename(libraries: list[str]) -> str | None:
    """The kind of processor that OpenBLAS has chosen its kernels for; None where none tells."""
    for path in libraries:
        library = ctypes.CDLL(path)
        for name in CORENAMES:
            if function := getattr(library, name, None):
                function.restype = ctypes.c_char_p
                return function().decode()
    return None


def _imported(name: str):
    try:
        return import_module(name)
    except ImportError:
        return None


if __name__ == "__main__":
    print(json.dumps(described()))
