"""What the rules of provenance take in, by the kind of study."""

from types import SimpleNamespace

import pytest

from nomoflow.provenance_inputs import ProvenanceInputs
from nomoflow.study import Study

CENTRE = SimpleNamespace(
    pooling=lambda wildcards: {"pooled": "results/s/centres/pooled.csv"},
    tables=lambda wildcards: {"look": "results/s/centres/look.json", "many": ["a", "b"]},
    inputs=lambda wildcards: {"features": ["c", "d"]},
)
WILDCARDS = SimpleNamespace(study="s", bucket="0003")


def inputs(workflow=None, table=None, **study):
    config = {
        "study": "s",
        "cohort": {"participants": "p.csv"},
        "images": {"scans": "tables/s.csv", "roots": ["data", "more"]},
        "features": {"table": table, "settings": "engine.yaml"},
        "signature": {"folds_file": None},
        "centres": {"model": "models/s/model.json" if study.get("model") else None, "released": []},
        "execution": {"buckets": 5},
    }
    made = Study(config, participants=[{"patient": "p1"}], **study)
    return ProvenanceInputs(made, CENTRE, workflow)


def test_a_study_of_images():
    made = inputs()
    assert made.tables(WILDCARDS) == ["p.csv", "tables/s.csv", "engine.yaml"]
    (one,) = made.digests(WILDCARDS)
    assert one == f"results/s/provenance/images/{made.study.buckets[0]}.csv"
    assert made.overlays(WILDCARDS) == ["results/s/images/overlays/0003"]
    assert made.folders == ["data", "more", "tables"]
    shown = made.shown(lambda wildcards: {"one": "x", "two": ["y", "x"]}, ["roc"])
    found = shown(WILDCARDS)
    assert found[:3] == ["x", "y", "results/s/centres/pooled.csv"]
    names = ("clear", "metrics", "tripod_ai", "ibsi")
    statements = ["methods.md", *(f"checklist_{name}.csv" for name in names)]
    assert found[3:-1] == [f"results/s/report/{name}" for name in statements]
    assert found[-1] == "results/s/figures/roc.svg"


def test_a_study_of_a_ready_table():
    made = inputs(table={"path": "wide.csv"})
    assert made.tables(WILDCARDS) == ["p.csv", "wide.csv"] and made.digests(WILDCARDS) == []


@pytest.mark.parametrize("judged", [True, False])
def test_a_locked_model_with_and_without_an_outcome(judged):
    made = inputs(model={"format": "x"}, outcome_known=judged)
    assert made.tables(WILDCARDS)[-1] == "models/s/model.json"
    assert made.overlays(WILDCARDS) == []
    shown = made.shown(lambda wildcards: pytest.fail("no report here"), ["roc"])(WILDCARDS)
    validated = ["results/s/centres/look.json", "a", "b", "results/s/figures/validation.svg"]
    assert shown == (validated if judged else ["c", "d"])
    assert made.of_predictions(WILDCARDS) == ([] if judged else made.records(WILDCARDS))


def test_configs_in_their_order_and_an_edit_of_a_file(tmp_path):
    for name in ("Snakefile", "tools/a.py", "mine.yaml", "defaults.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("1", encoding="utf-8")
    mine, defaults = tmp_path / "mine.yaml", tmp_path / "defaults.yaml"
    settings = SimpleNamespace(configfiles=[mine])
    # Snakemake itself names the files of the command line first.
    workflow = SimpleNamespace(
        basedir=tmp_path, configfiles=[mine, str(defaults)], config_settings=settings
    )
    made = inputs(workflow)
    assert made.configfiles(WILDCARDS) == [str(defaults), str(mine)]
    sources, code = made.sources(WILDCARDS), made.code(WILDCARDS)
    for name, of_code in (("tools/a.py", False), ("mine.yaml", False), ("Snakefile", True)):
        before = made.sources(WILDCARDS), made.code(WILDCARDS)
        (tmp_path / name).write_text("2", encoding="utf-8")
        assert made.sources(WILDCARDS) != before[0]
        assert (made.code(WILDCARDS) != before[1]) is of_code
    assert made.sources(WILDCARDS) != sources and made.code(WILDCARDS) != code
    # A name alone is an edit, too.
    before = made.sources(WILDCARDS)
    (tmp_path / "tools/a.py").rename(tmp_path / "tools/b.py")
    assert made.sources(WILDCARDS) != before
