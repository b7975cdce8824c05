from copy import deepcopy
from pathlib import Path

import pytest
import yaml
from synthetic_model import locked

from nomoflow.configuration import with_words
from nomoflow.extraction import effective_settings
from nomoflow.locked_study import (
    decided,
    model_of,
    selected_of,
    settings_of,
    under_model,
)
from nomoflow.model_file import as_text
from nomoflow.problems import Problems, StudyError
from nomoflow.study import load_study

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = ROOT / "config/schemas/config.schema.yaml"
DEFAULTS = ROOT / "config/config.yaml"
PHASES = ["early", "late"]
SETTINGS = {
    "setting": {"binWidth": 25, "padDistance": 5},
    "imageType": {"Original": {}, "LoG": {"sigma": [2.0]}, "Wavelet": {}},
    "featureClass": {"firstorder": None, "glcm": ["Contrast", "Id"]},
}
AGE = {"name": "age", "label": "Age", "kind": "continuous", "unit": "years", "per": 10.0}
SEX = {"name": "sex", "kind": "binary", "unit": "", "positive": "male", "negative": "female"}
SIGN = {"name": "sign", "kind": "binary", "unit": "", "positive": "yes", "negative": "no"}
OUTCOME = {"column": "diagnosis", "type": "binary", "positive": "ccRCC", "negative": "AML"}


def applied(*names):
    return {"intercept": 0.1, "terms": [{"name": name} for name in names]}


def model_with(settings=SETTINGS, late=None):
    """A locked model of two phases: age and sex in it, the sign none of the chosen."""
    chosen = {"early": settings, "late": late or settings}
    phases = {p: effective_settings(deepcopy(one), True, ["LLL"]) for p, one in chosen.items()}
    return {
        "outcome": OUTCOME,
        "missing": "refuse",
        "images": {"phases": PHASES, "spacing_mm": 1.5},
        "predictors": [AGE, SEX, SIGN],
        "features": {"phases": phases},
        "signatures": {
            "combined": {"features": ["early_original_firstorder_Mean", "late_original_glcm_Id"]},
            "late": {"features": ["late_original_glcm_Contrast"]},
        },
        "models": {
            "nomogram": applied("radscore", "age", "sex"),
            "radiomics": applied("radscore"),
            "image_features": {"intercept": None, "terms": []},
            "radiomics_late": applied("radscore_late"),
            "volume": applied("volume_ml"),
        },
    }


@pytest.fixture(scope="module")
def model():
    return model_with()


@pytest.fixture
def centre(tmp_path, monkeypatch, model):
    """The config that a centre's own file makes, and what is told of it."""
    monkeypatch.chdir(tmp_path)

    def told(own, of=model):
        own = with_words(own)
        config = yaml.safe_load(DEFAULTS.read_text(encoding="utf-8"))
        for section, keys in own.items():
            config[section] = {**config[section], **keys} if isinstance(keys, dict) else keys
        problems = Problems()
        return under_model(config, own, of, problems), problems

    return told


def the_one(problems, *words):
    assert len(problems) == 1, [str(problem) for problem in problems]
    assert all(word in str(problems[0]) for word in words), str(problems[0])


def settings_file(change):
    """A parameter file of the centre's own, the model's with a change."""
    content = deepcopy(SETTINGS)
    change(content)
    Path("own_settings.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    return {"features": {"settings": "own_settings.yaml"}}


def test_defaults_are_no_conflict_and_the_model_decides_in_their_place(centre):
    config, problems = centre({"study": "mine"})
    assert not problems
    assert config["images"]["phases"] == PHASES
    assert config["images"]["spacing_mm"] == 1.5
    assert config["features"]["subbands"] == ["LLL"]
    assert [one["name"] for one in config["cohort"]["predictors"]] == ["age", "sex"]
    assert config["cohort"]["predictors"][1]["negative"] == "female"
    assert config["cohort"]["outcome"] == OUTCOME


def test_what_is_set_as_the_model_has_it_is_no_conflict(centre):
    own = {
        "images": {"spacing_mm": 1.5, "phases": PHASES},
        "features": {
            "shape": True,
            "subbands": ["LLL"],
            "shuffle_voxels": False,
            "per_phase": {"late": {"binWidth": 25.0, "padDistance": None}},
            **settings_file(lambda settings: settings["setting"].update(label=2))["features"],
        },
        "models": {"missing": "refuse"},
        "cohort": {
            "predictors": [
                {"name": "age", "kind": "continuous", "unit": "years", "per": 10, "label": "Alter"},
                {"name": "sign", "kind": "binary", "positive": True},
            ]
        },
    }
    config, problems = centre(own)
    assert not problems, [str(problem) for problem in problems]
    # What no model needs is asked of no participants table.
    assert [one["name"] for one in config["cohort"]["predictors"]] == ["age", "sex"]


@pytest.mark.parametrize(
    "own, key, here, there",
    [
        ({"images": {"spacing_mm": 1}}, "images.spacing_mm", "1", "1.5"),
        ({"images": {"phases": ["late"]}}, "images.phases", "['late']", "['early', 'late']"),
        ({"features": {"shape": False}}, "features.shape", "False", "True"),
        ({"features": {"subbands": ["HHH"]}}, "features.subbands", "['HHH']", "['LLL']"),
        ({"features": {"shuffle_voxels": True}}, "features.shuffle_voxels", "True", "False"),
        ({"models": {"missing": "impute"}}, "models.missing", "impute", "refuse"),
        ({"features": {"per_phase": {"late": {"binWidth": 10}}}},
         "features.per_phase, late: binWidth", "10", "25"),
        ({"features": {"per_phase": {"late": {"binCount": 32}}}},
         "features.per_phase, late: binCount", "32", "binWidth 25"),
        ({"features": {"per_phase": {"early": {"resegmentRange": [0, 1]}}}},
         "features.per_phase, early: resegmentRange", "[0, 1]", "nothing"),
    ],
)  # fmt: skip
def test_a_key_set_otherwise_is_an_error_with_both_values(centre, own, key, here, there):
    _, problems = centre(own)
    the_one(problems, key, f"{here} here, {there} in the locked model", "remove", key.split(",")[0])


@pytest.mark.parametrize(
    "name, change, here, there",
    [
        ("age", {"unit": "months"}, "months", "years"),
        ("age", {"per": 1}, "1", "10.0"),
        ("age", {"kind": "binary", "positive": "old"}, "binary", "continuous"),
        ("sex", {"positive": "female"}, "female", "male"),
        ("weight", {}, "weight", "age, sex, sign"),
    ],
)
def test_a_predictor_told_otherwise(centre, name, change, here, there):
    same = {
        "age": {"kind": "continuous", "unit": "years"},
        "sex": {"kind": "binary", "positive": "male"},
        "weight": {"kind": "continuous", "unit": "kg"},
    }
    _, problems = centre({"cohort": {"predictors": [{"name": name, **same[name], **change}]}})
    assert f"{here} here, {there} in the locked model" in str(problems[0])
    assert all("cohort.predictors" in str(problem) for problem in problems)


@pytest.mark.parametrize(
    "change, key, here, there",
    [
        (lambda s: s["imageType"].update(Square={}), "imageType",
         "LoG, Original, Square, Wavelet", "LoG, Original, Wavelet"),
        (lambda s: s["imageType"].pop("LoG"), "imageType",
         "Original, Wavelet", "LoG, Original, Wavelet"),
        (lambda s: s["imageType"]["LoG"].update(sigma=[2, 4]), "imageType.LoG.sigma",
         "[2, 4]", "[2.0]"),
        (lambda s: s["imageType"]["Wavelet"].update(wavelet="db1"), "imageType.Wavelet.wavelet",
         "db1", "coif1"),
        (lambda s: s["featureClass"].update(glrlm=None), "featureClass",
         "firstorder, glcm, glrlm", "firstorder, glcm"),
        (lambda s: s["featureClass"].update(glcm=["Id"]), "featureClass.glcm",
         "Id", "Contrast, Id"),
        (lambda s: s["featureClass"].update(firstorder=["Mean"]), "featureClass.firstorder",
         "Mean", "every feature"),
        (lambda s: s.update(imageType=["Original"]), "imageType",
         "['Original']", "Original, LoG, Wavelet"),
    ],
)  # fmt: skip
def test_a_parameter_file_that_computes_otherwise(centre, change, key, here, there):
    _, problems = centre(settings_file(change))
    words = {str(problem) for problem in problems}  # what holds for both phases is told once
    assert len(words) == 1
    told = words.pop()
    assert f"features.settings: {key}\n" in told
    assert f"{here} here, {there} in the locked model" in told
    assert "remove features.settings" in told


def test_another_bin_width_of_the_file_is_told_for_each_phase_that_has_another(centre):
    own = settings_file(lambda settings: settings["setting"].update(binWidth=10))
    _, problems = centre(own)
    assert [problem.column for problem in problems] == [
        f"features.settings, {phase}: binWidth" for phase in PHASES
    ]
    late = deepcopy(SETTINGS)
    late["setting"]["binWidth"] = 10
    _, problems = centre(own, model_with(late=late))
    the_one(problems, "early: binWidth", "10 here, 25 in")
    # Key by key: the phase's own width takes the place of the file's.
    own["features"]["per_phase"] = {"early": {"binWidth": 25}}
    _, problems = centre(own, model_with(late=late))
    assert not problems


def test_parts_of_a_file_that_say_nothing_are_no_conflict(centre):
    def only_width(settings):
        settings.pop("imageType")
        settings.pop("featureClass")

    _, problems = centre(settings_file(only_width))
    assert not problems


@pytest.mark.parametrize("text", [None, "a: [", "- 1\n"])
def test_a_parameter_file_that_cannot_be_read_is_left_to_the_check_of_every_study(centre, text):
    if text:
        Path("broken.yaml").write_text(text, encoding="utf-8")
    config, problems = centre({"features": {"settings": "broken.yaml"}})
    assert not problems
    assert config["features"]["settings"] == "broken.yaml"


def test_a_centres_outcome_has_its_own_column_and_the_models_levels(centre):
    config, problems = centre({"cohort": {"outcome": {"column": "histology"}}})
    assert not problems
    assert config["cohort"]["outcome"] == OUTCOME | {"column": "histology"}
    own = {"column": "histology", "positive": 1, "negative": 0}
    config, problems = centre({"cohort": {"outcome": own}})
    assert not problems
    assert config["cohort"]["outcome"] == own | {
        "type": "binary",
        "positive": "1",
        "negative": "0",
    }


@pytest.mark.parametrize(
    "levels",
    [
        {"positive": "AML", "negative": "ccRCC"},
        {"positive": "AML"},
        {"negative": "ccRCC"},
        {"positive": "AML", "negative": "other"},
    ],
)
def test_classes_that_are_swapped_are_an_error(centre, levels):
    _, problems = centre({"cohort": {"outcome": {"column": "diagnosis", **levels}}})
    the_one(problems, "cohort.outcome", "exchange the two levels", "positive: ccRCC, negative: AML")


def test_a_study_without_an_outcome_takes_the_models(centre):
    config, problems = centre({"cohort": {"outcome": None}})
    assert not problems
    assert config["cohort"]["outcome"] == OUTCOME


def test_images_are_not_measured_for_a_model_of_a_ready_table(centre):
    model = model_with()
    model["features"] = {"phases": {phase: {} for phase in PHASES}}
    model["images"] = {}
    assert settings_of(model) == {}
    _, problems = centre({"study": "mine"}, model)
    the_one(problems, "features.table", "made from a ready feature table")
    table = {"path": "t.csv", "id": "patient", "columns": "{phase}_{feature}"}
    _, problems = centre({"features": {"table": table, "subbands": ["HHH"]}}, model)
    assert not problems
    assert "spacing_mm" not in {key.split(".")[-1] for key in decided(model)}


def test_only_what_the_applied_models_need_is_extracted(model):
    assert selected_of(None) is None
    assert selected_of(model) == {
        "early": ["original_firstorder_Mean", "original_shape_MeshVolume"],
        "late": ["original_glcm_Id"],
    }


def test_the_configs_in_force_are_not_changed_by_what_the_model_decides(model):
    before = deepcopy(model)
    config = yaml.safe_load(DEFAULTS.read_text(encoding="utf-8"))
    kept = deepcopy(config)
    made = under_model(config, {}, model, Problems())
    made["cohort"]["predictors"].append("x")
    made["cohort"]["outcome"]["positive"] = "x"
    assert (config, model) == (kept, before)


# From here on: a file, and a whole study.


@pytest.fixture(scope="module")
def document():
    return locked().document


@pytest.fixture
def config(tmp_path, monkeypatch, document):
    monkeypatch.chdir(tmp_path)
    Path("model.json").write_text(as_text(document), encoding="utf-8")
    Path("people.csv").write_text("patient,diagnosis\nP1,ccRCC\n", encoding="utf-8")
    config = yaml.safe_load(DEFAULTS.read_text(encoding="utf-8"))
    config["study"] = "mine"
    config["cohort"] |= {"participants": "people.csv", "include": [], "exclude": []}
    config["centres"]["model"] = "model.json"
    return config


def refusal(config):
    with pytest.raises(StudyError) as caught:
        load_study(config, SCHEMA, DEFAULTS)
    return str(caught.value)


def test_a_model_is_read_from_its_file(config, document):
    problems = Problems()
    assert model_of(config, problems) == document
    assert model_of({"centres": {"model": None}}, problems) is None
    assert not problems


@pytest.mark.parametrize(
    "change, words",
    [
        (lambda text: text.replace(b'"version": 1', b'"version": 2', 1), "it was changed after"),
        (lambda text: text.replace(b": ", b":  ", 1), "changed by hand"),
        (lambda text: text[:-9], "no JSON"),
        (lambda text: b"{}\n", "no digest"),
        (None, "no such file; lock a model"),
    ],
)
def test_a_changed_or_missing_model_is_refused_with_a_remedy(config, change, words):
    path = Path("model.json")
    if change:
        path.write_bytes(change(path.read_bytes()))
    else:
        path.unlink()
    told = refusal(config)
    assert told.startswith("1 problem in")
    assert "model.json\n" in told
    assert words in told
    assert "remedy   copy it again from where it was locked, or correct centres.model" in told


def test_no_outcome_and_no_model_is_refused(config):
    config["cohort"]["outcome"] = None
    config["centres"]["model"] = None
    told = refusal(config)
    assert "config, cohort.outcome" in told
    assert "null, and no locked model either" in told
    assert "centres.model to predict by a locked model" in told
