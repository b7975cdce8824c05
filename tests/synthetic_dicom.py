"""Small DICOM files made up for tests: a series, segmentations and structures of it."""

from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian

CT = "1.2.840.10008.5.1.4.1.1.2"
SEG = "1.2.840.10008.5.1.4.1.1.66.4"
RTSTRUCT = "1.2.840.10008.5.1.4.1.1.481.3"
FRAME_OF_REFERENCE = "1.2.3.9"
SERIES = "1.2.3.4"
STRAIGHT = (1, 0, 0, 0, 1, 0)
CORNER, SPACING, STEP = (-20.5, 11.25, -63.0), (0.75, 0.5), 2.5  # mm; spacing of rows, columns


def values(shape=(6, 18, 20), seed=0) -> np.ndarray:
    """Stored values (z, y, x)."""
    return np.random.default_rng(seed).integers(0, 2000, shape).astype(np.int16)


def save(path: Path, sop_class: str, **entries) -> Dataset:
    """Write a DICOM file; entries are keywords and values, None leaves an entry out."""
    read = Dataset()
    read.SOPClassUID = sop_class
    read.PatientName, read.PatientID = "Doe^Jane", "ID4711"
    read.PatientBirthDate, read.AccessionNumber = "19500131", "ACC99"
    for keyword, value in entries.items():
        if value is not None:
            setattr(read, keyword, value)
    read.file_meta = FileMetaDataset()
    read.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    read.file_meta.MediaStorageSOPClassUID = sop_class
    read.file_meta.MediaStorageSOPInstanceUID = read.get("SOPInstanceUID", "1.2.3")
    path.parent.mkdir(parents=True, exist_ok=True)
    pydicom.dcmwrite(path, read, enforce_file_format=True)
    return read


def normal(orientation) -> np.ndarray:
    return np.cross(orientation[:3], orientation[3:])


def slice_corner(k: int, orientation=STRAIGHT, step=STEP) -> list[float]:
    """Centre of the first pixel of slice ``k``, in mm."""
    return np.round(np.array(CORNER) + k * step * normal(orientation), 6).tolist()


def save_series(
    folder: Path, stored=None, series=SERIES, orientation=STRAIGHT, change=None, first=0, **entries
) -> Path:
    """A CT series, one file a slice, its files named against their order.

    change : called with the slice number, returns entries that differ on that slice
    """
    stored = values() if stored is None else stored
    for k, plane in enumerate(stored):
        own = {
            "SOPInstanceUID": f"{series}.{k + 1}",
            "SeriesInstanceUID": series,
            "StudyInstanceUID": "1.2.3",
            "FrameOfReferenceUID": FRAME_OF_REFERENCE,
            "Modality": "CT",
            "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
            "SeriesDescription": "late phase of Doe",
            "Manufacturer": "Maker",
            "ManufacturerModelName": "Model 1",
            "KVP": "120",
            "XRayTubeCurrent": str(100 + 10 * k),
            "ConvolutionKernel": "B30f",
            "SliceThickness": "3",
            "InstanceNumber": str(k + 1),
            "ImagePositionPatient": slice_corner(k, orientation),
            "ImageOrientationPatient": list(orientation),
            "PixelSpacing": list(SPACING),
            "Rows": plane.shape[0],
            "Columns": plane.shape[1],
            "SamplesPerPixel": 1,
            "PhotometricInterpretation": "MONOCHROME2",
            "BitsAllocated": 16,
            "BitsStored": 16,
            "HighBit": 15,
            "PixelRepresentation": 1,
            "RescaleSlope": "1",
            "RescaleIntercept": "-1024",
            "PixelData": plane.astype("<i2").tobytes(),
        } | entries
        own |= change(k) if change else {}
        save(folder / f"{first + 900 - k}.dcm", CT, **own)
    return folder


def item(**entries) -> Dataset:
    read = Dataset()
    for keyword, value in entries.items():
        setattr(read, keyword, value)
    return read


def save_segmentation(path: Path, masks: dict, orientation=STRAIGHT, change=None, **entries):
    """A binary SEG: masks is {label: array (z, y, x)}, numbered from 1; empty frames are left out.

    change : called with the frame's slice, returns its position in mm
    """
    frames, groups = [], []
    for number, mask in enumerate(masks.values(), start=1):
        for k in np.flatnonzero(mask.any(axis=(1, 2))):
            place = change(k) if change else slice_corner(k, orientation)
            frames.append(mask[k])
            groups.append(
                item(
                    SegmentIdentificationSequence=Sequence([item(ReferencedSegmentNumber=number)]),
                    PlanePositionSequence=Sequence([item(ImagePositionPatient=place)]),
                )
            )
    bits = np.packbits(np.array(frames).astype(np.uint8).ravel(), bitorder="little").tobytes()
    shared = item(
        PlaneOrientationSequence=Sequence([item(ImageOrientationPatient=list(orientation))]),
        PixelMeasuresSequence=Sequence([item(PixelSpacing=list(SPACING), SliceThickness="2.5")]),
    )
    named = enumerate(masks, start=1)
    save(
        path,
        SEG,
        **{
            "SOPInstanceUID": "1.2.5.1",
            "SeriesInstanceUID": "1.2.5",
            "Modality": "SEG",
            "FrameOfReferenceUID": FRAME_OF_REFERENCE,
            "SegmentationType": "BINARY",
            "SegmentSequence": Sequence(
                [item(SegmentNumber=n, SegmentLabel=label) for n, label in named]
            ),
            "SharedFunctionalGroupsSequence": Sequence([shared]),
            "PerFrameFunctionalGroupsSequence": Sequence(groups),
            "NumberOfFrames": len(frames),
            "Rows": frames[0].shape[0],
            "Columns": frames[0].shape[1],
            "SamplesPerPixel": 1,
            "PhotometricInterpretation": "MONOCHROME2",
            "BitsAllocated": 1,
            "BitsStored": 1,
            "HighBit": 0,
            "PixelRepresentation": 0,
            "PixelData": bits + b"\0" * (len(bits) % 2),
        }
        | entries,
    )
    return path


def in_mm(corners, k: float, orientation=STRAIGHT) -> np.ndarray:
    """Corner points (n x 2; column, row; pixels) on slice ``k`` as points in mm (n x 3)."""
    column, row = np.asarray(corners, dtype=float).T
    steps = np.array(orientation, dtype=float).reshape(2, 3)
    plane = column[:, None] * SPACING[1] * steps[0] + row[:, None] * SPACING[0] * steps[1]
    return plane + slice_corner(0, orientation) + k * STEP * normal(orientation)


def save_structures(path: Path, structures: dict, kind="CLOSED_PLANAR", **entries) -> Path:
    """An RTSTRUCT: structures is {name: list of contours (n x 3, mm)}, numbered from 1."""
    rois, contours = [], []
    for number, (name, drawn) in enumerate(structures.items(), start=1):
        reference = entries.get("FrameOfReferenceUID", FRAME_OF_REFERENCE)
        rois.append(item(ROINumber=number, ROIName=name, ReferencedFrameOfReferenceUID=reference))
        items = [
            item(
                ContourGeometricType=kind,
                NumberOfContourPoints=len(points),
                ContourData=[f"{x:.6f}" for x in np.ravel(points)],
            )
            for points in drawn
        ]
        contours.append(item(ReferencedROINumber=number, ContourSequence=Sequence(items)))
    save(
        path,
        RTSTRUCT,
        SOPInstanceUID="1.2.6.1",
        SeriesInstanceUID="1.2.6",
        Modality="RTSTRUCT",
        StructureSetROISequence=Sequence(rois),
        ROIContourSequence=Sequence(contours),
    )
    return path


def scan_of(image, mask, label="1") -> dict:
    """The scan's dictionary."""
    place = {"patient": "P1", "phase": "CT", "reading": "a1"}
    return {**place, "image": str(image), "mask": str(mask), "label": label}
