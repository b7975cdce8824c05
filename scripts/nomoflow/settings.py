"""pyradiomics' parameters of a phase: the study's file, with what the phase has of its own."""

from copy import deepcopy
from functools import cache
from pathlib import Path

from nomoflow.configuration import read_yaml

RIVALS = {"binWidth": "binCount", "binCount": "binWidth"}


def merge_settings(base: dict, override: dict | None) -> dict:
    """``base`` with the keys of ``override``: mappings merge, lists and values are replaced.

    A bin width takes the place of a bin count and the other way round, since pyradiomics would
    follow the count and say nothing of the width.
    """
    merged = deepcopy(base or {})
    for key, value in (override or {}).items():
        if isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = merge_settings(merged[key], value)
        else:
            merged[key] = deepcopy(value)
        rival = RIVALS.get(key)
        if rival in merged and rival not in override:
            del merged[rival]
    return merged


@cache  # asked for by every batch
def _read(path: Path, changed: int) -> dict:
    return read_yaml(path)


def settings_by_phase(config: dict) -> dict[str, dict]:
    """The parameters of each phase: the config's file, merged with what a phase has of its own."""
    path = Path(config["features"]["settings"])
    base, own = _read(path, path.stat().st_mtime_ns), config["features"]["per_phase"]
    return {
        phase: merge_settings(base, {"setting": own.get(phase, {})})
        for phase in config["images"]["phases"]
    }
