import json

import pytest
from jobs import job
from lock_model import main

from nomoflow.model_document import digest


def document(coefficient=1.0):
    content = {"study": "mine", "version": 1, "models": {"nomogram": coefficient}}
    return {**content, "digest": digest(content)}


def lock(folder, content):
    (folder / "model.json").write_text(json.dumps(content))
    main(
        job(
            {"model": folder / "model.json"},
            {"receipt": folder / "locked.json"},
            {"locked": str(folder / "models/mine/model.json")},
        )
    )


def test_a_model_is_locked_once_and_again_when_it_is_the_same(tmp_path):
    lock(tmp_path, document())
    lock(tmp_path, document())
    assert json.loads((tmp_path / "models/mine/model.json").read_bytes()) == document()
    assert json.loads((tmp_path / "locked.json").read_bytes())["digest"] == document()["digest"]


def test_another_model_never_replaces_it(tmp_path):
    lock(tmp_path, document())
    with pytest.raises(ValueError, match=r"new models\.version") as caught:
        lock(tmp_path, document(2.0))
    for model in (document(), document(2.0)):
        assert model["digest"][:12] in str(caught.value)
    assert json.loads((tmp_path / "models/mine/model.json").read_bytes()) == document()


def test_an_edited_document_is_refused(tmp_path):
    with pytest.raises(ValueError, match="edited by hand"):
        lock(tmp_path, document() | {"version": 2})
