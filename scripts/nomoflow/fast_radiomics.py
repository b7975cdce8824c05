"""pyradiomics 3.0.1 at speed, values unchanged: its own code, run with quicker helpers.

The methods of its classes are kept as they are and look up other functions under the names
``numpy``, ``min`` and ``max``; what all classes of an image do alike (reading the arrays, sorting
grey values into bins) is done once; wavelet images are made one at a time. Nothing in pyradiomics
itself is changed. It applies to the sources that it was written for alone (``hindrance``).
"""

import functools
import hashlib
import itertools
import logging
import types
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import numpy
import pywt
import radiomics
import SimpleITK as sitk
from radiomics import imageoperations
from radiomics.base import RadiomicsFeaturesBase
from radiomics.featureextractor import RadiomicsFeatureExtractor
from radiomics.firstorder import RadiomicsFirstOrder

from nomoflow import fast_shape
from nomoflow.fast_matrices import Matrices, Region

VERSION = "3.0.1"
# SHA-256 of the sources below, in this order; a test compares the installed ones.
SOURCES = "1a69581f02681dc225078a6678805bb71220639d02c446ec1bb89f2ff878d2ec"
MODULES = (
    "base", "featureextractor", "firstorder", "glcm", "gldm", "glrlm", "glszm", "imageoperations",
    "ngtdm", "shape",
)  # fmt: skip

logger = logging.getLogger(__name__)


@functools.cache
def hindrance() -> str:
    """Why the quick way does not apply here; empty where it does."""
    found = radiomics.__version__.removeprefix("v")
    if found != VERSION:
        return f"pyradiomics is {found}, not {VERSION}"
    if sources_digest() != SOURCES:
        return f"the sources of pyradiomics are not those of {VERSION}"
    return ""


def sources_digest() -> str:
    """Digest of the sources of pyradiomics that the quick way builds on."""
    folder, digest = Path(radiomics.__file__).parent, hashlib.sha256()
    for name in MODULES:
        digest.update((folder / f"{name}.py").read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()


# numpy's own functions are slow where nothing is missing; each helper gives the same bits, and
# leaves to numpy what it is not made for.


def nanmean(a, axis, keepdims=False):
    """As numpy.nanmean: the sum over the count, where no sum is NaN."""
    total = numpy.add.reduce(a, axis, keepdims=keepdims)
    if total.size == 0 or a.size == 0 or numpy.isnan(total).any():
        return numpy.nanmean(a, axis, keepdims=keepdims)
    return total / (a.size // total.size)


def without_nan(name: str, plain: Callable) -> Callable:
    """numpy's function for complete values, in the place of its own that looks for NaN."""
    careful = getattr(numpy, name)

    def function(a, *arguments, **options):
        chosen = careful if a.size == 0 or numpy.isnan(a).any() else plain
        return chosen(a, *arguments, **options)

    return function


def plain_sum(a, axis=None, **options):
    """As numpy.sum of an array, without its detours."""
    return numpy.add.reduce(a, axis, **options)


def unique(values, return_counts=False):
    """As numpy.unique of small whole numbers from 0 on, by counting them."""
    if values.size == 0 or values.min() < 0:
        return numpy.unique(values, return_counts=return_counts)
    counts = numpy.bincount(values)
    levels = numpy.flatnonzero(counts)
    return (levels, counts[levels]) if return_counts else levels


def smallest(values):
    """As the builtin min of an array, which looks at one number after the other."""
    found = values.min()
    return min(values) if numpy.isnan(found) else found


def largest(values):
    """As the builtin max of an array."""
    found = values.max()
    return max(values) if numpy.isnan(found) else found


QUICK = types.SimpleNamespace(
    **{
        **vars(numpy),
        "nanmean": nanmean,
        "nansum": without_nan("nansum", numpy.sum),
        "nanstd": without_nan("nanstd", numpy.std),
        "nanmedian": without_nan("nanmedian", numpy.median),
        "nanpercentile": without_nan("nanpercentile", numpy.percentile),
        "sum": plain_sum,
        "unique": unique,
    }
)


def rebound(function: Callable, **names) -> Callable:
    """The same code, which finds other objects under these global names."""
    made = types.FunctionType(
        function.__code__,
        {**function.__globals__, **names},
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    made.__dict__.update(function.__dict__)  # pyradiomics marks deprecated features there
    return made


bin_edges = rebound(imageoperations.getBinEdges, min=smallest, max=largest)
bin_image = rebound(imageoperations.binImage, getBinEdges=bin_edges)


class Prepared:
    """An image's array and its grey values in bins: once for all classes."""

    def __init__(self, image: sitk.Image, region: Region, settings: dict):
        self.array, self.region, self.settings = sitk.GetArrayFromImage(image), region, settings

    @functools.cached_property
    def matrix(self) -> numpy.ndarray:
        """Bins in the place of grey values, 0 outside, of the type that the compiled code wants."""
        matrix, _ = bin_image(self.array, self.region.mask, **self.settings)
        return matrix.astype(numpy.intc)

    @functools.cached_property
    def levels(self) -> numpy.ndarray:
        """The bins that occur, ascending."""
        return unique(self.matrix[self.region.mask])

    @functools.cached_property
    def matrices(self) -> Matrices:
        """What counts neighbours in it."""
        return Matrices(self.region, self.matrix)


class SharedArrays(RadiomicsFeaturesBase):
    """What each class begins with, as its base class has it, from an image that is prepared."""

    def __init__(self, inputImage, inputMask, prepared, **kwargs):
        self.logger = logging.getLogger(self.__module__)
        self.progressReporter = radiomics.getProgressReporter
        self.settings = kwargs
        self.label = kwargs.get("label", 1)
        self.voxelBased = False
        self.coefficients, self.enabledFeatures, self.featureValues = {}, {}, {}
        self.featureNames = self.getFeatureNames()
        self.inputImage, self.inputMask = inputImage, inputMask
        self.prepared = prepared
        self.imageArray, self.maskArray = prepared.array, prepared.region.mask

    def _applyBinning(self, matrix):
        self.coefficients["grayLevels"] = self.prepared.levels
        self.coefficients["Ng"] = int(self.prepared.levels[-1])
        return self.prepared.matrix

    @classmethod
    @functools.cache
    def getFeatureNames(cls):
        return super().getFeatureNames()


def counted(function: Callable) -> Callable:
    """A method that makes a matrix, with what counts neighbours in the image at hand.

    It is looked up at each call: kept in the instance it would tie itself to it, and the image's
    arrays would stay until Python looks for such knots.
    """

    def method(self, *arguments):
        return rebound(function, cMatrices=self.prepared.matrices)(self, *arguments)

    return method


def quickened(original: type) -> type:
    """A feature class with the methods of the original, which use the quick helpers."""
    methods = {"__module__": original.__module__}
    for name, value in vars(original).items():
        if isinstance(value, types.FunctionType):
            methods[name] = rebound(value, numpy=QUICK)
        elif isinstance(value, staticmethod):
            methods[name] = staticmethod(rebound(value.__func__, numpy=QUICK))
    if "_calculateMatrix" in methods:
        methods["_calculateMatrix"] = counted(methods["_calculateMatrix"])
    if original is RadiomicsFirstOrder:
        methods |= {"percentiles": PERCENTILES, **PERCENTILE_FEATURES}
    return type(original.__name__, (original, SharedArrays), methods)


# First order asks for six percentiles, each of which orders the values anew.
PERCENTILES = functools.cached_property(
    lambda one: QUICK.nanpercentile(one.targetVoxelArray, (10, 25, 75, 90), axis=1)
)
PERCENTILE_FEATURES = {
    "get10PercentileFeatureValue": lambda one: one.percentiles[0],
    "get90PercentileFeatureValue": lambda one: one.percentiles[3],
    "getInterquartileRangeFeatureValue": lambda one: one.percentiles[2] - one.percentiles[1],
}


@functools.cache
def feature_classes() -> dict[str, type]:
    """The quick feature classes by name, without those of the shape."""
    originals = radiomics.getFeatureClasses().items()
    return {name: quickened(one) for name, one in originals if not name.startswith("shape")}


@functools.cache
def shape_class() -> type:
    """The class of the shape with a quicker mesh, or as it is where that gives other values."""
    original = radiomics.getFeatureClasses()["shape"]
    if hindered := fast_shape.hindrance():
        logger.warning("shape features are computed the slow way: %s", hindered)
        return original
    begin = rebound(original._initSegmentBasedCalculation, cShape=fast_shape)
    methods = {"__module__": original.__module__, "_initSegmentBasedCalculation": begin}
    return type(original.__name__, (original,), methods)


def shape_of(extractor: RadiomicsFeatureExtractor, *arguments, **options) -> dict:
    """As RadiomicsFeatureExtractor.computeShape."""
    classes = {**radiomics.getFeatureClasses(), "shape": shape_class()}
    compute = rebound(RadiomicsFeatureExtractor.computeShape, getFeatureClasses=lambda: classes)
    return compute(extractor, *arguments, **options)


def features_of(image, mask, region: Region, name: str, wanted: dict, settings: dict) -> dict:
    """As RadiomicsFeatureExtractor.computeFeatures: features of one filtered, cropped image.

    region : of this mask
    wanted : by feature class, the features (None: all of the class)
    """
    found, prepared = {}, Prepared(image, region, settings)
    for kind, features in wanted.items():
        if kind in feature_classes():
            one = feature_classes()[kind](image, mask, prepared=prepared, **settings)
            for feature in features or ():
                one.enableFeatureByName(feature)
            for feature, value in one.execute().items():
                found[f"{name}_{kind}_{feature}"] = value
    return found


def region_of(mask: sitk.Image, label: int, before: Region | None) -> Region:
    """The region of a cropped mask: the one before where it is of the same mask."""
    if before is None or before.source is not mask:
        before = Region(sitk.GetArrayFromImage(mask) == label, source=mask)
    return before


def wavelet_images(image, mask, wanted: Collection[str], **settings) -> Iterator[tuple]:
    """As imageoperations.getWaveletImage, for the wanted images alone and one at a time."""
    axes = [2, 1, 0]
    if settings.get("force2D", False):
        axes.remove(settings.get("force2Ddimension", 0))
    wavelet, level = pywt.Wavelet(settings.get("wavelet", "coif1")), settings.get("level", 1)
    data = sitk.GetArrayFromImage(image)
    inside = tuple(slice(length) for length in data.shape)
    data = numpy.pad(data, [(0, length % 2) for length in data.shape], "wrap")
    low = "a" * len(axes)
    for _ in range(settings.get("start_level", 0)):
        ((_, data),) = subbands(data, wavelet, axes, {low})

    def made(values, name):
        one = sitk.GetImageFromArray(values[inside])
        one.CopyInformation(image)
        return one, name, settings

    for number in range(1, level + 1):
        names = {
            "".join(way): f"wavelet{number if number > 1 else ''}-"
            + "".join(way).replace("a", "L").replace("d", "H")
            for way in itertools.product("ad", repeat=len(axes))
        }
        ways = {way for way, name in names.items() if name in wanted or way == low}
        if number == level and names[low] not in wanted:
            ways -= {low}
        approximation = None  # comes first, and is wanted last
        for way, values in subbands(data, wavelet, axes, ways):
            if way == low:
                approximation = values
            else:
                yield made(values, names[way])
        data = approximation
    if data is not None:
        yield made(data, names[low])


def subbands(data, wavelet, axes: list[int], ways: Collection[str], way: str = "") -> Iterator:
    """The images (way, values) of pywt.swtn at one level, in its order, each when it is asked for.

    way : for each axis, "a" for the low and "d" for the high frequencies
    """
    if not axes:
        yield way, data
        return
    pair = dict(zip("ad", pywt.swt(data, wavelet, level=1, axis=axes[0])[0], strict=True))
    for letter in "ad":
        part = pair.pop(letter)
        if any(one.startswith(way + letter) for one in ways):
            yield from subbands(part, wavelet, axes[1:], ways, way + letter)


class LabelBox:
    """In the place of SimpleITK's LabelStatisticsImageFilter: no statistics of grey values."""

    def Execute(self, image: sitk.Image, mask: sitk.Image) -> None:
        if not image.IsSameImageGeometryAs(mask):
            sitk.LabelStatisticsImageFilter().Execute(image, mask)  # raises what pyradiomics awaits
        self.mask = sitk.GetArrayFromImage(mask)

    def GetLabels(self) -> list[int]:
        return numpy.unique(self.mask).tolist()

    def GetCount(self, label: int) -> int:
        return int(numpy.count_nonzero(self.mask == label))

    def GetBoundingBox(self, label: int) -> list[int]:
        inside, box = self.mask == label, []
        for axis in (2, 1, 0):
            others = tuple({0, 1, 2} - {axis})
            along = numpy.flatnonzero(inside.any(axis=others))
            box += [int(along[0]), int(along[-1])]
        return box


QUICK_SITK = types.SimpleNamespace(**{**vars(sitk), "LabelStatisticsImageFilter": LabelBox})
check_mask = rebound(imageoperations.checkMask, sitk=QUICK_SITK)


class Crop:
    """As imageoperations.cropToTumorMask; a mask is cropped once for all images."""

    def __init__(self):
        self.mask = self.cropped = None

    def __call__(self, image: sitk.Image, mask: sitk.Image, box, padDistance: int = 0):
        if padDistance:
            return imageoperations.cropToTumorMask(image, mask, box, padDistance=padDistance)
        start, size = box[0::2].tolist(), (box[1::2] - box[0::2] + 1).tolist()
        if self.mask is not mask:
            self.mask, self.cropped = mask, sitk.RegionOfInterest(mask, size, start)
        return sitk.RegionOfInterest(image, size, start), self.cropped


def quick_execute(extractor: RadiomicsFeatureExtractor, *arguments, **options):
    """As RadiomicsFeatureExtractor.execute; of wavelet images those in ``extractor.wanted``."""
    quicker = {
        "checkMask": check_mask,
        "cropToTumorMask": Crop(),
        "getWaveletImage": functools.partial(wavelet_images, wanted=extractor.wanted),
    }
    operations = types.SimpleNamespace(**{**vars(imageoperations), **quicker})
    execute = rebound(RadiomicsFeatureExtractor.execute, imageoperations=operations)
    return execute(extractor, *arguments, **options)
