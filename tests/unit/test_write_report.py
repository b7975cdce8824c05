import csv
import html
import json
import re
from pathlib import Path

import pytest
from report_page import Page, drop_rows, section, without, write
from report_study import FIGURES, job, script, write_study
from report_tables import PHASES

from nomoflow.report import TABLES
from nomoflow.report_models import formula
from nomoflow.run import read_rows, write_rows

CHECKLISTS = [f"checklist_{name}" for name in ("clear", "metrics", "tripod_ai", "ibsi")]
HOSTILE = "<script>alert('x')</script>\"&{{ 7 * 7 }}"


@pytest.fixture
def study(tmp_path):
    return write_study(tmp_path)


def test_summary_leads_with_the_honest_figures(tmp_path, study):
    words = section(write(tmp_path, study), "summary")
    assert "Model Cross-validated .632+ Harrell's Apparent Sens. Spec. Acc. Brier Slope" in words
    assert "they rest on patients that the models were not made from" in words
    assert "100 patients, 62 events" in words
    # AUCs of the made-up study are counted by pairs in report_tables.performance; .632+ lies 0.01
    # above the cross-validated, Harrell's 0.02 below the apparent; 0.956 - 0.900 is the optimism.
    assert re.search(
        r"Radiomics nomogram 0\.900 \(0\.870–0\.920\) 0\.910 \(.*?\) 0\.936 \(.*?\) "
        r"0\.956 \(.*?\) 0\.74 0\.89 0\.80 0\.120 0\.83 0\.056",
        words,
    )


def test_optimistic_columns_are_marked_and_no_others(tmp_path, study):
    source = write(tmp_path, study)
    summary = re.findall(r"<table>.*?</table>", source, flags=re.S)[0]
    heads = re.findall(r'<th scope="col"([^>]*)>(.*?)</th>', html.unescape(summary))
    assert [name for marks, name in heads if "optimistic" in marks] == ["Harrell's", "Apparent"]
    for row in re.findall(r'<tr><th scope="row"[^>]*>(.*?)</tr>', summary, flags=re.S):
        marked = ["optimistic" in marks for marks in re.findall(r"<td([^>]*)>", row)]
        assert marked == [False, False, True, True, *[False] * 6]
    # Italics carry the mark where neither colour nor pattern is seen.
    assert re.search(r"td\.optimistic \{ font-style: italic", source)


def test_without_resamples_the_summary_says_so(tmp_path, study):
    drop_rows(study, "performance", lambda row: row["sample"].startswith("corrected"))
    words = section(write(tmp_path, study), "summary")
    assert "this run drew no resamples (evaluation.resamples)" in words
    assert "Cross-validated Apparent" in words


def test_warnings_are_named_at_the_top_gravest_first_with_remedies_below(tmp_path, study):
    source = write(tmp_path, study)
    assert (
        "4 warnings, each with its remedy under Warnings: models: sample size, signature: empty, "
        "reliability: undefined icc." in section(source, "summary")
    )
    words = section(source, "warnings")
    places = [words.index(w) for w in ("models: sample size", "signature: empty", "undefined")]
    assert places == sorted(places)
    assert "Radiomics nomogram; Image-feature model" in words and "enlarge the cohort" in words
    assert "Warnings, one by one (4)." in words


def test_missing_values_by_class(tmp_path, study):
    words = section(write(tmp_path, study), "table1")
    assert "age continuous 100 4 4.0 1 3 54.1" in words
    drop_rows(study, "missing", lambda row: row["variable"] == "age")
    assert "No value of any predictor is missing" in Page(write(tmp_path, study)).words


def test_the_nomogram_is_given_with_the_out_of_fold_radscore_too(tmp_path, study):
    words = section(write(tmp_path, study), "models")
    assert "Radiomics nomogram with the out-of-fold Radscore: coefficients of the log-odds" in words
    assert "Read intervals and P values here" in words


def test_sections_follow_one_another_in_the_page_of_an_empty_study(tmp_path, study):
    """Tables of heads alone everywhere: nothing fails, every section says why."""
    for name in TABLES:
        if name in study["input"]:
            keep_head(study["input"][name])
    for path in (*study["input"]["frequencies"], *study["input"]["selected"]):
        keep_head(path)
    page = Page(write(tmp_path, study))
    assert "no resample kept any feature" in page.words
    assert "No model was evaluated" in page.words


def test_sections_contents_and_links(tmp_path, study):
    page = Page(write(tmp_path, study))
    sections = [attributes["id"] for attributes in page.all("section")]
    assert sections == [
        "summary", "flow", "table1", "agreement", "reliability", "signature", "models", "nomogram",
        "roc", "calibration", "decisions", "scores", "comparison", "stability", "baselines",
        "subgroups", "sensitivity", "centres", "exclusions", "images", "warnings", "methods",
        "checklists", "settings", "trace",
    ]  # fmt: skip
    links = [attributes["href"] for attributes in page.all("a")]
    inside = [link for link in links if link.startswith("#")]
    assert inside == ["#main", *(f"#{name}" for name in sections)]
    pictures = page.all("img")
    drawn = {p["src"] for p in pictures if p["src"].startswith("../figures")}
    assert drawn == {f"../figures/{name}.svg" for name in (*FIGURES, "forest")}
    assert all(p["alt"] for p in pictures)
    assert page.all("html") == [{"lang": "en"}]


def test_every_table_scrolls_and_has_heads(tmp_path, study):
    source = write(tmp_path, study)
    page = Page(source)
    assert source.count("<table>") == source.count('<div class="scroll"') > 15
    assert all(attributes.get("scope") for attributes in page.all("th"))
    for piece in re.findall(r"<table>.*?</table>", source, flags=re.S):
        rows = re.findall(r"<tr>(.*?)</tr>", piece, flags=re.S)
        assert len({len(re.findall(r"<t[hd]", row)) for row in rows}) == 1


def test_hostile_text_stays_text(tmp_path):
    study = write_study(tmp_path, hostile=HOSTILE)
    source = write(tmp_path, study)
    # The page's own two: what its script knows, and the script.
    assert [one.get("type") for one in Page(source).all("script")] == ["application/json", None]
    assert source.count("&lt;script&gt;") > 15
    assert "{{ 7 * 7 }}" in Page(source).words and "49&#34;" not in source
    assert not any(name.startswith("on") for _, a in Page(source).attributes for name in a)


def test_same_bytes_no_time_and_no_path_of_this_machine(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the workflow's own paths are relative to its folder
    study = write_study(Path())
    first = write(Path(), study)
    assert write(Path(), study) == first
    assert str(tmp_path) not in first and "/srv/pacs" not in first and "…/secret-folder" in first
    assert not re.search(r"\d\d:\d\d:\d\d|20\d\d-\d\d-\d\d", first)
    assert len(first.encode()) < 600_000


def embedded(source):
    """What the page's script knows."""
    return json.loads(re.search(r'id="data">(.*?)</script>', source, flags=re.S)[1])


def test_the_page_holds_the_very_text_of_its_tables(tmp_path, study):
    held = embedded(write(tmp_path, study))["tables"]
    for name in ("performance", "table1", "icc", "warnings", "pooled"):
        path = study["input"][name]
        assert held[Path(path).as_posix()] == Path(path).read_bytes().decode("utf-8")


def test_a_table_too_large_for_a_light_page_stays_beside_it(tmp_path, study, monkeypatch):
    writing = script("write_report")
    monkeypatch.setattr(writing, "MOST_KEPT", 2000)
    report = tmp_path / "report/study.html"
    writing.main(job(study, {"report": str(report)}))
    held = embedded(report.read_text(encoding="utf-8"))["tables"]
    sizes = [Path(path).stat().st_size for path in held]
    assert sizes and max(sizes) <= 2000
    assert Path(study["input"]["icc"]).as_posix() not in held


def test_every_number_shown_as_it_is_knows_its_cell(tmp_path, study):
    source = write(tmp_path, study)
    files = [row[0] for row in embedded(source)["files"]]
    found = re.findall(r'data-v="([^"]*)" data-o="(\d+):(\d+):(\w+)"', source)
    assert len(found) > 900
    tables = {}
    for value, at, line, column in found:
        path = files[int(at)]
        if path not in tables:
            tables[path] = list(csv.reader(Path(path).read_text(encoding="utf-8").splitlines()))
        head, row = tables[path][0], tables[path][int(line) - 1]
        assert row[head.index(column)] == value


def test_every_table_and_figure_names_its_files(tmp_path, study):
    source = write(tmp_path, study)
    known = len(embedded(source)["files"])
    places = re.findall(r'class="tools" data-sources="([^"]*)"', source)
    assert len(places) == source.count("<table>") + len(FIGURES) + 1  # the forest
    named = [place.split() for place in places]
    assert all(int(at) < known for place in named for at in place)
    # The configuration, and the last section's list of all files.
    assert sum(not place for place in named) == 2


def test_other_centres_are_shown_where_there_are_summaries(tmp_path, study):
    words = section(write(tmp_path, study), "centres")
    assert "2 centres judged it on patients of their own: north, south." in words
    assert "0.790 (0.740–0.830)" in words and "Pooled 144 61" in words
    assert "(100 patients, 62 events)" not in words


def test_checklists_are_counted_by_status(tmp_path, study):
    words = section(write(tmp_path, study), "checklists")
    heads = "Items Pass Fail Not evidenced For the authors Not applicable"
    assert heads in words or heads.removesuffix(" Not applicable") in words
    assert "TRIPOD+AI 4 2 0 1 1" in words


def test_the_methods_text_keeps_its_heads_and_paragraphs(tmp_path, study):
    source = write(tmp_path, study)
    assert "<h3>Cohort</h3>" in source and "<p>One hundred patients.</p>" in source


def test_pictures_to_look_at_first(tmp_path, study):
    source = write(tmp_path, study)
    places = re.findall(r'<img src="(\.\./images/[^"]*)"', source)
    # Dice falls by 0.01 from each patient to the next.
    assert places == [f"../images/overlays/0001/P00{i}.jpg" for i in (2, 1, 0)]


def test_nothing_is_fetched_from_elsewhere(tmp_path, study):
    assert not re.search(r"https?://|@import|url\(", write(tmp_path, study))


def test_images_are_described_and_lead_to_their_pictures(tmp_path, study):
    source = write(tmp_path, study)
    assert 'href="gallery.html"' in source
    words = section(source, "images")
    assert "SIEMENS (2), GE (1)" in words and "2.00 (1.00 to 3.00)" in words  # slice thickness
    words = section(source, "agreement")
    assert "0.880 (0.860 to 0.900)" in words and "3.5 (1.5 to 5.5)" in words  # Dice, Hausdorff
    assert "0.953 (0.916–0.976)" in words.replace(" )", ")")
    for name in ("dice", "volume_icc", "acquisition", "gallery"):
        del study["input"][name]
    source = write(tmp_path, study)
    assert "Hausdorff" not in section(source, "agreement")
    words = section(source, "images")
    assert "Acquisition" not in words and "Volume, mL" in words


def test_a_study_from_a_feature_table_says_why_it_has_no_images(tmp_path, study):
    del study["input"]["quality"]
    assert "starts from a ready feature table" in Page(write(tmp_path, study)).words


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (without("exclusions"), "No patient was excluded"),
        (without("table1"), "no clinical predictors"),
        (without("agreement"), "no columns of two readers"),
        (without("icc"), "no patient was read a second time"),
        (without("statuses", "selected"), "No signature was fitted"),
        (without("vif"), "variance inflation is not defined"),
        (without("performance"), "No model was evaluated"),
        (without("delong"), "No two models could be compared"),
        (without("hosmer_lemeshow"), "could not be computed"),
        (without("missing"), "Missing values were not counted"),
        (without("coefficients_out_of_fold"), "conditional on the selection of features"),
        (without("likelihood_ratio"), "No likelihood-ratio test was made"),
        (without("differences"), "Differences between models, with intervals, were not computed"),
        (without("stability"), "it needs resamples (evaluation.resamples)"),
        (without("frequencies"), "no resamples to count how often each feature is chosen"),
        (without("instability"), "predictions move over resamples was not measured"),
        (without("volume_correlation"), "were not compared with the tumour's volume"),
        (without("subgroups"), "No subgroups were named in the config (evaluation.subgroups)"),
        (without("sensitivity"), "snakemake --cores all sensitivity"),
        (without("warnings"), "Warnings were not collected"),
        (without("settings"), "settings are not known"),
        (without("methods"), "The methods text was not written in this run"),
        (without(*CHECKLISTS), "The checklists were not filled in this run"),
        (without("trace"), "This run made no trace (provenance/trace.json)"),
        (without("pooled", "centre_rows"), "No other centre is in this study"),
        (without("figures"), "Figure roc was not drawn"),
        (without("coefficients"), "No predictor was kept"),
    ],
)
def test_what_is_absent_says_why(tmp_path, study, changes, said):
    assert said in Page(write(tmp_path, study, input=changes)).words


def keep_head(path):
    head = Path(path).read_text(encoding="utf-8").splitlines()[0]
    Path(path).write_text(f"{head}\n", encoding="utf-8")


def test_tables_of_heads_alone_say_why_too(tmp_path, study):
    for name in ("exclusions", "agreement", "icc", "vif", "performance", "delong", "warnings"):
        keep_head(study["input"][name])
    words = Page(write(tmp_path, study)).words
    for said in ("No patient was excluded", "not assessed", "No model was evaluated",
                 "gave no warnings"):  # fmt: skip
        assert said in words


def test_an_empty_signature_is_named_with_its_reason(tmp_path, study):
    words = Page(write(tmp_path, study)).words
    assert "Signature nephrographic is empty (no feature was kept)" in words


def test_a_missing_value_is_a_dash_that_says_what_is_missing(tmp_path, study):
    source = write(tmp_path, study)
    assert '<abbr title="only cross-validation has folds">—</abbr>' in source
    assert not re.search(r">\s*nan\s*<|>\s*None\s*<", source, flags=re.I)


def test_a_column_that_no_term_has_is_named_once(tmp_path, study):
    source = write(tmp_path, study)
    assert "Not estimated for any term: Profile." in Page(source).words
    assert ">Profile</th>" not in source


def test_a_remark_on_every_term_is_said_once(tmp_path, study):
    path = Path(study["input"]["coefficients"][0])
    rows = read_rows(path)
    write_rows([row | {"note": "separated by radscore"} for row in rows], path, list(rows[0]))
    assert Page(write(tmp_path, study)).words.count("Separated by radscore.") == 1


def test_a_study_without_predictors_has_no_empty_table_1(tmp_path, study):
    path = Path(study["input"]["table1"])
    rows = read_rows(path)
    write_rows([row for row in rows if row["variable"] == "patients"], path, list(rows[0]))
    assert "There is no Table 1" in section(write(tmp_path, study), "table1")


def test_limitations_are_a_list(tmp_path, study):
    path = Path(study["input"]["methods"])
    path.write_text(
        "# Methods\n\nOf itself.\n\n## Limitations\n\n- Few\n  patients.\n- One centre.\n",
        encoding="utf-8",
    )
    source = write(tmp_path, study)
    assert "<li>Few patients.</li>" in source and "<li>One centre.</li>" in source
    assert "Of itself." not in source


def test_odds_ratios_are_no_longer_than_a_reader_needs(tmp_path, study):
    path = Path(study["input"]["coefficients"][0])
    rows = read_rows(path)
    found = {"odds_ratio": "21.1", "or_low": "0.0004", "or_high": "1619515.9"}
    write_rows([row | found for row in rows], path, list(rows[0]))
    words = section(write(tmp_path, study), "models")
    assert "21.10 (<0.01 to >1000)" in words and "1619515" not in words


def test_images_are_listed_by_phase_and_reading(tmp_path, study):
    words = Page(write(tmp_path, study)).words
    pairs = [f"{phase} {reading} 12" for phase in PHASES for reading in ("a1", "a2", "b1")]
    places = [words.index(pair) for pair in pairs]
    assert places == sorted(places)


def test_phases_and_outcome_stand_in_the_head(tmp_path, study):
    words = Page(write(tmp_path, study)).words
    assert f"ccRCC against AML.wovf · 100 patients, 62 events · {', '.join(PHASES)}" in words


def test_formula_of_the_published_nomogram():
    # Miao 2023: ln(P/(1-P)) = 1.1352 - 1.9845 Radscore - 1.0706 hyperdense + 0.2733 age
    rows = [
        {"term": "(Intercept)", "coding": "", "coefficient": "1.1352"},
        {"term": "radscore", "coding": "linear predictor", "coefficient": "-1.9845"},
        {"term": "hyperdense", "coding": "1 = yes, 0 = no", "coefficient": "-1.0706"},
        {"term": "age", "coding": "per 10 years", "coefficient": "0.2733"},
    ]
    assert formula(rows) == (
        "ln(P / (1 − P)) = 1.1352 − 1.9845 × radscore − 1.0706 × hyperdense (1 = yes, 0 = no)"
        " + 0.2733 × age (per 10 years)"
    )
    assert "× Radscore − 1.0706 × hyperdense (1" in formula(rows, {"radscore": "Radscore"})
    rows[0]["coefficient"] = "-1.1352"
    assert formula(rows).startswith("ln(P / (1 − P)) = −1.1352 − 1.9845")
