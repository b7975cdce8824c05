"""Evidence on patients, outcome and clinical predictors: what checklists ask, and what was read."""

from nomoflow.evidence import (
    FAIL,
    HONEST,
    NOMOGRAM,
    NOT_EVIDENCED,
    PASS,
    Finding,
    Results,
    count,
    evidence,
    judged,
    listed,
)
from nomoflow.sample_size import r2_of_c, required
from nomoflow.wording import metric, number

LEAST_R2 = 1e-3  # below it no number of patients can be named


@evidence("criteria", "exclusions")
def eligibility(r: Results) -> Finding:
    """Criteria, applied in order, whose counts add up."""
    first, *steps = r.rows("criteria")
    left, adds_up = int(first["remaining"]), True
    for row in steps:
        adds_up &= left - int(row["removed"]) == int(row["remaining"])
        left = int(row["remaining"])
    reasons = [f"{row['step']} {row['removed']}" for row in steps]
    value = f"{first['remaining']} patients in the table, {left} analysed; {listed(reasons, 8)}"
    files = r.files("criteria", "exclusions")
    if not steps:
        return judged(False, value, files, "no criterion is named (cohort.include, cohort.exclude)")
    return judged(adds_up, value, files, "" if adds_up else "the counts do not add up")


@evidence("flow", "figures")
def eligibility_figure(r: Results) -> Finding:
    """A figure of the patients at each step."""
    steps = [row for row in r.rows("flow") if row["unit"] == "patients"]
    value = " to ".join([steps[0]["remaining"], steps[-1]["remaining"]]) if steps else "none"
    text = f"{count(len(steps), 'step')} of patients: {value}"
    return judged(len(steps) > 1, text, r.files("figures/flow", "flow"))


@evidence("flow", "figures")
def pipeline(r: Results) -> Finding:
    """A figure of patients and features from the table to each signature."""
    rows = r.rows("flow")
    shown = {row["subject"] for row in rows if row["unit"] == "features"}
    steps = dict.fromkeys(row["step"] for row in rows)
    lacking = [name for name in r.signatures if name not in shown]
    return judged(
        not lacking,
        f"{count(len(steps), 'step')}; features of {listed(sorted(shown))}",
        r.files("figures/flow", "flow"),
        f"no features of {listed(lacking)}" if lacking else "",
    )


@evidence("model", "predictions")
def imbalance(r: Results) -> Finding:
    """Patients and events: the model's own count beside that of the predictions."""
    document = r.document("model")
    cohort, outcome = document["cohort"], document["outcome"]
    seen = {
        row["patient"]: number(row["outcome"])
        for row in r.rows("predictions")
        if row["sample"] == "apparent"
    }
    patients, events = len(seen), int(sum(seen.values()))
    same = (patients, events) == (cohort["patients"], cohort["events"])
    return judged(
        same,
        f"{events} of {patients} patients {outcome['positive']} ({100 * events / patients:.1f} %); "
        "nothing is resampled or weighted",
        r.files("model", "predictions"),
        ""
        if same
        else f"the model counts {cohort['events']} of {cohort['patients']}: not the same",
    )


@evidence("table1", "missing", "model")
def baseline(r: Results) -> Finding:
    """Each predictor in Table 1, in all patients and in both classes."""
    rows, document = r.rows("table1"), r.document("model")
    groups: dict[str, set] = {}
    for row in rows:
        groups.setdefault(row["variable"], set()).add(row["group"])
    wanted = ["patients", *(one["name"] for one in document["predictors"])]
    lacking = [
        name for name in wanted if not {"total", "positive", "negative"} <= groups.get(name, set())
    ]
    return judged(
        not lacking,
        f"{count(len(groups) - 1, 'characteristic')} of {document['cohort']['patients']} patients, "
        "by class and in all",
        r.files("table1", "missing"),
        f"without {listed(lacking)}" if lacking else "",
    )


@evidence("missing", "model")
def missing(r: Results) -> Finding:
    """Missing values counted for each predictor, and what was done about them."""
    rows, predictors = r.rows("missing"), r.document("model")["predictors"]
    gaps = {row["variable"]: int(row["missing"]) for row in rows if int(row["missing"])}
    untold = [one["name"] for one in predictors if one["name"] not in {x["variable"] for x in rows}]
    dropped = [row["variable"] for row in rows if int(row["missing"]) and not row["values"]]
    told = listed([f"{name} {gap}" for name, gap in gaps.items()]) if gaps else "none"
    value = f"missing in {count(len(rows), 'predictor')}: {told}; models.missing is "
    note = f"not counted: {listed(untold)}" if untold else ""
    note = note or (f"patients were dropped for {listed(dropped)}" if dropped else "")
    return judged(
        not note, value + r.config["models"]["missing"], r.files("missing", "model"), note
    )


@evidence("model")
def predictors(r: Results) -> Finding:
    """Each clinical predictor with kind, coding, and unit or levels."""
    found = r.document("model")["predictors"]
    bare = [
        one["name"]
        for one in found
        if not one.get("coding")
        or not (one.get("unit") if one["kind"] == "continuous" else one.get("positive"))
    ]
    told = [f"{one['name']} ({one['coding']})" for one in found if one["name"] not in bare]
    value = f"{count(len(found), 'predictor')}: {listed(told)}" if found else "none is used"
    note = f"without unit or coding: {listed(bare)}" if bare else ""
    return judged(not bare, value, r.files("model"), note)


@evidence("model", "table1")
def candidates(r: Results) -> Finding:
    """Candidates, how they are chosen, and which the nomogram kept."""
    document, chosen = r.document("model"), r.config["models"]
    names = [one["name"] for one in document["predictors"]]
    terms = [term["name"] for term in document["models"][NOMOGRAM].get("terms") or []]
    strange = [name for name in terms if name not in names and not name.startswith("radscore")]
    rule = f"P < {chosen['p']:g} in Table 1" if chosen["select"] == "univariate" else ""
    return judged(
        not strange,
        f"{count(len(names), 'candidate')}, chosen by {chosen['select']} {rule}".rstrip()
        + f"; in the nomogram {listed(terms) or 'none'}",
        r.files("model", "table1"),
        f"never named as a candidate: {listed(strange)}" if strange else "",
    )


@evidence("model")
def outcome(r: Results) -> Finding:
    """The outcome's two levels, and which of them is predicted."""
    found = r.document("model")["outcome"]
    good = bool(found["positive"] and found["negative"]) and found["positive"] != found["negative"]
    value = f"P({found['positive']}) against {found['negative']}, column {found['column']}"
    return judged(good, value, r.files("model"))


@evidence("agreement")
def sign_agreement(r: Results) -> Finding:
    """The readers' agreement on each sign that they judge."""
    rows = r.rows("agreement")
    if not rows:
        return Finding(NOT_EVIDENCED, note="no predictor was read by two readers")
    told = [f"{row['sign']} {number(row['kappa']):.2f}" for row in rows if row["kappa"]]
    undefined = len(rows) - len(told)
    note = f"not defined for {count(undefined, 'sign')}" if undefined else ""
    return judged(not undefined, f"kappa: {listed(told)}", r.files("agreement"), note)


@evidence("model", "performance")
def sample_size(r: Results) -> Finding:
    """Patients needed for the nomogram's parameters (Riley 2020), by its cross-validated AUC."""
    size, needed = _needed(r)
    if needed is None:
        return Finding(NOT_EVIDENCED, size, r.files("model", "performance"))
    return Finding(PASS, f"{size} needs {needed}", r.files("model", "performance"))


@evidence("model", "performance", "flow")
def dimensionality(r: Results) -> Finding:
    """Whether the patients suffice for the parameters of the final model."""
    size, needed = _needed(r)
    patients = r.document("model")["cohort"]["patients"]
    files = r.files("model", "performance", "flow")
    if needed is None:
        return Finding(FAIL, size, files)
    return judged(patients >= needed, f"{size} needs {needed}", files)


def _needed(r: Results) -> tuple[str, int | None]:
    """The model's size in words, and the patients it needs; None where nothing can be named."""
    document = r.document("model")
    cohort, terms = document["cohort"], len(document["models"][NOMOGRAM].get("terms") or [])
    row = metric(r.rows("performance"), NOMOGRAM, HONEST, "auc")
    auc = number(row["estimate"]) if row else float("nan")
    size = f"{count(cohort['patients'], 'patient')}, {cohort['events']} with the outcome"
    prevalence = cohort["events"] / cohort["patients"]
    r2 = r2_of_c(min(auc, 1.0), prevalence) if auc > 0.5 else 0.0
    if not terms or not r2 >= LEAST_R2:
        return f"{size}; a cross-validated AUC of {auc:.3f} tells no number", None
    needed = int(required(terms, prevalence, r2).set_index("criterion")["n"]["all"])
    size = f"{size}; a nomogram of {count(terms, 'parameter')}, cross-validated AUC {auc:.3f},"
    return size, needed


@evidence("subgroups")
def fairness(r: Results) -> Finding:
    """The nomogram judged in subgroups."""
    rows = [
        row for row in r.rows("subgroups") if (row["model"], row["sample"]) == (NOMOGRAM, HONEST)
    ]
    names = list(dict.fromkeys(row["subgroup"] for row in rows))
    defined = sum(1 for row in rows if row["estimate"])
    told = f"{defined} of {count(len(rows), 'figure')} defined"
    value = f"{'; '.join(names) or 'no subgroup'}; {told}"
    return judged(bool(defined), value, r.files("subgroups"))
