"""Features of a resampled image and its mask, by pyradiomics.

Settings are a pyradiomics parameter dictionary: setting, imageType, featureClass. What is stored
by ``image_resampling.resample`` is neither normalised nor resampled again, so the features equal
those of pyradiomics' one call on the original files.
"""

import hashlib
import json
import logging
import warnings
from collections.abc import Iterable
from copy import deepcopy
from importlib.metadata import version
from itertools import product

import numpy as np
import radiomics
import SimpleITK as sitk
from pykwalify.errors import PyKwalifyException
from radiomics import getFeatureClasses, getImageTypes
from radiomics.featureextractor import RadiomicsFeatureExtractor

from nomoflow.fast_radiomics import features_of, hindrance, quick_execute, region_of, shape_of
from nomoflow.selected_features import FIXED_NAMES, by_image, images_of, log_name

ENGINE = "pyradiomics"
PACKAGES = ("pyradiomics", "SimpleITK", "numpy", "PyWavelets")
SECTIONS = ("setting", "imageType", "featureClass")
# The names that pyradiomics 3.0.1 knows, without voxelSetting; a test compares its schema.
SETTINGS = (
    "minimumROIDimensions", "minimumROISize", "geometryTolerance", "correctMask",
    "additionalInfo", "label", "label_channel", "binWidth", "binCount", "normalize",
    "normalizeScale", "removeOutliers", "resampledPixelSpacing", "interpolator", "padDistance",
    "distances", "force2D", "force2Ddimension", "resegmentRange", "resegmentMode",
    "resegmentShape", "preCrop", "sigma", "start_level", "level", "wavelet",
    "gradientUseSpacing", "lbp2DRadius", "lbp2DSamples", "lbp2DMethod", "lbp3DLevels",
    "lbp3DIcosphereRadius", "lbp3DIcosphereSubdivision", "voxelArrayShift", "symmetricalGLCM",
    "weightingNorm", "gldm_a",
)  # fmt: skip
# Settings that the study's own config decides, and what to do instead.
ELSEWHERE = {
    "resampledPixelSpacing": "set images.spacing_mm",
    "label": "use the column label of the scans table",
    "label_channel": "export one mask file a label",
    "correctMask": "masks on another grid are repaired or refused before",
    "geometryTolerance": "set images.geometry.repair_mm",
}
# What pyradiomics' classes and filters use where a setting is not given.
CLASS_DEFAULTS = {
    "binWidth": 25, "binCount": None, "symmetricalGLCM": True, "weightingNorm": None,
    "gldm_a": 0, "voxelArrayShift": 0, "resegmentMode": "absolute", "resegmentShape": False,
}  # fmt: skip
IMAGE_DEFAULTS = {
    "Wavelet": {"wavelet": "coif1", "start_level": 0, "level": 1},
    "Gradient": {"gradientUseSpacing": True},
}
ALL_SUBBANDS = {"".join(letters) for letters in product("LH", repeat=3)}

logger = logging.getLogger(__name__)


class SettingsError(ValueError):
    """A feature setting that pyradiomics does not accept or the workflow decides elsewhere."""


def check_settings(settings: dict) -> None:
    """Raise SettingsError on the first name that is unknown, listing those that are allowed."""
    _known("section", settings, SECTIONS)
    types, classes = FIXED_NAMES.keys() | {"Wavelet", "LoG"}, set(getFeatureClasses())
    _known("imageType", settings.get("imageType") or {}, types & set(getImageTypes()))
    _known("featureClass", settings.get("featureClass") or {}, classes - {"shape2D"})
    images = settings.get("imageType") or {}
    places = {"setting": settings.get("setting") or {}}
    places |= {f"imageType.{kind}": own or {} for kind, own in images.items()}
    for place, chosen in places.items():
        _known(place, chosen, SETTINGS)
        for name in sorted(ELSEWHERE.keys() & chosen.keys()):
            raise SettingsError(
                f"feature settings: {place}.{name} has no effect; {ELSEWHERE[name]}"
            )
    if "LoG" in images and not {**places["setting"], **(images["LoG"] or {})}.get("sigma"):
        raise SettingsError("feature settings: imageType.LoG needs sigma, a list of widths in mm")


def _known(place: str, chosen: Iterable[str], allowed: Iterable[str]) -> None:
    unknown = sorted(set(chosen) - set(allowed))
    if unknown:
        raise SettingsError(
            f"feature settings: unknown {place} {', '.join(unknown)}; "
            f"allowed: {', '.join(sorted(allowed))}"
        )


class Extractor(RadiomicsFeatureExtractor):
    """pyradiomics' extractor for stored images, which computes what is asked for alone.

    wanted : by image and feature class, the features (None: all of the class)
    fast : with ``fast_radiomics``' helpers
    """

    def __init__(self, settings: dict, wanted: dict[str, dict[str, list[str] | None]], fast: bool):
        with warnings.catch_warnings():
            # pykwalify loads its extensions in a way that Python 3.12 removes.
            warnings.simplefilter("ignore", DeprecationWarning)
            try:
                super().__init__(settings)
            except PyKwalifyException as error:
                raise SettingsError(f"feature settings: {error.msg}") from error
        self.wanted, self.fast, self.region = wanted, fast, None

    def execute(self, *arguments, **options):
        """All features of an image and its mask."""
        if self.fast:
            try:
                return quick_execute(self, *arguments, **options)
            finally:
                self.region = None
        return super().execute(*arguments, **options)

    @staticmethod
    def loadImage(ImageFilePath, MaskFilePath, generalInfo=None, **kwargs):
        """The image and mask as they are: ``image_resampling.resample`` has prepared them."""
        return ImageFilePath, sitk.Cast(MaskFilePath, sitk.sitkUInt32)

    def computeShape(self, *arguments, **options):
        """Features of the region's form."""
        compute = shape_of if self.fast else RadiomicsFeatureExtractor.computeShape
        return compute(self, *arguments, **options)

    def computeFeatures(self, image, mask, imageTypeName, **kwargs):
        """Features of one filtered image; none for an image that is not asked for."""
        if imageTypeName not in self.wanted:
            return {}
        if self.fast:
            self.region = region_of(mask, kwargs["label"], self.region)
            wanted = self.wanted[imageTypeName]
            return features_of(image, mask, self.region, imageTypeName, wanted, kwargs)
        of_all_images = self.enabledFeatures
        self.enabledFeatures = self.wanted[imageTypeName]
        try:
            return super().computeFeatures(image, mask, imageTypeName, **kwargs)
        finally:
            self.enabledFeatures = of_all_images


def extractor(
    settings: dict,
    shape: bool = True,
    subbands: list[str] | None = None,
    selected: Iterable[str] | None = None,
    fast: bool = True,
) -> Extractor:
    """An extractor for ``extract``; its attribute ``expected`` lists the features it gives.

    settings : pyradiomics parameters; ``shape`` alone decides on the shape features
    subbands : wavelet images wanted, such as ["HHL"]; None or all eight for all there are
    selected : the features wanted, of those that the settings give; None for all. Images, classes
        and features beside them are not computed; the values of those wanted stay the same.
    fast : by ``fast_radiomics``, which gives the same values; where it does not apply, a warning
        in the log says why, and pyradiomics runs as it is
    Raises SettingsError for unknown names or subbands and for values of the wrong kind.
    """
    if fast and (hindered := hindrance()):
        logger.warning("features are computed the slow way: %s", hindered)
        fast = False
    check_settings(settings)
    quiet()
    every = feature_names(settings, shape, subbands)
    expected, images = every, settings.get("imageType") or {"Original": {}}
    classes = {key: None for key in ("shape",) if shape} | _classes(settings)
    wanted = {name: _classes(settings) for name in image_names(settings, subbands)}
    if selected is not None:
        chosen = set(selected)
        unknown = sorted(chosen - set(every))
        if unknown:
            raise SettingsError(
                f"features that these settings do not give: {', '.join(unknown)}; allowed are the "
                f"{len(every)} of their image types, sub-bands and classes: use the settings that "
                "the features were selected with"
            )
        expected = [name for name in every if name in chosen]
        of_shape, wanted = by_image(expected)
        images = images_of(settings, wanted) or {"Original": {}}
        classes = ({"shape": of_shape} if of_shape else {}) | _classes(settings)
    parameters = {
        "setting": {**(settings.get("setting") or {}), "label": 1, "additionalInfo": False},
        "imageType": {kind: dict(own or {}) for kind, own in images.items()},
        "featureClass": classes,
    }
    made = Extractor(deepcopy(parameters), wanted, fast)
    made.expected = expected
    return made


def _classes(settings: dict) -> dict:
    chosen = settings.get("featureClass") or dict.fromkeys(
        ("firstorder", "glcm", "glrlm", "glszm", "gldm")
    )
    return {key: names or None for key, names in chosen.items() if key != "shape"}


def image_names(settings: dict, subbands: list[str] | None = None) -> list[str]:
    """Names of the images that features are taken from, as pyradiomics writes them."""
    general, names = settings.get("setting") or {}, []
    for kind, own in (settings.get("imageType") or {"Original": {}}).items():
        own = {**general, **(own or {})}
        if kind == "Wavelet":
            found = _wavelets(own)
            every = subbands is None or set(subbands) == ALL_SUBBANDS
            wanted = list(found) if every else subbands
            _known("subbands", wanted, found)
            names += [name for band in found if band in wanted for name in found[band]]
        elif kind == "LoG":
            names += map(log_name, own["sigma"])
        else:
            names.append(FIXED_NAMES[kind])
    return names


def _wavelets(own: dict) -> dict[str, list[str]]:
    """Names of the wavelet images by subband; each level but the last lacks the low-pass one."""
    bands = ["".join(band) for band in product("LH", repeat=2 if own.get("force2D") else 3)]
    levels = own.get("level", 1)
    names = {band: [] for band in [*bands[1:], bands[0]]}
    for level in range(1, levels + 1):
        prefix = f"wavelet{level if level > 1 else ''}-"
        for band in names:
            if band != bands[0] or level == levels:
                names[band].append(prefix + band)
    return names


def feature_names(settings: dict, shape: bool = True, subbands: list[str] | None = None) -> list:
    """Every feature that these settings give, in the order of the tables."""
    classes = getFeatureClasses()

    def of(name, chosen=None):
        known = classes[name].getFeatureNames()
        return chosen or [feature for feature, deprecated in known.items() if not deprecated]

    names = [f"original_shape_{feature}" for feature in of("shape")] if shape else []
    for image in image_names(settings, subbands):
        for name, chosen in _classes(settings).items():
            names += [f"{image}_{name}_{feature}" for feature in of(name, chosen)]
    return names


def expected_count(settings: dict, shape: bool = True, subbands: list[str] | None = None) -> int:
    """How many features these settings give: images times features, and 14 of shape."""
    return len(feature_names(settings, shape, subbands))


def extract(image: sitk.Image, mask: sitk.Image, chosen: Extractor) -> dict[str, float]:
    """Features of label 1 of an image from ``image_resampling.resample``, in ``expected``'s order.

    A feature that is not defined (such as a correlation where all values are equal) is NaN.
    Raises ValueError by pyradiomics for a region it refuses, and where an image is missing.
    Where no feature is asked for, nothing is computed.
    """
    if not chosen.expected:
        return {}
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        # Undefined features divide by zero; they come out as NaN, which is passed on.
        warnings.simplefilter("ignore", RuntimeWarning)
        found = chosen.execute(image, mask)
    missing = [name for name in chosen.expected if name not in found]
    extra = sorted(found.keys() - set(chosen.expected))
    if missing or extra:
        parts = sorted({name.rsplit("_", 1)[0] for name in [*missing, *extra]})
        raise ValueError(
            f"{len(found)} features instead of {len(chosen.expected)}; they differ in "
            f"{', '.join(parts)}; an image smaller than the filter's width gives none"
        )
    values = {name: float(found[name]) for name in chosen.expected}
    undefined = [name for name, value in values.items() if not np.isfinite(value)]
    if undefined:
        logger.warning("not defined here: %s", ", ".join(undefined))
    return {name: value if np.isfinite(value) else float("nan") for name, value in values.items()}


def effective_settings(settings: dict, shape: bool = True, subbands: list | None = None) -> dict:
    """All settings in force, pyradiomics' own defaults included, and the count of features."""
    made = extractor(settings, shape, subbands)
    enabled = made.enabledImagetypes.items()
    images = {kind: {**IMAGE_DEFAULTS.get(kind, {}), **own} for kind, own in enabled}
    setting = {**CLASS_DEFAULTS, **made.settings}
    if setting["binCount"] is not None:
        del setting["binWidth"]  # pyradiomics follows the count
    for name in ("label", "additionalInfo", "resampledPixelSpacing"):
        del setting[name]
    return {
        "setting": dict(sorted(setting.items())),
        "imageType": images,
        "featureClass": made.enabledFeatures,
        "subbands": subbands,
        "features": len(made.expected),
    }


def phase_settings(settings: dict, shape: bool = True, subbands: list | None = None) -> dict:
    """All that decides on a feature's value once the image is given, versions included."""
    return {**effective_settings(settings, shape, subbands), "versions": versions()}


def versions() -> dict[str, str]:
    """Versions of the packages that decide on a feature's value."""
    return {name: version(name) for name in PACKAGES}


def settings_digest(content: dict) -> str:
    """A short digest of settings and versions: tables that differ in it cannot be mixed."""
    text = json.dumps(content, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def quiet() -> None:
    """Send pyradiomics' warnings to the rule's log alone, and use one thread."""
    radiomics.logger.handlers[:] = [logging.NullHandler()]  # pyradiomics asks for a first one
    radiomics.logger.setLevel(logging.WARNING)
    radiomics.logger.propagate = True
    logging.getLogger("pykwalify").setLevel(logging.CRITICAL)  # its errors are raised as well
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
