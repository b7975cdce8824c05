"""Sentences of the methods text on signatures, models and their evaluation."""

from nomoflow.evidence import (
    CLINICAL,
    HONEST,
    NOMOGRAM,
    RADIOMICS,
    VOLUME,
    Results,
    count,
    listed,
)
from nomoflow.wording import metric, model_label, number, where, with_interval

MADE = ("fitted", "separated")


def selection(r: Results) -> str:
    """Candidates of each signature."""
    statuses = r.of_signatures("statuses")
    told = [f"{name} {one['candidates']:,}" for name, one in statuses.items()]
    return (
        "Features were z-scored (SD of n) and chosen by LASSO logistic regression "
        f"[@tibshirani1996; @friedman2010] from these candidates: {listed(told, 20)}."
    )


def penalty(r: Results) -> str:
    chosen, statuses = r.config["signature"], r.of_signatures("statuses")
    folds = sorted({one["folds"] for one in statuses.values() if one.get("folds")})
    rule = {
        "min": "the least cross-validated deviance",
        "1se": "the largest penalty within one standard error of the least deviance",
    }[chosen["penalty"]]
    many = " or ".join(map(str, folds))
    source = (
        "the folds given" if chosen["folds_file"] else f"stratified folds (seed {chosen['seed']})"
    )
    return f"The penalty was that of {rule} in {many}-fold cross-validation with {source}."


def score(r: Results) -> str:
    if r.config["signature"]["score"] == "lasso":
        return "The radiomics score is the LASSO's own linear predictor."
    return (
        "The radiomics score is the linear predictor of an unpenalised logistic regression on the "
        "kept features."
    )


def fallback(r: Results) -> str:
    names = _with_status(r, "fallback")
    if not names:
        return ""
    return (
        f"For {_and(names)} the kept features separated the classes or the refit did not converge, "
        "so the LASSO's own linear predictor was taken."
    )


def empty(r: Results) -> str:
    names = _with_status(r, "empty")
    return f"The LASSO kept no feature for {_and(names)}; that score is constant." if names else ""


def kept(r: Results) -> str:
    """How many features each signature has."""
    statuses = r.of_signatures("statuses")
    told = [f"{name} {one['selected']}" for name, one in statuses.items()]
    return f"The signatures hold these numbers of features: {listed(told, 20)}."


def _with_status(r: Results, status: str) -> list[str]:
    return [name for name, one in r.of_signatures("statuses").items() if one["status"] == status]


def models(r: Results) -> str:
    document = r.document("model")["models"]
    names = [n for n in (NOMOGRAM, RADIOMICS, CLINICAL, VOLUME) if document[n]["status"] in MADE]
    labels = [_label(name) for name in names]
    return f"Logistic regression gave these models: {', '.join(labels)}."


def choice(r: Results) -> str:
    """How clinical predictors were chosen, and which the nomogram holds."""
    document, chosen = r.document("model"), r.config["models"]
    if not document["predictors"]:
        return ""
    rule = {
        "univariate": f"those with P below {chosen['p']:g} in Table 1 were kept",
        "all": "all were kept",
        "backward": "they were chosen backward by AIC",
    }[chosen["select"]]
    terms = [term["label"] for term in document["models"][NOMOGRAM].get("terms") or []]
    return (
        f"Of the {count(len(document['predictors']), 'clinical predictor')} {rule}, within each "
        f"training part anew; the nomogram holds {_and(terms) or 'none'}."
    )


def firth(r: Results) -> str:
    """Only where a model really has these estimates."""
    found = r.document("model")["models"]
    names = [
        _label(name)
        for name, one in found.items()
        if (one.get("covariance") or {}).get("method") == "Firth"
    ]
    if not names:
        return ""
    return (
        f"Predictors separated the classes in the {_and(names)}, found by linear programming "
        "[@konis2007], so Firth's penalised likelihood was used [@heinze2002]."
    )


def unavailable(r: Results) -> str:
    found = r.document("model")["models"]
    told = [
        f"{_label(name)} ({one['reason'] or one['status']})"
        for name, one in found.items()
        if one["status"] not in MADE
    ]
    return f"Not made: {listed(told, 20)}." if told else ""


def nomogram(r: Results) -> str:
    if r.document("model")["models"][NOMOGRAM]["status"] not in MADE:
        return ""
    return (
        "Points of the nomogram are proportional to each term's contribution to the linear "
        "predictor."
    )


def cutoff(r: Results) -> str:
    found = r.document("model")["models"][NOMOGRAM].get("cutoff")
    if not found:
        return ""
    return (
        "The cut-off was set at the largest Youden index [@youden1950] on the training patients, a "
        f"probability of {found['probability']:.3f} for the nomogram, and applied to others "
        "unchanged."
    )


def cross_validation(r: Results) -> str:
    """Repeats and folds as the predictions have them."""
    rows = where(r.rows("predictions"), sample=HONEST)
    repeats = len({row["repeat"] for row in rows})
    folds = len({row["fold"] for row in rows})
    return (
        f"Models were judged by {count(repeats, 'repeat')} of {folds}-fold nested cross-validation "
        "in which imputation, scaling, selection, penalty, refit, choice of predictors and cut-off "
        "were repeated in each training part."
    )


def bootstrap(r: Results) -> str:
    resamples = r.config["evaluation"]["resamples"]
    if not any(row["sample"].startswith("corrected") for row in r.rows("performance")):
        return ""
    return (
        f"Apparent figures were corrected for optimism by {resamples} bootstrap resamples that "
        "repeat every data-driven step, after Harrell [@harrell1996] and by .632+ [@efron1997; "
        "@iba2021]; the cross-validated and .632+ figures lead."
    )


def without_bootstrap(r: Results) -> str:
    if bootstrap(r):
        return ""
    return "No bootstrap correction for optimism was made."


def intervals(r: Results) -> str:
    chosen = r.config["evaluation"]
    perfect = any(row["method"].startswith("Newcombe") for row in r.rows("performance"))
    newcombe = " (Newcombe's where that is 1 [@newcombe2006])" if perfect else ""
    text = (
        f"Intervals are {100 * chosen['confidence']:g} %: DeLong's for the apparent AUC "
        f"[@delong1988]{newcombe}, Wilson's for apparent proportions [@wilson1927], else "
        f"percentiles over {chosen['intervals']:,} resamples of patients"
    )
    if bootstrap(r):
        text += "; those of corrected figures are location-shifted bootstrap intervals [@noma2021]"
    return text + "."


def calibration(r: Results) -> str:
    return (
        "Calibration was judged by intercept, slope, observed over expected and the smooth curve "
        "with its indices [@austin2019]; the Hosmer-Lemeshow test is given beside them "
        "[@hosmer1980]."
    )


def decisions(r: Results) -> str:
    at = r.config["evaluation"]["decision_threshold"]
    return (
        "Net benefit was computed over thresholds of probability [@vickers2006] and compared at "
        f"{at:g}."
    )


def comparisons(r: Results) -> str:
    return (
        "Added value was tested by likelihood ratio with the in-sample and with the out-of-fold "
        "score [@hofling2008]; AUCs were compared by DeLong's test [@delong1988], which does not "
        "hold for nested models on the patients they were fitted to [@demler2012]."
    )


def stability(r: Results) -> str:
    if not bootstrap(r):
        return ""
    return (
        "Stability was judged by how often resamples choose each feature [@nogueira2018] and by "
        "each patient's probabilities over the resamples [@riley2023]."
    )


def volume(r: Results) -> str:
    """The control against size, where there are volumes."""
    if r.document("model")["models"][VOLUME]["status"] not in MADE:
        return ""
    return "A model of the tumour's volume alone was judged beside them [@welch2019]."


def subgroups(r: Results) -> str:
    names = list(dict.fromkeys(row["subgroup"] for row in r.rows("subgroups")))
    return f"Figures were described, not tested, in subgroups: {'; '.join(names)}." if names else ""


def centres_of(r: Results) -> int:
    """Other centres that judged this very model."""
    digest = r.document("model")["digest"]
    summaries = r.documents("summaries") if r.has("summaries") else []
    return sum(one["model"]["digest"] == digest for one in summaries)


def external(r: Results) -> str:
    many = centres_of(r)
    if not many:
        return ""
    return (
        f"{count(many, 'other centre')} applied the locked model unchanged to their own patients."
    )


def results(r: Results) -> str:
    """The figure that leads, so that the text can be checked against the tables."""
    rows = r.rows("performance")
    auc = metric(rows, NOMOGRAM, HONEST, "auc")
    if not auc or auc["estimate"] in ("", "nan"):
        return ""
    apparent = number(metric(rows, NOMOGRAM, "apparent", "auc")["estimate"])
    return (
        f"The nomogram's cross-validated AUC was {with_interval(auc)}; the apparent one, "
        f"{apparent:.3f}, is optimistic."
    )


def software(r: Results) -> str:
    versions = r.document("model")["software"]
    if r.has("engine"):
        versions = {**r.document("settings")["versions"], **versions}
    told = [f"{name} {version}" for name, version in sorted(versions.items())]
    return (
        f"All steps ran in nomoflow, a Snakemake workflow [@molder2021], with {listed(told, 20)}."
    )


def seeds(r: Results) -> str:
    config = r.config
    return (
        f"Seeds: folds {config['signature']['seed']}, evaluation {config['evaluation']['seed']}; "
        f"the model's digest is {r.document('model')['digest']}."
    )


def reporting(r: Results) -> str:
    return (
        "Reporting follows TRIPOD+AI [@collins2024] and CLEAR [@kocak2023]; methodological quality "
        "was scored by METRICS [@kocak2024]; the checklists and a model card [@mitchell2019] lie "
        "beside this text."
    )


def _label(name: str) -> str:
    """A model's name within a sentence."""
    phase = name.removeprefix("radiomics_")
    if phase != name:
        return f"radiomics signature of {phase}"
    label = model_label(name)
    return label[0].lower() + label[1:]


def _and(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)
