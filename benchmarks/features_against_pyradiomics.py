"""A cohort's features by the workflow's own steps, against the `pyradiomics` command.

    uv run python benchmarks/features_against_pyradiomics.py
    uv run python benchmarks/features_against_pyradiomics.py --cases 8 --repeats 5

The same files, two processes each: `pyradiomics batch.csv --jobs 2` as it is, and two processes
that do what the rules resample_images and extract_features do (read, check, resample, store, read,
extract), each with half of the cases. Once on whole CTs, once on images cut out around the lesion.
They take turns. Values must be equal, relative difference 0: the program ends with an error where
one is not.
"""

import argparse
import csv
import json
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from measuring import RESULTS, ROOT, facts, relative, spread, timed, write

sys.path.insert(0, str(ROOT / "scripts"))

SPACING_MM = 0.75
PROCESSES = 2
GOALS = {"whole": 0.35, "cropped": 0.75}  # wall seconds, ours over the command's
SIZE, STEP_MM = (512, 512, 100), (0.8, 0.8, 1.5)  # of a whole CT
MARGIN_MM = 15.0  # of the cropped images, around the lesion
PACKAGES = ("pyradiomics", "SimpleITK", "numpy", "PyWavelets")


def main(arguments: list[str] | None = None) -> None:
    options = read_options(arguments)
    if options.step:
        step(*options.step)
        return
    rows, known = [], facts(PACKAGES)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        own = [sys.executable, str(Path(__file__).resolve()), "--step"]
        drawn = [options.cases, options.voxels, options.size]
        # Drawn in a process of its own: a child's peak begins with its parent's.
        timed([[*own, "draw", str(folder), json.dumps(drawn)]], folder)
        for repeat in range(1, options.repeats + 1):
            for kind in GOALS:
                rows.append(
                    {"repeat": repeat, "images": kind, **compare(folder, kind, own, repeat)}
                )
                print(f"{kind:8} wall {rows[-1]['wall_ratio']:.3f} CPU {rows[-1]['cpu_ratio']:.3f}")
    for kind, goal in GOALS.items():
        mine = [row for row in rows if row["images"] == kind]
        wall, cpu = ([row[name] for row in mine] for name in ("wall_ratio", "cpu_ratio"))
        peaks = [statistics.median(row[f"{who}_peak_mb"] for row in mine) for who in WHO]
        print(
            f"{kind:8} wall, ours / pyradiomics {spread(wall)}, goal {goal} at most; "
            f"CPU {spread(cpu)}; peak {peaks[0]:.0f} and {peaks[1]:.0f} MB"
        )
    print(f"largest relative difference {max(row['difference'] for row in rows):g}")
    write(rows, "features_against_pyradiomics", options.results, known)
    if any(row["difference"] for row in rows):
        raise SystemExit("values differ from those of the command")


WHO = ("ours", "command")


def read_options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cases", type=int, default=6, help="scans, 6 by default")
    parser.add_argument("--voxels", type=int, default=20_000, help="of a lesion, resampled")
    parser.add_argument("--size", type=int, nargs=3, default=SIZE, help="voxels of a whole CT")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--step", nargs=3, help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def compare(folder: Path, kind: str, own: list[str], repeat: int) -> dict:
    """Both engines on the same files; who goes first alternates."""
    shutil.rmtree(folder / "out", ignore_errors=True)
    (folder / "out").mkdir()
    program = str(Path(sys.executable).with_name("pyradiomics"))
    batch = [str(folder / f"{kind}.csv"), "-p", str(folder / "pyradiomics.yaml")]
    command = [program, *batch, "-j", str(PROCESSES), "-f", "csv", "-o", str(folder / "out/all")]
    mine = [[*own, "ours", str(folder), json.dumps([kind, n])] for n in range(PROCESSES)]
    order = WHO if repeat % 2 else WHO[::-1]
    took = {who: timed(mine if who == "ours" else [command], folder) for who in order}
    return {
        **{f"{who}_{name}": value for who in WHO for name, value in took[who].items()},
        "wall_ratio": took["ours"]["wall_seconds"] / took["command"]["wall_seconds"],
        "cpu_ratio": took["ours"]["cpu_seconds"] / took["command"]["cpu_seconds"],
        **differences(folder, kind),
    }


def differences(folder: Path, kind: str) -> dict:
    """Features compared, and the largest relative difference of one."""
    found = {}
    for number in range(PROCESSES):
        found |= json.loads((folder / f"out/ours_{number}.json").read_bytes())
    with open(folder / "out/all", encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    apart = [
        relative(value, float(row[name]))
        for row in table
        for name, value in found[row["Image"]].items()
    ]
    if len(table) != len(found) or not apart:
        raise SystemExit(f"the command gave {len(table)} {kind} cases, of {len(found)}")
    return {"features": len(apart), "difference": max(apart)}


def step(name: str, folder: str, given: str) -> None:
    """What runs in a process of its own."""
    {"draw": draw, "ours": ours}[name](Path(folder), *json.loads(given))


def draw(folder: Path, cases: int, voxels: int, size: list[int]) -> None:
    """Whole CTs with a lesion each, the same cut out, and the files that name them."""
    import numpy as np
    import SimpleITK as sitk
    import yaml

    radius = (3 * voxels * SPACING_MM**3 / (4 * np.pi)) ** (1 / 3)
    for number in range(cases):
        random = np.random.default_rng(number)
        grey = random.normal(40, 60, size[::-1]).astype(np.float32)
        image = sitk.Cast(sitk.DiscreteGaussian(sitk.GetImageFromArray(grey), 1.5), sitk.sitkInt16)
        spacing = np.array(STEP_MM)
        centre = size * spacing / 2 + random.uniform(-0.04, 0.04, 3) * size * spacing
        x, y, z = (np.arange(size[i]) * spacing[i] - centre[i] for i in range(3))
        away = (1.2 * z[:, None, None]) ** 2 + y[:, None] ** 2 + (0.83 * x) ** 2
        mask = sitk.GetImageFromArray((away <= radius**2).astype(np.uint8))
        low, high = (
            np.clip((centre + sign * (1.3 * radius + MARGIN_MM)) / spacing, 0, size).astype(int)
            for sign in (-1, 1)
        )
        for one, part in ((image, "image"), (mask, "mask")):
            one.SetSpacing(STEP_MM)
            cropped = sitk.RegionOfInterest(one, (high - low).tolist(), low.tolist())
            for kind, scan in (("whole", one), ("cropped", cropped)):
                sitk.WriteImage(scan, str(folder / f"{kind}_{number}_{part}.nii.gz"), True)
    settings = yaml.safe_load((ROOT / "config/pyradiomics.yaml").read_text(encoding="utf-8"))
    settings["setting"]["resampledPixelSpacing"] = [SPACING_MM] * 3
    settings["featureClass"] = {"shape": None, **settings["featureClass"]}
    (folder / "pyradiomics.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    for kind in GOALS:
        with open(folder / f"{kind}.csv", "w", encoding="utf-8", newline="") as file:
            table = csv.writer(file)
            table.writerow(["Image", "Mask"])
            for number in range(cases):
                table.writerow([folder / f"{kind}_{number}_{p}.nii.gz" for p in ("image", "mask")])


def ours(folder: Path, kind: str, number: int) -> None:
    """Half of the cases as the rules resample_images and extract_features compute them."""
    import SimpleITK as sitk
    import yaml

    from nomoflow.extraction import extract, extractor, quiet
    from nomoflow.image_resampling import resample
    from nomoflow.images import load_scan

    quiet()
    settings = yaml.safe_load((ROOT / "config/pyradiomics.yaml").read_text(encoding="utf-8"))
    chosen, found = extractor(settings), {}
    with open(folder / f"{kind}.csv", encoding="utf-8", newline="") as file:
        cases = list(csv.DictReader(file))[number::PROCESSES]
    for case in cases:
        scan = {"image": case["Image"], "mask": case["Mask"], "label": "1"}
        scan |= dict.fromkeys(("patient", "phase", "reading"), "x")
        image, mask, _ = load_scan(scan)
        stored = [str(folder / f"out/{number}_{part}.mha") for part in ("image", "mask")]
        for one, path in zip(resample(image, mask, SPACING_MM, settings), stored, strict=True):
            sitk.WriteImage(one, path, useCompression=True)
        found[case["Image"]] = extract(*map(sitk.ReadImage, stored), chosen)
    (folder / f"out/ours_{number}.json").write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main()
