"""What counts as a patient's name, number or date in a text, and what does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nomoflow.identity import (
    IDENTITY_COLUMNS,
    KEY_IS_NAME,
    KEY_IS_NUMBER,
    Finder,
    Value,
    complaint,
    dates_of,
    of_file,
    plain,
    words_of,
)

UID = "1.3.6.1.4.1.14519.5.2.1.5168.1900.6952"


def finder(*values, keys=("P1", "P2"), own=""):
    """A finder of (kind, text) of patient P1."""
    made = [Value(kind.title(), "P1", kind, text) for kind, text in values]
    return Finder(made, keys, words_of([own]))


def is_found(kind, value, text, **more):
    return bool(finder((kind, value), **more).found(text))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("Doe^Jane", "seen by Doe in May"),
        ("Doe^Jane", "DOE, JANE"),
        ("Doe^Jane", "jane_doe.csv"),
        ("Doe^Jane", "JaneDoe"),
        ("Doe^Jane", "x,Doe01,y"),
        ("Doe^Jane^Marie^Dr", "Marie's scan"),
        ("DOE JANE", "Jane"),
        ("Doe, Jane", "a jane b"),
        ("Müller^Jörg", "Muller"),
        ("Müller^Jörg", "MUELLER"),
        ("Müller^Jörg", "joerg"),
        ("O'Brien^Una", "o'brien"),
        ("O'Brien^Una", "OBrien"),
        ("Meyer-Lansky^Ida", "lansky"),
        ("Łukasz^Nowak", "lukasz"),
        ("Wang^XiaoDong=王^小东", "患者王小东的图像"),
        ("Wang^XiaoDong=王^小东", "王 小东"),
        ("Wang^XiaoDong=王^小东", "xiaodong"),
        ("Hong^Gildong=洪^吉洞=홍^길동", "이름: 홍길동"),
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", "山田太郎"),
        ("Cox^Max", "Max Cox"),
        ("Cox^Max", "cox, max"),
        ("Li^Na", "LiNa"),
        ("Li^Na", "na li"),
        ("Doe Jane 2", "doe"),
    ],
)
def test_names(value, text):
    assert is_found("name", value, text, own="Cox regression max")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("Doe^Jane", "the dose of janet, undoer"),  # within longer words
        ("Cox^Max", "Cox regression; the max of all"),  # the program's own words
        ("Van der Berg^Jo", "van and der"),
        ("Li^Na", "li or na: too short alone"),
        ("Li^Na", "lipid NaN"),
        ("ANON", "ANON"),
        ("Anonymous^Patient", "an anonymous patient"),
        ("ANON^0012", "anon 0012"),
        ("Abe^Dee", "sha256 3abe12dee9f00712, abe12f0000"),
        ("王^小明", "小東"),
        ("Doe^Jane^^Prof^MD", "Prof. MD"),
    ],
)
def test_words_that_are_no_name(value, text):
    assert not is_found("name", value, text, own="Cox regression max")


def test_part_that_is_a_word_of_the_program_hides_no_other_part():
    assert is_found("name", "Max^Mustermann", "mustermann", own="max")


@pytest.mark.parametrize(
    "text",
    [
        "19500131", "1950-01-31", "31.01.1950", "01/31/1950", "31/1/1950", "1950/01/31", "31.01.50",
        "01/31/50", "31011950", "01311950", "31 January 1950", "31. Januar 1950", "31-Jan-1950",
        "January 31, 1950", "Jan 31st 1950", "1950年1月31日", "31 janvier 1950", "1950-01-31T10:00",
        "x_19500131_y", "born 1950.01.31.", "1950-1-31",
    ],
)  # fmt: skip
def test_birth_dates(text):
    assert is_found("date", "19500131", text)
    assert is_found("date", "1950.01.31", text)


@pytest.mark.parametrize(
    "text",
    ["0.19500131", "1950", "19500131.5", "119500131", "3.31.01.501", "1950-02-31", "31.01.1951"],
)
def test_numbers_that_are_no_birth_date(text):
    assert not is_found("date", "19500131", text)


@pytest.mark.parametrize("value", ["19000101", "00010101", "", "1950", "19501345"])
def test_dates_that_are_unknown(value):
    assert not is_found("date", value, "19000101 1900-01-01 1950 00010101 19501345")


@given(st.dates(min_value=__import__("datetime").date(1901, 1, 1)))
def test_any_date_is_found_as_it_was_written(day):
    for form in ("%Y%m%d", "%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%d %B %Y", "%B %d, %Y"):
        assert f"{day:%Y%m%d}" in set(dates_of(plain(f"on {day.strftime(form)}, at noon")))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("ID4711", "id4711"),
        ("ACC-99/12", "acc_99_12"),
        ("ACC-99/12", "ACC 99/12"),
        ("12345678", "a,12345678,b"),
        ("0012345", "0012345"),
        ("4711", "P1,4711,b"),
        ("4711", "a\nb 4711 of P1\nc"),
        ("CT-2024", "P1: ct 2024"),
    ],
)
def test_numbers(value, text):
    assert is_found("number", value, text, own="ct 2024")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("ID4711", "id47110"),
        ("12345678", "0.12345678 and 12345678.9"),
        ("4711", "4711"),  # as many voxels
        ("4711", "P2,4711\nP1,4712"),
        ("4711", "P1,0.4711"),
        ("471", "P1,471"),
        ("0000", "P1,0000"),
        ("9999999999", "9999999999"),
        ("CT-2024", "ct 2024"),
        ("A-1", "P1 A-1"),
        ("NONE", "P1 none"),
    ],
)
def test_numbers_that_are_chance(value, text):
    assert not is_found("number", value, text, own="ct 2024")


def test_short_number_in_a_name_of_a_file():
    short = finder(("number", "4711"), ("number", "47112"))
    assert short.found_in_name("results/a/47112_late.png")
    assert short.found_in_name("results/a/4711-x.png")
    assert not short.found_in_name("results/a/4711.csv")  # a batch
    assert not short.found_in_name("results/4711/x.csv")
    assert finder(("name", "Doe^Jane")).found_in_name("results/Doe/x.csv")


def test_uids():
    assert is_found("uid", UID, f"series {UID}.dcm")
    assert is_found("uid", UID, f'"{UID}"')
    assert not is_found("uid", UID, f"{UID}3 {UID}.3")
    assert not is_found("uid", "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.2")


def test_phrases():
    for text in ("ST. ELSEWHERE CLINIC", "st elsewhere - clinic"):
        assert is_found("phrase", "St. Elsewhere Clinic", text)
    assert not is_found("phrase", "St. Elsewhere Clinic", "clinic elsewhere")
    assert not is_found("phrase", "Radiology", "radiology", own="Radiology")
    assert is_found("phrase", "北京协和医院", "来自北京协和医院的")


def test_keys_that_are_numbers_or_names():
    values = [
        Value("PatientID", "STS_019", "number", "STS_019"),
        Value("PatientName", "STS_019", "name", "STS_019"),
        Value("PatientName", "doe1", "name", "Doe^Jane"),
        Value("PatientBirthDate", "m19500131", "date", "19500131"),
    ]
    made = Finder(values, ["STS_019", "doe1", "m_1950-01-31"], set())
    assert [(row["kind"], row["severity"], row["tag"], row["patient"]) for row in made.rows] == [
        (KEY_IS_NAME, "problem", "PatientBirthDate", "m19500131"),
        (KEY_IS_NUMBER, "warning", "PatientID", "STS_019"),
        (KEY_IS_NUMBER, "warning", "PatientName", "STS_019"),
        (KEY_IS_NAME, "problem", "PatientName", "doe1"),
    ]
    # Told once; each table holds the keys.
    assert not made.found("STS_019,doe1,1950-01-31")
    assert made.found("jane") == {("PatientName", "doe1")}


def test_who_is_named():
    values = [Value("InstitutionName", key, "phrase", "Elsewhere Clinic") for key in ("P1", "P2")]
    values += [Value("PatientID", key, "number", f"X-{key}-77") for key in ("P1", "P2")]
    made = Finder(values, ["P1", "P2"], set())
    assert made.found("elsewhere clinic") == {("InstitutionName", "")}
    assert made.found("X-P2-77") == {("PatientID", "P2")}


def test_rows_and_complaint_do_not_repeat_the_value():
    made = finder(("name", "Doe^Jane"))
    rows = of_file("a.csv", made.found("Doe"))
    assert [tuple(row) for row in rows] == [IDENTITY_COLUMNS]
    said = complaint(rows * 20)
    assert "a.csv: Name of P1" in said and "20 places" in said and "Remedy" in said
    assert "and 8 more" in said and "doe" not in said.lower()
    assert complaint([]) == complaint([rows[0] | {"severity": "warning"}]) == ""


@given(st.text(max_size=80), st.sampled_from(("name", "number", "date", "phrase", "uid")))
def test_any_header_can_be_looked_for(text, kind):
    made = finder((kind, text), own="word")
    assert made.found(f"P1 {text}") <= {(kind.title(), "P1")}
    assert not made.found("")


LETTERS = st.text("bcdfghjklmnpqrstvwxyz", min_size=4, max_size=9)


@given(LETTERS, LETTERS, st.text(" ,;|\n\t._-", min_size=1, max_size=3), st.text(max_size=20))
def test_a_planted_name_is_found_wherever_it_stands(family, given_name, mark, around):
    text = f"{around}{mark}{given_name.upper()}{mark}{around}"
    value = f"{family}^{given_name}"
    nobody = {"test", "phantom"}
    assert {family, given_name} & nobody or is_found("name", value, text)
