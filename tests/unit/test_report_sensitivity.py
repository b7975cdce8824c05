"""Rule report_sensitivity: the variants as a page of their own, texts escaped."""

from types import SimpleNamespace as Job

from report_sensitivity import main

from nomoflow.run import write_rows

COLUMNS = (
    "variant", "changed", "candidates", "features", "selected", "model", "sample", "auc", "ci_low",
    "ci_high",
)  # fmt: skip


def row(variant, changed, model, auc):
    values = (variant, changed, 9, 1, "CT_a", model, "cross_validated", auc, 0.5, 0.9)
    return dict(zip(COLUMNS, values, strict=True))


def test_the_page(tmp_path):
    rows = [
        row(variant, changed, model, auc)
        for variant, changed, auc in (("study", "nothing", 0.812), ("x", "a: <b>", 0.634))
        for model in ("nomogram", "radiomics")
    ]
    write_rows(rows, tmp_path / "sensitivity.csv", COLUMNS)
    given = Job(
        study="mine",
        outcome={"positive": "yes", "negative": "no"},
        phases=["CT"],
        confidence=0.9,
    )
    output = Job(page=tmp_path / "page.html")
    job = Job(input=Job(sensitivity=tmp_path / "sensitivity.csv"), output=output, params=given)
    main(job)
    page = output.page.read_text(encoding="utf-8")
    assert "0.812" in page and "0.634" in page and "90 % CI" in page
    assert "a: &lt;b&gt;" in page and "<b>" not in page
    assert 'id="sensitivity"' in page and 'id="summary"' not in page
