"""Each rule runs in its own stage's environment, with only what the stage's env file names."""

from collections import defaultdict
from pathlib import Path

import pytest
from layout_reading import read_rules
from workflow import running
from workflow.running import RESULTS, ROOT, differing, digests

from nomoflow.job_record import read_records
from nomoflow.tolerances import compare_files, read_tolerances

pytestmark = pytest.mark.conda

# What tells of the run itself, and so of its environments.
OF_THE_RUN = ("provenance/run.json", "provenance/ro-crate", "provenance/verification")
ICC = "results/ci/reliability/icc.csv"


def test_every_rule_ran_in_the_environment_of_its_stage(deployed):
    stages = {rule.name: Path(rule.text("conda")).stem for rule in read_rules(ROOT)}
    prefixes = defaultdict(set)
    for job in read_records(deployed.folder / "logs"):
        prefixes[job["rule"]].add(job["prefix"])
    assert set(prefixes) == set(deployed.run.jobs)
    seen = defaultdict(set)
    for rule, (prefix,) in sorted(prefixes.items()):
        print(f"{rule:<28} {stages[rule]:<12} {prefix}")
        # Beside a prefix, Snakemake keeps the env file that it was made from.
        env = deployed.folder / f"envs/{stages[rule]}.yaml"
        assert Path(f"{prefix}.yaml").read_bytes() == env.read_bytes(), rule
        seen[stages[rule]].add(prefix)
    assert all(len(found) == 1 for found in seen.values()), seen
    assert len(set.union(*seen.values())) == len(seen) >= 8


def test_the_results_are_those_of_the_plain_run(deployed, finished):
    assert differing(digests(finished / "data"), digests(deployed.folder / "data")) == []
    plain, own = finished / RESULTS, deployed.folder / RESULTS
    expected, found = digests(plain, without=OF_THE_RUN), digests(own, without=OF_THE_RUN)
    assert expected.keys() == found.keys()
    unlike = differing(expected, found)
    print(f"{len(found)} results, {len(unlike)} of other bytes than the plain run's")
    if deployed.conda.stand_in:  # the same wheels on the same machine
        assert unlike == []
    tolerances = read_tolerances(ROOT / "config/tolerances.yaml")
    verdicts = [compare_files(plain / name, own / name, name, tolerances) for name in unlike]
    assert [one for one in verdicts if one["state"] == "beyond"] == []


def test_what_an_env_file_does_not_name_cannot_be_imported(deployed, finished, tmp_path):
    """The stage reliability has no SimpleITK, though the plain run's one environment has it."""
    plain = running.copy_finished(finished, tmp_path / "project")
    for folder in (deployed.folder, plain):
        script = folder / "scripts/compute_icc.py"
        title, end, rest = script.read_text(encoding="utf-8").partition('."""\n')
        edited = f"{title}{end}\nimport SimpleITK  # noqa: F401\n{rest}"
        script.write_text(edited, encoding="utf-8")
    failed = deployed.conda.snakemake(deployed.folder, ICC)
    assert failed.code == 1, failed.output[-3000:]
    assert "No module named 'SimpleITK'" in failed.output
    passed = running.snakemake(plain, ICC, cores=1).succeeded()
    assert set(passed.jobs) == {"compute_icc"}
