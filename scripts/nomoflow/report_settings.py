"""The configuration in force, the feature engine's settings and the model's digest."""

from collections.abc import Mapping

from nomoflow.report_blocks import absent, flat, table, text


def settings(study: Mapping) -> list[dict]:
    """The configuration in force, the feature engine's settings, and the model's digest."""
    blocks = [keys(study["config"], "Configuration in force.")]
    if study["settings"]:
        blocks.append(keys(study["settings"], "Feature engine and its settings."))
    else:
        blocks.append(absent("The feature engine's settings are not known."))
    document = study["model"] or {}
    if document.get("digest"):
        blocks.append(
            text(f"Model version {document.get('version')}, digest {document['digest']}.")
        )
    return blocks


def keys(content: Mapping, caption: str) -> dict:
    """Nested settings as a folded table of dotted keys."""
    return table(["Key", "Value"], flat(content), caption, folded=True)
