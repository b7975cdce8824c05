"""A radiomics signature: features chosen by the LASSO, and the score (Radscore) they add up to."""

from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from nomoflow.lasso import LassoPath, cross_validated_path
from nomoflow.regression import aliased_terms, fit_logistic

SCORES = ("refit", "lasso")
# A feature that spreads over less than this share of its size is constant but for rounding.
ROUNDING = 1e-12
# A LASSO coefficient below it is what rounding leaves of 0.
NOTHING = 1e-10


@dataclass(frozen=True)
class Signature:
    """k features with the training patients' means and SDs, and the coefficients of the score.

    ``lasso_coefficients`` are the penalised ones, ``coefficients`` and ``intercept`` those that
    make the Radscore, all per SD. ``score`` says which kind they are. ``status``: ``selected``;
    ``empty`` (k = 0, the score is the logit of the training prevalence); ``fallback`` (the refit
    was not possible, ``reason`` says why, the score is the LASSO's own). ``reason`` also names
    features that the LASSO kept and the refit leaves out.
    """

    features: tuple[str, ...]
    means: tuple[float, ...]
    sds: tuple[float, ...]
    lasso_coefficients: tuple[float, ...]
    coefficients: tuple[float, ...]
    intercept: float
    score: str
    status: str
    reason: str

    def radscore(self, table: pd.DataFrame) -> np.ndarray:
        """The score, a linear predictor, of each row of ``table`` (patients x features or more).

        Features are z-scored with the means and SDs of the training patients.
        Raises ValueError where a feature's column or a value is missing.
        """
        absent = [name for name in self.features if name not in table.columns]
        if absent:
            raise ValueError(f"the table lacks {len(absent)} of the signature's features: {absent}")
        values = table[list(self.features)].to_numpy(dtype=float)
        _require_finite(values, self.features)
        z = (values - np.array(self.means)) / np.array(self.sds)
        return self.intercept + z @ np.array(self.coefficients)

    def to_dict(self) -> dict:
        """Plain lists, floats and text, ready for JSON."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}

    @classmethod
    def from_dict(cls, content: dict) -> "Signature":
        """The signature that ``to_dict`` described; equal to it, bit for bit."""
        return cls(**{k: tuple(v) if isinstance(v, list) else v for k, v in content.items()})


def fit_signature(
    table: pd.DataFrame,
    y: np.ndarray,
    fold: np.ndarray,
    penalty: str = "min",
    score: str = "refit",
) -> tuple[Signature, LassoPath]:
    """Choose features by the cross-validated LASSO and weigh them.

    table: n patients x p candidate features; y: n outcomes 0/1; fold: n fold numbers.
    penalty: ``min`` or ``1se``. score: ``refit`` = unpenalised logistic regression on the z-scored
    features kept, of exactly collinear ones the first; where that is separated or does not converge
    it falls back to ``lasso`` = the LASSO's own linear predictor, of all features kept. The path's
    columns are the table's; constant features are left out of the choice and have coefficient 0.
    Raises ValueError: missing values (columns named), repeated columns, what the LASSO refuses.
    """
    if score not in SCORES:
        raise ValueError(f"score {score!r} is unknown; allowed: {', '.join(SCORES)}")
    if not table.columns.is_unique:
        repeated = sorted(set(table.columns[table.columns.duplicated()]))
        raise ValueError(f"features named twice: {repeated[:10]}")
    names = np.array([str(c) for c in table.columns], dtype=object)
    values = table.to_numpy(dtype=float)
    y = np.asarray(y)
    _require_finite(values, names)

    means, sds = means_and_sds(values)
    spread, size = np.ptp(values, axis=0), np.abs(values).max(axis=0, initial=0.0)
    varies = np.flatnonzero((spread > ROUNDING * size) & (sds > 0))
    z = (values[:, varies] - means[varies]) / sds[varies]
    path = cross_validated_path(z, y, fold)
    at = path.index(penalty)
    chosen = (
        np.flatnonzero(np.abs(path.coefficients[at]) > NOTHING) if at >= 0 else np.empty(0, int)
    )
    full_path = _on_all_columns(path, varies, len(names))
    if len(chosen) == 0:
        reason = (
            f"the LASSO keeps no feature at lambda.{penalty}"
            if at >= 0
            else "no candidate feature varies between the patients"
        )
        return _empty_signature(y, score, reason), full_path

    lasso = path.coefficients[at, chosen]
    coefficients, intercept, status, reason = lasso, path.intercepts[at], "selected", ""
    if score == "refit":
        kept = pd.DataFrame(z[:, chosen], columns=names[varies[chosen]])
        left_out = aliased_terms(kept)
        refit, reason = _refit(kept.drop(columns=left_out), y)
        if refit is None:
            status, score = "fallback", "lasso"
        else:
            intercept, coefficients = refit[0], refit[1:]
            stays = ~kept.columns.isin(left_out)
            chosen, lasso = chosen[stays], lasso[stays]
            if left_out:
                reason = (
                    f"left out of the refit, collinear with features kept: {', '.join(left_out)}"
                )
    features = tuple(names[varies[chosen]])
    signature = Signature(
        features=features,
        means=_floats(means[varies[chosen]]),
        sds=_floats(sds[varies[chosen]]),
        lasso_coefficients=_floats(lasso),
        coefficients=_floats(coefficients),
        intercept=float(intercept),
        score=score,
        status=status,
        reason=reason,
    )
    return signature, full_path


def means_and_sds(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and SD (ddof = 0) of each column of values (n x p).

    Summed in extended precision, as R's colMeans does: the last bit of a z-score decides which of
    two exactly collinear features the LASSO takes.
    """
    if values.shape[1] == 0:
        return np.empty(0), np.empty(0)
    means = values.mean(axis=0, dtype=np.longdouble).astype(float)
    squares = ((values - means) ** 2).mean(axis=0, dtype=np.longdouble).astype(float)
    return means, np.sqrt(squares)


def _refit(z: pd.DataFrame, y: np.ndarray) -> tuple[np.ndarray | None, str]:
    """Coefficients of the refit, intercept first, or None and the reason why there are none."""
    fit = fit_logistic(z, y)
    if fit.separated:
        return None, "refit not possible: the features separate the classes"
    if not fit.converged:
        return None, "refit not possible: it did not converge"
    return fit.coefficients, ""


def _empty_signature(y: np.ndarray, score: str, reason: str) -> Signature:
    prevalence = float(np.mean(y))
    logit = float(np.log(prevalence / (1 - prevalence)))
    return Signature((), (), (), (), (), logit, score, "empty", reason)


def _on_all_columns(path: LassoPath, varies: np.ndarray, p: int) -> LassoPath:
    if len(varies) == p:
        return path
    coefficients = np.zeros((len(path.lambdas), p))
    coefficients[:, varies] = path.coefficients
    return LassoPath(**(vars(path) | {"coefficients": coefficients}))


def _require_finite(values: np.ndarray, names) -> None:
    bad = np.flatnonzero(~np.isfinite(values).all(axis=0))
    if len(bad):
        listed = ", ".join(str(names[i]) for i in bad[:10])
        raise ValueError(
            f"{len(bad)} features have missing or infinite values: {listed}"
            f"{', ...' if len(bad) > 10 else ''}; exclude the features or the patients"
        )


def _floats(values: np.ndarray) -> tuple[float, ...]:
    return tuple(float(value) for value in values)
