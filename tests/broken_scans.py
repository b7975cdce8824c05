"""One scan of each kind of fault that the checks know, with the kind that they must give it."""

from pathlib import Path

import numpy as np
import SimpleITK as sitk
from pydicom.sequence import Sequence
from synthetic_dicom import (
    in_mm,
    save_segmentation,
    save_series,
    save_structures,
    slice_corner,
    values,
)
from synthetic_scans import make

SIZE = (40, 36, 16)
SQUARE = np.array([(2.5, 3.5), (11.5, 3.5), (11.5, 14.5), (2.5, 14.5)])
BODY = np.zeros((6, 18, 20), dtype=bool)
BODY[1:5, 4:15, 3:12] = True


def written(folder: Path, image, mask) -> tuple[Path, Path]:
    """An image and a mask as MetaImage files."""
    for name, one in (("image", image), ("mask", mask)):
        sitk.WriteImage(one, str(folder / f"{name}.mha"), useCompression=True)
    return folder / "image.mha", folder / "mask.mha"


def boxes(image, *corners):
    """A mask on an image's grid: 1 within boxes, each ((z, y, x), (z, y, x)); a third part is 0."""
    array = np.zeros(SIZE[::-1], dtype=np.uint8)
    for low, high, *value in corners:
        array[tuple(slice(a, b) for a, b in zip(low, high, strict=True))] = value[0] if value else 1
    mask = sitk.GetImageFromArray(array)
    mask.CopyInformation(image)
    return mask


def changed_bytes(change):
    """A fault of the image's file: ``change`` gets its bytes and returns others."""

    def case(folder, seed):
        image, mask = written(folder, *make(seed=seed))
        image.write_bytes(change(image.read_bytes()))
        return image, mask, "1"

    return case


def changed_image(change):
    """A fault of the image, as SimpleITK has it."""

    def case(folder, seed):
        image, mask = make(seed=seed)
        return *written(folder, change(image), mask), "1"

    return case


def changed_mask(change, label="1", spacing=(0.8, 0.8, 2.5)):
    """A fault of the mask: ``change`` gets image and mask, and returns a mask."""

    def case(folder, seed):
        image, mask = make(seed=seed, spacing=spacing)
        return *written(folder, image, change(image, mask)), label

    return case


def series(change=None, **entries):
    """A fault of a DICOM series."""

    def case(folder, seed):
        save_series(folder / "series", values(seed=seed), change=change, **entries)
        return folder / "series", written(folder, *make(seed=seed))[1], "1"

    return case


def structures(drawn, **entries):
    """A fault of a structure's contours, drawn on a DICOM series."""

    def case(folder, seed):
        save_series(folder / "series", values(seed=seed))
        save_structures(folder / "rs.dcm", {"tumour": drawn}, **entries)
        return folder / "series", folder / "rs.dcm", "tumour"

    return case


def segmentation(label="tumour", names=("tumour",), **entries):
    """A fault of a DICOM segmentation of a DICOM series."""

    def case(folder, seed):
        save_series(folder / "series", values(seed=seed))
        mask = save_segmentation(folder / "seg.dcm", dict.fromkeys(names, BODY), **entries)
        return folder / "series", mask, label

    return case


def on(*slices, corners=SQUARE):
    """Contours on slices of the series."""
    return [in_mm(corners, k) for k in slices]


def of_slice(number, **entries):
    """A change of one slice of a series."""
    return lambda k: entries if k == number else {}


def damaged(content):
    """A bit of the packed voxels is another."""
    at = len(content) - 2000
    return content[:at] + bytes([content[at] ^ 16]) + content[at + 1 :]


def no_number(image):
    image = sitk.Cast(image, sitk.sitkFloat32)
    image[3, 3, 3] = np.nan
    return image


def moved(_, mask):
    mask.SetOrigin([x + 5 for x in mask.GetOrigin()])
    return mask


def voxels_elsewhere(folder, seed):
    _, mask = written(folder, *make(seed=seed))
    sitk.WriteImage(make(seed=seed)[0], str(folder / "header.mhd"))
    text = (folder / "header.mhd").read_text(encoding="utf-8")
    text = text[: text.index("ElementDataFile")] + "ElementDataFile = ../../participants.csv\n"
    (folder / "header.mhd").write_text(text, encoding="utf-8")
    return folder / "header.mhd", mask, "1"


def mask_as_image(folder, seed):
    image = save_segmentation(folder / "seg.dcm", {"tumour": BODY})
    return image, written(folder, *make(seed=seed))[1], "1"


def two_series(folder, seed):
    image, mask, label = series()(folder, seed)
    save_series(image / "second", values(seed=seed + 1000), series="1.2.3.5", first=100)
    return image, mask, label


def absent_series(folder, seed):
    image, mask, label = series()(folder, seed)
    return f"{image}#0123abcd", mask, label


def copies(folder, seed):
    image, mask, label = series()(folder, seed)
    (image / "copy.dcm").write_bytes((image / "900.dcm").read_bytes())
    return image, mask, label


def without_a_slice(folder, seed):
    image, mask, label = series()(folder, seed)
    (image / "898.dcm").unlink()
    return image, mask, label


def several_masks(folder, seed):
    image, _, label = segmentation()(folder, seed)
    for name in ("a", "b"):
        save_segmentation(folder / f"masks/{name}.dcm", {"tumour": BODY})
    return image, folder / "masks", label


def gone(folder, seed):
    """An image that is not there."""
    image, mask = written(folder, *make(seed=seed))
    image.unlink()
    return image, mask, "1"


def twin(folder, _):
    """The same image for every patient."""
    return *written(folder, *make(seed=9999)), "1"


TILT = {k: np.add(slice_corner(k), [0, 0.5 * k, 0]).tolist() for k in range(6)}

# One case a kind. Some masks are doubtful by the limits below alone; ``same_image`` needs two.
BROKEN = {
    "file_missing": gone,
    "unreadable": changed_bytes(lambda content: b"this is no image\n" * 40),
    "truncated": changed_bytes(lambda content: content[: len(content) // 2]),
    "too_long": changed_bytes(lambda content: content.replace(b"40 36 16", b"40 36 15")),
    "corrupted": changed_bytes(damaged),
    "data_elsewhere": voxels_elsewhere,
    "absurd_header": changed_bytes(
        lambda content: content.replace(b"40 36 16", b"4000 3600 16000")
    ),
    "not_3d": changed_image(lambda image: sitk.JoinSeries([image, image])),
    "not_finite": changed_image(no_number),
    "not_an_image": mask_as_image,
    "several_series": two_series,
    "series_missing": absent_series,
    "several_frames": series(of_slice(2, NumberOfFrames="30")),
    "no_position": series(of_slice(2, ImagePositionPatient=None)),
    "mixed_slices": series(of_slice(2, PixelSpacing=[0.75, 0.6])),
    "duplicate_slices": copies,
    "same_position": series(of_slice(2, ImagePositionPatient=slice_corner(3))),
    "tilt": series(lambda k: {"ImagePositionPatient": TILT[k]}),
    "slice_gap": without_a_slice,
    "uneven_slices": series(of_slice(2, ImagePositionPatient=slice_corner(2.2))),
    "label_missing": changed_mask(lambda image, mask: mask * 3),
    "label_ambiguous": segmentation("TUMOUR", ("tumour", "Tumour")),
    "mask_empty": changed_mask(lambda image, mask: mask * 0),
    "mask_not_whole": changed_mask(lambda image, mask: sitk.Cast(mask, sitk.sitkFloat32) / 255),
    "several_masks": several_masks,
    "grid_differs": changed_mask(moved),
    "size_differs": changed_mask(lambda image, mask: mask[:-4, :, :]),
    "frame_differs": segmentation(FrameOfReferenceUID="1.9.9"),
    "frames_unplaced": segmentation(SharedFunctionalGroupsSequence=Sequence([])),
    "open_contours": structures(on(1, 2, 3), kind="OPEN_PLANAR"),
    "contours_off": structures(on(1.4, 2.4, 3.4)),
    "contours_cross": structures([*on(1, 2, 3), *on(2, corners=np.add(SQUARE, 2))]),
    "contours_missing": structures(on(1, 2, 4)),
    "mask_small": changed_mask(
        lambda image, mask: boxes(image, ((5, 5, 5), (8, 8, 8))), spacing=(2, 2, 3)
    ),
    "volume_small": changed_mask(lambda image, mask: boxes(image, ((5, 5, 5), (10, 9, 9)))),
    "extent_small": changed_mask(lambda image, mask: boxes(image, ((5, 5, 5), (6, 17, 17)))),
    "several_components": changed_mask(
        lambda image, mask: boxes(image, ((3, 5, 5), (8, 12, 12)), ((3, 20, 20), (8, 28, 28)))
    ),
    "holes": changed_mask(
        lambda image, mask: boxes(image, ((3, 5, 5), (9, 15, 15)), ((5, 8, 8), (7, 11, 11), 0))
    ),
    "at_edge": changed_mask(lambda image, mask: boxes(image, ((3, 5, 0), (9, 15, 9)))),
    "same_image": twin,
}
LIMITS = {
    "minimum_voxels": 64,
    "minimum_volume_mm3": 150,
    "minimum_extent": 2,
    "masks": {"several_components": "refuse", "holes": "refuse", "at_edge": "warn"},
}
