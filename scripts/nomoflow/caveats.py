"""What a reader must know before trusting a number: each with its remedy.

Every function looks at one stage's tables and returns rows of the columns ``COLUMNS``; what the
performance of the models tells stands in caveats_of_performance. Codes never change their meaning.
"""

from collections.abc import Iterable, Mapping

COLUMNS = ("stage", "code", "subject", "message", "remedy")
HIGH_VIF = 10.0
RARE_CLASS = 0.2  # share of the patients
Row = dict[str, str]


def caveat(stage: str, code: str, subject: str, message: str, remedy: str) -> Row:
    """One row."""
    return dict(zip(COLUMNS, (stage, code, subject, message, remedy), strict=True))


def of_cohort(missing: Iterable[Row], cohort: Mapping[str, int]) -> list[Row]:
    """Predictors with missing values, and a class that is rare.

    missing : rows of cohort/missing.csv; cohort : patients and events of the models
    """
    patients, events = cohort["patients"], cohort["events"]
    rows = [
        _missing_values(row, events, patients - events) for row in missing if int(row["missing"])
    ]
    share = events / patients
    if not RARE_CLASS <= share <= 1 - RARE_CLASS:
        fewer, which = (events, "have") if share < 0.5 else (patients - events, "lack")
        rows.append(
            caveat(
                "cohort",
                "class_imbalance",
                "outcome",
                f"{fewer} of {patients} patients ({100 * fewer / patients:.1f} %) {which} the "
                f"outcome, below {100 * RARE_CLASS:g} %: accuracy misleads, and a cut at a "
                "probability of 0.5 calls nearly all patients the same",
                "read the AUC, calibration and net benefit at a threshold that suits the decision "
                "(evaluation.decision_threshold). Do not resample or weight the classes: that "
                "spoils the calibration and gains no discrimination (van den Goorbergh 2022, "
                "doi 10.1093/jamia/ocac093)",
            )
        )
    return rows


def _missing_values(row: Row, events: int, others: int) -> Row:
    name, n, gaps = row["variable"], int(row["n"]), int(row["missing"])
    positive, negative = int(row["positive_missing"]), int(row["negative_missing"])
    filled = (
        f"they are imputed: {row['values']} in the final models, and in each fold and resample the "
        "value that its own training patients give"
        if row["values"]
        else "those patients are left out of the models"
    )
    remedy = (
        "fill in the cells from the records; compare with the complete cases (target sensitivity, "
        "variant complete_cases); leave the predictor out where its gaps follow the outcome"
    )
    if positive >= events or negative >= others:
        filled += "; a class has no value at all, so only the gaps can tell the classes apart"
        remedy = f"take {name} out of cohort.predictors, or fill it in for both classes"
    return caveat(
        "cohort",
        "missing_values",
        name,
        f"{name} is missing in {gaps} of {n} patients ({float(row['percent']):.1f} %), {positive} "
        f"of the positive class and {negative} of the negative; {filled}",
        remedy,
    )


def of_features(failures: Iterable[Row], prescaled: bool) -> list[Row]:
    """Cases that failed, and features scaled outside any fold."""
    rows = [
        caveat(
            "features",
            "failed_case",
            " ".join((row["patient"], row["phase"], row["reading"])),
            f"{row['reason']}: {row['detail']}",
            "mend the image or mask and run again; only its batch is repeated",
        )
        for row in failures
    ]
    if prescaled:
        rows.append(
            caveat(
                "features",
                "prescaled",
                "all features",
                "the table's features were scaled over all patients before any fold was made, so "
                "cross-validated figures are a little too good; units are lost, so there is no "
                "tumour-volume baseline",
                "export the features unscaled and set features.prescaled: false",
            )
        )
    return rows


def of_reliability(icc: Iterable[Row]) -> list[Row]:
    """No re-readings, and features without an ICC."""
    icc = list(icc)
    rows = []
    if all(row["comparison"] == "none" for row in icc):
        rows.append(
            caveat(
                "reliability",
                "not_assessed",
                "all features",
                "no patient was read again, so agreement was not assessed and every feature with "
                "values is kept",
                "have at least 30 patients read by a second reader, and again by the first",
            )
        )
    undefined = sorted({(row["phase"], row["feature"]) for row in icc if row["icc"] == ""})
    if undefined and not rows:
        rows.append(
            caveat(
                "reliability",
                "undefined_icc",
                f"{len(undefined)} features",
                "these features have no ICC and were dropped; reliability/icc.csv gives the reason",
                "none is needed unless they are many",
            )
        )
    return rows


def of_signatures(statuses: Mapping[str, dict]) -> list[Row]:
    """Empty signatures, refits that fell back to the LASSO, and features that do not vary."""
    rows = []
    for name, status in statuses.items():
        if status["constant"]:
            rows.append(
                caveat(
                    "signature",
                    "constant_features",
                    name,
                    f"{status['constant']} of {status['candidates']} candidate features did not "
                    "vary between the patients: dropped before the LASSO",
                    "if they are many, look at the grey levels within the masks: a smaller "
                    "binWidth in features.per_phase, or a larger images.minimum_voxels",
                )
            )
        if status["status"] == "empty":
            rows.append(
                caveat(
                    "signature",
                    "empty",
                    name,
                    f"the LASSO kept none of {status['candidates']} features: its score is "
                    "constant, with an AUC of 0.5",
                    "this is a result; more patients or other phases may change it",
                )
            )
        elif status["status"] == "fallback":
            rows.append(
                caveat(
                    "signature",
                    "refit_fallback",
                    name,
                    f"{status['reason']}; the Radscore is the LASSO's own linear predictor",
                    "set signature.score: lasso, or signature.penalty: 1se for fewer features",
                )
            )
    return rows


def of_models(document: dict, vif: Iterable[Row]) -> list[Row]:
    """Separation, collinearity, and models that could not be made."""
    rows = []
    for name, model in document["models"].items():
        if model["status"] == "separated":
            rows.append(caveat("models", "separation", name, *_separation(model["reason"])))
        elif model["status"] in ("unavailable", "empty"):
            rows.append(
                caveat("models", model["status"], name, model["reason"], "none, unless unexpected")
            )
    rows += [
        caveat(
            "models",
            "collinear",
            f"{row['model']}: {row['term']}",
            f"variance inflation factor {float(row['vif']):.1f}, above {HIGH_VIF:g}: the other "
            "predictors tell nearly all of it, so its coefficient is uncertain; predictions are "
            "not harmed",
            "do not read its coefficient by itself; take it, or its partner, out of "
            "cohort.predictors",
        )
        for row in vif
        if float(row["vif"]) > HIGH_VIF
    ]
    return rows


def _separation(reason: str) -> tuple[str, str]:
    """Message and remedy where the classes are separated."""
    if "Firth" in reason:
        return (
            f"{reason}, shrunk towards 0; their intervals and tests are those of the penalised "
            "likelihood",
            "read estimates and intervals as penalised ones; fewer predictors or more patients",
        )
    return (
        f"{reason}; intervals and tests are not defined",
        "set models.separated: firth, or use fewer predictors or more patients",
    )
