"""What is fitted on some patients does not change when the other patients are scrambled.

Through the scripts' own main() on files. The outcomes of the patients who are held back are dealt
out anew among them; their features, clinical values, volumes and readings are replaced. What is
fitted is caught where it is fitted, and each signature, model, cut-off, penalty and filled-in value
is compared by its digest.
"""

import hashlib
import json
from dataclasses import replace

import cross_validate
import numpy as np
import pandas as pd
import pytest
import resample_models
from jobs import job
from synthetic_cohort import CHOICES, PHASES, cohort

from nomoflow import bootstrap, models, validation
from nomoflow.dataset import CLINICAL, VOLUME, as_dataset
from nomoflow.resampling import draw_patients, stratified_folds
from nomoflow.run import read_table, write_table

N, FOLDS, REPEAT, SEED = 40, 4, 1, 3
RESAMPLES = [1, 2, 3]
NAMES = [
    "image_features", "radiomics_early", "radiomics_late", "radiomics", "nomogram", "volume",
]  # fmt: skip
RULE = {"icc": "ICC(A,1)", "threshold": 0.75, "judged": "estimate"}
VARIANTS = {
    "as by default": ({}, False),
    "backward, LASSO score": ({"select": "backward", "score": "lasso"}, False),
    "univariate, 1se": ({"select": "univariate", "p": 0.3, "penalty": "1se"}, False),
    "missing values filled in": ({"missing": "impute"}, False),
    "readers' agreement inside": ({"missing": "impute"}, True),
}


class Study:
    """A study's files, and what is fitted on parts of them."""

    def __init__(self, folder, monkeypatch, changes, with_readings):
        self.folder, self.monkeypatch = folder, monkeypatch
        self.choices = replace(CHOICES, **changes)
        self.frame = cohort(N, features=6)
        if self.choices.missing == "impute":
            random = np.random.default_rng(5)
            for name in ("age", "sex"):
                self.frame.loc[random.random(N) < 0.2, CLINICAL + name] = np.nan
        self.readings = readings(self.frame) if with_readings else {}
        self.outer = stratified_folds(self.frame["outcome"].to_numpy(), FOLDS, [SEED, REPEAT])

    def write(self, scrambled):
        """The files, with the patients at these positions scrambled."""
        frame, tables = self.frame.copy(), {k: v.copy() for k, v in self.readings.items()}
        if len(scrambled):
            random = np.random.default_rng(17)
            outcome = frame.loc[scrambled, "outcome"].to_numpy()
            assert 0 < outcome.sum() < len(outcome)
            frame.loc[scrambled, "outcome"] = np.roll(np.sort(outcome), 1 + len(outcome) // 2)
            assert (frame["outcome"] != self.frame["outcome"]).any()
            other = [c for c in frame if c not in ("patient", "outcome")]
            noise = random.normal(50, 30, (len(scrambled), len(other)))
            frame.loc[scrambled, other] = np.abs(noise)
            frame.loc[scrambled, CLINICAL + "sex"] = random.integers(2, size=len(scrambled)) * 1.0
            if self.choices.missing == "impute":
                frame.loc[scrambled[::2], CLINICAL + "age"] = np.nan
            patients = frame.loc[scrambled, "patient"]
            for table in tables.values():
                rows, values = table["patient"].isin(patients), list(table.columns[2:])
                table.loc[rows, values] = random.normal(0, 30, (rows.sum(), len(values)))
        write_table(frame, self.folder / "dataset.parquet")
        for phase, table in tables.items():
            write_table(table, self.folder / f"{phase}.parquet")
        return frame

    def parts(self):
        """All that must change where a training patient does: a part that cannot, shows nothing."""
        signatures = {f"signature {name}" for name in (*PHASES, "combined")}
        filled_in = {"filled in"} if self.choices.missing == "impute" else set()
        return signatures | {f"model {name}" for name in NAMES} | {"penalties"} | filled_in

    def given(self, **others):
        inputs = {
            "dataset": self.folder / "dataset.parquet",
            "readings": [self.folder / f"{phase}.parquet" for phase in self.readings],
        }
        params = {"choices": vars(self.choices), "models": NAMES, "seed": SEED}
        return inputs, params | {"reliability": RULE} | others

    def catch(self, module):
        """The digests of all that this module fits, in order, from now on."""
        caught, honest = [], models.fit_study

        def spy(*arguments, **named):
            fitted = honest(*arguments, **named)
            caught.append(digests(fitted))
            return fitted

        self.monkeypatch.setattr(module, "fit_study", spy)
        return caught

    def folds(self, scrambled=()):
        """{fold: digests} of cross-validation, its folds as they were, and its predictions."""
        self.write(list(scrambled))
        caught = self.catch(validation)
        self.monkeypatch.setattr(validation, "stratified_folds", lambda *_: self.outer)
        inputs, params = self.given()
        output = {"predictions": self.folder / "predictions.csv"}
        cross_validate.main(job(inputs, output, params, {"repeat": str(REPEAT)}))
        predictions = read_table(output["predictions"])
        return dict(zip(np.unique(self.outer), caught, strict=True)), predictions

    def resamples(self, scrambled=()):
        """{resample: digests} of the bootstrap, and its predictions."""
        self.write(list(scrambled))
        caught = self.catch(bootstrap)
        inputs, params = self.given(resamples=RESAMPLES)
        output = {name: self.folder / f"{name}.csv" for name in ("selected", "penalties")}
        output["predictions"] = self.folder / "predictions.parquet"
        resample_models.main(job(inputs, output, params, {"batch": "1"}))
        predictions = read_table(output["predictions"])
        return dict(zip(RESAMPLES, caught, strict=True)), predictions


def readings(frame):
    """{phase: table of readings}: two thirds read again, every second feature with much noise."""
    random = np.random.default_rng(6)
    tables = {}
    for phase in PHASES:
        own = [c for c in frame if c.startswith(f"{phase}_")]
        first = frame[own].rename(columns=lambda name: name.partition("_")[2])
        parts = []
        for reading in ("a1", "b1", "a2"):
            rows = np.arange(N) if reading == "a1" else np.flatnonzero(np.arange(N) % 3)
            # an ICC of about 0.75, where a few patients decide whether the feature is kept
            noise = np.where(np.arange(len(own)) % 2, 0.55, 0.1) * (reading != "a1")
            values = first.iloc[rows] + random.normal(size=(len(rows), len(own))) * noise
            values.insert(0, "patient", frame["patient"].iloc[rows])
            values.insert(1, "reading", reading)
            parts.append(values)
        tables[phase] = pd.concat(parts, ignore_index=True)
    return tables


def digests(fitted):
    """{part: sha256 of its canonical JSON} of all that was learned."""
    parts = {f"signature {name}": s.to_dict() for name, s in fitted.signatures.items()}
    for name, model in fitted.models.items():
        content = vars(model) | {"coefficients": model.coefficients.tolist()}
        if model.fit is not None:
            content["fit"] = {k: np.asarray(v).tolist() for k, v in vars(model.fit).items()}
        parts[f"model {name}"] = content
    parts["penalties"] = {name: list(value) for name, value in fitted.penalties.items()}
    parts["filled in"] = fitted.filled_in
    return {
        name: hashlib.sha256(json.dumps(part, sort_keys=True).encode()).hexdigest()
        for name, part in parts.items()
    }


@pytest.fixture(params=list(VARIANTS))
def study(request, tmp_path, monkeypatch):
    return Study(tmp_path, monkeypatch, *VARIANTS[request.param])


def test_held_back_patients_do_not_reach_the_training_part_of_a_fold(study):
    before, predicted = study.folds()
    assert set(before) == {1, 2, 3, 4}
    assert set(before[1]) > {f"model {name}" for name in NAMES}
    moved = set()
    for fold in before:
        held_back = np.flatnonzero(study.outer == fold)
        after, predicted_after = study.folds(held_back)
        changed = [part for part in before[fold] if after[fold][part] != before[fold][part]]
        assert changed == [], f"fold {fold} saw the patients that it holds back"
        # the same patients train all other folds, which cannot stay as they were
        for other in set(before) - {fold}:
            moved |= {p for p in before[other] if after[other][p] != before[other][p]}
            assert after[other]["model volume"] != before[other]["model volume"]
        # and on file: what judges the held-back patients, but not what they are predicted
        mine, mine_after = (t[t["fold"] == fold] for t in (predicted, predicted_after))
        assert list(mine["cutoff"]) == list(mine_after["cutoff"])
        assert list(mine["baseline"]) == list(mine_after["baseline"])
        assert list(mine["linear_predictor"]) != list(mine_after["linear_predictor"])
    assert moved == study.parts()


def test_out_of_bag_patients_do_not_reach_a_resample(study):
    before, predicted = study.resamples()
    y, moved = study.frame["outcome"].to_numpy(), set()
    for resample in RESAMPLES:
        positions, _ = draw_patients(y, SEED, resample, study.choices.folds)
        out_of_bag = np.setdiff1d(np.arange(N), positions)
        after, predicted_after = study.resamples(out_of_bag)
        changed = [p for p in before[resample] if after[resample][p] != before[resample][p]]
        assert changed == [], f"resample {resample} saw its out-of-bag patients"
        for other in set(RESAMPLES) - {resample}:
            moved |= {p for p in before[other] if after[other][p] != before[other][p]}
            assert after[other]["model volume"] != before[other]["model volume"]
        assert list(predicted["count"]) == list(predicted_after["count"])
        rows = predicted[(predicted["resample"] == resample) & (predicted["count"] > 0)].index
        for column in ("outcome", "linear_predictor", "probability", "cutoff", "baseline"):
            drawn, drawn_after = (t.loc[rows, column] for t in (predicted, predicted_after))
            assert list(drawn) == list(drawn_after)
    assert moved == study.parts()


# --- Each kind of leak, let in on purpose: the comparison sees it ------------------------------


def everyone(study):
    return as_dataset(read_table(study.folder / "dataset.parquet"))


def leak_agreement(study):
    """The readers' agreement of all patients, as a table of ICCs made before the split has it."""

    def of_all(data):
        return replace(data, features=data.features[data.agreement.kept(everyone(study).patients)])

    study.monkeypatch.setattr(models, "agreed", of_all)


def leak_imputation(study):
    honest = models.fit_imputation
    study.monkeypatch.setattr(models, "fit_imputation", lambda _: honest(everyone(study).clinical))


def leak_selection(study):
    """Half of the features left out before the split, by their means in all patients."""
    honest = models.fit_signature

    def among_the_best(table, *others):
        data = everyone(study)
        values = data.features[list(table.columns)].to_numpy()
        gap = values[data.y == 1].mean(axis=0) - values[data.y == 0].mean(axis=0)
        best = np.sort(np.argsort(-np.abs(gap) / values.std(axis=0))[: len(gap) // 2])
        return honest(table.iloc[:, best], *others)

    study.monkeypatch.setattr(models, "fit_signature", among_the_best)


def leak_cutoff(study):
    """Youden's cut of all patients' volumes, for the model of the volume."""
    honest = models.youden

    def of_all(y, score):
        data = everyone(study)
        return honest(data.y, data.volume[VOLUME].to_numpy())

    study.monkeypatch.setattr(models, "youden", of_all)


@pytest.mark.parametrize(
    ("leak", "variant", "part"),
    [
        (leak_agreement, "readers' agreement inside", "signature combined"),
        (leak_imputation, "missing values filled in", "filled in"),
        (leak_selection, "as by default", "signature combined"),
        (leak_cutoff, "as by default", "model volume"),
    ],
)
def test_a_leak_is_seen(tmp_path, monkeypatch, leak, variant, part):
    study = Study(tmp_path, monkeypatch, *VARIANTS[variant])
    leak(study)
    before, _ = study.folds()
    seen = []
    for fold in before:
        after, _ = study.folds(np.flatnonzero(study.outer == fold))
        seen.append(after[fold][part] != before[fold][part])
    assert any(seen)
    before, _ = study.resamples()
    seen = []
    for resample in RESAMPLES:
        y = study.frame["outcome"].to_numpy()
        positions, _ = draw_patients(y, SEED, resample, study.choices.folds)
        after, _ = study.resamples(np.setdiff1d(np.arange(N), positions))
        seen.append(after[resample][part] != before[resample][part])
    assert any(seen)
