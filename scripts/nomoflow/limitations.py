"""What a study's warnings and settings mean for whoever reads its numbers: one sentence each.

Used in the methods text and the model card, and offered to the report. Standard library only.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from nomoflow.evidence import VOLUME, listed
from nomoflow.wording import MAIN_MODELS, by_importance, model_label

# A sentence for each code of warnings.csv; {subjects}: what the warnings of this code name.
SENTENCES = Path(__file__).resolve().parents[2] / "report/limitations.json"
FEW_RESAMPLES = 200
FEW_READ = 30


def limitations(
    warnings: Sequence[Mapping[str, str]],
    config: Mapping,
    external: int,
    read_again: int | None,
) -> list[dict[str, str]]:
    """Rows code, text: what follows from the warnings, the gravest first, then from the settings.

    external: other centres that judged this very model; read_again: patients whose masks were drawn
    a second time (None: not known). A code without a sentence here is told by its own message.
    """
    by_code: dict[str, list] = {}
    for row in by_importance(list(warnings)):
        by_code.setdefault(row["code"], []).append(row)
    rows = [{"code": code, "text": _of_warnings(code, found)} for code, found in by_code.items()]
    return rows + [
        {"code": code, "text": text} for code, text in _of_settings(config, external, read_again)
    ]


def _of_warnings(code: str, rows: Sequence[Mapping[str, str]]) -> str:
    subjects = [row["subject"] for row in rows]
    # the main models first, then as the table has them
    subjects.sort(key=lambda s: MAIN_MODELS.index(s) if s in MAIN_MODELS else len(MAIN_MODELS))
    named = listed(list(dict.fromkeys(map(_named, subjects))))
    known = json.loads(SENTENCES.read_bytes())
    if code in known:
        return known[code].replace("{subjects}", named)
    return f"{rows[0]['message'].rstrip('.')} ({named})."


def _named(subject: str) -> str:
    """A model by its name in words; any other subject as it is."""
    phase = subject.removeprefix("radiomics_")
    if phase != subject:
        return f"radiomics signature of {phase}"
    if subject in (*MAIN_MODELS, VOLUME):
        label = model_label(subject)
        return label[0].lower() + label[1:]
    return subject


def _of_settings(
    config: Mapping, external: int, read_again: int | None
) -> Iterator[tuple[str, str]]:
    evaluation, models = config["evaluation"], config["models"]
    if not external:
        yield (
            "no_external_validation",
            "No patients of another centre were used, so it is not known how the model does there.",
        )
    yield (
        "conditional_on_selection",
        "Coefficients, odds ratios and in-sample tests of the nomogram are conditional on the "
        "features and predictors that were chosen on the same patients, so their intervals are too "
        "narrow.",
    )
    yield (
        "intervals_of_given_models",
        "Intervals of cross-validated and corrected figures ignore that other patients would have "
        "made other models, so they hold the true value less often than they say, above all where "
        "features are chosen among many.",
    )
    if evaluation["resamples"] < FEW_RESAMPLES:
        yield (
            "few_resamples",
            f"Only {evaluation['resamples']} bootstrap resamples were drawn; a publication takes "
            "500 to 1000.",
        )
    if config["reliability"]["filter"] == "once" and read_again != 0:
        yield (
            "reliability_filter_once",
            "The readers' agreement on each feature was found once, on patients who are held back "
            "later too; it does not use the outcome.",
        )
    if read_again is not None and 0 < read_again < FEW_READ:
        yield (
            "few_read_again",
            f"Only {read_again} patients were read again, fewer than {FEW_READ}, so the "
            "intraclass correlations are imprecise.",
        )
    if models["missing"] == "impute":
        yield (
            "single_imputation",
            "Missing values were filled in once, by a median or the more frequent level, so the "
            "uncertainty about them is not in the intervals.",
        )
    if config["centres"]["harmonisation"]["method"] == "combat":
        yield (
            "harmonised",
            "Features are harmonised by site with parameters of these sites, so the model cannot "
            "be applied to another without a reference.",
        )
