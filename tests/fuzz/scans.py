"""Small whole scans in each format, and the ways in which a file of that format can be damaged."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from synthetic_dicom import in_mm, save_segmentation, save_series, save_structures
from synthetic_dicom import values as stored_values
from synthetic_scans import make

SIZE = (20, 18, 6)  # as the DICOM series'
IMAGE, MASK = "image", "mask"


@dataclass(frozen=True)
class Target:
    """A file to damage: which format it has, and which part of its scan it is."""

    format: str
    part: str


# A format's name, and how its files end.
FILES = {
    "NIfTI": ".nii", "NIfTI, gzip": ".nii.gz", "NRRD": ".nrrd", "NRRD, gzip": ".gz.nrrd",
    "MetaImage": ".mha", "MetaImage, packed": ".z.mha",
}  # fmt: skip
SEGMENTS, SERIES, SEG, RTSTRUCT = "seg.nrrd", "DICOM series", "DICOM SEG", "RTSTRUCT"
# A mask's header is read as an image's, so images are tried more often.
TARGETS = [
    *(Target(name, part) for name in FILES for part in (IMAGE, IMAGE, MASK)),
    *[Target(SEGMENTS, MASK)] * 2,
    *[Target(SERIES, IMAGE)] * 4,
    *[Target(SEG, MASK)] * 3,
    *[Target(RTSTRUCT, MASK)] * 3,
]


def region() -> np.ndarray:
    """A box of 8 x 8 x 4 voxels (z, y, x)."""
    array = np.zeros(SIZE[::-1], dtype=np.uint8)
    array[1:5, 5:13, 6:14] = 1
    return array


def build(folder: str) -> list[str]:
    """Write the whole scans below a folder; returned are the names of the files' folders.

    Called in a process of its own: the caller that goes on to fork must not have run ITK.
    """
    root = Path(folder)
    image, mask = make(size=SIZE, spacing=(0.8, 0.8, 2.5))
    inside = sitk.GetImageFromArray(region())
    inside.CopyInformation(mask)
    for name, ending in FILES.items():
        packed = "packed" in name or "gzip" in name
        for part, one in ((IMAGE, image), (MASK, inside)):
            path = root / name / f"{part}{ending}"
            path.parent.mkdir(parents=True, exist_ok=True)
            sitk.WriteImage(one, str(path), useCompression=packed)
    segments = sitk.Image(inside)
    for key, value in {
        "Segment0_ID": "Segment_1", "Segment0_Name": "Tumour", "Segment0_LabelValue": "1",
        "Segment0_Layer": "0", "Segment0_Extent": "6 13 5 12 1 4",
        "Segmentation_ReferenceImageExtentOffset": "0 0 0",
    }.items():  # fmt: skip
        segments.SetMetaData(key, value)
    (root / SEGMENTS).mkdir()
    sitk.WriteImage(image, str(root / SEGMENTS / "image.nrrd"), useCompression=True)
    sitk.WriteImage(segments, str(root / SEGMENTS / "mask.seg.nrrd"), useCompression=True)
    stored = stored_values()
    box = [(5.5, 4.5), (13.5, 4.5), (13.5, 12.5), (5.5, 12.5)]
    for name in (SERIES, SEG, RTSTRUCT):
        save_series(root / name / IMAGE, stored)
        target = root / name / "mask.dcm"
        if name == RTSTRUCT:
            save_structures(target, {"Tumour": [in_mm(box, k) for k in range(1, 5)]})
        else:
            save_segmentation(target, {"Tumour": region().astype(bool)})
    return sorted(path.name for path in root.iterdir())


def paths(root: Path, target: Target) -> dict[str, Path]:
    """Image and mask of a format's whole scan."""
    folder = root / target.format
    found = {path.name.split(".")[0]: path for path in folder.iterdir()}
    return {IMAGE: found[IMAGE], MASK: found[MASK]}


def damaged_file(path: Path) -> Path:
    """Of a series the slice that is damaged, in its middle; else the file itself."""
    return sorted(path.iterdir())[2] if path.is_dir() else path
