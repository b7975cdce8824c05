import html
import math

import pytest
from synthetic_model import locked

from nomoflow.patient_predictions import predictions
from nomoflow.predictions_page import page, percent, render

HOSTILE = "</style><script>alert(1)</script><img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def one():
    return locked()


def made(one, clinical=None, **more):
    tables = predictions(one.document, one.clinical if clinical is None else clinical, one.features)
    rows = [table.to_dict("records") for table in tables]
    return page(one.document, *rows, "Centre B", **more)


def test_the_page_says_what_the_tables_say(one):
    content = made(one)
    text = render(content)
    table, points, _ = predictions(one.document, one.clinical, one.features)
    own = table[table["model"] == "nomogram"]
    for row in own.itertuples():
        assert f"Patient {row.patient}<" in text
        assert percent(row.probability).replace("<", "&lt;").replace(">", "&gt;") in text
    first = content["patients"][0]
    assert len(first["points"]) == (points["patient"] == first["name"]).sum() > 1
    assert one.document["digest"] in text
    assert text.index("For research use only") < text.index("<h1>")


def test_nothing_is_run_or_fetched(one):
    text = render(made(one))
    assert "default-src 'none'" in html.unescape(text) and "<script" not in text
    for word in ("http://", "https://", "src=", "url(", "@import", "style="):
        assert word not in text.replace("Content-Security-Policy", "")


def test_with_numbers_no_key_is_on_the_page(one):
    clinical = one.clinical.assign(patient=[f"KEY-{i:04d}" for i in range(len(one.clinical))])
    features = one.features.assign(patient=list(clinical["patient"]))
    images = [{"patient": key, "kind": "image", "subject": f"scans/{key}/ct.nii.gz",
               "found": "7 mm", "expected": "5 mm"} for key in clinical["patient"]]  # fmt: skip
    tables = predictions(one.document, clinical, features, images)
    rows = [table.to_dict("records") for table in tables]
    assert "KEY-" in render(page(one.document, *rows, "B"))
    text = render(page(one.document, *rows, "B", pseudonyms=True))
    assert "KEY-" not in text and "Patient 1<" in text
    names = [one["name"] for one in page(one.document, *rows, "B", pseudonyms=True)["patients"]]
    assert names == [str(i + 1) for i in range(len(names))]


def test_hostile_words_are_escaped(one):
    clinical = one.clinical.copy()
    clinical["patient"] = clinical["patient"].astype(object)
    clinical.loc[0, "patient"] = HOSTILE
    features = one.features.copy()
    features["patient"] = clinical["patient"]
    tables = predictions(one.document, clinical, features)
    document = {**one.document, "study": HOSTILE, "version": HOSTILE}
    text = render(page(document, *(t.to_dict("records") for t in tables), HOSTILE))
    assert "<script" not in text and "<img" not in text
    assert "&lt;img src=x onerror=alert(1)&gt;" in text


def test_a_patient_without_a_prediction_is_listed(one):
    features = one.features.copy()
    selected = one.document["signatures"]["combined"]["features"][0]
    features.loc[0, selected] = math.nan
    tables = predictions(one.document, one.clinical, features)
    content = page(one.document, *(t.to_dict("records") for t in tables), "B")
    first = next(p for p in content["patients"] if p["name"] == one.clinical["patient"][0])
    assert first["probability"] == "" and first["warnings"]
    text = render(content)
    assert "No prediction" in text and "nan" not in text.lower().replace("finance", "")


def test_warnings_name_predictors_as_the_page_does(one):
    clinical = one.clinical.assign(age=200)
    warned = {w["subject"] for p in made(one, clinical)["patients"] for w in p["warnings"]}
    labels = {one["name"]: one["label"] for one in one.document["predictors"]}
    assert labels["age"] in warned and not warned & (labels.keys() - set(labels.values()))


def test_no_patient_at_all(one):
    assert "there is no prediction" in render(page(one.document, [], [], [], "B"))


@pytest.mark.parametrize(
    "p, said", [(0.0, "< 0.1 %"), (1.0, "> 99.9 %"), (0.1234, "12.3 %"), (math.nan, "")]
)
def test_no_prediction_is_certain(p, said):
    assert percent(p) == said
