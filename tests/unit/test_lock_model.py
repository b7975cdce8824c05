import json

import pytest
from jobs import job
from lock_model import main
from synthetic_cohort import cohort
from synthetic_model import locked

from nomoflow.model_file import ModelError, digest, read_model
from nomoflow.run import write_json


@pytest.fixture(scope="module")
def first():
    return locked().document


def changed(document, **top):
    """Another model, as a run would write it."""
    content = json.loads(json.dumps(document)) | top
    content["models"]["nomogram"]["terms"][0]["coefficient"] += 0.1
    return {**content, "digest": digest(content)}


def lock(folder, document, complete=True):
    write_json(document, folder / "model.json")
    if complete:
        (folder / "complete.txt").write_text("Study mine is complete.\n", encoding="utf-8")
    main(
        job(
            {"model": folder / "model.json", "complete": folder / "complete.txt"},
            {"receipt": folder / "locked.json"},
            {"locked": str(folder / "models/mine/model.json")},
        )
    )
    return folder / "models/mine"


def test_a_model_is_locked_once_and_again_when_it_is_the_same(tmp_path, first):
    place = lock(tmp_path, first) / "model.json"
    assert place.read_bytes() == (tmp_path / "model.json").read_bytes()
    before = place.stat()
    lock(tmp_path, first)
    assert place.stat() == before
    receipt = json.loads((tmp_path / "locked.json").read_bytes())
    assert (receipt["digest"], receipt["version"]) == (first["digest"], 1)


def test_what_development_promised_goes_with_the_model(tmp_path, first):
    write_json(first, tmp_path / "model.json")
    for name in ("complete.txt", "performance.csv"):
        (tmp_path / name).write_text(f"{name}\n", encoding="utf-8")
    names = {"model": "model.json", "complete": "complete.txt", "performance": "performance.csv"}
    place = tmp_path / "models/mine/model.json"
    inputs = {name: tmp_path / file for name, file in names.items()}
    main(job(inputs, {"receipt": tmp_path / "locked.json"}, {"locked": str(place)}))
    assert place.with_name("performance.csv").read_text(encoding="utf-8") == "performance.csv\n"


def test_another_model_of_the_same_version_never_replaces_it(tmp_path, first):
    place = lock(tmp_path, first)
    other = changed(first)
    with pytest.raises(ValueError, match=r"set models\.version to 2") as caught:
        lock(tmp_path, other)
    for model in (first, other):
        assert model["digest"][:12] in str(caught.value)
    assert read_model(place / "model.json") == first
    assert [path.name for path in place.iterdir()] == ["model.json"]


def test_a_higher_version_takes_the_place_and_the_old_one_stays_beside(tmp_path, first):
    place = lock(tmp_path, first)
    second = changed(first, version=2)
    lock(tmp_path, second)
    assert read_model(place / "model.json") == second
    assert read_model(place / "model_v1.json") == first
    with pytest.raises(ValueError, match="version 2 is locked"):
        lock(tmp_path, first)


def test_two_models_never_share_a_version(tmp_path, first):
    place = lock(tmp_path, first)
    write_json(changed(first), place / "model_v1.json")
    with pytest.raises(ValueError, match="never share a version"):
        lock(tmp_path, changed(first, version=2))
    assert read_model(place / "model.json") == first


def test_an_edited_document_is_refused(tmp_path, first):
    with pytest.raises(ModelError, match="changed after it was made"):
        lock(tmp_path, first | {"version": 2})
    assert not (tmp_path / "models").exists()


def test_a_locked_model_that_was_edited_is_not_called_the_same(tmp_path, first):
    place = lock(tmp_path, first) / "model.json"
    place.write_text(place.read_text(encoding="utf-8").replace('"kept"', ""), encoding="utf-8")
    text = place.read_text(encoding="utf-8")
    place.write_text(text.replace("Radscore", "radscore", 1), encoding="utf-8")
    with pytest.raises(ModelError, match="changed after it was made"):
        lock(tmp_path, first)


def test_a_study_whose_checks_failed_is_not_locked(tmp_path, first):
    with pytest.raises(ValueError, match="checks were not passed"):
        lock(tmp_path, first, complete=False)
    assert not (tmp_path / "models").exists()


def test_the_same_study_makes_the_same_model():
    assert locked(cohort()).document == locked(cohort()).document
