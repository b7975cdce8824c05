"""ComBat: location and scale of each feature brought from a batch's to those of all batches.

Johnson, Li and Rabinovic 2007 (Biostatistics 8:118), as R's sva::ComBat computes it, for radiomics
Orlhac 2018 (J Nucl Med 59:1321); with a reference batch Zhang 2018 (BMC Bioinformatics 19:262).
What is learned is kept apart from the patients it was learned from, so that a model can be fitted
on the training part and applied to the rest. No outcome is ever used: a new patient has none.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np

METHODS = ("none", "combat")
LEAST = 2  # patients of a batch, to have a variance
TOLERANCE, TURNS = 1e-12, 10_000
ROUNDING = 1e-12  # a spread below this share of a feature's size is what rounding leaves of 0


class UnknownBatch(ValueError):
    """A batch that was not in training, where no reference batch is declared."""


@dataclass(frozen=True)
class Combat:
    """What ComBat learned from n patients of B batches, p features and c covariates.

    mean, sd (p,) : of the standardised scale (the reference batch's, where there is one)
    effects (c, p) : of the covariates, which are kept in the features
    levels (B,) : the batches; sizes (B,): their patients
    shift, scale (B, p) : what a batch adds on that scale, and the SD that it multiplies by
    constant (p,) : features without spread in a batch, which are left as they are
    """

    mean: np.ndarray
    sd: np.ndarray
    effects: np.ndarray
    levels: tuple[str, ...]
    sizes: tuple[int, ...]
    shift: np.ndarray
    scale: np.ndarray
    constant: np.ndarray
    reference: str | None = None

    def apply(self, values, batch, covariates=None) -> np.ndarray:
        """Harmonised values (n, p), of these or other patients of the batches of training.

        Raises UnknownBatch for any other batch: what its scanner adds is not known.
        """
        values, batch = np.asarray(values, dtype=float), labels_of(batch, len(values))
        unknown = sorted(set(batch) - set(self.levels))
        if unknown:
            known = ", ".join(self.levels)
            remedy = (
                f"`with_batch` estimates it from that centre's own features, with {self.reference} "
                "as the reference"
                if self.reference
                else "declare a reference batch, or use the raw features"
            )
            raise UnknownBatch(
                f"batch {', '.join(unknown)} was not in training (it had {known}): what its "
                f"scanner adds to a feature is not known; {remedy}"
            )
        row = np.array([self.levels.index(level) for level in batch], dtype=int)
        centre = self.mean + _covariates(covariates, len(values), len(self.effects)) @ self.effects
        z = ((values - centre) / self.sd - self.shift[row]) / self.scale[row]
        kept = self.constant | (batch == self.reference)[:, None]
        return np.where(kept, values, z * self.sd + centre)

    def with_batch(self, values, level: str, covariates=None) -> "Combat":
        """The same with one more batch, estimated from that batch's patients (n, p) alone.

        Only where a reference batch fixes the scale: then each other batch is estimated without
        the rest, and the result equals a fit that had this batch from the start. Raises
        UnknownBatch without a reference, ValueError for a batch that is there or too small.
        """
        if self.reference is None:
            raise UnknownBatch(
                f"batch {level} was not in training and no reference batch is declared: the scale "
                "to bring it to depends on all batches; declare one and fit anew, or use the raw "
                "features"
            )
        if level in self.levels:
            raise ValueError(f"batch {level} was in training: what it adds is known")
        values = np.asarray(values, dtype=float)
        _check(values, np.full(len(values), level), LEAST)
        centre = self.mean + _covariates(covariates, len(values), len(self.effects)) @ self.effects
        here = _flat(values) & ~self.constant
        if here.any():
            raise ValueError(
                f"{int(here.sum())} features have one value in all of batch {level} and many in "
                "training: they can not be harmonised; look at how they were computed"
            )
        varies = ~self.constant
        z = ((values - centre) / self.sd)[:, varies]
        shift, scale = np.zeros(len(self.mean)), np.ones(len(self.mean))
        shift[varies], scale[varies] = _shrunk(z)
        return replace(
            self,
            levels=(*self.levels, level),
            sizes=(*self.sizes, len(values)),
            shift=np.vstack([self.shift, shift]),
            scale=np.vstack([self.scale, scale]),
        )

    def to_dict(self) -> dict:
        """Plain lists, numbers and text, ready for JSON."""
        content = asdict(self)
        return {
            key: value.tolist() if isinstance(value, np.ndarray) else
            list(value) if isinstance(value, tuple) else value
            for key, value in content.items()
        }  # fmt: skip

    @classmethod
    def from_dict(cls, content: dict) -> "Combat":
        """What ``to_dict`` described, equal to it bit for bit."""
        p = len(content["mean"])
        arrays = {
            key: np.array(content[key], dtype=float) for key in ("mean", "sd", "shift", "scale")
        }
        effects = content.get("effects", [])  # a study has none: no covariate is kept
        effects = np.array(effects, dtype=float).reshape(len(effects), p)
        return cls(
            **arrays,
            effects=effects,
            constant=np.array(content["constant"], dtype=bool),
            levels=tuple(content["levels"]),
            sizes=tuple(content["sizes"]),
            reference=content["reference"],
        )

    def only(self, columns: Sequence[int]) -> "Combat":
        """The same for these features alone: each has shift and scale of its own."""
        columns = list(columns)
        return replace(
            self,
            **{name: getattr(self, name)[columns] for name in ("mean", "sd", "constant")},
            **{name: getattr(self, name)[:, columns] for name in ("effects", "shift", "scale")},
        )


def fit_combat(values, batch, reference: str | None = None, covariates=None) -> Combat:
    """ComBat learned from values (n, p) of patients whose batch (n,) is known.

    R: sva::ComBat(t(values), batch, mod = covariates, ref.batch = reference), its iteration carried
    to the end (sva stops at a relative change of 1e-4). covariates (n, c): numbers whose effects
    are kept, never the outcome. Raises ValueError: one batch only, fewer than two patients of a
    batch, two varying features at least, missing values, an unknown reference, covariates that the
    batches determine.
    """
    values = np.asarray(values, dtype=float)
    batch = labels_of(batch, len(values))
    _check(values, batch, LEAST)
    levels = sorted(set(batch))
    if len(levels) < 2:
        raise ValueError(f"there is one batch alone, {levels[0]}: nothing to harmonise")
    if reference is not None and reference not in levels:
        raise ValueError(f"reference batch {reference} has no patient; there are {levels}")
    members = np.array([[label == level for level in levels] for label in batch], dtype=float)
    extra = _covariates(covariates, len(values), None)
    design = np.hstack([members, extra])
    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise ValueError("the batches determine a covariate (or it is constant): leave it out")
    constant = np.any([_flat(values[batch == level]) for level in levels], axis=0)
    if (~constant).sum() < 2:
        raise ValueError(
            "ComBat borrows strength over features: two that vary in every batch are needed; set "
            "centres.harmonisation.method: none"
        )
    coefficients = np.linalg.lstsq(design, values, rcond=None)[0]
    rest = values - design @ coefficients
    sizes = members.sum(axis=0)
    if reference is None:
        mean, used = sizes @ coefficients[: len(levels)] / len(values), np.ones(len(batch), bool)
    else:
        mean, used = coefficients[levels.index(reference)], batch == reference
    effects = coefficients[len(levels) :]
    sd = np.where(constant, 1.0, np.sqrt((rest[used] ** 2).mean(axis=0)))
    z = (values - mean - extra @ effects) / sd
    shift, scale = np.zeros((2, len(levels), values.shape[1]))
    scale += 1
    for row, level in enumerate(levels):
        if level != reference:
            shift[row, ~constant], scale[row, ~constant] = _shrunk(z[batch == level][:, ~constant])
    counts = tuple(int(size) for size in sizes)
    return Combat(mean, sd, effects, tuple(levels), counts, shift, scale, constant, reference)


def _shrunk(z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Empirical Bayes shift and scale (p,) of one batch from its standardised values (n, p).

    Priors by the method of moments over features: normal for the shift, inverse gamma for the
    variance (Johnson 2007, section 3.1). Features are taken one against all others of the batch.
    """
    n, found, spread = len(z), z.mean(axis=0), z.var(axis=0, ddof=1)
    if len(found) < 2:  # a locked model of one feature: there are no others to borrow from
        return found, np.sqrt(spread)
    prior_mean, prior_variance = found.mean(), found.var(ddof=1)
    m, s2 = spread.mean(), spread.var(ddof=1)
    if not (prior_variance > 0 and s2 > 0):  # all features alike: nothing to borrow
        return found, np.sqrt(spread)
    a, b = (2 * s2 + m**2) / s2, (m * s2 + m**3) / s2
    squares = ((z - found) ** 2).sum(axis=0)
    shift, variance = found, spread
    for _ in range(TURNS):
        new = (prior_variance * n * found + variance * prior_mean) / (prior_variance * n + variance)
        width = (0.5 * (squares + n * (found - new) ** 2) + b) / (n / 2 + a - 1)
        moved = max(np.abs(new - shift).max(), np.abs(width / variance - 1).max())
        shift, variance = new, width
        if moved < TOLERANCE:
            break
    else:
        raise ValueError(f"ComBat did not settle in {TURNS} turns; last change {moved:.1e}")
    return shift, np.sqrt(variance)


def labels_of(batch: Sequence, n: int) -> np.ndarray:
    labels = np.array([str(label) for label in batch], dtype=object)
    if len(labels) != n:
        raise ValueError(f"one batch a patient is needed: {len(labels)} for {n} patients")
    return labels


def _covariates(covariates, n: int, wanted: int | None) -> np.ndarray:
    table = np.zeros((n, 0)) if covariates is None else np.asarray(covariates, dtype=float)
    table = table.reshape(n, -1)
    if wanted is not None and table.shape[1] != wanted:
        raise ValueError(f"{wanted} covariates were learned, {table.shape[1]} are given")
    if not np.isfinite(table).all():
        raise ValueError("covariates of ComBat may not be missing")
    return table


def _check(values: np.ndarray, batch: np.ndarray, least: int) -> None:
    if values.ndim != 2 or not np.isfinite(values).all():
        raise ValueError("ComBat needs a table patients x features without missing values")
    for level in sorted(set(batch)):
        found = int((batch == level).sum())
        if found < least:
            raise ValueError(
                f"batch {level} has {found} patient(s), {least} are needed to know its spread: "
                "leave the patient out, or name a coarser batch"
            )


def _flat(values: np.ndarray) -> np.ndarray:
    return np.ptp(values, axis=0) <= ROUNDING * np.abs(values).max(axis=0)
