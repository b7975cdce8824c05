"""How time and memory grow with the size of a region and with the number of patients.

    uv run python benchmarks/growth.py
    uv run python benchmarks/growth.py --voxels 5000 20000 80000 400000 --patients --repeats 3

Regions: all features of a made-up ellipsoid, by pyradiomics as it is and the quick way, each in a
process of its own, in turns; their values must be equal. Patients: a made-up cohort (1,144 features
in each of three phases), of which one training part of the cross-validation is fitted and one
bootstrap resample repeated.
"""

import argparse
import json
import resource
import sys
import time
from pathlib import Path

from measuring import RESULTS, ROOT, facts, relative, timed, write

sys.path.insert(0, str(ROOT / "scripts"))

SPACING_MM, PADDING, SEED = 0.75, 5, 1
PACKAGES = ("pyradiomics", "SimpleITK", "numpy", "PyWavelets", "glmstar")


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--voxels", type=int, nargs="*", default=[1000, 5000, 20_000, 80_000])
    parser.add_argument("--patients", type=int, nargs="*", default=[75, 150, 300, 600])
    parser.add_argument("--features", type=int, default=1144, help="of a phase")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--step", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.step:
        name, given = options.step
        print(json.dumps({"region": region, "cohort": cohort}[name](*json.loads(given))))
        return
    folder = options.results.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    regions, cohorts = [], []
    for voxels in options.voxels:
        for repeat in range(1, options.repeats + 1):
            order = (False, True) if repeat % 2 else (True, False)
            found = {fast: child(folder, "region", voxels, fast) for fast in order}
            values = [found[fast].pop("values") for fast in (False, True)]
            apart = max(relative(a, b) for a, b in zip(*values, strict=True))
            for fast, row in sorted(found.items()):
                regions.append({"repeat": repeat, "fast": fast, **row, "difference": apart})
            slow, fast = found[False]["cpu_seconds"], found[True]["cpu_seconds"]
            print(
                f"{voxels:8} voxels: {slow:7.2f} s as it is, {fast:7.2f} s the quick way, ratio "
                f"{fast / slow:.2f}; {found[False]['peak_mb']:.0f} and "
                f"{found[True]['peak_mb']:.0f} MB; largest relative difference {apart:g}"
            )
    for patients in options.patients:
        for repeat in range(1, options.repeats + 1):
            row = child(folder, "cohort", patients, options.features, repeat)
            cohorts.append({"repeat": repeat, **row})
        print(f"{patients:8} patients: {row['fold_seconds']:.2f} s a training part")
    known = facts(PACKAGES)
    for name, rows in (("growth_of_regions", regions), ("growth_of_cohorts", cohorts)):
        if rows:
            write(rows, name, options.results, known)
    if any(row["difference"] for row in regions):
        raise SystemExit("values differ between the two ways")


def child(folder: Path, name: str, *given) -> dict:
    """The result of a step in a process of its own, with that process' peak memory."""
    program = [sys.executable, str(Path(__file__).resolve())]
    took = timed([[*program, "--step", name, json.dumps(given)]], folder)
    said = folder / "said_0.log"
    result = json.loads(said.read_text(encoding="utf-8").splitlines()[-1])
    said.unlink()
    return result | {"peak_mb": took["peak_mb"]}


def region(voxels: int, fast: bool) -> dict:
    """All features of an ellipsoid in smooth noise."""
    import yaml

    from nomoflow.extraction import extract, extractor, quiet

    quiet()
    settings = yaml.safe_load((ROOT / "config/pyradiomics.yaml").read_text(encoding="utf-8"))
    chosen = extractor(settings, fast=fast)
    extract(*ellipsoid(300), chosen)  # what the libraries do once
    image, mask = ellipsoid(voxels)
    began = time.process_time()
    values = extract(image, mask, chosen)
    return {
        "voxels": voxels,
        "cpu_seconds": time.process_time() - began,
        "values": list(values.values()),
    }


def ellipsoid(voxels: int) -> tuple:
    """Smooth noise and a mask of about so many voxels, cut out as resample_images does it."""
    import numpy as np
    import SimpleITK as sitk

    radius = (3 * voxels / (4 * np.pi)) ** (1 / 3)
    side = int(2.4 * radius) + 12
    away = np.arange(side) - side / 2
    inside = (1.2 * away[:, None, None]) ** 2 + away[:, None] ** 2 + (0.83 * away) ** 2
    grey = np.random.default_rng(SEED).normal(0, 1, inside.shape).astype(np.float32)
    grey = sitk.GetArrayFromImage(sitk.DiscreteGaussian(sitk.GetImageFromArray(grey), 1.5))
    image = sitk.GetImageFromArray((60 + 45 * grey / grey.std()).astype(np.float32))
    mask = sitk.GetImageFromArray((inside <= radius**2).astype(np.uint8))
    box = sitk.LabelShapeStatisticsImageFilter()
    box.Execute(mask)
    start, size = np.split(np.array(box.GetBoundingBox(1)), 2)
    cut = [(size + 2 * PADDING).tolist(), (start - PADDING).tolist()]
    image, mask = (sitk.RegionOfInterest(one, *cut) for one in (image, mask))
    for one in (image, mask):
        one.SetSpacing([SPACING_MM] * 3)
    return image, mask


def cohort(patients: int, features: int, repeat: int) -> dict:
    """One training part of a cross-validation, nine tenths of a cohort, and the memory held."""
    import numpy as np
    from bootstrap_cohort import CHOICES, PHASES
    from bootstrap_cohort import cohort as made_up

    from nomoflow.models import fit_study

    data = made_up(patients, features, SEED)
    train = data.take(np.flatnonzero(np.arange(patients) % 10 != repeat % 10))
    names = ["nomogram", "radiomics", "image_features", *(f"radiomics_{one}" for one in PHASES)]
    began = time.process_time()
    fit_study(train, CHOICES, [SEED, repeat], names)
    seconds = time.process_time() - began
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"patients": patients, "features": features, "fold_seconds": seconds, "held_mb": held}


if __name__ == "__main__":
    main()
