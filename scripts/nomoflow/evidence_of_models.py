"""Evidence on signatures and models: how they were made, and what they hold."""

from nomoflow.evidence import (
    FOR_AUTHORS,
    NOMOGRAM,
    NOT_EVIDENCED,
    Finding,
    Results,
    count,
    evidence,
    judged,
    listed,
)
from nomoflow.wording import number

EMPTY = "empty"


@evidence("statuses")
def scaling(r: Results) -> Finding:
    """Each feature of a signature with the mean and SD it is scaled by, found inside the folds."""
    statuses = r.of_signatures("statuses")
    bare = [
        name
        for name, one in statuses.items()
        if not len(one["features"]) == len(one["means"]) == len(one["sds"])
    ]
    prescaled = r.config["features"]["prescaled"]
    note = f"without mean or SD: {listed(bare)}" if bare else ""
    note = note or ("scaled over all patients by the table's maker" if prescaled else "")
    value = "z-scores (SD of n), within each training part; binary predictors 0 and 1"
    return judged(not note, value, r.files("statuses"), note)


@evidence("statuses", "flow")
def selection(r: Results) -> Finding:
    """Features offered to the LASSO, and kept by it."""
    statuses = r.of_signatures("statuses")
    told = [f"{name} {one['candidates']} to {one['selected']}" for name, one in statuses.items()]
    idle = [name for name, one in statuses.items() if one["selected"] >= one["candidates"] > 1]
    note = f"nothing was removed: {listed(idle)}" if idle else ""
    value = f"LASSO, penalty {r.config['signature']['penalty']}: {listed(told)}"
    return judged(not idle, value, r.files("statuses", "flow"), note)


@evidence("statuses", "model")
def tuning(r: Results) -> Finding:
    """The penalty of each signature, and the folds that chose it."""
    statuses = r.of_signatures("statuses")
    untold = [
        name
        for name, one in statuses.items()
        if not one.get("folds") or not isinstance(one.get("lambda"), int | float)
    ]
    told = [f"{name} {one['lambda']:.3g}" for name, one in statuses.items() if name not in untold]
    folds = sorted({str(one["folds"]) for one in statuses.values() if one.get("folds")})
    value = (
        f"logistic LASSO, penalty by {' and '.join(folds)}-fold cross-validation "
        f"({r.config['signature']['penalty']}, seed {r.config['signature']['seed']}): "
        f"{listed(told)}; score {r.config['signature']['score']}"
    )
    note = f"no penalty for {listed(untold)}" if untold else ""
    return judged(not untold, value, r.files("statuses", "model"), note)


@evidence("model")
def algorithm(r: Results) -> Finding:
    """Each model, and by which estimates it came about."""
    document = r.document("model")
    told = {name: model["status"] for name, model in document["models"].items()}
    method = (document["models"][NOMOGRAM].get("covariance") or {}).get("method", "none")
    made = [name for name, status in told.items() if status in ("fitted", "separated")]
    software = ", ".join(f"{name} {version}" for name, version in document["software"].items())
    value = f"logistic regression ({method}); {count(len(made), 'model')} fitted; {software}"
    note = "" if NOMOGRAM in made else f"the nomogram is {told[NOMOGRAM]}"
    return judged(NOMOGRAM in made, value, r.files("model"), note)


@evidence("model", "performance")
def model_choice(r: Results) -> Finding:
    """All models that were made are reported, so none was picked by its result."""
    named = {
        name
        for name, model in r.document("model")["models"].items()
        if model["status"] in ("fitted", "separated", EMPTY)
    }
    reported = {row["model"] for row in r.rows("performance")}
    hidden = sorted(named - reported)
    value = f"fixed beforehand; all {len(named)} models are reported: {listed(sorted(reported))}"
    note = f"not reported: {listed(hidden)}" if hidden else ""
    return judged(not hidden, value, r.files("model", "performance"), note)


@evidence("volume_correlation", "subgroups")
def confounding(r: Results) -> Finding:
    """Scores beside the tumour's volume, and figures in subgroups."""
    scores = [row for row in r.rows("volume_correlation") if row["feature"] == "radscore"]
    told = [f"{row['signature']} {number(row['rho']):.2f}" for row in scores if row["rho"]]
    groups = sorted({row["subgroup"] for row in r.rows("subgroups")})
    value = f"rho of the score with volume: {listed(told) or 'not defined'}; subgroups "
    files = r.files("volume_correlation", "subgroups")
    if r.has("site"):
        files += r.files("site")
        value = f"sites told apart by the features: {len(r.rows('site'))} pairs; {value}"
    return judged(bool(told or groups), f"{value}{'; '.join(groups) or 'none'}", files)


@evidence("coefficients", "figures", "frequencies")
def interpretability(r: Results) -> Finding:
    """The nomogram's axes, coefficients with intervals, and how often features are chosen."""
    path = next(p for p in r.paths["coefficients"] if f"/{NOMOGRAM}/" in p.replace("\\", "/"))
    terms = [row for row in r.table(path) if row["term"] != "(Intercept)"]
    odds = [
        f"{row['term']} OR {number(row['odds_ratio']):.3g}" for row in terms if row["odds_ratio"]
    ]
    value = f"nomogram of {count(len(terms), 'term')}: {listed(odds)}"
    figures = r.files("figures/nomogram", "figures/stability")
    return judged(bool(odds), value, (*figures, path))


@evidence("selected", "frequencies", "icc")
def feature_statistics(r: Results) -> Finding:
    """Mean, SD, coefficient, ICC and frequency of each selected feature."""
    selected = {
        row["feature"] for path in r.paths["selected"] for row in r.table(path) if row["sd"]
    }
    counted = {
        row["feature"]: row["share"] for path in r.paths["frequencies"] for row in r.table(path)
    }
    uncounted = sorted(selected - counted.keys())
    value = f"{count(len(selected), 'feature')} with mean, SD, coefficient, ICC and frequency"
    note = f"no frequency for {listed(uncounted)}" if uncounted else ""
    return judged(not uncounted, value, r.files("selected", "frequencies", "icc"), note)


@evidence("model")
def output(r: Results) -> Finding:
    """A probability, and the cut-off of each model with its rule."""
    models, document = r.document("model")["models"], r.document("model")
    made = {n: m for n, m in models.items() if m["status"] in ("fitted", "separated")}
    bare = [name for name, model in made.items() if not model.get("cutoff")]
    cut = (models[NOMOGRAM].get("cutoff") or {}) if NOMOGRAM in made else {}
    value = f"P({document['outcome']['positive']})"
    if cut:
        value += f"; nomogram positive from {cut['probability']:.3f} on ({cut['rule']})"
    note = f"no cut-off for {listed(bare)}" if bare else ""
    return judged(bool(made) and not bare, value, r.files("model"), note)


@evidence("model", "coefficients")
def full_model(r: Results) -> Finding:
    """Intercept and every coefficient: the same in model.json and in the table."""
    document = r.document("model")
    model = document["models"][NOMOGRAM]
    path = next(p for p in r.paths["coefficients"] if f"/{NOMOGRAM}/" in p.replace("\\", "/"))
    if model["status"] not in ("fitted", "separated"):
        return Finding(NOT_EVIDENCED, f"the nomogram is {model['status']}", r.files("model"))
    table = {row["term"]: number(row["coefficient"]) for row in r.table(path)}
    held = {"(Intercept)": model["intercept"]}
    held |= {term["name"]: term["coefficient"] for term in model["terms"]}
    same = table.keys() == held.keys() and all(
        abs(table[name] - value) <= 1e-9 * max(1, abs(value)) for name, value in held.items()
    )
    score = document["signatures"]["combined"]
    value = (
        f"intercept and {count(len(model['terms']), 'coefficient')}; Radscore of "
        f"{count(len(score['features']), 'feature')}; digest {document['digest'][:12]}"
    )
    note = "" if same else "model.json and the table of coefficients differ"
    return judged(same, value, (*r.files("model"), path), note)


@evidence("model")
def new_inputs(r: Results) -> Finding:
    """What the model knows of unusual or missing inputs: training ranges, imputed values."""
    document = r.document("model")
    terms = document["models"][NOMOGRAM].get("terms") or []
    bare = [t["name"] for t in terms if t.get("low") is None or t.get("high") is None]
    value = (
        f"training range of {count(len(terms) - len(bare), 'term')} and "
        f"{count(len(document['feature_ranges']), 'feature')}; missing predictors: "
        f"{document['missing']}"
    )
    note = f"no range for {listed(bare)}" if bare else ""
    return judged(bool(terms) and not bare, value, r.files("model"), note)


@evidence("features")
def feature_files(r: Results) -> Finding:
    """The tables of features, ready to be shared."""
    files = r.files("features")
    return judged(
        True, f"{count(len(files), 'table')} of features, a row a patient and reading", files
    )


@evidence("model")
def software(r: Results) -> Finding:
    """Software and versions of the models, in the model itself."""
    found = r.document("model").get("software") or {}
    told = ", ".join(f"{name} {version}" for name, version in found.items())
    return judged(bool(told), told or "no version is told", r.files("model"))


@evidence("calculator", "model")
def calculator(r: Results) -> Finding:
    """The nomogram as an offline page."""
    model = r.document("model")["models"][NOMOGRAM]
    good = model["status"] in ("fitted", "separated")
    return judged(
        good, f"offline calculator; the nomogram is {model['status']}", r.files("calculator")
    )


@evidence("warnings")
def limitations(r: Results) -> Finding:
    """Drafted from the warnings; what they mean is the authors' to say."""
    rows = r.rows("warnings")
    kinds = dict.fromkeys(row["code"] for row in rows)
    value = f"{count(len(rows), 'warning')}: {listed(list(kinds), 8) or 'none'}"
    return Finding(FOR_AUTHORS, value, r.files("warnings"))
