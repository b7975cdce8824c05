import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from report_study import FIGURES, job, script, write_study
from report_tables import PHASES

from nomoflow.report_blocks import coefficient, decimal, flat, interval, p_value, table
from nomoflow.report_models import formula
from nomoflow.run import read_rows, write_rows

HOSTILE = "<script>alert('x')</script>\"&{{ 7 * 7 }}"
VOID = {"meta", "img", "br", "link"}


class Page(HTMLParser):
    """What a browser sees: balanced tags, headings, links, pictures, titles and text."""

    def __init__(self, source: str):
        super().__init__()
        self.open, self.tags, self.attributes, self.text = [], [], [], []
        self.feed(source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.text.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.attributes if name == tag]

    @property
    def words(self):
        return " ".join(" ".join(self.text).split())


def write(folder: Path, study: dict, **changes) -> str:
    report = folder / "report/study.html"
    script("write_report").main(job(study, {"report": str(report)}, **changes))
    return report.read_text(encoding="utf-8")


@pytest.fixture
def study(tmp_path):
    return write_study(tmp_path)


def without(*names):
    return {name: [] for name in names}


def test_summary_leads_with_the_cross_validated_figures(tmp_path, study):
    source = write(tmp_path, study)
    words = Page(source).words
    start, end = words.index("Summary The models give"), words.index("Cohort Flow")
    summary = words[start:end]
    assert summary.index("Cross-validated") < summary.index("Apparent (optimistic)")
    assert "judged by models made without that patient" in summary
    assert "such figures are optimistic" in summary
    assert "100 patients, 62 events" in summary
    # 0.956 - 0.900 of the made-up study, counted by pairs in report_tables.performance
    assert re.search(
        r"Radiomics nomogram 0\.900 \(0\.870–0\.920\) .* 0\.956 \(.*?\) .* 0\.056", summary
    )


def test_sections_contents_and_links(tmp_path, study):
    page = Page(write(tmp_path, study))
    sections = [attributes["id"] for attributes in page.all("section")]
    assert sections == ["summary", "cohort", "images", "reliability", "signature", "models",
                        "nomogram", "evaluation", "warnings", "settings"]  # fmt: skip
    links = [attributes["href"] for attributes in page.all("a")]
    assert [link for link in links if link.startswith("#")] == [f"#{name}" for name in sections]
    pictures = page.all("img")
    assert {p["src"] for p in pictures} == {f"../figures/{name}.svg" for name in FIGURES}
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
    assert "script" not in Page(source).tags
    assert source.count("&lt;script&gt;") > 15
    assert "{{ 7 * 7 }}" in Page(source).words and "49&#34;" not in source
    assert not any(name.startswith("on") for _, a in Page(source).attributes for name in a)


def test_same_bytes_no_time_and_no_path_of_this_machine(tmp_path, study):
    first = write(tmp_path, study)
    assert write(tmp_path, study) == first
    assert str(tmp_path) not in first and "/srv/pacs" not in first and "…/secret-folder" in first
    assert not re.search(r"\d\d:\d\d:\d\d|20\d\d-\d\d-\d\d", first)
    assert len(first.encode()) < 300_000


def test_nothing_is_fetched_from_elsewhere(tmp_path, study):
    assert not re.search(r"https?://|@import|url\(", write(tmp_path, study))


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
        (without("warnings"), "Warnings were not collected"),
        (without("settings"), "settings are not known"),
        (without("figures"), "Figure roc was not drawn"),
        (without("coefficients"), "No predictor was kept"),
    ],
)
def test_what_is_absent_says_why(tmp_path, study, changes, said):
    assert said in Page(write(tmp_path, study, input=changes)).words


def test_tables_of_heads_alone_say_why_too(tmp_path, study):
    for name in ("exclusions", "agreement", "icc", "vif", "performance", "delong", "warnings"):
        path = Path(study["input"][name])
        path.write_text(path.read_text().splitlines()[0] + "\n")
    words = Page(write(tmp_path, study)).words
    for said in ("No patient was excluded", "not assessed", "No model was evaluated",
                 "gave no warnings"):  # fmt: skip
        assert said in words


def test_an_empty_signature_is_named_with_its_reason(tmp_path, study):
    words = Page(write(tmp_path, study)).words
    assert "Signature nephrographic is empty (no feature was kept)" in words


def test_a_missing_value_is_a_dash_that_says_what_is_missing(tmp_path, study):
    source = write(tmp_path, study)
    assert '<abbr title="no P for pooled predictions">—</abbr>' in source
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


def test_images_are_listed_by_phase_and_reading(tmp_path, study):
    words = Page(write(tmp_path, study)).words
    pairs = [f"{phase} {reading} 12" for phase in PHASES for reading in ("a1", "a2", "b1")]
    places = [words.index(pair) for pair in pairs]
    assert places == sorted(places)


def test_phases_and_outcome_stand_in_the_head(tmp_path, study):
    words = Page(write(tmp_path, study)).words
    assert f"ccRCC against AML.wovf · 100 patients, 62 events · {', '.join(PHASES)}" in words


@pytest.mark.parametrize(
    ("value", "shown"),
    [("0.0019", "0.002"), ("0.00004", "<0.001"), ("0.9999", ">0.999"), ("0.948", "0.948"),
     ("", "—"), ("nan", "—"), ("1", ">0.999"), ("0.0005", "<0.001")],
)  # fmt: skip
def test_p_values_as_journals_print_them(value, shown):
    assert p_value(value)["text"] == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [("0.9786", "0.979"), ("-0.5", "−0.500"), ("-0.0001", "0.000"), ("", "—"), ("inf", "∞")],
)
def test_decimals(value, shown):
    assert decimal(value)["text"] == shown


def test_a_small_coefficient_keeps_its_digits():
    assert coefficient("0.00021")["text"] == "0.00021"
    assert coefficient("-1.98")["text"] == "−1.980"
    assert coefficient("0")["text"] == "0.000"


def test_an_interval_needs_both_ends():
    assert interval({"ci_low": "-0.1", "ci_high": "0.2"})["text"] == "−0.100 to 0.200"
    assert interval({"ci_low": "", "ci_high": "0.2"})["text"] == "—"


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
    rows[0]["coefficient"] = "-1.1352"
    assert formula(rows).startswith("ln(P / (1 − P)) = −1.1352 − 1.9845")


def test_settings_are_flat_and_without_folders_of_this_machine():
    content = {"a": {"b": [1, 2], "c": None, "d": {}}, "e": [{"f": True}], "g": r"C:\data\x.nii"}
    assert flat(content) == [("a.b", "1, 2"), ("a.c", "none"), ("a.d", "none"),
                             ("e.1.f", "yes"), ("g", "…/x.nii")]  # fmt: skip


def test_a_row_of_another_length_than_the_heads_is_an_error():
    with pytest.raises(ValueError, match="zip"):
        table(["one"], [["a", "b"]], "caption")
