"""What a reader must know before trusting a number: each with its remedy.

Every function looks at one stage's tables and returns rows of the columns ``COLUMNS``.
"""

from collections.abc import Iterable

COLUMNS = ("stage", "code", "subject", "message", "remedy")
FEW_EVENTS_A_PARAMETER = 10
HIGH_VIF = 10.0


def caveat(stage: str, code: str, subject: str, message: str, remedy: str) -> dict[str, str]:
    """One row."""
    return dict(zip(COLUMNS, (stage, code, subject, message, remedy), strict=True))


def of_features(failures: Iterable[dict], prescaled: bool) -> list[dict]:
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
                "use unscaled features",
            )
        )
    return rows


def of_reliability(icc: Iterable[dict]) -> list[dict]:
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


def of_signatures(statuses: dict[str, dict]) -> list[dict]:
    """Empty signatures, and refits that fell back to the LASSO."""
    rows = []
    for name, status in statuses.items():
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


def of_models(document: dict, vif: Iterable[dict]) -> list[dict]:
    """Separation, too few events, collinearity, and models that could not be made."""
    rows = []
    cohort = document["cohort"]
    fewer = min(cohort["events"], cohort["patients"] - cohort["events"])
    for name, model in document["models"].items():
        if model["status"] == "separated":
            rows.append(
                caveat(
                    "models",
                    "separation",
                    name,
                    *_separation(model["reason"]),
                )
            )
        elif model["status"] in ("unavailable", "empty"):
            rows.append(
                caveat("models", model["status"], name, model["reason"], "none, unless unexpected")
            )
        parameters = 0 if name.startswith("radiomics") else len(model["terms"])
        if parameters and fewer < FEW_EVENTS_A_PARAMETER * parameters:
            rows.append(
                caveat(
                    "models",
                    "few_events",
                    name,
                    f"{fewer} patients in the smaller class for {parameters} "
                    f"parameter{'s' * (parameters > 1)}: fewer than "
                    f"{FEW_EVENTS_A_PARAMETER} each, not counting the selection of features",
                    "trust the cross-validated figures only; enlarge the cohort",
                )
            )
    rows += [
        caveat(
            "models",
            "collinear",
            f"{row['model']}: {row['term']}",
            f"variance inflation factor {float(row['vif']):.1f}, above {HIGH_VIF:g}",
            "read its coefficient with care; leave one of the predictors out",
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
