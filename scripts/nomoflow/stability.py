"""How far the choice of features, its penalty and each patient's risk hang on the sample.

The resamples are bootstrap samples of the study's patients, every data-driven step repeated in
each. An empty signature counts as a set without features and is never left out. Intervals of
shares and of the stability index are over resamples: more resamples narrow them, more patients
would move what they surround.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import ndtri

from nomoflow.dataset import COMBINED
from nomoflow.discrimination import wilson

NAN = float("nan")
FREQUENCY = ["feature", "count", "resamples", "share", "ci_low", "ci_high", "selected"]
STABILITY = ["signature", "measure", "estimate", "ci_low", "ci_high", "method"]
PENALTIES = ["signature", "resample", "status", "lambda", "nonzero", "at_end"]
INSTABILITY = ["patient", "model", "probability", "low", "median", "high", "mape"]
# A standard error below it is what rounding leaves of 0.
NOTHING = 1e-12


def gather_penalties(penalties: pd.DataFrame, signatures: Sequence[str]) -> pd.DataFrame:
    """The chosen penalty of each signature in each resample, signatures in the order given.

    penalties : resample, signature, status, lambda, nonzero, at_end of all batches.
    Raises ValueError where a signature has a resample twice, or lacks one that another has.
    """
    tables = []
    everywhere = sorted(set(penalties["resample"]))
    for name in signatures:
        own = penalties[penalties["signature"] == name].sort_values("resample")
        for resample in own["resample"][own["resample"].duplicated()]:
            raise ValueError(f"penalties: resample {resample} of signature {name} stands twice")
        for resample in sorted(set(everywhere) - set(own["resample"])):
            raise ValueError(f"penalties: resample {resample} of signature {name} is missing")
        tables.append(own)
    return pd.concat(tables, ignore_index=True)[PENALTIES]


def chosen_sets(
    selected: pd.DataFrame, penalties: pd.DataFrame, signature: str
) -> tuple[np.ndarray, list[str]]:
    """Which features a signature has in each resample: (resamples, features) bool, and the names.

    selected : resample, signature, feature of all batches; penalties : as gather_penalties gives.
    Resamples ascend, names are sorted; features that no resample chose have no column.
    Raises ValueError where a resample's features contradict its status, or one stands twice.
    """
    of_signature = penalties[penalties["signature"] == signature]
    resamples = of_signature.set_index("resample")["status"].sort_index()
    own = selected[selected["signature"] == signature]
    names = sorted(set(own["feature"]))
    chosen = np.zeros((len(resamples), len(names)), dtype=bool)
    rows = resamples.index.get_indexer(own["resample"])
    where = f"selected: signature {signature}"
    if (rows < 0).any():
        stray = own["resample"].to_numpy()[rows < 0][0]
        raise ValueError(f"{where}: resample {stray} has features but no penalty")
    if own.duplicated(["resample", "feature"]).any():
        twice = own[own.duplicated(["resample", "feature"])].iloc[0]
        raise ValueError(f"{where}: resample {twice['resample']} has {twice['feature']} twice")
    chosen[rows, pd.Index(names).get_indexer(own["feature"])] = True
    wrong = chosen.any(axis=1) == (resamples == "empty").to_numpy()
    if wrong.any():
        resample = resamples.index[wrong][0]
        raise ValueError(
            f"{where}: resample {resample} has {chosen[wrong][0].sum()} features and the status "
            f"{resamples.loc[resample]}"
        )
    return chosen, names


def extracted_features(icc: pd.DataFrame, signature: str) -> int:
    """How many features a signature could choose from before the readers' agreement was asked.

    icc : phase, feature, a row or two each (reliability/icc.csv).
    """
    own = icc if signature == COMBINED else icc[icc["phase"] == signature]
    return len(own[["phase", "feature"]].drop_duplicates())


def selection_frequency(
    chosen: np.ndarray, names: Sequence[str], final: Sequence[str], confidence: float = 0.95
) -> pd.DataFrame:
    """How often each feature is chosen, with Wilson's interval, the most frequent first.

    chosen : (resamples, features) bool; final : the features of the signature of all patients.
    A row for each feature that a resample chose or that the final signature has.
    """
    counts = dict(zip(names, chosen.sum(axis=0).tolist(), strict=True))
    counts = dict.fromkeys(final, 0) | counts
    rows = []
    for name in sorted(counts, key=lambda name: (-counts[name], name)):
        low, high = wilson(counts[name], len(chosen), confidence)
        share = counts[name] / len(chosen) if len(chosen) else NAN
        rows.append((name, counts[name], len(chosen), share, low, high, name in set(final)))
    return pd.DataFrame(rows, columns=FREQUENCY)


def nogueira(chosen: np.ndarray, candidates: int, confidence: float = 0.95) -> dict:
    """Stability of M chosen sets of features: estimate, ci_low, ci_high and method.

    chosen : (M, features) bool; of the candidates, those without a column were never chosen.
    1 for identical sets, 0 is expected of sets drawn at random; for sets of one size it is
    Kuncheva's index. Not defined for one set, and where no set or every set has all candidates.
    The interval is asymptotic in M and not cut off at 1; where its variance is 0 there is none.
    Source: Nogueira, Sechidis, Brown, J Mach Learn Res 2018;18(174), Definition 4 and Corollary 9.
    The authors' R script has a minus before the last term of the variance; the delta method and
    their Python and Matlab code have the plus.
    """
    sets, columns = chosen.shape
    if columns > candidates:
        raise ValueError(f"{columns} features were chosen of {candidates} candidates")
    z = chosen.astype(float)
    share, sizes = z.mean(axis=0) if sets else z.sum(axis=0), z.sum(axis=1)
    if sets < 2:
        return _undefined(f"it takes two resamples, there {'is' if sets else 'are'} {sets}")
    if candidates == 0:
        return _undefined("there are no candidate features")
    filled = sizes.mean() / candidates
    if filled == 0:
        return _undefined("the signature is empty in every resample")
    if filled == 1:
        return _undefined("every candidate feature is chosen in every resample")
    expected = filled * (1 - filled)
    observed = sets / (sets - 1) * (share * (1 - share)).sum() / candidates
    index = float(1 - observed / expected)
    size = sizes / candidates
    parts = (
        z @ share / candidates - size * filled + index / 2 * (2 * size * filled - size - filled + 1)
    ) / expected
    error = float(2 / sets * np.sqrt(((parts - parts.mean()) ** 2).sum()))
    method = f"Nogueira 2018, {sets} resamples, {candidates} candidates"
    if error < NOTHING:
        return _row(index, method=f"{method}; no interval: its variance is 0")
    half = float(ndtri(0.5 + confidence / 2)) * error
    return _row(index, index - half, index + half, method)


def stability_of(
    chosen: np.ndarray, candidates: int, penalties: pd.DataFrame, confidence: float = 0.95
) -> pd.DataFrame:
    """The measures of one signature: measure, estimate, ci_low, ci_high, method.

    nogueira (stability index), empty and fallback (shares of resamples with that status), at_end
    (share whose penalty is the last of its path, so that a smaller one might have been better),
    features (number) and lambda (penalty). The last two are medians, and the quartiles (R: type 7)
    take the interval's place. penalties : the signature's own rows.
    """
    rows = {"nogueira": nogueira(chosen, candidates, confidence)}
    resamples = len(penalties)
    counts = {status: (penalties["status"] == status).sum() for status in ("empty", "fallback")}
    counts["at_end"] = penalties["at_end"].astype(bool).sum()
    for measure, count in counts.items():
        share = count / resamples if resamples else NAN
        method = f"{count} of {resamples} resamples, Wilson"
        rows[measure] = _row(share, *wilson(count, resamples, confidence), method)
    rows["features"] = _quartiles(chosen.sum(axis=1), "resamples")
    lambdas = penalties["lambda"].astype(float).dropna().to_numpy()
    rows["lambda"] = _quartiles(lambdas, "resamples with a penalty")
    table = [{"measure": measure, **row} for measure, row in rows.items()]
    return pd.DataFrame(table, columns=STABILITY[1:])


def prediction_instability(
    apparent: pd.DataFrame,
    resampled: pd.DataFrame,
    models: Sequence[str],
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Each patient's probability by the final model and by the models of the resamples.

    apparent : patient, model, probability; resampled : resample, patient, model, probability, each
    patient once a resample, drawn into it or not. ``low``, ``median``, ``high`` are percentiles
    over the resamples (2.5, 50, 97.5 at a confidence of 0.95; R: type 7); ``mape`` is the mean
    absolute difference from ``probability``. Models in the order given, patients as in
    ``apparent``.
    Source: Riley and Collins, Biom J 2023;65:2200302.
    Raises ValueError where a probability is missing or stands twice.
    """
    percentiles = [0.5 - confidence / 2, 0.5, 0.5 + confidence / 2]
    tables = []
    for model in models:
        own = apparent[apparent["model"] == model]
        if own.empty:
            continue
        again = resampled[resampled["model"] == model]
        if again.duplicated(["resample", "patient"]).any():
            raise ValueError(f"{model}: a patient is predicted twice in one resample")
        wide = again.pivot(index="resample", columns="patient", values="probability")
        p = wide.reindex(columns=own["patient"]).to_numpy(dtype=float)
        final = own["probability"].to_numpy(dtype=float)
        if not len(p) or np.isnan(p).any() or np.isnan(final).any():
            raise ValueError(f"{model}: not every patient is predicted in every resample")
        low, median, high = np.quantile(p, percentiles, axis=0)
        error = np.abs(p - final).mean(axis=0)
        columns = (own["patient"].to_numpy(), model, final, low, median, high, error)
        tables.append(pd.DataFrame(dict(zip(INSTABILITY, columns, strict=True))))
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=INSTABILITY)


def _quartiles(values: np.ndarray, of: str) -> dict:
    if not len(values):
        return _undefined(f"there are no {of}")
    low, median, high = np.quantile(values, [0.25, 0.5, 0.75])
    method = f"median and quartiles of {len(values)} {of}"
    return _row(float(median), float(low), float(high), method)


def _undefined(reason: str) -> dict:
    return _row(NAN, method=f"not defined: {reason}")


def _row(estimate: float, low: float = NAN, high: float = NAN, method: str = "") -> dict:
    return {"estimate": estimate, "ci_low": low, "ci_high": high, "method": method}
