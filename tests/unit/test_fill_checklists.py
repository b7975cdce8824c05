"""Rule fill_checklists: four tables and a page whose evidence opens."""

import html
import re
from pathlib import Path
from urllib.parse import unquote

import pytest
from fill_checklists import main
from jobs import job
from spoken_texts import english_on
from synthetic_results import PHASES, SIGNATURES, config, statements, write_results

from nomoflow.run import read_json, read_rows

NAMES = ("clear", "metrics", "tripod_ai", "ibsi")
HOSTILE = "<img src=x onerror=alert(1)> & {{ 7 * 7 }}; a text long enough"


@pytest.fixture
def filled(tmp_path):
    """Fill the lists of a made-up study; gives its report's folder."""

    def fill(texts=None, without=(), **changes):
        inputs = write_results(tmp_path)
        for name in without:
            del inputs[name]
        report = tmp_path / "results/made/report"
        outputs = {f"checklist_{name}": str(report / f"checklist_{name}.csv") for name in NAMES}
        outputs |= {"page": str(report / "checklists.html"),
                    "statements": str(report / "statements.csv"),
                    "summary": str(report / "checklists.json")}  # fmt: skip
        params = {
            "study": "made", "config": config(**changes), "statements": texts or {},
            "phases": PHASES, "signatures": SIGNATURES,
        }  # fmt: skip
        main(job(inputs, outputs, params))
        return report

    return fill


def rows(report, name):
    return {row["item"]: row for row in read_rows(report / f"checklist_{name}.csv")}


def test_all_items_are_there_and_features_end_ibsi(filled):
    report = filled()
    assert [len(rows(report, name)) for name in NAMES[:3]] == [58, 30, 52]
    features = [row for row in rows(report, "ibsi").values() if row["item"].startswith("f")]
    assert [(row["topic"], row["status"]) for row in features] == [
        ("early_original_glcm_Contrast", "pass"),
        ("late_original_firstorder_Kurtosis", "fail"),
        ("late_wavelet-LLL_glcm_Contrast", "not evidenced"),
        ("early_original_shape_Maximum2DDiameterRow", "not evidenced"),
    ]


@pytest.mark.parametrize("texts", [{}, statements()], ids=["without texts", "with texts"])
def test_what_is_filled_has_a_value_and_evidence_that_opens(filled, texts):
    report = filled(texts)
    decided = 0
    for name in NAMES:
        for row in rows(report, name).values():
            for path in filter(None, row["evidence"].split("; ")):
                assert (report / path).exists(), row
            if row["status"] in ("pass", "fail"):
                assert row["value"], row
                assert row["evidence"], row
                decided += 1
            else:
                assert row["note"] or row["value"], row
    told = read_json(report / "checklists.json")
    assert sum(told[name]["filled"] for name in NAMES) == decided


def test_with_texts_the_lists_reach_what_is_promised(filled):
    told = read_json(filled(statements()) / "checklists.json")
    assert told["clear"]["filled"] >= 38
    assert told["metrics"]["weight_filled"] >= 0.66
    assert told["tripod_ai"]["main_items_filled"] >= 11


def test_without_texts_their_items_are_the_authors_and_say_what_to_write(filled):
    report = filled()
    clear, told = rows(report, "clear"), read_json(report / "checklists.json")
    assert clear["10"]["status"] == "for the authors"
    assert "retrospective or prospective" in clear["10"]["note"]
    # the criteria are there, where the patients were found is not
    assert clear["11"]["status"] == "for the authors"
    assert "15 patients in the table, 12 analysed" in clear["11"]["value"]
    assert told["tripod_ai"]["main_items_filled"] >= 11  # from the run alone
    assert rows(filled(statements()), "clear")["11"]["status"] == "pass"


def test_a_text_is_shown_and_left_to_the_reader_to_judge(filled):
    row = rows(filled({"design": "A prospective diagnostic study"}), "clear")["10"]
    assert (row["status"], row["value"]) == ("pass", "A prospective diagnostic study")
    assert row["note"] == "the authors' text; what it says is for the reader to judge"
    assert row["evidence"] == "statements.csv"


def test_a_later_list_reads_how_far_the_earlier_are_filled(filled):
    alone, stated = rows(filled(), "clear")["7"], rows(filled(statements()), "clear")["7"]
    assert (alone["status"], stated["status"]) == ("fail", "pass")
    assert "checklist_tripod_ai" in alone["note"]


def test_conditions_take_items_out_of_the_score(filled):
    metrics = rows(filled({**statements(), "segmentation_kind": "automatic"}), "metrics")
    assert metrics["9"]["status"] == "pass"
    metrics = rows(filled(statements()), "metrics")
    assert (metrics["9"]["status"], metrics["17"]["status"]) == ("not applicable",) * 2
    assert metrics["9"]["note"] == "condition not met: the segmentation is fully automated"
    metrics = rows(filled(), "metrics")
    assert metrics["9"]["status"] == "for the authors"


def test_a_study_from_a_table_says_what_it_does_not_have(filled):
    report = filled(statements(), without=("quality", "acquisition", "dice", "engine"))
    clear = rows(report, "clear")
    assert (clear["22"]["status"], clear["22"]["note"]) == (
        "not evidenced", "this study has no engine, quality"
    )  # fmt: skip
    assert clear["19"]["status"] == "pass"  # the authors' text stands alone
    assert clear["16"]["status"] == "pass"
    ibsi = rows(report, "ibsi")
    assert ibsi["f1"]["status"] == "not evidenced"


def test_every_link_of_the_page_opens_and_texts_stay_texts(filled):
    report = filled({**statements(), "design": HOSTILE})
    page = (report / "checklists.html").read_text(encoding="utf-8")
    links = [html.unescape(link) for link in re.findall(r'href="([^"]+)"', page)]
    local = [link for link in links if not link.startswith(("#", "https://doi.org/"))]
    assert len(set(local)) > 20
    for link in local:
        assert (report / unquote(link)).exists(), link
    for link in links:
        if link.startswith("#"):
            assert f'id="{link[1:]}"' in page
    assert "<img src=x" not in page
    assert "{{ 7 * 7 }}" in page
    assert "49;" not in page
    for name in NAMES:
        for row in rows(report, name).values():
            assert row["topic"] in html.unescape(page)


def test_the_same_study_gives_the_same_bytes(filled):
    def content():
        report = filled(statements())
        return {path.name: path.read_bytes() for path in Path(report).glob("*check*")}

    first = content()
    assert len(first) == 6
    assert content() == first


def test_in_chinese_the_frame_is_translated_and_it_is_said_that_items_are_not(filled):
    page = (filled(report={"language": "zh"}) / "checklists.html").read_text(encoding="utf-8")
    assert english_on(page, sections=NAMES) == set()
    assert "条目与读取的数值保留英文" in page and "由作者填写" in page
