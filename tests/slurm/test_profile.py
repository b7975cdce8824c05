"""profiles/slurm is about the rules that there are."""

import yaml
from layout_reading import read_rules
from workflow.running import ROOT

PROFILE = ROOT / "profiles/slurm/config.yaml"
# They are asked for by hand and run where they are asked for, or alone.
ALONE = {"init", "clean", "lock_model"}


def test_every_rule_has_its_group():
    """A rule without one would be a job of the cluster by itself, a renamed one unnoticed."""
    profile = yaml.safe_load(PROFILE.read_text(encoding="utf-8"))
    rules = {
        rule.name
        for rule in read_rules(ROOT)
        if not rule.is_target and rule.text("localrule") != "True" and "localrule" not in rule.parts
    }
    assert set(profile["groups"]) == rules - ALONE
    assert set(profile["group-components"]) <= set(profile["groups"].values())
    assert set(profile["set-resources"]) <= rules
