"""The configuration in force, the feature engine's settings and the model's digest."""

from collections.abc import Mapping, Sequence

from nomoflow.report_blocks import absent, flat, table, text


def settings(study: Mapping) -> list[dict]:
    """The configuration in force, the feature engine's settings, and the model's digest."""
    blocks = [keys(study["config"], "Configuration in force.")]
    if study["settings"]:
        sources = [study["paths"]["settings"]]
        blocks.append(keys(study["settings"], "Feature engine and its settings.", sources))
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


def keys(content: Mapping, caption: str, sources: Sequence[str] = ()) -> dict:
    """Nested settings as a folded table of dotted keys."""
    return table(["Key", "Value"], flat(content), caption, folded=True, sources=sources)
