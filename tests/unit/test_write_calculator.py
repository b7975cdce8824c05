"""The calculator as a file: what it holds, and that nothing can leave it or get in."""

import base64
import hashlib
import html
import json
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jobs import job
from synthetic_nomogram import made
from write_calculator import main

from nomoflow.calculator import SOURCES, calculator, embedded, render
from nomoflow.run import read_json, write_json, write_rows

KINDS = ["fitted", "firth", "ml", "constant", "imputed"]
HOSTILE = "</script><script>alert(1)</script><!--<b>\"'&\u2028\\"


@pytest.fixture(scope="module")
def nomograms():
    return {kind: made(kind) for kind in KINDS}


def page_of(one):
    return calculator(one.document, one.predictions, "ccRCC", "AML.wovf")


def write(folder, one, positive="ccRCC", language="en"):
    """Run the script on a nomogram; the page it makes."""
    folder.mkdir(exist_ok=True)
    write_json(one.document, folder / "model.json")
    columns = list(one.predictions[0])
    write_rows(one.predictions, folder / "predictions.csv", columns)
    main(
        job(
            {"model": folder / "model.json", "predictions": folder / "predictions.csv"},
            {"page": folder / "report/nomogram.html"},
            {"positive": positive, "negative": "AML.wovf", "confidence": 0.9, "language": language},
        )
    )
    return (folder / "report/nomogram.html").read_bytes()


class Reading(HTMLParser):
    """The page as an HTML parser has it: elements, and the text of scripts and styles."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.inside, self._open = [], [], None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            self.inside.append([tag, dict(attrs), ""])
            self._open = self.inside[-1]

    def handle_endtag(self, tag):
        if tag in ("script", "style"):
            self._open = None

    def handle_data(self, data):
        if self._open:
            self._open[2] += data


def data_of(text):
    """The numbers that the page was given."""
    return json.loads(next(content for _, a, content in Reading(text).inside if "type" in a))


def test_the_page_has_the_models_numbers(tmp_path):
    one = made()
    data = data_of(write(tmp_path, one).decode())
    model = one.document["models"]["nomogram"]
    assert data["digest"] == one.document["digest"]
    assert (data["study"], data["version"], data["confidence"]) == ("mine", 3, 0.9)
    assert data["coefficients"] == [term["coefficient"] for term in model["terms"]]
    assert data["covariance"] == model["covariance"]["matrix"]
    assert data["quantile"] == pytest.approx(1.6448536269514722)  # R: qnorm(0.95)
    assert sum(data["cohort"]["positive"]) == data["events"] == 30
    assert sum(data["cohort"]["negative"]) == 30


def test_the_same_files_give_the_same_bytes(tmp_path):
    one = made()
    assert write(tmp_path / "a", one) == write(tmp_path / "b", one)


@pytest.mark.parametrize("kind", ["firth", "ml", "constant", "imputed"])
def test_every_kind_of_nomogram_makes_a_page(tmp_path, kind):
    text = write(tmp_path, made(kind)).decode()
    assert "For research use only" in text
    assert ('id="unknown-1"' in text) == (kind == "imputed")
    assert ('id="entries"' in text) == (kind != "constant")


def test_a_page_that_fails_leaves_the_last_one(tmp_path):
    one = made()
    before = write(tmp_path, one)
    broken = {**one.document, "models": {}}
    with pytest.raises(KeyError, match="nomogram"):
        write(tmp_path, type(one)(broken, *list(vars(one).values())[1:]))
    assert (tmp_path / "report/nomogram.html").read_bytes() == before


@given(st.recursive(st.none() | st.text() | st.floats(allow_nan=False, allow_infinity=False),
                    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))  # fmt: skip
def test_embedded_json_cannot_leave_its_element(content):
    text = embedded(content)
    assert not set("<>&\u2028\u2029") & set(text)
    assert json.loads(text) == content


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_is_one_file_that_may_fetch_nothing(nomograms, kind):
    text = render(page_of(nomograms[kind]))
    read = Reading(text)
    for _, attributes in read.elements:
        assert not {"src", "href", "action", "srcset", "style"} & set(attributes)
        assert not [name for name in attributes if name.startswith("on")]
    assert not re.search(r"@import|url\(|fetch\(|XMLHttp|WebSocket|import\(|eval\(|innerHTML", text)
    assert set(re.findall(r"https?://[\w./]+", text)) == {"http://www.w3.org/2000/svg"}
    policy = next(a["content"] for t, a in read.elements if t == "meta" and "http-equiv" in a)
    assert policy.startswith("default-src 'none'; ") and "unsafe" not in policy
    assert [tag for tag, *_ in read.inside] == ["style", "script", "script"]
    for tag, attributes, content in read.inside:
        if attributes.get("type") != "application/json":
            digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
            assert f"{tag}-src 'sha256-{digest}'" in policy


def hostile(one):
    """The page of a study whose every word tries to break out."""
    document = json.loads(json.dumps(one.document))
    words = {"study": HOSTILE, "version": HOSTILE, "digest": HOSTILE}
    model = document["models"]["nomogram"]
    model["reason"] = HOSTILE
    for term in model["terms"]:
        term |= {"label": HOSTILE, "unit": term["unit"] and HOSTILE, "coding": HOSTILE}
    for tick in document["nomogram"]["axes"]:
        tick |= {"label": HOSTILE, "level": HOSTILE}
    return calculator({**document, **words}, one.predictions, HOSTILE, HOSTILE)


def test_hostile_words_stay_words(nomograms):
    plain, text = render(page_of(nomograms["fitted"])), render(hostile(nomograms["fitted"]))
    tags = [tag for tag, _ in Reading(text).elements]
    extra = ["p", "span"]  # the notice with the reason
    assert sorted(tags) == sorted([*(tag for tag, _ in Reading(plain).elements), *extra])
    assert "alert(1)</script>" not in text and html.escape("<b>") in text
    assert data_of(text)["study"] == HOSTILE


def test_the_same_study_gives_the_same_bytes(nomograms):
    one = nomograms["fitted"]
    assert render(page_of(one)) == render(page_of(one))
    assert render(page_of(made("fitted"))) == render(page_of(one))


def test_every_word_is_in_the_table_in_both_languages():
    words = read_json(SOURCES / "nomogram_texts.json")
    script = (SOURCES / "nomogram_page.js").read_text(encoding="utf-8")
    template = (SOURCES / "nomogram.html.j2").read_text(encoding="utf-8")
    source = (SOURCES.parent / "scripts/nomoflow/calculator.py").read_text(encoding="utf-8")
    for key, forms in words["texts"].items():
        assert set(forms) == {"en", "zh"} and all(forms.values()), key
        holes = [set(re.findall(r"\{(\w+)\}", form)) for form in forms.values()]
        assert holes[0] == holes[1], key
    used = set(re.findall(r'say\("(\w+)"', script))
    used |= set(re.findall(r'(?:data-text="|data-label="|text\["|fixed\(")(\w+)"', template))
    assert len(used) > 50 and used <= set(words["texts"])
    everything = script + template + source
    shown = [key for key in words["texts"] if f'"{key}"' in everything]
    assert set(words["texts"]) - set(shown) == {"problem_number", "problem_comma"}


def test_an_unavailable_nomogram_makes_a_page_that_says_so(nomograms):
    document = json.loads(json.dumps(nomograms["fitted"].document))
    document["models"]["nomogram"] |= {
        "status": "unavailable", "reason": "no predictors at all", "intercept": None, "terms": [],
        "covariance": None, "cutoff": {"linear_predictor": None},
    }  # fmt: skip
    page = calculator(document, [], "ccRCC", "AML.wovf")
    text = render(page)
    assert "no predictors at all" in text and not page["available"]
    assert not {"form", "svg"} & {tag for tag, _ in Reading(text).elements}
    assert "For research use only" in text


def test_it_begins_in_chinese_where_the_report_is(tmp_path, nomograms):
    page = write(tmp_path, nomograms["fitted"], language="zh").decode("utf-8")
    assert '<html lang="zh">' in page and '"language":"zh"' in page
    assert '<h2 id="result-title" data-text="result">结果</h2>' in page
