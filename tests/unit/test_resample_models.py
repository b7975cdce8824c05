import pandas as pd
import pytest
from correct_optimism import main as correct_optimism
from jobs import job
from resample_models import main
from synthetic_cohort import CHOICES, cohort

from nomoflow.dataset import as_dataset
from nomoflow.models import fit_study
from nomoflow.run import read_table, write_table
from nomoflow.validation import predictions

NAMES = ["nomogram", "radiomics", "volume"]
SPLITS = {"one job": [6], "two jobs": [3, 3], "six jobs": [1] * 6}


def resample(folder, batch, resamples):
    """One batch; the paths of its three tables."""
    tables = {
        "predictions": folder / batch / "predictions.parquet",
        "selected": folder / batch / "selected.csv",
        "penalties": folder / batch / "penalties.csv",
    }
    main(
        job(
            {"dataset": folder / "dataset.parquet", "readings": []},
            tables,
            {
                "choices": vars(CHOICES),
                "reliability": {},
                "models": NAMES,
                "seed": 1,
                "resamples": resamples,
            },
            {"batch": batch},
        )
    )
    return tables


@pytest.fixture(scope="module")
def splits(tmp_path_factory):
    """Six resamples by one, two and six jobs: for each, its tables and what is made of them."""
    results = {}
    for name, sizes in SPLITS.items():
        folder = tmp_path_factory.mktemp("resamples")
        write_table(cohort(), folder / "dataset.parquet")
        data = as_dataset(cohort())
        fitted = fit_study(data, CHOICES, [1], NAMES)
        same = {"sample": "apparent", "repeat": 0, "fold": 0}
        rows = predictions(data, fitted.design(data), fitted.models, NAMES, data.y, **same)
        write_table(rows, folder / "predictions.csv")
        numbers = iter(range(1, 7))
        batches = [
            resample(folder, str(k + 1), [next(numbers) for _ in range(size)])
            for k, size in enumerate(sizes)
        ]
        outputs = {"performance": folder / "corrected.csv", "dca": folder / "dca_corrected.csv"}
        correct_optimism(
            job(
                {
                    "predictions": folder / "predictions.csv",
                    "resamples": [batch["predictions"] for batch in batches],
                    "penalties": [batch["penalties"] for batch in batches],
                },
                outputs,
                {"models": NAMES, "threshold": 0.5, "intervals": 50, "seed": 1, "confidence": 0.95},
            )
        )
        results[name] = batches, outputs
    return results


@pytest.mark.parametrize("split", ["two jobs", "six jobs"])
@pytest.mark.parametrize("table", ["performance", "dca"])
def test_the_corrected_tables_are_the_same_bytes_for_any_split(splits, split, table):
    one, other = splits["one job"][1][table], splits[split][1][table]
    assert one.read_bytes() == other.read_bytes()


@pytest.mark.parametrize("split", ["two jobs", "six jobs"])
@pytest.mark.parametrize("table", ["selected", "penalties"])
def test_batches_hold_the_same_lines_in_the_same_order(splits, split, table):
    def lines(batches):
        texts = [batch[table].read_text(encoding="utf-8").splitlines() for batch in batches]
        assert {text[0] for text in texts} == {texts[0][0]}
        return [line for text in texts for line in text[1:]]

    assert lines(splits["one job"][0]) == lines(splits[split][0]) != []


@pytest.mark.parametrize("split", ["two jobs", "six jobs"])
def test_batches_hold_the_same_predictions(splits, split):
    whole, parts = (
        pd.concat([read_table(batch["predictions"]) for batch in splits[name][0]])
        for name in ("one job", split)
    )
    pd.testing.assert_frame_equal(whole, parts.reset_index(drop=True), check_exact=True)
    assert len(whole) == 6 * len(NAMES) * 40
