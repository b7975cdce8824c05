"""The configuration in force, the feature engine's settings and the model's digest."""

from collections.abc import Mapping, Sequence

from nomoflow.report_blocks import absent, flat, table, text


def settings(study: Mapping) -> list[dict]:
    """The configuration in force, the feature engine's settings, and the model's digest."""
    blocks = [keys(study["config"], "Configuration in force.")]
    if study["settings"]:
        sources = [study["paths"]["settings"]]
        alike = _once(study["settings"])
        blocks.append(keys(alike, "Feature engine and its settings.", sources))
    else:
        blocks.append(absent("The feature engine's settings are not known."))
    document = study["model"] or {}
    if document.get("digest"):
        blocks.append(
            text(
                "Model version {version}, digest {digest}.",
                version=document.get("version"),
                digest=document["digest"],
            )
        )
    return blocks


def _once(document: Mapping) -> Mapping:
    """The engine's settings; those of all phases once, where they are the same."""
    phases = list((document.get("phases") or {}).values())
    if len(phases) < 2 or any(one != phases[0] for one in phases):
        return document
    rest = {name: part for name, part in document.items() if name != "phases"}
    return {**rest, "each_phase": phases[0]}


def keys(content: Mapping, caption: str, sources: Sequence[str] = ()) -> dict:
    """Nested settings as a folded table of dotted keys."""
    return table(["Key", "Value"], flat(content), caption, folded=True, sources=sources)
