"""Agreement inside a validation: found on the patients at hand, the held-back ones never seen."""

from dataclasses import replace

import numpy as np
import pandas as pd
from synthetic_cohort import CHOICES

from nomoflow.agreement import agreed, with_readings
from nomoflow.dataset import Dataset
from nomoflow.models import fit_study
from nomoflow.reliability import assess

RULE = {"icc": "ICC(A,1)", "threshold": 0.75, "judged": "estimate"}
PATIENTS = [f"P{i:02d}" for i in range(24)]


def phases(seed=1):
    """Two phases of 12 features; half of the patients were read again, with noise by feature."""
    random = np.random.default_rng(seed)
    tables = {}
    for phase in ("early", "late"):
        true = random.normal(size=(24, 12))
        noise = np.linspace(0.05, 1.5, 12)
        parts = []
        for reading, patients in (("a1", 24), ("b1", 12), ("a2", 12)):
            values = true[:patients] + random.normal(size=(patients, 12)) * noise
            part = pd.DataFrame(values, columns=[f"f{j}" for j in range(12)])
            part.insert(0, "reading", reading)
            part.insert(0, "patient", PATIENTS[:patients])
            parts.append(part)
        tables[phase] = pd.concat(parts, ignore_index=True)
    return tables


def dataset(tables):
    patients = np.array(PATIENTS, dtype=object)
    bare = Dataset(patients, np.arange(24) % 2, pd.DataFrame(index=range(24)), None, None)
    return with_readings(bare, list(tables), list(tables.values()), RULE)


def test_on_all_patients_it_keeps_what_the_table_of_iccs_keeps():
    tables = phases()
    icc = assess(tables, "ICC(A,1)", 0.75, 1).drop_duplicates(["phase", "feature"])
    kept = icc[icc["kept"]]
    expected = list(kept["phase"] + "_" + kept["feature"])
    assert 0 < len(expected) < 24
    assert list(agreed(dataset(tables)).features) == expected


def test_held_back_patients_change_nothing():
    tables = phases()
    training = np.arange(24) % 3 != 0
    before = agreed(dataset(tables).take(np.flatnonzero(training)))
    random = np.random.default_rng(9)
    for table in tables.values():
        held_back = table["patient"].isin(np.array(PATIENTS)[~training]).to_numpy()
        table.loc[held_back, "f0":] = random.normal(size=(held_back.sum(), 12)) * 99
    after = agreed(dataset(tables).take(np.flatnonzero(training)))
    assert list(before.features) == list(after.features)
    pd.testing.assert_frame_equal(before.features, after.features)


def test_a_study_with_readings_is_fitted_on_what_its_readers_agree_on():
    """Of these patients: the same signature as from a table with the agreed features alone."""
    data = dataset(phases())
    lifted = data.features.copy()
    lifted.iloc[::2] += 1.0  # every feature tells the classes apart, unreliable ones too
    data = replace(data, features=lifted)
    kept = data.agreement.kept(data.patients)
    assert 0 < len(kept) < lifted.shape[1]
    alone = replace(data, features=lifted[kept], agreement=None)
    choices = replace(CHOICES, phases=["early", "late"], predictors=[])
    found, expected, unfiltered = (
        fit_study(each, choices, [1], ["radiomics"]).signatures["combined"]
        for each in (data, alone, replace(data, agreement=None))
    )
    assert found == expected and set(found.features) <= set(kept)
    assert not set(unfiltered.features) <= set(kept)


def test_copies_of_a_patient_count_once():
    data = dataset(phases())
    once = data.take(np.arange(12))
    twice = data.take(np.sort(np.r_[np.arange(12), np.arange(12)]))
    assert list(agreed(once).features) == list(agreed(twice).features)


def test_without_readings_again_every_feature_stays():
    tables = {name: table[table["reading"] == "a1"] for name, table in phases().items()}
    assert agreed(dataset(tables)).features.shape == (24, 24)
    data = Dataset(np.array(["P1"]), np.array([1]), pd.DataFrame(), pd.DataFrame({"x": [1]}), None)
    assert agreed(data) is data
