"""Real runs are killed, starved and cut; after the documented remedy every byte is the same."""

import pytest
from faults.run_faults import FAULTS, run, table

pytestmark = pytest.mark.faults


@pytest.mark.parametrize("fault", FAULTS)
def test_results_are_those_of_an_undisturbed_run(fault, finished, tmp_path):
    outcomes = run(finished, tmp_path, [fault], kills=8)
    print(table(outcomes))
    assert all(one.good for one in outcomes), "\n" + table(outcomes)
    if all(one.skipped for one in outcomes):
        pytest.skip(outcomes[0].skipped)
