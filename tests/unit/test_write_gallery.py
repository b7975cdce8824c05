"""Rule write_gallery: which cards there are, what they say, and that words stay words."""

import html
import re

from jobs import job
from spoken_texts import english_on
from write_gallery import main

from nomoflow.exclusions import COLUMNS as FAILURES
from nomoflow.gallery import cards
from nomoflow.image_problems import PROBLEM_COLUMNS
from nomoflow.image_quality import QUALITY_COLUMNS
from nomoflow.mask_distances import DICE_COLUMNS
from nomoflow.run import write_rows

HOSTILE = "</script><img src=x onerror=alert(1)>&\"'"


def row(columns, **values):
    return dict.fromkeys(columns, "") | values


def study(tmp_path, mark=""):
    """Tables of three patients: one whole, one without a picture, one that failed the preflight."""
    folder = tmp_path / "results/x/images/overlays/0002"
    pictures = [
        {"patient": "患者#1", "phase": "MR", "picture": "患者#1_MR.jpg", "reason": ""},
        {"patient": "患者#1", "phase": "CT", "picture": "患者#1_CT.jpg", "reason": ""},
        {"patient": "P2", "phase": "CT", "picture": "", "reason": "not resampled"},
    ]
    folder.mkdir(parents=True)
    write_rows(pictures, folder / "pictures.csv", ("patient", "phase", "picture", "reason"))
    one = {"patient": "患者#1", "phase": "CT"}
    tables = {
        "quality": (QUALITY_COLUMNS, [
            row(QUALITY_COLUMNS, **one, reading="a1", volume_mm3="2000", volume_after_mm3="2100"),
            row(QUALITY_COLUMNS, **one, reading="b1", volume_mm3="1", volume_after_mm3="9"),
        ]),
        "dice": (DICE_COLUMNS, [
            row(DICE_COLUMNS, **one, reading_a="a1", reading_b="b1", dice="0.81234",
                hausdorff95_mm="2.5"),
            row(DICE_COLUMNS, **one, reading_a="a1", reading_b="a2", reason="the mask is empty"),
        ]),
        "failures": (FAILURES, [
            row(FAILURES, patient="P2", phase="CT", reading="a1", reason="the disk is full" + mark),
        ]),
        "preflight": (PROBLEM_COLUMNS, [
            row(PROBLEM_COLUMNS, **one, reading="a1", kind="holes", severity="warning",
                problem="the region has holes" + mark, found="3 holes"),
            row(PROBLEM_COLUMNS, patient="P3", phase="CT", reading="a1", severity="problem",
                problem="the mask is empty"),
        ]),
    }  # fmt: skip
    paths = {"pictures": [folder]}
    for name, (columns, rows) in tables.items():
        paths[name] = tmp_path / f"{name}.csv"
        write_rows(rows, paths[name], columns)
    return paths, {name: rows for name, (_, rows) in tables.items()}, pictures


def test_a_card_a_patient_and_phase(tmp_path):
    _, tables, pictures = study(tmp_path)
    pictures = [{**one, "folder": "../there"} for one in pictures]
    found = cards(pictures, *(tables[n] for n in ("quality", "dice", "failures", "preflight")),
                  ["CT", "MR"])  # fmt: skip
    keys = [(card["patient"], card["phase"]) for card in found]
    assert keys == [("P2", "CT"), ("P3", "CT"), ("患者#1", "CT"), ("患者#1", "MR")]
    failed, refused, whole, bare = found
    assert failed["reason"] == "the disk is full" and failed["href"] == ""
    assert refused["reason"] == "the mask is empty" and refused["remarks"]
    assert whole["href"] == "../there/%E6%82%A3%E8%80%85%231_CT.jpg"
    assert whole["pairs"] == [
        "a1 and b1: Dice 0.812, 95 % Hausdorff 2.50 mm", "a1 and a2: the mask is empty",
    ]  # fmt: skip
    assert whole["lowest"] == 0.81234 and round(whole["change"], 9) == 5
    assert whole["remarks"] == ["a1: the region has holes (3 holes)"]
    assert bare["lowest"] is bare["change"] is None and bare["remarks"] == []


def test_a_problem_of_the_patient_is_told_with_each_phase():
    pictures = [
        {"patient": "P1", "phase": phase, "picture": "x.jpg", "reason": "", "folder": "f"}
        for phase in ("CT", "MR")
    ]
    told = row(PROBLEM_COLUMNS, patient="P1", severity="warning", problem="phases lie apart")
    found = cards(pictures, [], [], [], [told], ["CT", "MR"])
    assert [card["remarks"] for card in found] == [["phases lie apart"]] * 2


def write(tmp_path, mark="", language="en"):
    paths, _, _ = study(tmp_path, mark)
    page = tmp_path / "results/x/report/gallery.html"
    params = {"study": "x" + mark, "phases": ["CT", "MR"], "language": language}
    main(job(paths, {"page": page}, params))
    return page.read_text(encoding="utf-8"), page


def test_pictures_are_linked_from_the_page(tmp_path):
    text, page = write(tmp_path)
    links = re.findall(r'(?:src|href)="([^"]+)"', text)
    assert sorted(set(links)) == [
        "../images/overlays/0002/%E6%82%A3%E8%80%85%231_CT.jpg",
        "../images/overlays/0002/%E6%82%A3%E8%80%85%231_MR.jpg",
    ]
    folder = (page.parent / links[0]).resolve().parent
    assert folder == (tmp_path / "results/x/images/overlays/0002").resolve()
    assert "http:" not in text and "https:" not in text
    assert write(tmp_path / "again")[0] == text


def test_hostile_words_stay_words(tmp_path):
    text, _ = write(tmp_path, HOSTILE)
    assert HOSTILE not in text
    assert html.unescape(text).count(HOSTILE) == 5  # title, heading, two reasons, a remark
    assert text.count("<img") == 2 and text.count("</script>") == 1


def test_in_chinese_a_problem_is_told_by_its_kind(tmp_path):
    text, _ = write(tmp_path, language="zh")
    # What a failed case said is in the run's own words; there a kind is not known.
    assert english_on(text, own=("the disk is full", "the mask is empty")) == set()
    assert "a1：掩膜有空洞（3 holes）" in text and 'lang="zh"' in text
    assert 'data-words="显示 {shown} / {all} 张图片"' in text
