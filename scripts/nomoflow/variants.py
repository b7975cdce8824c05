"""Variants of a study for its sensitivity analysis: the same study but for one decision.

A variant is an overlay on the study's config, so the same rules compute it; what lies before the
first stage that it changes is taken from the study itself.

Standard library only: Snakemake itself imports this module.
"""

from dataclasses import dataclass
from typing import Any

from nomoflow.settings import merge_settings

# In the order of the data. `validation` repeats all that is learned from the data.
STAGES = ("features", "reliability", "dataset", "signature", "models", "validation")


@dataclass(frozen=True)
class Variant:
    """One variant: its name, the config in force, what it changes in words, and where it begins.

    ``first`` is the first stage whose results differ from the study's own.
    """

    name: str
    changed: str
    config: dict
    first: str

    def owns(self, stage: str) -> bool:
        """Whether the results of a stage are the variant's own."""
        return STAGES.index(stage) >= STAGES.index(self.first)


def variants(config: dict) -> dict[str, Variant]:
    """The variants that a study's config asks for, by name; those equal to the study are left out.

    Names are fit for a folder. The order is that of the config's section ``sensitivity``.
    """
    asked = config["sensitivity"]
    made: dict[str, Variant] = {}

    def add(name: str, first: str, overlay: dict, changed: str = "") -> None:
        merged = merge_settings(config, overlay)
        if merged != config:
            made[name] = Variant(name, changed or _in_words(overlay), merged, first)

    for threshold in asked["thresholds"]:
        add(f"icc_{threshold:g}", "reliability", {"reliability": {"threshold": threshold}})
    if asked["lower_limit"]:
        add("icc_lower_limit", "reliability", {"reliability": {"judged": "lower_limit"}})
    if asked["within_training"]:
        add("icc_within_training", "validation", {"reliability": {"filter": "within_training"}})
    for penalty in asked["penalties"]:
        add(f"penalty_{penalty}", "signature", {"signature": {"penalty": penalty}})
    for score in asked["scores"]:
        add(f"score_{score}", "signature", {"signature": {"score": score}})
    # Raw stands beside harmonised, whatever else is asked for.
    if config["centres"]["harmonisation"]["method"] != "none":
        add("raw", "signature", {"centres": {"harmonisation": {"method": "none"}}})
    phases = config["images"]["phases"]
    for left_out in phases if asked["leave_phase_out"] and len(phases) > 1 else ():
        rest = [phase for phase in phases if phase != left_out]
        words = f"phases without {left_out}"
        add(f"without_{left_out}", "reliability", {"images": {"phases": rest}}, words)
    if config["models"]["missing"] == "impute":
        add("complete_cases", "dataset", {"models": {"missing": "leave_out"}})
    if not config["features"]["table"]:
        for width in asked["bin_widths"]:
            widths = {phase: {"binWidth": width} for phase in phases}
            words = f"binWidth {width:g} in every phase"
            add(f"bin_width_{width:g}", "features", {"features": {"per_phase": widths}}, words)
        if asked["shuffled_voxels"]:
            add("shuffled_voxels", "features", {"features": {"shuffle_voxels": True}})
    return made


def _in_words(overlay: dict, place: str = "") -> str:
    """ "reliability.threshold: 0.8" for an overlay of one key."""
    ((key, value),) = overlay.items()
    name = f"{place}.{key}" if place else key
    return _in_words(value, name) if isinstance(value, dict) else f"{name}: {_text(value)}"


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else f"{value}"
