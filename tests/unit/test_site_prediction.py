import numpy as np
import pytest

from nomoflow.site_prediction import COLUMNS, site_predictability


def cohort(seed, shift, sizes=(60, 50), p=30):
    random = np.random.default_rng(seed)
    batch = np.repeat(["north", "south"], sizes)
    x = random.normal(size=(len(batch), p)) @ random.normal(size=(p, p))
    return x + shift * x.std(axis=0) * (batch == "south")[:, None], batch


def test_columns_and_an_obvious_site():
    x, batch = cohort(1, 4.0)
    table = site_predictability(x, batch, seed=1)
    assert list(table.columns) == COLUMNS
    raw, after = (
        table.query("harmonised == @h and batch_a == 'north'")["auc"].item() for h in (False, True)
    )
    assert raw > 0.97
    assert after == pytest.approx(0.5, abs=0.17)


def test_no_site_effect_is_about_one_half():
    found = [
        site_predictability(*cohort(seed, 0.0), seed=seed).set_index(["batch_a", "harmonised"])[
            "auc"
        ]
        for seed in range(12)
    ]
    raw, after = (np.mean([one["north", h] for one in found]) for h in (False, True))
    assert raw == pytest.approx(0.5, abs=3 * 0.075 / np.sqrt(12))
    # below one half, never above: see the module's own words
    assert 0.35 < after < raw + 0.02


def test_three_sites_are_averaged_over_pairs():
    x, batch = cohort(3, 1.0)
    batch = batch.astype(object)
    batch[:25] = "east"
    table = site_predictability(x, batch, seed=2)
    assert len(table) == 8
    for _, part in table.groupby("harmonised"):
        pairs, mean = part[part["batch_a"] != "all"], part[part["batch_a"] == "all"]
        assert len(pairs) == 3
        assert mean["auc"].item() == pytest.approx(pairs["auc"].mean())


def test_a_site_of_three_has_no_figure():
    x, batch = cohort(4, 1.0, sizes=(20, 3))
    table = site_predictability(x, batch, seed=1)
    assert table["auc"].isna().all()
    assert table["note"].str.contains("four patients of each batch").sum() == 2


def test_the_seed_decides():
    x, batch = cohort(5, 0.5)
    assert site_predictability(x, batch, 1).equals(site_predictability(x, batch, 1))
