"""Rule report_sensitivity: the variants as a page of their own, texts escaped."""

from types import SimpleNamespace as Job

from report_sensitivity import main
from spoken_texts import english_on

from nomoflow.run import write_rows

COLUMNS = (
    "variant", "changed", "candidates", "features", "selected", "model", "sample", "auc", "ci_low",
    "ci_high",
)  # fmt: skip


def row(variant, changed, model, auc):
    values = (variant, changed, 9, 1, "CT_a", model, "cross_validated", auc, 0.5, 0.9)
    return dict(zip(COLUMNS, values, strict=True))


def write(folder, language="en", changed="a: <b>"):
    rows = [
        row(variant, words, model, auc)
        for variant, words, auc in (("study", "", 0.812), ("x", changed, 0.634))
        for model in ("nomogram", "radiomics")
    ]
    write_rows(rows, folder / "sensitivity.csv", COLUMNS)
    given = Job(
        study="mine",
        outcome={"positive": "yes", "negative": "no"},
        phases=["CT"],
        confidence=0.9,
        language=language,
    )
    output = Job(page=folder / "page.html")
    main(Job(input=Job(sensitivity=folder / "sensitivity.csv"), output=output, params=given))
    return output.page.read_text(encoding="utf-8")


def test_the_page(tmp_path):
    page = write(tmp_path)
    assert "0.812" in page and "0.634" in page and "90 % CI" in page
    assert "a: &lt;b&gt;" in page and "<b>" not in page
    assert 'id="sensitivity"' in page and 'id="summary"' not in page


def test_in_chinese(tmp_path):
    page = write(tmp_path, language="zh", changed="phases without CT")
    assert english_on(page) == set()
    assert "去除 CT 期" in page and "敏感性分析" in page and "影像组学列线图" in page
