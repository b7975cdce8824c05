import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nomoflow import signature as signature_module
from nomoflow.signature import fit_signature
from nomoflow.signature_tables import constant_features, describe, from_description


def table(n=30, seed=1):
    random = np.random.default_rng(seed)
    y = np.arange(n) % 2
    varying = pd.DataFrame({"a": random.normal(y, 1), "b": random.normal(size=n)})
    return varying.assign(flat=3.0, zero=0.0, rounded=1e6 * (1 + 1e-16 * random.normal(size=n))), y


def test_constant_features_are_counted():
    features, y = table()
    assert constant_features(features) == ["flat", "zero", "rounded"]
    fold = np.arange(len(y)) // 2 % 5
    signature, path = fit_signature(features, y, fold)
    status = describe(signature, path, features, fold, "min")
    assert (status["candidates"], status["constant"]) == (5, 3)
    assert from_description(status) == signature


class Offered(Exception):
    """What the LASSO is given."""


@given(
    st.lists(st.floats(-1e9, 1e9, allow_subnormal=False), min_size=10, max_size=10),
    st.sampled_from([1.0, 1e-9, 1e9]),
)
def test_what_is_counted_as_constant_is_what_the_lasso_never_sees(column, scale):
    def stop(z, *_):
        raise Offered(z.shape[1])

    features = pd.DataFrame({"x": column, "y": np.arange(10.0)}) * scale
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(signature_module, "cross_validated_path", stop)
        with pytest.raises(Offered) as offered:
            fit_signature(features, np.arange(10) % 2, np.arange(10) // 2 % 5)
    assert offered.value.args[0] == 2 - len(constant_features(features))


def test_no_candidates():
    assert constant_features(pd.DataFrame(index=range(4))) == []
