"""Predicted against measured memory and time of resampling and extraction, case by case.

    nice python benchmarks/predicted_memory.py [--data FOLDER] [--large]

Each case runs in a process of its own, whose peak (ru_maxrss) is read when it ends. Made-up balls
of 1e3 to 1e6 voxels with few and many grey levels; with --data, scans of the public soft-tissue
sarcoma set (folder sts12) as well. Prints a row a case and step: predicted MB, measured MB, their
ratio, and the same for seconds; ends with the ratios' range. --large adds the cases that take
minutes. The claim: memory is never predicted below 0.9 of the measured, nor above 2 times.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))
NO_MCC = [
    "Autocorrelation", "JointAverage", "ClusterProminence", "ClusterShade", "ClusterTendency",
    "Contrast", "Correlation", "DifferenceAverage", "DifferenceEntropy", "DifferenceVariance",
    "JointEnergy", "JointEntropy", "Imc1", "Imc2", "Idm", "Idmn", "Id", "Idn", "InverseVariance",
    "MaximumProbability", "SumEntropy", "SumSquares",
]  # fmt: skip
ALL = {"Original": {}, "Wavelet": {}, "LoG": {"sigma": [1.0, 2.0, 3.0, 4.0]}}
ORIGINAL = {"Original": {}}
THIN, CUBIC, CT = (0.9, 0.9, 2.0), (1.0, 1.0, 1.0), (0.8, 0.8, 1.5)
# name, voxels of the ball at 1 mm, SD, smoothing (mm2), bin width, image types, spacing, size, mm
BALLS = [
    ("1e3 voxels", 1e3, 30, 0, 25, ALL, THIN, None, 1.0),
    ("1e4 voxels", 1e4, 30, 0, 25, ALL, THIN, None, 1.0),
    ("1e5 voxels", 1e5, 30, 0, 25, ALL, THIN, None, 1.0),
    ("1e5 voxels, float", 1e5, 30, 0, 25, ALL, THIN, None, 1.0),
    ("1e5 voxels, smooth", 1e5, 100, 9, 25, ALL, THIN, None, 1.0),
    ("3e4 voxels, 150 bins", 3e4, 30, 0, 2, ALL, THIN, None, 1.0),
    ("3e5 voxels, binCount 64", 3e5, 30, 9, None, ORIGINAL, THIN, None, 1.0),
    ("6e4 voxels, 650 bins", 6e4, 80, 0, 1, ORIGINAL, THIN, None, 1.0),
    ("1e3 in a whole CT", 1e3, 30, 0, 25, ORIGINAL, CT, (512, 512, 100), 1.0),
    ("1e3 in half a CT", 1e3, 30, 0, 25, ORIGINAL, CT, (512, 256, 100), 1.0),
    ("1e5 in a whole CT", 1e5, 30, 0, 25, ORIGINAL, CT, (512, 512, 100), 1.0),
    ("1e3 in a whole CT, float", 1e3, 30, 0, 25, ORIGINAL, CT, (512, 512, 100), 1.0),
    ("8e5 voxels at 0.5 mm", 1e5, 30, 0, 25, ORIGINAL, CT, (256, 256, 100), 0.5),
    ("1e6 voxels", 1e6, 30, 0, 25, ORIGINAL, THIN, None, 1.0),
    ("1e3 normalised in half a CT", 1e3, 30, 0, 25, ORIGINAL, CT, (512, 256, 100), 1.0),
    ("1e4 voxels, not resampled", 1e4, 30, 0, 25, ALL, CT, (256, 256, 60), None),
]
LARGE = [
    ("1e5 voxels, 2200 bins", 1e5, 240, 0, 1, ORIGINAL, THIN, None, 1.0),
    ("1e5 voxels, 2500 bins", 1e5, 280, 0, 1, ORIGINAL, THIN, None, 1.0),
    ("1e6 voxels, all images", 1e6, 30, 0, 25, ALL, THIN, None, 1.0),
]
# patient, image, bin width, image types, mm
SARCOMAS = [
    ("STS_006", "CT", 25, ALL, 1.0),
    ("STS_018", "CT", 5, {"Original": {}, "Wavelet": {}}, 1.0),
    ("STS_019", "MR_T1", 5, {"Original": {}, "Wavelet": {}}, 1.0),
    ("STS_025", "PET", 0.05, ALL, 4.0),
    ("STS_032", "CT", 25, ALL, 1.0),
    ("STS_047", "MR_T1", 2, ORIGINAL, 1.0),
]


def settings_of(name: str, width, types: dict) -> dict:
    """pyradiomics' parameters; without the one feature that takes an hour at 2000 bins."""
    many = name.endswith(("2200 bins", "2500 bins"))
    classes = dict.fromkeys(("firstorder", "glcm", "glrlm", "glszm", "gldm"))
    bins = {"binCount": 64} if width is None else {"binWidth": width}
    if "normalised" in name:
        bins |= {"normalize": True, "normalizeScale": 100, "removeOutliers": 3}
    return {
        "setting": {**bins, "interpolator": "sitkBSpline", "padDistance": 5},
        "imageType": types,
        "featureClass": {**classes, "glcm": NO_MCC if many else None},
    }


def draw_ball(folder: Path, name, voxels, sd, smooth, spacing, size) -> None:
    import numpy as np
    import SimpleITK as sitk

    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    radius = (3 * voxels / 4 / np.pi) ** (1 / 3)
    size = size or [int(2 * radius / step) + 40 for step in spacing]
    grey = np.random.default_rng(1).normal(0, sd, size[::-1]).astype(np.float32)
    if smooth:
        grey = sitk.GetArrayFromImage(sitk.DiscreteGaussian(sitk.GetImageFromArray(grey), smooth))
        grey *= sd / grey.std()
    axes = np.ogrid[tuple(slice(n) for n in size[::-1])]
    pairs = zip(axes, size[::-1], spacing[::-1], strict=True)
    inside = sum(((axis - (n - 1) / 2) * step) ** 2 for axis, n, step in pairs) <= radius**2
    image = sitk.GetImageFromArray(grey if "float" in name else grey.astype(np.int16))
    mask = sitk.GetImageFromArray(inside.astype(np.uint8))
    for one, part in ((image, "image"), (mask, "mask")):
        one.SetSpacing(spacing)
        sitk.WriteImage(one, str(folder / f"{part}.nii.gz"), useCompression=True)


def step(name: str, case: dict) -> dict:
    """What a process of its own does; its result is printed as JSON."""
    import SimpleITK as sitk

    from nomoflow.images import load_scan, single_thread

    single_thread()
    folder, settings = Path(case["folder"]), case["settings"]
    if name == "draw":  # in a process of its own too: a child begins with its parent's peak
        draw_ball(folder, *case["ball"])
        return {}
    scan = {key: "x" for key in ("patient", "phase", "reading")} | case["files"]
    stored = [str(folder / f"{part}.mha") for part in ("image", "mask")]
    if name == "predict":
        from nomoflow.prediction import predict

        image, mask, _ = load_scan(scan)
        return predict(image, mask, settings, case["spacing_mm"])
    if name == "resample":
        from nomoflow.image_resampling import resample

        began = time.process_time()
        image, mask, _ = load_scan(scan)
        after = resample(image, mask, case["spacing_mm"], settings)
        for one, path in zip(after, stored, strict=True):
            sitk.WriteImage(one, path, useCompression=True)
    else:
        from nomoflow.extraction import extract, extractor

        began = time.process_time()
        extract(*map(sitk.ReadImage, stored), extractor(settings))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"mb": peak * 1024 / 1e6, "s": time.process_time() - began}


def child(name: str, case: dict) -> dict:
    done = subprocess.run(
        [sys.executable, __file__, "--step", name, json.dumps(case)],
        capture_output=True,
        check=True,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
    )
    return json.loads(done.stdout)


def compare(name: str, case: dict, ratios: list) -> None:
    told = child("predict", case)
    for what in ("resample", "extract"):
        if what == "extract" and "CT" in name and "in " in name:
            continue  # the same region as before: only its surroundings are larger
        is_so = child(what, case)
        ratio = told[f"{what}_mb"] / is_so["mb"]
        ratios.append(ratio)
        print(
            f"{name:27} {what:9} {told['bins']:5} bins {told['voxels_after']:8} voxels "
            f"{told[f'{what}_mb']:7.0f} MB predicted {is_so['mb']:7.0f} measured {ratio:5.2f}  "
            f"{told[f'{what}_s']:7.2f} s {is_so['s']:7.2f} "
            f"{told[f'{what}_s'] / is_so['s']:5.2f}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path)
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--step", nargs=2)
    given = parser.parse_args()
    if given.step:
        print(json.dumps(step(given.step[0], json.loads(given.step[1]))))
        return
    ratios = []
    for name, voxels, sd, smooth, width, types, spacing, size, mm in BALLS + LARGE * given.large:
        with tempfile.TemporaryDirectory() as folder:
            files = {part: f"{folder}/{part}.nii.gz" for part in ("image", "mask")}
            settings = settings_of(name, width, types)
            case = {"folder": folder, "files": files, "spacing_mm": mm, "settings": settings}
            child("draw", case | {"ball": (name, voxels, sd, smooth, spacing, size)})
            compare(name, case, ratios)
    for patient, kind, width, types, mm in SARCOMAS if given.data else []:
        with tempfile.TemporaryDirectory() as folder:
            place = given.data / "sts12" / patient
            files = {part: str(place / f"{kind}_{part}.nii.gz") for part in ("image", "mask")}
            settings = settings_of("", width, types)
            case = {"folder": folder, "files": files, "spacing_mm": mm, "settings": settings}
            compare(f"{patient} {kind}", case, ratios)
    print(f"predicted over measured memory: {min(ratios):.2f} to {max(ratios):.2f}")


if __name__ == "__main__":
    main()
