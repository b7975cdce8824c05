"""The authors' texts: which file, and what is wrong with it."""

import pytest

from nomoflow.problems import Problems
from nomoflow.statements import known_statements
from nomoflow.statements_file import read_statements, statements_file


@pytest.fixture
def read(tmp_path):
    """Texts and problems of a file with this content."""

    def read(content, encoding="utf-8"):
        path, problems = tmp_path / "statements.yaml", Problems()
        path.write_bytes(content.encode(encoding))
        return read_statements(str(path), problems), problems

    return read


def test_texts_are_read_in_the_order_they_are_known_on_one_line(read):
    texts, problems = read(
        "design: >-\n  Retrospective,\n  diagnostic study\ntitle: A nomogram of radiomics\n"
        "consent: null\n"
    )
    assert not problems
    assert list(texts.items()) == [
        ("title", "A nomogram of radiomics"), ("design", "Retrospective, diagnostic study")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("desing: A retrospective study of nothing", "did you mean 'design'?"),
        ("design: too short", "20 characters or more"),
        ("design: ''", "20 characters or more"),
        ("design: 12345678901234567890123", "20 characters or more"),
        ("design: [a, list, of, words, that, is, long]", "20 characters or more"),
        ("segmentation_kind: by hand", "manual | semi-automatic | automatic"),
        ("- a list\n- of texts\n", "a text under each name"),
        ("design: 'no end", "no YAML in UTF-8"),
        ("", "a text under each name"),
    ],
)
def test_what_is_wrong_is_told_with_a_remedy(read, content, told):
    texts, problems = read(content)
    assert len(problems) == 1
    assert told in str(problems[0])
    assert problems[0].remedy
    assert not texts


def test_every_problem_is_told_and_the_good_texts_are_kept(read):
    texts, problems = read(
        "design: short\nnonsense: a text that is long enough\ntitle: A nomogram of radiomics\n"
    )
    assert [problem.column for problem in problems] == ["nonsense", "design"]
    assert list(texts) == ["title"]


def test_a_file_that_is_no_text_or_not_there_is_told(read, tmp_path):
    assert read("design: une étude rétrospective et monocentrique", "latin-1")[1]
    problems = Problems()
    assert read_statements(str(tmp_path / "none.yaml"), problems) == {}
    assert "no such file" in str(problems[0])


def test_the_file_beside_the_participants_is_taken_unless_one_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = {"cohort": {"participants": "mine/people.csv"}, "report": {"statements": None}}
    assert statements_file(config) is None
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/statements.yaml").touch()
    assert statements_file(config) == "mine/statements.yaml"
    assert statements_file({**config, "report": {"statements": "other.yaml"}}) == "other.yaml"


def test_the_demo_has_a_text_under_every_name(request):
    problems = Problems()
    path = request.config.rootpath / "config/demo/statements.yaml"
    assert read_statements(str(path), problems).keys() == known_statements().keys()
    assert not problems
