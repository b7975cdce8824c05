"""What must be computed for a few features: images by pyradiomics' names, classes, widths."""

from collections.abc import Collection, Iterable

FIXED_NAMES = {
    "Original": "original", "Square": "square", "SquareRoot": "squareroot",
    "Logarithm": "logarithm", "Exponential": "exponential", "Gradient": "gradient",
}  # fmt: skip


def log_name(sigma: float) -> str:
    """The name of a Laplacian of Gaussian's image, its width in mm."""
    return f"log-sigma-{str(sigma).replace('.', '-')}-mm-3D"


def by_image(names: Iterable[str]) -> tuple[list[str], dict[str, dict[str, list[str]]]]:
    """Of names ``<image>_<class>_<feature>``: shape features, and the others by image and class."""
    of_shape, wanted = [], {}
    for name in names:
        image, kind, feature = name.split("_")
        if kind == "shape":
            of_shape.append(feature)
        else:
            wanted.setdefault(image, {}).setdefault(kind, []).append(feature)
    return of_shape, wanted


def images_of(settings: dict, wanted: Collection[str]) -> dict:
    """The imageType of pyradiomics' parameters that gives these images; of a LoG their widths."""
    images, general = {}, settings.get("setting") or {}
    for kind, own in (settings.get("imageType") or {"Original": {}}).items():
        own = own or {}
        if kind == "LoG":
            widths = [s for s in {**general, **own}["sigma"] if log_name(s) in wanted]
            if widths:
                images[kind] = {**own, "sigma": widths}
        elif kind == "Wavelet":
            if any(name.startswith("wavelet") for name in wanted):
                images[kind] = own
        elif FIXED_NAMES[kind] in wanted:
            images[kind] = own
    return images
