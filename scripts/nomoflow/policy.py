"""What a problem does: end the run, or leave its patient out.

``images.on_problem`` is ``stop``, ``exclude``, or a mapping {kind: stop | exclude} whose key
``default`` stands for every kind that it does not name (stop without one). Standard library only:
Snakemake itself imports this module.
"""

from collections.abc import Mapping
from difflib import get_close_matches

from nomoflow.problem_kinds import KINDS
from nomoflow.problems import Problems

STOP, EXCLUDE = "stop", "exclude"
DEFAULT = "default"
# Of all patients at once: leaving one out mends nothing.
OF_EVERYONE = ("settings_unusable", "table_unusable")


def policy(on_problem: str | Mapping[str, str], kind: str) -> str:
    """``stop`` or ``exclude``: what a problem of this kind does."""
    if isinstance(on_problem, str):
        return on_problem
    return on_problem.get(kind, on_problem.get(DEFAULT, STOP))


def check_policy(on_problem: str | Mapping[str, str], problems: Problems) -> None:
    """Add to ``problems`` each key of a mapping that is no kind that could be excluded."""
    if isinstance(on_problem, str):
        return
    allowed = sorted({DEFAULT, *KINDS} - set(OF_EVERYONE))
    for kind in sorted(set(on_problem) - set(allowed)):
        near = get_close_matches(kind, allowed, n=1)
        problems.add(
            "config",
            column="images.on_problem",
            found=f"kind {kind!r}, which concerns everyone"
            if kind in OF_EVERYONE
            else f"unknown kind {kind!r}",
            allowed=", ".join(allowed),
            remedy=f"did you mean {near[0]!r}?"
            if near
            else "remove it; docs/bad_input.md lists the kinds",
        )
