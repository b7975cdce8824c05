import json
from html.parser import HTMLParser

import pytest
from jobs import job
from synthetic_nomogram import made
from write_calculator import main

from nomoflow.run import write_json, write_rows


def write(folder, one, positive="ccRCC"):
    """Run the script on a nomogram; the page it makes."""
    folder.mkdir(exist_ok=True)
    write_json(one.document, folder / "model.json")
    columns = list(one.predictions[0])
    write_rows(one.predictions, folder / "predictions.csv", columns)
    main(
        job(
            {"model": folder / "model.json", "predictions": folder / "predictions.csv"},
            {"page": folder / "report/nomogram.html"},
            {"positive": positive, "negative": "AML.wovf", "confidence": 0.9},
        )
    )
    return (folder / "report/nomogram.html").read_bytes()


class Data(HTMLParser):
    """The numbers that the page was given."""

    def __init__(self, text):
        super().__init__()
        self.reading, self.content = False, ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.reading = ("type", "application/json") in attrs

    def handle_data(self, data):
        self.content += data if self.reading else ""


def test_the_page_has_the_models_numbers(tmp_path):
    one = made()
    data = json.loads(Data(write(tmp_path, one).decode()).content)
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
