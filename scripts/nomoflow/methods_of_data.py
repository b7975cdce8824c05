"""Sentences of the methods text on patients, images and features, from the run's own numbers."""

from nomoflow.evidence import Results, count, listed, spread
from nomoflow.evidence_of_images import image_types
from nomoflow.wording import class_names, is_true, number, where


def design(r: Results) -> str:
    return _stated(r, "design", "setting", "study_dates", "data_source")


def ethics(r: Results) -> str:
    return _stated(r, "ethics", "consent")


def protocol(r: Results) -> str:
    return _stated(r, "imaging_protocol", "imaging_interval")


def segmentation(r: Results) -> str:
    return _stated(r, "segmentation_protocol", "reader_experience")


def _stated(r: Results, *names: str) -> str:
    """The authors' own texts, each as a sentence."""
    texts = [r.statements[name].rstrip(".") + "." for name in names if name in r.statements]
    return " ".join(texts)


def patients(r: Results) -> str:
    """Patients in the table and analysed."""
    steps, cohort = r.rows("criteria"), r.document("model")["cohort"]
    n, analysed = int(steps[0]["remaining"]), cohort["patients"]
    if n == analysed:
        return f"All {n} patients of the table were analysed."
    return f"Of {n} patients in the table, {analysed} were analysed."


def criteria(r: Results) -> str:
    """Who was left out, in the order of the criteria."""
    steps = [row for row in r.rows("criteria")[1:] if int(row["removed"])]
    told = [f"{row['step']} ({row['removed']})" for row in steps]
    sentence = f"Patients were left out, in this order, for: {', '.join(told)}." if told else ""
    failed = sorted(
        {row["patient"] for row in r.rows("exclusions") if row["stage"] not in ("cohort", "images")}
    )
    if failed:
        sentence += f" {count(len(failed), 'patient')} failed in computation."
    return sentence.strip()


def outcome(r: Results) -> str:
    document = r.document("model")
    cohort, found = document["cohort"], class_names(document["outcome"])
    rest = cohort["patients"] - cohort["events"]
    stated = _stated(r, "reference_standard")
    return (
        f"The outcome was {found['positive']} ({count(cohort['events'], 'patient')}) against "
        f"{found['negative']} ({rest}); all probabilities are those of {found['positive']}. "
        f"{stated}"
    ).strip()


def size(r: Results) -> str:
    """Where a warning says that patients are few, the criteria that it follows."""
    short = [row for row in where(r.rows("warnings"), code="sample_size")]
    ending = "; there were fewer than they ask for" if short else ""
    return (
        "The study size was compared with the criteria of Riley et al. for new prediction models"
        f"{ending} [@riley2020]."
    )


def predictors(r: Results) -> str:
    """Candidates with their coding."""
    found = r.document("model")["predictors"]
    if not found:
        return "No clinical predictor was used."
    told = [
        f"{one['label']} ({one['coding']})" if one.get("coding") else one["label"] for one in found
    ]
    return f"The candidate clinical predictors were {listed(told, 20)}."


def signs(r: Results) -> str:
    """Agreement of two readers on the signs."""
    rows = [row for row in r.rows("agreement") if row["kappa"]] if r.has("agreement") else []
    if not rows:
        return ""
    kappas = [round(number(row["kappa"]), 2) for row in rows]
    return (
        f"Two readers judged {count(len(rows), 'sign')}; their agreement was measured by Cohen's "
        f"kappa ({spread(kappas)}) [@cohen1960]."
    )


def missing(r: Results) -> str:
    """Missing values, and what was done."""
    rows = [row for row in r.rows("missing") if int(row["missing"])]
    if not r.rows("missing"):
        return ""
    if not rows:
        return "No predictor had a missing value."
    told = listed([f"{row['variable']} {row['missing']}" for row in rows], 20)
    if r.config["models"]["missing"] == "impute":
        return (
            f"Missing values ({told}) were filled in by the median or the more frequent level of "
            "the training patients, in each fold and resample anew."
        )
    return f"Patients with missing values ({told}) were not in the models."


def group_tests(r: Results) -> str:
    """The tests that Table 1 really used."""
    tests = list(dict.fromkeys(row["test"] for row in r.rows("table1") if row["test"]))
    return f"The classes were compared by {_and(tests)}." if tests else ""


def scans(r: Results) -> str:
    if not r.has("quality"):
        return ""
    rows = where(r.rows("quality"), reading="a1")
    seen = {row["phase"] for row in rows}
    phases = [name for name in r.signatures if name in seen]
    images = len({(row["patient"], row["phase"]) for row in rows})
    return (
        f"{count(images, 'image')} of {count(len(phases), 'phase')} ({', '.join(phases)}) with a "
        "mask of the lesion in three dimensions were analysed."
    )


def checks(r: Results) -> str:
    """Problems that stopped or left out scans, and warnings."""
    if not (r.has("preflight") and r.has("quality")):
        return ""
    warned = len(where(r.rows("preflight"), severity="warning"))
    refused = len(where(r.rows("preflight"), severity="problem"))
    policy = r.config["images"]["on_problem"]
    told = policy if isinstance(policy, str) else policy.get("default", "stop")
    then = "stopped the study" if told == "stop" else "left the patient out"
    return (
        f"Geometry, size and content of every image and mask were checked beforehand; a problem "
        f"{then} ({count(refused, 'problem')}, {count(warned, 'warning')})."
    )


def resampling(r: Results) -> str:
    if not r.has("quality"):
        return ""
    document, rows = r.document("settings"), r.rows("quality")
    axes = [spread([number(row["spacing_mm"].split()[axis]) for row in rows]) for axis in (0, 2)]
    name = {"sitkBSpline": "cubic B-splines", "sitkLinear": "linear interpolation"}
    methods = sorted({p["setting"]["interpolator"] for p in document["phases"].values()})
    return (
        f"Images were resampled by {_and([name.get(m, m) for m in methods])} from pixels of "
        f"{axes[0]} mm and slices {axes[1]} mm apart to cubic voxels of "
        f"{document['spacing_mm']:g} mm, masks to the nearest voxel."
    )


def extraction(r: Results) -> str:
    """Numbers of features and images they come from, as extracted here."""
    if not r.has("engine"):
        return ""
    document = r.document("settings")
    numbers = sorted({phase["features"] for phase in document["phases"].values()})
    total = sum(phase["features"] for phase in document["phases"].values())
    classes = list(dict.fromkeys(c for p in document["phases"].values() for c in p["featureClass"]))
    each = " or ".join(f"{n:,}" for n in numbers)
    over = f"of each phase, {total:,} in all," if len(document["phases"]) > 1 else "of the phase"
    return (
        f"{each} features ({', '.join(classes)}) {over} were computed by "
        f"pyradiomics {document['versions']['pyradiomics']} [@vangriethuysen2017] from these "
        f"images: {image_types(r).value}."
    )


def ready_table(r: Results) -> str:
    """Where features came as a table, nothing was extracted."""
    if r.has("engine"):
        return ""
    total = sum(phase["features"] for phase in r.document("settings")["phases"].values())
    return f"{total:,} features came ready in a table; images were not processed here."


def discretisation(r: Results) -> str:
    if not r.has("engine"):
        return ""
    told = []
    for name, phase in r.document("settings")["phases"].items():
        setting = phase["setting"]
        many, width = setting.get("binCount"), setting.get("binWidth")
        told.append((f"{many} bins" if many else f"bins of width {width:g}", name))
    kinds = dict.fromkeys(text for text, _ in told)
    each = listed([f"{t} ({', '.join(n for text, n in told if text == t)})" for t in kinds], 20)
    return f"Grey levels were discretised into {next(iter(kinds)) if len(kinds) == 1 else each}."


def conformity(r: Results) -> str:
    if not r.has("engine"):
        return ""
    rows = r.rows("engine")
    agree = len(where(rows, agrees="yes"))
    return (
        f"The installed software gave the consensus value of the digital phantom of the Image "
        f"Biomarker Standardisation Initiative for {agree} of {len(rows)} features "
        "[@zwanenburg2020]."
    )


def read_again(r: Results) -> int | None:
    """Patients whose features were read again; 0 where none were; None where it is not known."""
    if not r.has("icc"):
        return None
    return max((int(number(row["n"])) for row in r.rows("icc") if row["n"]), default=0)


def reliability(r: Results) -> str:
    rows = [row for row in r.rows("icc") if row["comparison"] != "none"]
    if not rows:
        return ""
    chosen, ways = r.config["reliability"], {row["comparison"] for row in rows}
    kept: dict[tuple, bool] = {}
    for row in rows:
        kept[row["phase"], row["feature"]] = is_true(row["kept"])
    who = {"inter": "between two readers", "intra": "between two sessions of a reader"}
    what = "estimate" if chosen["judged"] == "estimate" else "lower confidence limit"
    where_ = "once, without the outcome" if chosen["filter"] == "once" else "in each training part"
    return (
        f"Features were kept if the {what} of {rows[0]['form']} exceeded {chosen['threshold']:g} "
        f"{_and([who[w] for w in ('inter', 'intra') if w in ways])} in {read_again(r)} patients "
        f"[@mcgraw1996], found {where_}: {sum(kept.values()):,} of {len(kept):,} features."
    )


def not_read_again(r: Results) -> str:
    if any(row["comparison"] != "none" for row in r.rows("icc")):
        return ""
    return "No patient was read again, so all features were kept."


def masks_compared(r: Results) -> str:
    values = (
        sorted(number(row["dice"]) for row in r.rows("dice") if row["dice"])
        if r.has("dice")
        else []
    )
    if not values:
        return ""
    middle = (values[(len(values) - 1) // 2] + values[len(values) // 2]) / 2
    return (
        f"The Dice coefficient of {count(len(values), 'pair')} of masks had a median of "
        f"{middle:.2f} [@dice1945]."
    )


def prescaled(r: Results) -> str:
    if not r.config["features"]["prescaled"]:
        return ""
    return "The features had been scaled over all patients by the table's maker."


def harmonisation(r: Results) -> str:
    asked = r.config["centres"]["harmonisation"]
    if asked["method"] != "combat":
        return ""
    reference = f", to the level {asked['reference']}" if asked["reference"] else ""
    return (
        f"Features were harmonised by ComBat over {asked['batch']}{reference}, with parameters of "
        "the training patients alone [@johnson2007; @orlhac2018]."
    )


def _and(names: list[str]) -> str:
    """ "a, b and c"."""
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)
