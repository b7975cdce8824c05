"""A model file is read whole or refused; what it needs follows from it."""

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from synthetic_cohort import PHASES
from synthetic_model import NAMES, locked

from nomoflow.extraction import effective_settings, phase_settings, settings_digest
from nomoflow.model_file import (
    FORMAT,
    SCHEMA,
    ModelError,
    as_text,
    check_model,
    digest,
    feature_settings,
    features_needed,
    predictors_needed,
    read_model,
    signatures_needed,
)
from nomoflow.run import write_json
from nomoflow.settings import merge_settings

ROOT = Path(__file__).resolve().parents[2]
STUDY = yaml.safe_load((ROOT / "config/pyradiomics.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def document():
    return locked().document


@pytest.fixture(scope="module")
def stored(document, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "model.json"
    write_json(document, path)
    return path


def signed(content):
    return {**content, "digest": digest(content)}


def test_what_was_written_is_read(document, stored):
    assert read_model(stored) == document
    assert stored.read_text(encoding="utf-8") == as_text(document)


def test_line_ends_may_be_another_systems(document, stored, tmp_path):
    (tmp_path / "model.json").write_bytes(stored.read_bytes().replace(b"\n", b"\r\n"))
    assert read_model(tmp_path / "model.json") == document


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(place=st.floats(0, 1, exclude_max=True), other=st.integers(1, 255))
def test_any_changed_byte_is_refused(stored, tmp_path, place, other):
    content = bytearray(stored.read_bytes())
    at = int(place * len(content))
    content[at] ^= other
    (tmp_path / "changed.json").write_bytes(content)
    with pytest.raises(ModelError, match=r"changed\.json: .*(copy the file|version of nomoflow)"):
        read_model(tmp_path / "changed.json")


def test_a_lone_carriage_return_is_no_line_end(stored, tmp_path):
    (tmp_path / "model.json").write_bytes(stored.read_bytes().replace(b"\n", b"\r"))
    with pytest.raises(ModelError, match="changed by hand"):
        read_model(tmp_path / "model.json")


@pytest.mark.parametrize(
    "edit",
    [
        lambda text: text.replace('"version": 1', '"version": 2, "version": 1', 1),
        lambda text: text + " ",
        lambda text: text.replace('": ', '":', 1),
        lambda text: text[:-2],
        lambda text: "",
        lambda text: "[]",
        lambda text: text.replace("0.", "0.0", 1).replace("0.0", "0.", 1) + "\n",
    ],
)
def test_what_a_hand_does_to_a_file(stored, tmp_path, edit):
    (tmp_path / "model.json").write_text(edit(stored.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(ModelError):
        read_model(tmp_path / "model.json")


def test_no_file(tmp_path):
    with pytest.raises(ModelError, match="no such file; lock a model"):
        read_model(tmp_path / "model.json")


def test_another_format(document):
    old = signed(document | {"format": "nomoflow-model/1"})
    with pytest.raises(ModelError, match="format 'nomoflow-model/1', this version reads"):
        check_model(old)


@pytest.mark.parametrize(
    ("edit", "place"),
    [
        (lambda d: d.pop("cohort"), "'cohort' is a required"),
        (lambda d: d.update(patients=["P001"]), "patients"),
        (lambda d: d["outcome"].pop("positive"), "outcome: 'positive'"),
        (lambda d: d["models"].pop("nomogram"), "models: 'nomogram'"),
        (
            lambda d: d["models"]["volume"]["terms"][0].pop("per"),
            r"models\.volume\.terms\.0: 'per'",
        ),
        (lambda d: d["models"]["volume"].update(intercept="1"), r"models\.volume\.intercept"),
        (lambda d: d["signatures"]["combined"].update(sds=[0.0]), r"sds\.0"),
        (lambda d: d.update(version=0), "version: 0"),
        (lambda d: d["cohort"].update(rows=[]), "cohort: .*rows"),
        (lambda d: d["fingerprints"].update(values=["P001"]), r"values\.0"),
    ],
)
def test_the_schema_is_demanded(document, edit, place):
    content = json.loads(json.dumps(document))
    edit(content)
    with pytest.raises(ModelError, match=place):
        check_model(signed(content))


def test_the_schema_is_one_and_of_this_format():
    schema = json.loads(SCHEMA.read_bytes())
    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == schema["properties"]["format"]["const"] == FORMAT
    objects = [schema["properties"][name] for name in ("outcome", "nomogram", "cohort")]
    assert all(one["additionalProperties"] is False for one in [schema, *objects])


def test_features_needed_are_those_of_the_signatures_in_use(document):
    every = {
        phase: sorted(
            {
                name.removeprefix(f"{phase}_")
                for signature in document["signatures"].values()
                for name in signature["features"]
                if name.startswith(f"{phase}_")
            }
            | ({"original_shape_MeshVolume"} if phase == PHASES[0] else set())
        )
        for phase in PHASES
    }
    assert features_needed(document) == every
    assert features_needed(document, ["image_features"]) == {phase: [] for phase in PHASES}
    assert features_needed(document, ["volume"]) == {
        "early": ["original_shape_MeshVolume"], "late": [],
    }  # fmt: skip
    late = features_needed(document, ["radiomics_late"])
    assert late["early"] == [] and set(late["late"]) <= set(every["late"])
    assert signatures_needed(document, ["nomogram"]) == ["combined"]
    assert set(NAMES) == set(document["models"])


def test_a_phase_whose_name_begins_with_anothers():
    features = ["late_2_original_glcm_Id", "late_original_glcm_Id"]
    made = {
        "features": {"phases": {"late": {}, "late_2": {}}},
        "signatures": {"combined": {"features": features}},
        "models": {"radiomics": {"intercept": 0.0, "terms": [{"name": "radscore"}]}},
    }
    assert features_needed(made) == {"late": ["original_glcm_Id"], "late_2": ["original_glcm_Id"]}
    features.append("early_original_glcm_Id")
    with pytest.raises(ModelError, match="early_original_glcm_Id is of none"):
        features_needed(made)


def test_predictors_needed_are_the_terms(document):
    assert [p["name"] for p in predictors_needed(document)] == ["age", "sex"]
    assert predictors_needed(document, ["radiomics", "volume"]) == []


@pytest.mark.parametrize(
    ("own", "shape", "subbands"),
    [
        ({}, True, None),
        ({}, False, ["HHL", "LLL"]),
        ({"setting": {"binCount": 16, "normalize": True, "removeOutliers": 3}}, True, None),
        ({"setting": {"resegmentRange": [-10, 300]}, "imageType": {"Gradient": {}}}, True, None),
        ({"featureClass": {"glcm": ["Idm", "Id"]}}, False, None),
    ],
    ids=str,
)
def test_settings_from_the_document_have_the_digest_of_those_it_was_made_with(own, shape, subbands):
    params = merge_settings(STUDY, own)
    effective = effective_settings(params, shape, subbands)
    content = {"features": {"phases": {"CT": json.loads(json.dumps(effective))}}}
    again = feature_settings(content)["CT"]
    expected = settings_digest(phase_settings(params, shape, subbands))
    made = phase_settings(again["settings"], again["shape"], again["subbands"])
    assert settings_digest(made) == expected


def test_a_ready_table_has_no_settings(document):
    assert feature_settings(document) == {}
