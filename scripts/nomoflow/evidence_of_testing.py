"""Evidence on how models were judged: who was held back, by which figures, against what."""

from nomoflow.evidence import (
    CLINICAL,
    FILLED,
    FOR_AUTHORS,
    HONEST,
    NOMOGRAM,
    NOT_APPLICABLE,
    PASS,
    RADIOMICS,
    VOLUME,
    Finding,
    Results,
    count,
    evidence,
    judged,
    listed,
)
from nomoflow.wording import metric, number, where, with_interval

DISCRIMINATION = ("auc", "sensitivity", "specificity", "accuracy")
CALIBRATION = ("calibration_intercept", "calibration_slope", "oe", "ici", "brier")
USE = ("net_benefit",)
WIDE = 0.8  # share of the main figures that must have an interval
HALF = 0.5  # share of a checklist that must be filled to say that it was followed


@evidence("predictions", "folds")
def partition(r: Results) -> Finding:
    """Each patient held back exactly once in each repeat, for each model; never row by row."""
    rows = r.rows("predictions")
    patients = {row["patient"] for row in rows if row["sample"] == "apparent"}
    held: dict[tuple, list] = {}
    folds = set()
    for row in where(rows, sample=HONEST):
        held.setdefault((row["model"], row["repeat"]), []).append(row["patient"])
        folds.add(row["fold"])
    wrong = sorted(
        f"{model} {repeat}"
        for (model, repeat), names in held.items()
        if len(names) != len(set(names)) or set(names) != patients
    )
    repeats = len({repeat for _, repeat in held})
    value = (
        f"{count(len(patients), 'patient')}, each held back once in each of "
        f"{count(repeats, 'repeat')} of {len(folds)}-fold nested cross-validation, seed "
        f"{r.config['evaluation']['seed']}; all copies of a patient in one fold"
    )
    note = f"not each patient once: {listed(wrong)}" if wrong else ""
    return judged(bool(held) and not wrong, value, r.files("predictions", "folds"), note)


@evidence("predictions", "folds", "performance")
def internal(r: Results) -> Finding:
    """The nomogram judged on patients held back."""
    found = partition(r)
    auc = with_interval(metric(r.rows("performance"), NOMOGRAM, HONEST, "auc"))
    note = found.note or "by nested cross-validation; no set of patients was put aside for good"
    value = f"{found.value}; AUC {auc}"
    return Finding(found.status, value, r.files("performance", "predictions"), note)


@evidence("predictions", "model")
def same_patients(r: Results) -> Finding:
    """Held-back patients are those of the development, so setting and criteria are the same."""
    rows, n = r.rows("predictions"), r.document("model")["cohort"]["patients"]
    made = {row["patient"] for row in rows if row["sample"] == "apparent"}
    tested = {row["patient"] for row in where(rows, sample=HONEST)}
    others = len(r.paths.get("summaries", ()))
    value = f"{len(made & tested)} of {len(tested)} held-back patients are of the development"
    value += f"; {count(others, 'other cohort')}" if others else "; no other cohort"
    files = (*r.files("predictions", "model"), *r.paths.get("summaries", ()))
    return judged(made == tested and len(made) == n, value, files)


@evidence("performance", "predictions")
def testing(r: Results) -> Finding:
    """The samples on which figures stand."""
    samples = list(dict.fromkeys(row["sample"] for row in r.rows("performance")))
    centres = r.paths.get("summaries", ())
    value = f"internal: {listed(samples)}; external: {len(centres) or 'none'}"
    return judged(HONEST in samples, value, (*r.files("performance", "predictions"), *centres))


@evidence("performance")
def metrics(r: Results) -> Finding:
    """Discrimination, the 2 x 2 table's shares, calibration and clinical use, held back."""
    rows = r.rows("performance")
    wanted = (*DISCRIMINATION, *CALIBRATION, *USE)
    there = [name for name in wanted if _defined(metric(rows, NOMOGRAM, HONEST, name))]
    lacking = [name for name in wanted if name not in there]
    needed = (*DISCRIMINATION, *USE)
    good = all(name in there for name in needed) and any(name in there for name in CALIBRATION)
    note = f"not defined: {listed(lacking)}" if lacking else ""
    return judged(good, f"cross-validated: {', '.join(there)}", r.files("performance"), note)


@evidence("performance")
def uncertainty(r: Results) -> Finding:
    """Intervals of the nomogram's cross-validated figures."""
    rows = [
        row
        for row in where(r.rows("performance"), model=NOMOGRAM, sample=HONEST)
        if row["metric"] in (*DISCRIMINATION, *CALIBRATION, *USE) and _defined(row)
    ]
    given = [row for row in rows if row["ci_low"] and row["ci_high"]]
    confidence = 100 * r.config["evaluation"]["confidence"]
    value = f"{len(given)} of {len(rows)} figures with a {confidence:g} % interval"
    return judged(bool(rows) and len(given) >= WIDE * len(rows), value, r.files("performance"))


@evidence("performance")
def performance(r: Results) -> Finding:
    """The nomogram's AUC in every sample, honest ones too."""
    rows = r.rows("performance")
    samples = list(dict.fromkeys(row["sample"] for row in where(rows, model=NOMOGRAM)))
    told = [
        f"{name} {with_interval(metric(rows, NOMOGRAM, name, 'auc'))}"
        for name in samples
        if _defined(metric(rows, NOMOGRAM, name, "auc"))
    ]
    honest = _defined(metric(rows, NOMOGRAM, HONEST, "auc"))
    return judged(honest, f"AUC: {'; '.join(told)}", r.files("performance"))


@evidence("performance", "subgroups")
def subgroup_performance(r: Results) -> Finding:
    found, groups = performance(r), r.rows("subgroups")
    told = {(row["subgroup"], row["level"]) for row in groups if row["estimate"]}
    value = f"{found.value}; {count(len(told), 'subgroup')} with figures"
    note = "" if told else "every subgroup is too small for a figure"
    files = r.files("performance", "subgroups")
    return judged(found.status == PASS and bool(groups), value, files, note)


@evidence("performance", "calibration")
def calibration(r: Results) -> Finding:
    """Calibration of the nomogram on patients held back: figures and curve."""
    rows = r.rows("performance")
    told = {
        name: row["estimate"]
        for name in CALIBRATION
        if _defined(row := metric(rows, NOMOGRAM, HONEST, name))
    }
    points = len(where(r.rows("calibration"), model=NOMOGRAM, sample=HONEST))
    value = ", ".join(f"{name} {number(text):.3f}" for name, text in told.items())
    value = f"{value or 'no figure'}; a curve of {count(points, 'point')}"
    good = "calibration_slope" in told and points > 0
    return judged(good, value, r.files("performance", "calibration"))


@evidence("delong", "differences", "likelihood_ratio")
def comparison(r: Results) -> Finding:
    """Tests between models on patients held back, and of the added value."""
    delong = [row for row in where(r.rows("delong"), sample=HONEST) if row["p"]]
    pairs = where(r.rows("differences"), sample=HONEST, metric="auc")
    ratios = [row for row in r.rows("likelihood_ratio") if row["p"]]
    value = (
        f"DeLong {len(delong)}, differences with interval {len(pairs)}, likelihood ratio "
        f"{len(ratios)}"
    )
    files = r.files("delong", "differences", "likelihood_ratio")
    return judged(bool(delong or ratios) and bool(pairs), value, files)


@evidence("differences", "performance", "dca")
def against_clinical(r: Results) -> Finding:
    """The nomogram beside models without radiomics."""
    others = [name for name in (CLINICAL, VOLUME) if _difference(r, name)]
    told = [f"{name} {with_interval(_difference(r, name))}" for name in others]
    curves = {row["model"] for row in where(r.rows("dca"), sample=HONEST)}
    value = f"AUC of the nomogram less that of {listed(told) or 'no other model'}; net benefit of "
    value += listed([name for name in (*others, "all", "none") if name in curves])
    files = r.files("differences", "performance", "dca")
    return judged(bool(others), value, files, "" if others else "no model without radiomics")


@evidence("differences", "performance", "dca", "figures")
def against_clinical_results(r: Results) -> Finding:
    """AUCs of the models with and without radiomics, side by side."""
    rows = r.rows("performance")
    models = (NOMOGRAM, RADIOMICS, CLINICAL, VOLUME)
    told = [
        f"{name} {with_interval(metric(rows, name, HONEST, 'auc'))}"
        for name in models
        if _defined(metric(rows, name, HONEST, "auc"))
    ]
    good = any(text.startswith((CLINICAL, VOLUME)) for text in told)
    files = r.files("performance", "figures/roc", "figures/dca")
    return judged(good, f"cross-validated AUC: {'; '.join(told)}", files)


@evidence("differences", "dca")
def against_simple(r: Results) -> Finding:
    """The nomogram beside the tumour's volume alone, and beside treating all or none."""
    row = _difference(r, VOLUME)
    curves = {one["model"] for one in r.rows("dca")}
    value = (
        f"AUC less that of volume alone {with_interval(row)}"
        if row
        else "there is no model of volume alone"
    )
    good = bool(row) and {"all", "none"} <= curves
    return judged(good, f"{value}; net benefit of all and none", r.files("differences", "dca"))


@evidence("delong", "model")
def single_phase(r: Results) -> Finding:
    """One phase is used, or each alone does worse than all together."""
    phases = list(r.signatures[:-1])
    if len(phases) == 1:
        return Finding(PASS, f"one phase, {phases[0]}", r.files("model"))
    told, better = [], []
    for phase in phases:
        name = f"{RADIOMICS}_{phase}"
        row = next(
            (x for x in where(r.rows("delong"), sample=HONEST)
             if {x["model_a"], x["model_b"]} == {RADIOMICS, name}), None
        )  # fmt: skip
        if row is None or not row["difference"]:
            return judged(False, f"{phase} was not compared", r.files("delong"))
        less = number(row["difference"]) * (1 if row["model_a"] == RADIOMICS else -1)
        told.append(f"{phase} {less:+.3f}")
        better += [phase] if less <= 0 else []
    value = f"AUC of all phases less that of one: {listed(told)}"
    note = f"all phases do no better than {listed(better)}" if better else ""
    return judged(not better, value, r.files("delong"), note)


@evidence("model")
def external(r: Results) -> Finding:
    """Summaries of other centres that applied this very model."""
    digest, files = r.document("model")["digest"], r.paths.get("summaries", ())
    told = [
        f"{one['centre']} {one['cohort']['n']}"
        for one in (r.documents("summaries") if files else [])
        if one["model"]["digest"] == digest and one["cohort"]["shared"]
    ]
    value = f"{count(len(told), 'centre')} with this model's digest"
    value += f": {listed(told)} patients" if told else " (centres.summaries)"
    others = len(files) - len(told)
    note = f"{count(others, 'summary')} of another model or too small" if others else ""
    return judged(bool(told), value, (*files, *r.files("model")), note)


@evidence("model")
def centres(r: Results) -> Finding:
    """Centres whose images were used: named sites of this cohort, or others that applied it."""
    sites = set()
    if r.has("site"):
        sites = {row[key] for row in r.rows("site") for key in ("batch_a", "batch_b")}
    abroad = external(r)
    value = f"sites in this cohort: {listed(sorted(sites)) or 'none named'}; {abroad.value}"
    note = "" if sites else "name the column of sites in centres.harmonisation.batch"
    files = (*abroad.files, *r.paths.get("site", ()))
    return judged(len(sites) > 1 or abroad.status == PASS, value, files, note)


@evidence("model")
def clusters(r: Results) -> Finding:
    """Figures by site or centre."""
    found = centres(r)
    return judged(found.status == PASS, found.value, found.files, found.note)


@evidence("model", "summaries")
def updating(r: Results) -> Finding:
    """The locked model was applied unchanged; recalibration stands beside it at each centre."""
    return external(r)


@evidence("summaries")
def case_mix(r: Results) -> Finding:
    """Predictors described at each centre, as beside the development."""
    told = [one["centre"] for one in r.documents("summaries") if one["case_mix"]["predictors"]]
    value = f"predictors described at {listed(told) or 'no centre'}"
    return judged(bool(told), value, r.files("summaries"))


@evidence("filled")
def guidelines(r: Results) -> Finding:
    """Checklists filled by this run, and how far."""
    told, low = [], []
    for path in r.paths["filled"]:
        rows = [row for row in r.table(path) if row["status"] != NOT_APPLICABLE]
        filled = sum(row["status"] in FILLED for row in rows)
        name = path.replace("\\", "/").rsplit("/", 1)[-1].removesuffix(".csv")
        told.append(f"{name} {filled} of {len(rows)} items")
        low += [name] if filled < HALF * len(rows) else []
    note = f"fewer than half filled: {listed(low)}" if low else ""
    return judged(bool(told) and not low, "; ".join(told), r.files("filled"), note)


def has_segmentation(r: Results) -> Finding:
    name = "quality" if r.has("quality") else "flow"
    return Finding(PASS, "features of a region that was outlined", r.paths.get(name, ()))


def is_automatic(r: Results) -> Finding:
    """As the authors say; a mask does not tell how it was made."""
    kind = r.statements.get("segmentation_kind")
    if kind is None:
        return Finding(FOR_AUTHORS, note="write segmentation_kind in the file of statements")
    met = PASS if kind == "automatic" else NOT_APPLICABLE
    return Finding(met, f"segmentation: {kind}", r.files("statements"))


def is_hand_crafted(r: Results) -> Finding:
    return Finding(PASS, "features of fixed formulae", r.paths.get("settings", ()))


def is_tabular(r: Results) -> Finding:
    return Finding(PASS, "a table of features", r.paths.get("flow", ()))


def is_deep(r: Results) -> Finding:
    return Finding(NOT_APPLICABLE, "no deep learning: logistic models", r.paths.get("model", ()))


def has_clusters(r: Results) -> Finding:
    if r.has("site") or len(r.paths.get("summaries", ())) > 1:
        return Finding(PASS)
    return Finding(NOT_APPLICABLE, "one cohort without named sites", r.paths.get("model", ()))


def has_external(r: Results) -> Finding:
    if r.has("summaries"):
        return Finding(PASS)
    return Finding(NOT_APPLICABLE, "development only: no other centre's summary",
                   r.paths.get("model", ()))  # fmt: skip


def _difference(r: Results, name: str) -> dict | None:
    """The nomogram's AUC less another's, on patients held back."""
    rows = where(r.rows("differences"), sample=HONEST, metric="auc", model_a=NOMOGRAM)
    found = (row for row in rows if row["model_b"] == name and row["difference"])
    return next(({**row, "estimate": row["difference"]} for row in found), None)


def _defined(row: dict | None) -> bool:
    return bool(row) and row["estimate"] not in ("", "nan")
