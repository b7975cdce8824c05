"""The features that a locked model needs against all features, on the same images.

    uv run python benchmarks/validate_against_full.py
    uv run python benchmarks/validate_against_full.py --repeats 10 --data folder

Each repeat draws eight features over three images (original, one wavelet image, one LoG), as a
signature may have them, and extracts all features and these eight, in turns on each image. The
values must be equal, relative difference 0; the program ends with an error where one is not. With
--data the images of public cases lie in that folder (<case>_image.nrrd, <case>_label.nrrd); without
it, or where it holds none, they are made up.
"""

# ruff: noqa: E402
# One thread is set before numpy is there, and the folder of the modules before they are.
import os

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

import argparse
import platform
import sys
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

import numpy as np
import pandas as pd
import SimpleITK as sitk
import yaml

from nomoflow.extraction import PACKAGES, extract, extractor, feature_names, quiet
from nomoflow.image_resampling import resample

SETTINGS = ROOT / "config/pyradiomics.yaml"
DATA = ROOT.parent / "shared/data/pyradiomics_cases"
CASES = ("breast1", "brain1", "brain2")
FROM_EACH = (3, 3, 2)  # features of the original image, of a wavelet image, of a LoG
SEED = 1
GOAL = 0.25
SPACING_MM = 0.75
RADII_MM = (9.0, 13.0, 17.0)


def main(arguments: list[str] | None = None) -> None:
    options = read_options(arguments)
    quiet()
    settings = yaml.safe_load(options.settings.read_text(encoding="utf-8"))
    random = np.random.default_rng(SEED)
    names, rows = feature_names(settings), []
    full = extractor(settings)
    prepared = []
    for case, image, mask in images(options.data, options.spacing):
        seconds, scan = timed(lambda pair=(image, mask): resample(*pair, options.spacing, settings))
        prepared.append((case, seconds, scan))
    for repeat in range(1, options.repeats + 1):
        part = extractor(settings, selected=draw(names, random))
        for case, resampling, scan in prepared:
            row = {"repeat": repeat, "case": case, "voxels": voxels(scan[1])}
            row["resampling_seconds"] = resampling
            rows.append(row | compare(scan, full, part, repeat))
    table = pd.DataFrame(rows)
    facts = {"cores": os.cpu_count(), "cpu": processor(), "python": platform.python_version()}
    facts |= {name: version(name) for name in PACKAGES}
    summarise(table, facts)
    options.results.mkdir(parents=True, exist_ok=True)
    table.assign(**facts).to_csv(options.results / "validate_against_full.csv", index=False)
    if table["difference"].max() > 0:
        raise SystemExit("selected features differ from those of the full extraction")


def read_options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=5, help="draws of features, 5 by default")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of public cases")
    parser.add_argument("--settings", type=Path, default=SETTINGS, help="pyradiomics' parameters")
    parser.add_argument("--spacing", type=float, default=SPACING_MM, help="mm, 0.75 by default")
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks/results")
    options = parser.parse_args(arguments)
    if options.repeats < 1:
        parser.error("repeats are 1 at least")
    return options


def images(folder: Path, spacing: float) -> Iterator[tuple[str, sitk.Image, sitk.Image]]:
    """Public cases, or ellipsoids in noise: name, image, mask of ones."""
    found = [case for case in CASES if (folder / f"{case}_image.nrrd").exists()]
    for case in found:
        image, label = (
            sitk.ReadImage(str(folder / f"{case}_{part}.nrrd")) for part in ("image", "label")
        )
        yield case, image, sitk.Cast(label == 1, sitk.sitkUInt8)
    for radius in [] if found else RADII_MM:
        yield f"made up, {radius:g} mm", *made_up(radius, spacing)


def made_up(radius: float, spacing: float) -> tuple[sitk.Image, sitk.Image]:
    """Smooth noise in HU with an ellipsoid as region; axial slices 3 times as thick as wide."""
    step = np.array([3 * spacing, 1.1 * spacing, 1.1 * spacing])
    shape = np.ceil(2 * (radius + 12) / step).astype(int)
    noise = np.random.default_rng(SEED).normal(0, 60, shape)
    image = sitk.GetImageFromArray((60 + noise).astype(np.int16))
    image = sitk.Cast(sitk.DiscreteGaussian(sitk.Cast(image, sitk.sitkFloat32)), sitk.sitkInt16)
    away = [(np.arange(n) - n / 2) * width for n, width in zip(shape, step, strict=True)]
    inside = sum(axis**2 for axis in np.meshgrid(*away, indexing="ij")) <= radius**2
    mask = sitk.GetImageFromArray(inside.astype(np.uint8))
    for one in (image, mask):
        one.SetSpacing(step[::-1].tolist())
    return image, mask


def draw(names: list[str], random: np.random.Generator) -> list[str]:
    """Eight features of three images: the original, one wavelet image, one LoG."""
    by_image: dict[str, list[str]] = {}
    for name in names:
        by_image.setdefault(name.partition("_")[0], []).append(name)
    chosen = []
    for prefix, count in zip(("original", "wavelet", "log"), FROM_EACH, strict=True):
        image = str(random.choice([image for image in by_image if image.startswith(prefix)]))
        chosen += random.choice(by_image[image], count, replace=False).tolist()
    return chosen


def compare(scan: tuple, full, part, repeat: int) -> dict:
    """CPU seconds of both and the largest relative difference; who goes first alternates."""
    runs = {"full": full, "selected": part}
    order = list(runs) if repeat % 2 else list(runs)[::-1]
    found = {name: timed(lambda one=runs[name]: extract(*scan, one)) for name in order}
    whole, some = found["full"][1], found["selected"][1]
    return {
        "full_seconds": found["full"][0],
        "selected_seconds": found["selected"][0],
        "ratio": found["selected"][0] / found["full"][0],
        "features": len(some),
        "difference": max(relative(value, whole[name]) for name, value in some.items()),
    }


def relative(value: float, other: float) -> float:
    if value == other or (np.isnan(value) and np.isnan(other)):
        return 0.0
    return abs(value - other) / max(abs(value), abs(other)) if np.isfinite(value - other) else 1.0


def timed(work: Callable) -> tuple[float, object]:
    start = time.process_time()
    result = work()
    return time.process_time() - start, result


def voxels(mask: sitk.Image) -> int:
    return int(np.count_nonzero(sitk.GetArrayViewFromImage(mask)))


def processor() -> str:
    described = Path("/proc/cpuinfo")
    lines = described.read_text(encoding="utf-8").splitlines() if described.exists() else []
    found = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return found[0] if found else platform.processor()


def summarise(table: pd.DataFrame, facts: dict) -> None:
    print(", ".join(f"{name} {value}" for name, value in facts.items()))
    for case, own in table.groupby("case", sort=False):
        print(
            f"{case:20}{own['voxels'].iloc[0]:>8} voxels  full {own['full_seconds'].median():.2f} s"
            f"  selected / full {spread(own['ratio'])}"
        )
    ours = table["selected_seconds"] + table["resampling_seconds"]
    both = ours / (table["full_seconds"] + table["resampling_seconds"])
    whole = table.groupby("repeat")[["selected_seconds", "full_seconds"]].sum()
    of_cohort = whole["selected_seconds"] / whole["full_seconds"]
    print(f"{'all':20}selected / full {spread(table['ratio'])}, goal {GOAL} at most")
    print(f"{'':20}of all images together {spread(of_cohort)}")
    print(f"{'':20}with resampling in both {spread(both)}")
    print(f"{'':20}largest relative difference {table['difference'].max():g}")


def spread(values: pd.Series) -> str:
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    return f"{middle:.3f} ({low:.3f} to {high:.3f}; largest {values.max():.3f})"


if __name__ == "__main__":
    main()
