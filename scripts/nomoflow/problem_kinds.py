"""Every kind of problem that a scan, the settings or a feature table can have.

A kind is a code that never changes its meaning: ``images.on_problem`` may name it, and the column
``kind`` of cohort/preflight.csv holds it. Standard library only: Snakemake itself imports this
module.
"""

KINDS = {
    # Files
    "file_missing": "a path of the scans table names no file or folder",
    "unreadable": "a file or slice cannot be decoded, or is of no known format",
    "truncated": "a file is shorter than its own header says",
    "too_long": "a file that holds more than its own header says",
    "corrupted": "packed data that do not unpack, or whose check sum is wrong",
    "data_elsewhere": "a header whose voxels lie in several files or in another folder",
    "absurd_header": "a header's size, spacing, origin or direction cannot be that of a scan",
    "not_3d": "an image that is not three-dimensional, or has several values a voxel",
    "not_finite": "voxels that are NaN or infinite",
    # DICOM images
    "not_an_image": "a DICOM file that holds no image, such as a structure set, as the image",
    "several_series": "a folder without exactly one DICOM series",
    "series_missing": "the series that follows # is not in the folder",
    "several_frames": "a DICOM file of several frames, or such a file among single slices",
    "no_position": "slices without position, orientation or pixel spacing",
    "mixed_slices": "slices of one series that differ in what must be one",
    "duplicate_slices": "copies of slices",
    "same_position": "several images at one position of a series",
    "tilt": "slices that are sheared, as with a tilted gantry",
    "slice_gap": "slices are missing within a series",
    "uneven_slices": "slices at uneven distances",
    # Masks
    "label_missing": "the label, segment or structure is not in the mask",
    "label_ambiguous": "several segments or structures have the label's name",
    "mask_empty": "a mask without a voxel of the region",
    "mask_not_whole": "values that are no whole numbers: a scaled, smoothed or fractional mask",
    "several_masks": "a folder with several DICOM masks",
    "grid_differs": "image and mask do not lie on one grid",
    "size_differs": "image and mask have different numbers of voxels",
    "frame_differs": "a mask that was drawn in another frame of reference than the image's",
    "frames_unplaced": "a DICOM segmentation that does not say where its frames lie",
    "open_contours": "a structure without closed contours",
    "contours_off": "contours outside the image, between its slices or across its planes",
    "contours_cross": "contours of one slice that cross, or are there twice",
    "contours_missing": "slices without a contour between others of the same body",
    # Curation of masks
    "mask_small": "a mask with fewer voxels than images.minimum_voxels",
    "volume_small": "a mask with a smaller volume than images.minimum_volume_mm3",
    "extent_small": "a mask with fewer voxels along an axis than images.minimum_extent",
    "several_components": "a mask of several parts that do not touch",
    "holes": "a mask with holes",
    "at_edge": "a mask that reaches the edge of the image",
    "volume_change": "resampling changes the mask's volume by more than images.volume_change",
    # Comparison
    "same_image": "one image stands for several patients or phases",
    "phases_differ": "the masks of a patient's phases lie far apart or differ much in volume",
    "phases_exchanged": "the phases of a patient look exchanged",
    "patient_differs": "a patient's phases agree less than those of the cohort's other patients",
    # Not of one scan
    "settings_unusable": "a setting that pyradiomics does not know",
    "table_unusable": "a feature table that lacks patients, phases or numbers",
    # Found by computing
    "grid_too_large": "the resampled image would have too many voxels",
    "region_lost": "nothing of the region is left after resampling",
    "computation": "a case that failed while it was computed",
}
