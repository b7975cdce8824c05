import re
from pathlib import Path

import pool_centres
import pytest
from jobs import job
from report_page import Page, section
from spoken_texts import english_on
from synthetic_centres import summary
from synthetic_model import locked
from write_centres import main

from nomoflow.report_centres import caveats
from nomoflow.run import read_rows, write_json

HOSTILE = "<script>alert('x')</script>\"&{{ 7 * 7 }}"
DOCUMENT = locked().document


def write(folder, names=("B", "C", "D"), tiny=(), figures=True, language="en"):
    """The page of centres of some names; those of ``tiny`` are too small to share anything."""
    write_json(DOCUMENT, folder / "model.json")
    paths = []
    for i, name in enumerate((*names, *tiny)):
        n = 9 if name in tiny else 70 + 20 * i
        paths.append(folder / f"{i}.json")
        write_json(summary(name, n, i + 1, digest=DOCUMENT["digest"]), paths[-1])
    out = {name: str(folder / f"{name}.csv") for name in ("pooled", "centres", "dca")}
    inputs = {"model": folder / "model.json", "summaries": paths}
    pool_centres.main(job(inputs, out, {"confidence": 0.95}))
    for name in ("forest", "centres_dca"):
        place = folder / f"figures/{name}.svg"
        place.parent.mkdir(exist_ok=True)
        place.write_text('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 5"/>', "utf-8")
    given = {"model": str(folder / "model.json"), "pooled": out["pooled"]}
    given |= {"centres": out["centres"]}
    drawn = [str(folder / f"figures/{name}.svg") for name in ("forest", "centres_dca")]
    given["figures"] = drawn if figures else []
    page = folder / "report/centres.html"
    main(job(given, {"report": str(page)}, {"confidence": 0.95, "language": language}))
    return page.read_text(encoding="utf-8")


def test_sections_figures_and_figures_captions(tmp_path):
    source = write(tmp_path)
    page = Page(source)
    assert [attributes["id"] for attributes in page.all("section")] == [
        "summary", "forest", "pooled", "centres", "decisions", "settings",
    ]  # fmt: skip
    pictures = page.all("img")
    assert [p["src"] for p in pictures] == ["../figures/forest.svg", "../figures/centres_dca.svg"]
    assert all(p["alt"] for p in pictures)
    assert "mine: centres ccRCC against AML.wovf · 3 centres" in page.words
    assert "Forest plots" in page.words and "the diamond is the random-effects mean" in page.words
    assert DOCUMENT["digest"] in section(source, "settings")


def test_pooled_figures_are_those_of_the_table(tmp_path):
    words = section(write(tmp_path), "pooled")
    rows = [r for r in read_rows(tmp_path / "pooled.csv") if r["model"] == "nomogram"]
    for row in rows:
        estimate = f"{float(row['estimate']):.3f}".replace("-", "−")
        assert estimate in words and f"{float(row['weight']):.1f}" in words
    pooled = next(r for r in rows if r["metric"] == "auc" and r["centre"] == "(pooled)")
    low, high = (f"{float(pooled[f'prediction_{end}']):.3f}" for end in ("low", "high"))
    assert f"Radiomics nomogram AUC {low}–{high}" in words
    patients = sum(int(float(r["n"])) for r in rows if r["metric"] == "auc") // 2
    assert f"AUC Pooled {patients} " in words
    assert "Radiomics signature: each centre and the pooled figure" in words


@pytest.mark.parametrize(
    ("names", "said", "unsaid"),
    [
        (("B",), "Fewer than two centres share the AUC: nothing is pooled", "are pooled"),
        (("B", "C"), "a prediction interval is not defined below three", "Fewer than two"),
        (("B", "C", "D"), "3 centres are pooled: the variance between them is known poorly", "not"
         " defined below"),
        (tuple("BCDEF"), "5 centres judged it", "are pooled"),
    ],
)  # fmt: skip
def test_caveats_by_number_of_centres(tmp_path, names, said, unsaid):
    words = section(write(tmp_path, names), "summary")
    assert said in words and unsaid not in words
    if len(names) == 2:
        assert '<abbr title="not defined below three centres">—</abbr>' in (
            (tmp_path / "report/centres.html").read_text(encoding="utf-8")
        )


def test_unlike_centres_are_told(tmp_path):
    write(tmp_path)
    rows = read_rows(tmp_path / "pooled.csv")
    study = {"pooled": [row | {"i2": "20"} for row in rows], "centres": []}
    assert not any("more than chance" in said for said in caveats(study, "nomogram"))
    study["pooled"] = [row | {"i2": "88" if row["metric"] == "oe" else "3"} for row in rows]
    (said,) = [said for said in caveats(study, "nomogram") if "more than chance" in said]
    assert "in Observed : expected (I²" in said


def test_a_centre_that_shares_nothing_is_named_with_its_reason(tmp_path):
    source = write(tmp_path, ("B", "C"), tiny=("small",))
    assert "Not all is shared by small" in section(source, "summary")
    words = section(source, "centres")
    assert "small fewer than 5 patients with, or without, the outcome" in words
    assert "2 centres are pooled" not in section(source, "summary")
    assert "Two centres are pooled" in section(source, "summary")


def test_looks_are_told(tmp_path):
    source = write(tmp_path)  # each centre's ledger tells of two
    assert "is counted by B (2), C (2), D (2)" in section(source, "summary")


def test_nothing_is_shared_at_all(tmp_path):
    words = Page(write(tmp_path, (), tiny=("small",))).words
    assert "No centre shares a figure of a main model" in words
    assert "No centre shares a figure that could be pooled" in words


def test_without_figures_it_says_so(tmp_path):
    words = Page(write(tmp_path, figures=False)).words
    assert "Figure forest was not drawn" in words and "Figure centres_dca was not drawn" in words


def test_hostile_names_stay_text(tmp_path):
    source = write(tmp_path, (f"B{HOSTILE}", "C"))
    assert "script" not in Page(source).tags and source.count("&lt;script&gt;") > 8
    assert "{{ 7 * 7 }}" in Page(source).words and "49&#34;" not in source


def test_same_bytes_and_nothing_from_elsewhere(tmp_path):
    first = write(tmp_path)
    assert write(tmp_path) == first
    assert str(Path(tmp_path)) not in first
    assert not re.search(r"https?://|@import|url\(", first)
    assert not re.search(r">\s*(nan|NaN|None)\s*<", first)


def test_in_chinese(tmp_path):
    source = write(tmp_path, ("B", "C"), tiny=("small",), language="zh")
    assert english_on(source, own=("early", "late")) == set()
    assert "合并了两个中心" in source and "mine：各中心" in source
