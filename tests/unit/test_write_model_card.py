"""Rule write_model_card: the sections of Mitchell et al. 2019, from the study's own numbers."""

import csv
import json
import re

import pytest
from jobs import job
from synthetic_results import DIGEST, SIGNATURES, config, statements, write_results
from write_model_card import main

from nomoflow.run import read_json, read_rows, write_json, write_rows

# Mitchell et al. 2019, Figure 1.
SECTIONS = [
    "Model details", "Intended use", "Factors", "Metrics", "Evaluation data", "Training data",
    "Quantitative analyses", "Ethical considerations", "Caveats and recommendations",
]  # fmt: skip


@pytest.fixture
def card(tmp_path):
    def write(texts=None, spoil=None, **changes):
        inputs = write_results(tmp_path)
        if spoil:
            spoil(inputs)
        path = tmp_path / "card.md"
        params = {"study": "made", "config": config(**changes), "statements": texts or {},
                  "signatures": SIGNATURES}  # fmt: skip
        main(job(inputs, {"card": str(path)}, params))
        return path.read_text(encoding="utf-8")

    return write


def section(text, title):
    return text.split(f"## {title}\n")[1].split("\n## ")[0]


def test_the_sections_are_those_of_the_paper_in_its_order(card):
    assert re.findall(r"^## (.*)$", card(), re.M) == SECTIONS


def test_details_are_the_models_own(card):
    text = section(card(), "Model details")
    assert f"`{DIGEST}`" in text
    assert "probability of bad against good" in text
    assert "| (Intercept) |  | -1.5 |  |" in text
    assert "| Age | per 10 years | 0.3 | 30 to 70 |" in text
    assert "[@" not in text  # no bibliography stands beside the card


@pytest.mark.parametrize(
    ("title", "name"),
    [("Intended use", "intended_use"), ("Ethical considerations", "ethical_considerations"),
     ("Training data", "data_source"), ("Factors", "health_inequalities"),
     ("Model details", "contact")],
)  # fmt: skip
def test_what_authors_must_say_is_theirs_or_said_to_be_missing(card, title, name):
    assert f"What the authors say of {name}, in full." in section(card(statements()), title)
    text = section(card(), title)
    assert "Not stated by the authors" in text
    assert name in text


def test_honest_figures_come_first_and_are_the_tables(card, tmp_path):
    text = section(card(), "Quantitative analyses")
    heads = next(line for line in text.splitlines() if line.startswith("| Figure"))
    assert (
        heads
        == "| Figure | Cross-validated | .632+ | Harrell's (optimistic) | Apparent (optimistic) |"
    )
    with open(write_results(tmp_path / "again")["performance"], encoding="utf-8") as file:
        rows = {(r["model"], r["sample"], r["metric"]): r for r in csv.DictReader(file)}
    for metric, label in (("auc", "AUC"), ("net_benefit", "Net benefit")):
        cells = [
            f"{float(r['estimate']):.3f} ({float(r['ci_low']):.3f}–{float(r['ci_high']):.3f})"
            for sample in ("cross_validated", "corrected_632", "corrected", "apparent")
            for r in [rows["nomogram", sample, metric]]
        ]
        assert f"| {label} | {' | '.join(cells)} |" in text
    assert "| Tumour volume | 0.600" in text  # 0.85 less 5 / 20


def test_caveats_follow_the_warnings_and_the_settings(card):
    def more(inputs):
        rows = read_rows(inputs["warnings"])
        rows.append({**rows[0], "code": "volume_proxy", "subject": "combined"})
        write_rows(rows, inputs["warnings"], rows[0])

    assert "may tell little but size" not in card()
    assert "may tell little but size" in section(card(spoil=more), SECTIONS[-1])
    assert "Only 50 bootstrap resamples" in card()
    assert "bootstrap resamples were drawn" not in card(evaluation={"resamples": 500})


def test_a_centre_that_applied_the_model_is_counted(card, tmp_path):
    def judged(digest):
        def spoil(inputs):
            path = tmp_path / "north.json"
            path.write_text(json.dumps({"model": {"digest": digest}}), encoding="utf-8")
            inputs["summaries"] = [str(path)]

        return spoil

    assert "No patients of another centre." in section(card(), "Evaluation data")
    assert "1 other centre applied the model unchanged" in card(spoil=judged(DIGEST))
    assert "No patients of another centre." in card(spoil=judged("00" * 32))


def test_a_model_that_could_not_be_made_is_told(card):
    def unmade(inputs):
        content = read_json(inputs["model"])
        content["models"]["nomogram"] = {
            "status": "unavailable", "reason": "nothing to combine", "terms": [], "cutoff": None,
        }  # fmt: skip
        write_json(content, inputs["model"])

    text = section(card(spoil=unmade), "Model details")
    assert "unavailable: nothing to combine" in text
    assert "| Term |" not in text


def test_a_bar_in_a_text_does_not_end_its_cell(card):
    def bars(inputs):
        content = read_json(inputs["model"])
        content["models"]["nomogram"]["terms"][1]["label"] = "Age | years"
        write_json(content, inputs["model"])

    assert "| Age \\| years | per 10 years |" in card(spoil=bars)


def test_the_same_study_gives_the_same_bytes(card):
    assert card(statements()) == card(statements())
