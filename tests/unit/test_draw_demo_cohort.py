"""The simulated cohort's tables: the published proportions, the flow, the same rows each time."""

import importlib.util
import math
from collections import Counter
from pathlib import Path

import pytest

from nomoflow.run import read_rows
from nomoflow.simulation import (
    PARTICIPANT_COLUMNS,
    PHASES,
    SCAN_COLUMNS,
    SIGNS,
    draw_cohort,
)

ROOT = Path(__file__).resolve().parents[2]
REASONS = {"too_large": 3, "artefact": 2, "treated": 1, "visible_fat": 2, "incomplete": 2}
COMMANDS = {
    "demo": "--cohort demo --positive 41 --negative 19 --reread 12 --seed 1",
    "ci": "--cohort ci --prefix C --positive 8 --negative 8 --reread 8 --seed 1 --largest-mm 18 "
    "--too-large 1 --artefact 0 --treated 0 --visible-fat 1 --incomplete 1",
    "centre_b": "--cohort centre_b --prefix B --positive 20 --negative 20 --seed 1 "
    "--too-large 1 --artefact 1 --treated 0 --visible-fat 1 --incomplete 1",
    "centre_c": "--cohort centre_c --prefix C --positive 30 --negative 10 --seed 2 --older 8 "
    "--too-large 1 --artefact 1 --treated 0 --visible-fat 1 --incomplete 1",
    "ci_b": "--cohort ci_b --prefix E --positive 6 --negative 6 --seed 1 --largest-mm 18 "
    "--too-large 1 --artefact 0 --treated 0 --visible-fat 0 --incomplete 0",
}

# Miao 2023, Table 1: share of ccRCC (of 102) and of AML.wovf (of 47).
PUBLISHED = {
    "hyperdense": (37 / 102, 45 / 47),
    "pseudocapsule": (55 / 102, 6 / 47),
    "angular_interface": (47 / 102, 35 / 47),
    "overflowing_beer": (20 / 102, 26 / 47),
}
CLASSES = ("ccRCC", "AML.wovf")


@pytest.fixture(scope="module")
def program():
    spec = importlib.util.spec_from_file_location("draw", ROOT / "tools/draw_demo_cohort.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def large():
    """4000 patients of each class, none of them excluded."""
    return draw_cohort("large", 4000, 4000, 0, seed=7)[0]


def of(rows, diagnosis):
    return [row for row in rows if row["diagnosis"] == diagnosis]


def share(rows, column, value="yes"):
    return sum(row[column] == value for row in rows) / len(rows)


def admitted(rows, scans, largest=40):
    """Patients that the study's criteria leave, worked out from the two tables alone."""
    phases = Counter(scan["patient"] for scan in scans if scan["reading"] == "a1")
    return [
        row
        for row in rows
        if float(row["diameter_mm"]) <= largest
        and "yes" not in (row["artefact"], row["prior_treatment"], row["visible_fat"])
        and phases[row["patient"]] == len(PHASES)
    ]


def mean_sd(values):
    mean = sum(values) / len(values)
    return mean, math.sqrt(sum((v - mean) ** 2 for v in values) / (len(values) - 1))


def kappa(pairs):
    """Cohen's kappa from its definition."""
    n = len(pairs)
    agreed = sum(a == b for a, b in pairs) / n
    p, q = (sum(pair[i] == "yes" for pair in pairs) / n for i in (0, 1))
    by_chance = p * q + (1 - p) * (1 - q)
    return (agreed - by_chance) / (1 - by_chance)


@pytest.mark.parametrize("sign", SIGNS)
def test_each_reader_finds_signs_about_as_often_as_published(large, sign):
    for diagnosis, expected in zip(CLASSES, PUBLISHED[sign], strict=True):
        rows = of(large, diagnosis)
        assert share(rows, sign) == pytest.approx(expected, abs=0.001)
        for reader in ("_a", "_b"):
            # A reader's slips pull a share towards a half, by at most the rate of slips.
            assert share(rows, sign + reader) == pytest.approx(expected, abs=0.09)


def test_sex_age_and_symptoms_follow_the_published_table(large):
    # Miao 2023: 72/102 and 21/47 men; 56.16 +- 12.45 and 49.64 +- 9.89 years; 6, 2, 141 of 149.
    for diagnosis, men, age in zip(
        CLASSES, (72 / 102, 21 / 47), ((56.16, 12.45), (49.64, 9.89)), strict=True
    ):
        rows = of(large, diagnosis)
        assert share(rows, "sex", "male") == pytest.approx(men, abs=0.001)
        mean, sd = mean_sd([row["age"] for row in rows])
        assert mean == pytest.approx(age[0], abs=4 * age[1] / math.sqrt(4000))
        assert sd == pytest.approx(age[1], abs=4 * age[1] / math.sqrt(2 * 4000))
    for symptom, expected in (
        ("flank pain", 6 / 149),
        ("haematuria", 2 / 149),
        ("none", 141 / 149),
    ):
        error = math.sqrt(expected * (1 - expected) / len(large))
        assert share(large, "symptoms", symptom) == pytest.approx(expected, abs=4 * error)


def test_an_older_cohort_is_older_by_as_much_and_else_the_same(large):
    older = draw_cohort("large", 4000, 4000, 0, seed=7, older=8.0)[0]
    for diagnosis, (mean, sd) in zip(CLASSES, ((56.16, 12.45), (49.64, 9.89)), strict=True):
        ages = [row["age"] for row in of(older, diagnosis)]
        assert mean_sd(ages) == pytest.approx((mean + 8, sd), abs=4 * sd / math.sqrt(4000))
        for sign in SIGNS:
            shares = [share(of(rows, diagnosis), sign) for rows in (large, older)]
            assert shares[0] == shares[1]
    assert {row["age"] for row in older} <= set(range(28, 86))


def test_ages_and_diameters_keep_to_their_range(large):
    assert {row["age"] for row in large} <= set(range(28, 86))
    sizes = [float(row["diameter_mm"]) for row in large]
    assert min(sizes) >= 12 and max(sizes) <= 40
    assert sum(sizes) / len(sizes) == pytest.approx(24, abs=0.4)


@pytest.mark.parametrize("sign", SIGNS)
def test_readers_differ_at_a_realistic_rate_and_consensus_is_one_of_theirs(sign):
    rows = draw_cohort("published", 1020, 470, 0, seed=3)[0]
    assert 0.65 < kappa([(row[f"{sign}_a"], row[f"{sign}_b"]) for row in rows]) < 0.90
    assert all(row[sign] in (row[f"{sign}_a"], row[f"{sign}_b"]) for row in rows)


def test_every_reason_to_exclude_holds_for_its_patients_alone():
    rows, scans = draw_cohort("demo", 41, 19, 12, seed=5, excluded=REASONS)
    assert len(rows) == 70
    assert sum(float(row["diameter_mm"]) > 40 for row in rows) == 3
    for column, number in (("artefact", 2), ("prior_treatment", 1), ("visible_fat", 2)):
        assert sum(row[column] == "yes" for row in rows) == number
    assert all(row["diagnosis"] == "AML.wovf" for row in rows if row["visible_fat"] == "yes")
    phases = Counter(scan["patient"] for scan in scans if scan["reading"] == "a1")
    assert sorted(phases.values()) == [2, 2] + [3] * 68
    left = admitted(rows, scans)
    assert (len(of(left, "ccRCC")), len(of(left, "AML.wovf"))) == (41, 19)


@pytest.mark.parametrize(
    ("positive", "negative", "reread", "expected"),
    [
        (41, 19, 12, (8, 4)),
        (8, 8, 8, (4, 4)),
        (50, 2, 2, (1, 1)),
        (3, 2, 5, (3, 2)),
        (6, 0, 3, (3, 0)),
    ],
)
def test_reread_patients_are_admitted_ones_of_both_classes(positive, negative, reread, expected):
    rows, scans = draw_cohort("x", positive, negative, reread, seed=2, excluded=REASONS)
    readings = {}
    for scan in scans:
        readings.setdefault((scan["patient"], scan["phase"]), []).append(scan["reading"])
    again = {patient for (patient, _), names in readings.items() if names != ["a1"]}
    assert all(names == ["a1", "b1", "a2"] for (p, _), names in readings.items() if p in again)
    chosen = [row for row in admitted(rows, scans) if row["patient"] in again]
    assert tuple(len(of(chosen, diagnosis)) for diagnosis in CLASSES) == expected
    assert len(chosen) == len(again)


def test_every_scan_has_its_phase_image_and_a_mask_of_its_own():
    _, scans = draw_cohort("demo", 10, 10, 4, seed=1)
    for scan in scans:
        folder = f"simulated/demo/{scan['patient']}/{scan['phase']}"
        assert scan["image"] == f"{folder}.nii.gz"
        assert scan["mask"] == f"{folder}_{scan['reading']}.nii.gz"
    assert len({scan["mask"] for scan in scans}) == len(scans) == (20 + 4 * 2) * 3


def test_no_sign_separates_a_small_cohort_by_chance():
    for seed in range(20):
        rows = draw_cohort("ci", 8, 8, 0, seed=seed)[0]
        for column in (*SIGNS, "sex"):
            for diagnosis in CLASSES:
                assert len({row[column] for row in of(rows, diagnosis)}) == 2


@pytest.mark.parametrize("cohort", sorted(COMMANDS))
def test_the_committed_tables_are_what_the_program_draws(program, tmp_path, cohort):
    assert program.main([*COMMANDS[cohort].split(), str(tmp_path)]) == 0
    for name in ("participants.csv", "scans.csv"):
        assert (tmp_path / name).read_bytes() == (ROOT / "config" / cohort / name).read_bytes()


def test_another_seed_draws_others(program, tmp_path):
    for seed in "12":
        words = f"--cohort demo --positive 5 --negative 5 --seed {seed} {tmp_path / seed}"
        assert program.main(words.split()) == 0
    first, second = (read_rows(tmp_path / seed / "participants.csv") for seed in "12")
    assert first != second
    assert tuple(first[0]) == PARTICIPANT_COLUMNS
    assert tuple(read_rows(tmp_path / "1" / "scans.csv")[0]) == SCAN_COLUMNS


def test_tables_that_are_there_are_kept_unless_forced(program, tmp_path, capsys):
    words = ["--cohort", "x", "--positive", "3", "--negative", "3", "--seed", "1", str(tmp_path)]
    (tmp_path / "scans.csv").write_text("mine\n")
    assert program.main(words) == 2
    assert "--force" in capsys.readouterr().err
    assert (tmp_path / "scans.csv").read_text(encoding="utf-8") == "mine\n"
    assert not (tmp_path / "participants.csv").exists()
    assert program.main([*words, "--force"]) == 0
    assert len(read_rows(tmp_path / "participants.csv")) == 16


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"positive": -1}, "positive"),
        ({"positive": 0, "negative": 0}, "positive and negative"),
        ({"reread": 9}, "reread"),
        ({"largest_mm": 12}, "largest_mm"),
        ({"largest_mm": 41}, "largest_mm"),
        ({"older": 20.0}, "older"),
        ({"excluded": {"tired": 1}}, "tired"),
        ({"cohort": "a/b"}, "slash"),
    ],
)
def test_numbers_that_cannot_be_met_are_named(changed, named):
    wanted = {"cohort": "x", "positive": 4, "negative": 4, "reread": 2, "seed": 1} | changed
    with pytest.raises(ValueError, match=named):
        draw_cohort(**wanted)
