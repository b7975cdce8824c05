"""Images and features that do not fit a locked model: offset of HU, unit, phase, bin width.

As in mislabelled: a row names the one cause that explains the cohort, and nothing is put right.
Training is known by each feature's mean, SD and range; names are ``<phase>_<feature>``.
"""

from collections.abc import Mapping, Sequence
from itertools import permutations

import numpy as np
import pandas as pd

from nomoflow.dataset import phase_of
from nomoflow.mislabelled import FEWEST, Row, explains, finding, is_explained, rescaled, spanned

OFFSETS = (1024.0, -1024.0)  # 1000, which some scanners use, is told by them as well
# Features that move with the intensities, and by how much: the smoothest wavelet's filters
# multiply a constant by sqrt 2 along each axis.
MOVING = ("10Percentile", "90Percentile", "Maximum", "Mean", "Median", "Minimum")
GAIN = {"original": 1.0, "wavelet-LLL": 2.0**1.5}
HU_FLOOR = -1024.0  # of air; nothing is less dense
DENSEST = 900.0  # HU, mean of a region: denser than the cortex of bone
# Powers of length in shape features.
LENGTHS = {"MeshVolume": 3, "VoxelVolume": 3, "SurfaceArea": 2, "SurfaceVolumeRatio": -1,
           "Maximum3DDiameter": 1, "Maximum2DDiameterSlice": 1, "Maximum2DDiameterColumn": 1,
           "Maximum2DDiameterRow": 1, "MajorAxisLength": 1, "MinorAxisLength": 1,
           "LeastAxisLength": 1}  # fmt: skip
# Powers of the number of grey levels in texture features; entropies rise by its logarithm.
LEVELS = {
    "JointAverage": 1, "SumAverage": 1, "DifferenceAverage": 1, "Autocorrelation": 2,
    "ClusterTendency": 2, "Contrast": 2, "DifferenceVariance": 2, "SumSquares": 2,
    "GrayLevelVariance": 2, "HighGrayLevelEmphasis": 2, "HighGrayLevelRunEmphasis": 2,
    "HighGrayLevelZoneEmphasis": 2, "ClusterShade": 3, "ClusterProminence": 4,
}  # fmt: skip
ENTROPIES = {"Entropy": 1, "DifferenceEntropy": 1, "SumEntropy": 1, "JointEntropy": 2}
LEAST_RATIO, LARGEST_SPREAD = 1.35, 0.35  # of bin widths; of the logarithms that tell it
FEATURES_THAT_TELL = 3
APART, CLOSER = 1.0, 0.25  # SDs between phases; share of the distance that an exchange may leave
MOST_PHASES = 5
REGION = "region_mean"
REACH = 2.5  # SDs that a cohort of some hundred patients spreads over


def training_of(signatures: Mapping[str, Mapping], ranges: Mapping[str, Mapping]) -> pd.DataFrame:
    """Training's mean, sd, low and high of each feature of the signatures of model.json."""
    known = {
        name: {"mean": mean, "sd": sd, **ranges[name]}
        for one in signatures.values()
        for name, mean, sd in zip(one["features"], one["means"], one["sds"], strict=True)
    }
    return pd.DataFrame.from_dict(known, orient="index", columns=["mean", "sd", "low", "high"])


def hu_offset(
    training: pd.DataFrame,
    table: pd.DataFrame,
    phases: Sequence[str],
    regions: pd.DataFrame | None = None,
    seen: Mapping[str, Mapping] | None = None,
) -> list[Row]:
    """Images whose values lie about 1,024 above or below HU, a row a phase.

    training : as `training_of`; table : n patients x features. regions : patient, phase, minimum
    and mean of the intensities in the mask, of CT in HU (None: not known); seen : by phase mean
    and sd of that mean in training. Features that move with the intensities tell it, or
    the regions; without training's figures of them what no tissue can have.
    """
    rows = []
    for phase in phases:
        told = _moved(training, table, phase) or _region_moved(regions, phase, seen or {})
        if told:
            offset, found, expected = told
            way = "above" if offset > 0 else "below"
            rows.append(
                finding(
                    "hu_offset",
                    phase,
                    f"the images of phase {phase} are offset by about {abs(offset):.0f} HU {way} "
                    "the scale: the rescale intercept was "
                    + ("not applied" if offset > 0 else "applied twice"),
                    found,
                    expected,
                    "convert the images anew from DICOM with RescaleSlope and RescaleIntercept "
                    f"applied once, or {'subtract' if offset > 0 else 'add'} {abs(offset):.0f}",
                )
            )
    return rows


def _moved(training, table, phase) -> tuple[float, str, str] | None:
    names = []
    for name in training.index.intersection(table.columns):
        image, _, feature = name.removeprefix(f"{phase}_").partition("_firstorder_")
        if name.startswith(f"{phase}_") and image in GAIN and feature in MOVING:
            names.append((name, GAIN[image]))
    for offset in OFFSETS:
        shares, n = [], 0
        for name, gain in names:
            known, values = training.loc[name], table[name].to_numpy(dtype=float)
            ends, moved = (known["low"], known["high"], known["sd"]), offset * gain
            shares.append(explains(values, *ends, lambda x, m=moved: x - m))
            n = max(n, int(np.isfinite(values).sum()))
        if names and is_explained(tuple(np.mean(shares, axis=0)), n):
            first = names[0][0]
            shown = f"{first} is {spanned(table[first].dropna().to_numpy(dtype=float))}"
            known = training.loc[first]
            return offset, shown, f"{known['low']:.4g} to {known['high']:.4g}"
    return None


def _spread(known: Mapping) -> tuple[float, float, float, float]:
    """Mean, SD and ends of a distribution that is told by its mean and SD."""
    mean, sd = float(known["mean"]), float(known["sd"])
    return mean, sd, mean - REACH * sd, mean + REACH * sd


def _region_moved(regions, phase, seen) -> tuple[float, str, str] | None:
    if regions is None:
        return None
    rows = regions[regions["phase"] == phase]
    mean = pd.to_numeric(rows["mean"], errors="coerce").dropna().to_numpy(dtype=float)
    floor = pd.to_numeric(rows["minimum"], errors="coerce").dropna().to_numpy(dtype=float)
    if len(mean) < FEWEST:
        return None
    found = f"mean intensity in the masks {spanned(mean)}"
    if phase in seen:
        _, sd, low, high = _spread(seen[phase])
        for offset in OFFSETS:
            shares = explains(mean, low, high, sd, lambda x, o=offset: x - o)
            if is_explained(shares, len(mean)):
                return offset, found, f"{low:.4g} to {high:.4g} HU"
        return None
    if np.median(mean) > DENSEST:
        return 1024.0, found, f"at most {DENSEST:g} HU, that of dense bone"
    if len(floor) and np.median(floor) < HU_FLOOR - 200:
        return (
            -1024.0,
            f"lowest intensity in the masks {spanned(floor)}",
            f"{HU_FLOOR:g} HU or more",
        )
    return None


def lengths(training: pd.DataFrame, table: pd.DataFrame, phases: Sequence[str]) -> list[Row]:
    """Shape features in another unit of length than training's mm, all of a table."""
    names = [
        (name, LENGTHS[_ending(name)])
        for name in training.index.intersection(table.columns)
        if "_shape_" in name and _ending(name) in LENGTHS and training.loc[name, "low"] > 0
    ]
    for factor, unit in ((0.1, "cm"), (0.001, "metres"), (10.0, "a tenth of mm")):
        raw, right, n = [], [], 0
        for name, power in names:
            known, values = training.loc[name], table[name].to_numpy(dtype=float)
            shares = rescaled(values, known["low"], known["high"], known["sd"], factor**power)
            raw.append(shares[0])
            right.append(shares[1])
            n = max(n, int(np.isfinite(values).sum()))
        if names and is_explained((float(np.mean(raw)), float(np.mean(right))), n):
            first = names[0][0]
            return [
                finding(
                    "unit",
                    "shape",
                    f"shape features are in {unit}, the model has them in mm, mm2 and mm3",
                    f"{first} is {spanned(table[first].dropna().to_numpy(dtype=float))}",
                    f"{training.loc[first, 'low']:.4g} to {training.loc[first, 'high']:.4g}",
                    "give the spacing of images in mm, or the features as pyradiomics writes them",
                )
            ]
    return []


def standardised(training: pd.DataFrame, table: pd.DataFrame) -> list[Row]:
    """A feature table that was z-scored over its own patients, where training's was not."""
    names = list(training.index.intersection(table.columns))
    values = table[names].dropna()
    if len(names) < 2 or len(values) < FEWEST:
        return []

    def scaled(means, sds) -> bool:
        return bool((np.abs(means) < 1e-6).all() and (np.abs(sds - 1) < 0.2).all())

    here = scaled(values.mean().to_numpy(), values.std(ddof=0).to_numpy())
    there = training.loc[names, ["mean", "sd"]].to_numpy(dtype=float).T
    if not here or scaled(*there):
        return []
    first = names[0]
    return [
        finding(
            "standardised",
            "feature table",
            "the features were standardised over this cohort; the model does that itself, with "
            "training's means and SDs",
            f"each of {len(names)} features has mean 0 and SD 1 over these patients",
            f"{first} of mean {there[0][0]:.4g} and SD {there[1][0]:.4g}",
            "give the features as the extractor wrote them",
        )
    ]


def phases_exchanged(
    training: pd.DataFrame, table: pd.DataFrame, phases: Sequence[str]
) -> list[Row]:
    """Phases whose names are exchanged: one's features fit another's training, and the reverse.

    training, table : of features that several phases have in common (regions' mean intensity may be
    one of them). Phases less than one SD apart in training can not be told.
    """
    phases = list(phases)[:MOST_PHASES]
    common = _common(training, table, phases)
    if len(phases) < 2 or not common:
        return []
    # phases x features: training's means and SDs, the cohort's means
    known, sds, means = (
        np.array([[source[f"{phase}_{name}"] for name in common] for phase in phases])
        for source in (training["mean"], training["sd"], table.mean())
    )
    scale = np.sqrt((sds**2).mean(axis=0))
    used = scale > 0
    if not used.any() or table[[f"{phases[0]}_{n}" for n in common]].notna().sum().max() < FEWEST:
        return []
    known, means = known[:, used] / scale[used], means[:, used] / scale[used]

    def distance(order) -> float:
        return float(((means - known[list(order)]) ** 2).mean())

    orders = sorted(permutations(range(len(phases))), key=distance)
    best, plain = orders[0], tuple(range(len(phases)))
    moved = [at for at in plain if best[at] != at]
    if not moved or distance(best) > CLOSER * distance(plain):
        return []
    apart = np.sqrt(((known[moved] - known[[best[at] for at in moved]]) ** 2).mean())
    if apart < APART:
        return []
    pairs = ", ".join(f"{phases[at]} looks like {phases[best[at]]}" for at in moved)
    return [
        finding(
            "phases_exchanged",
            " ".join(phases[at] for at in moved),
            f"the names of phases are exchanged: {pairs}",
            f"{np.sqrt(distance(plain)):.2f} SDs from training on average; with the names "
            f"exchanged {np.sqrt(distance(best)):.2f}, over {int(used.sum())} features",
            "each phase nearest to its own training",
            "correct the column phase of the scans table, or the columns of the feature table",
        )
    ]


def with_regions(
    training: pd.DataFrame,
    table: pd.DataFrame,
    patients: Sequence[str],
    phases: Sequence[str],
    regions: pd.DataFrame | None,
    seen: Mapping[str, Mapping],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Training and table with the regions' mean intensity as one more feature of each phase.

    Arguments as for `hu_offset`; patients: (n,) of the table's rows. Unchanged where training's
    figures (``seen``), or the regions', are not there for every phase.
    """
    if regions is None or any(phase not in seen for phase in phases):
        return training, table
    wide = regions.assign(mean=pd.to_numeric(regions["mean"], errors="coerce"))
    wide = wide.pivot(index="patient", columns="phase", values="mean").reindex(list(patients))
    if any(phase not in wide for phase in phases):
        return training, table
    names = {phase: f"{phase}_{REGION}" for phase in phases}
    columns = ["mean", "sd", "low", "high"]
    known = pd.DataFrame([_spread(seen[p]) for p in phases], names.values(), columns)
    added = wide[list(phases)].rename(columns=names).set_axis(table.index, axis=0)
    return pd.concat([training, known.astype(float)]), pd.concat([table, added], axis=1)


def _common(training, table, phases) -> list[str]:
    """Features that every phase has, in training and here, named without their phase."""
    there = set(training.index) & set(table.columns)
    each = [{n.removeprefix(f"{p}_") for n in there if phase_of(n, phases) == p} for p in phases]
    return sorted(set.intersection(*each)) if each else []


def bin_width(
    training: pd.DataFrame, table: pd.DataFrame, phases: Sequence[str], width: float | None = None
) -> list[Row]:
    """Texture features of another bin width, told by those that scale with the grey levels.

    For ready feature tables, which carry no settings. With r times the grey levels an average of
    levels rises r-fold, a second moment r^2-fold, an entropy by log2 r for each of its dimensions.
    Told where at least three features agree on r, and those that no bin touches fit training.
    """
    told, still = [], []
    for name in training.index.intersection(table.columns):
        known, feature, mean = training.loc[name], _ending(name), float(table[name].mean())
        if feature in (*ENTROPIES, *LEVELS) and not known["low"] > 0:
            continue  # standardised by its maker: a ratio means nothing
        if feature in ENTROPIES and known["sd"] > 0:
            told.append((mean - known["mean"]) / ENTROPIES[feature] * np.log(2))
        elif feature in LEVELS and mean * known["mean"] > 0:
            told.append(np.log(mean / known["mean"]) / LEVELS[feature])
        elif known["sd"] > 0 and _untouched(name, feature):
            still.append((mean - known["mean"]) / known["sd"])
    told = np.array([one for one in told if np.isfinite(one)])
    if len(told) < FEATURES_THAT_TELL or table.notna().sum().max() < FEWEST:
        return []
    middle = float(np.median(told))
    spread = float(np.median(np.abs(told - middle)))
    off = abs(middle) > np.log(LEAST_RATIO)
    if not off or spread > LARGEST_SPREAD * abs(middle) or np.any(np.abs(still) > 1.5):
        return []
    ratio = float(np.exp(middle))
    guess = f", which is about {width / ratio:.3g} where training had {width:g}" if width else ""
    return [
        finding(
            "bin_width",
            "texture features",
            "the features were computed with another bin width than training's" + guess,
            f"about {ratio:.2g} times training's grey levels, by {len(told)} features",
            "as many grey levels as in training",
            "compute the features with the settings in model.json",
        )
    ]


def _untouched(name: str, feature: str) -> bool:
    """Whether a feature is the same whatever the bins."""
    return "_shape_" in name or ("_firstorder_" in name and feature != "Uniformity")


def _ending(name: str) -> str:
    return name.rsplit("_", 1)[-1]
