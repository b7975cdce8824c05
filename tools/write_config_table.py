"""Write config/README.md: every key of a study as a table, from the config's schema.

    uv run python tools/write_config_table.py

The tests compare the file with what this program would write, so the two cannot drift apart.
"""

import argparse
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
SCHEMA = "config/schemas/config.schema.yaml"
README = "config/README.md"
LONGEST_DEFAULT = 60
TYPES = {
    "string": "text",
    "number": "number",
    "integer": "whole number",
    "boolean": "`true` or `false`",
    "null": "`null`",
    "object": "mapping",
}
BOUNDS = {
    "minimum": ">=",
    "exclusiveMinimum": ">",
    "maximum": "<=",
    "exclusiveMaximum": "<",
}

INTRO = """\
# Configuration

<!-- Written by tools/write_config_table.py from config/schemas/config.schema.yaml. -->

`config/config.yaml` holds every key with its default; the defaults are the demo study. A study of
your own is a short overlay that names what differs:

```
uv run snakemake --cores all --configfile config/mine.yaml
```

- Mappings are merged: a key that the overlay does not name keeps its default.
- Lists are replaced whole: `cohort.predictors`, `cohort.include`, `cohort.exclude`, `images.phases`
  and the like never hold a mixture of the demo's entries and yours. An empty list is `[]`.
- Quote words that YAML takes for something else: write `"yes"` and `"no"`, `"0011"`, `"1e-3"`.
  Levels of the outcome and of predictors are text, as every cell of a table is.
- An unknown key is an error, with the key that was probably meant.
- Paths are relative to the folder that holds the Snakefile.
"""

EXAMPLE = """\
study: mine
cohort:
  participants: config/mine/participants.csv
  outcome: {column: histology, positive: malignant, negative: benign}
  predictors:
    - {name: bmi, kind: continuous, unit: kg/m2}
    - {name: smoker, kind: binary, positive: "yes"}
  include: []
  exclude: [{column: bmi, op: missing, reason: weight or height unknown}]
images: {scans: config/mine/scans.csv, roots: [data/mine], phases: [venous]}
"""

PARTICIPANTS = """\
## The table of participants

`cohort.participants`: CSV in UTF-8, one row a patient, every cell read as text. Columns that no key
names are kept and not used.
"""

PARTICIPANT_COLUMNS = (
    ("`cohort.id`", "the patient's study key: letters, digits, `_`, `-` and `.`; each once"),
    ("`cohort.outcome.column`", "one of the outcome's two levels"),
    (
        "each `cohort.predictors[].name`",
        "a number with a decimal point, or one of two levels; no empty cell in patients who are "
        "analysed",
    ),
    (
        "`<sign>_a`, `<sign>_b`",
        "optional: what the first and the second reader saw, beside the consensus in `<sign>`; for "
        "the agreement of the readers",
    ),
    ("each `column` of `cohort.include`, `cohort.exclude`", "what the criterion compares"),
)

SCANS = """\
## The table of scans

`images.scans`: CSV in UTF-8, one row for each patient, phase and reading.
"""

SCAN_COLUMNS = (
    ("`patient`", "a key of the participants table"),
    ("`phase`", "one of `images.phases`; a patient without all of them is excluded"),
    (
        "`reading`",
        "`a1`: the mask that is analysed; `b1`: the second reader's; `a2`: the first reader's "
        "second one",
    ),
    (
        "`image`",
        "NIfTI, NRRD or MetaImage file, or folder of a DICOM series (`folder#series` where it "
        "holds several), beside the table or below one of `images.roots`",
    ),
    ("`mask`", "mask of the tumour, likewise; or a DICOM SEG or RTSTRUCT file"),
    (
        "`label`",
        "optional column: the label's number, or its name in the mask's file; 1 where empty",
    ),
)


def describe(node: dict) -> str:
    """What a value may be, in words."""
    if "oneOf" in node:
        return " or ".join(describe(each) for each in node["oneOf"])
    if "enum" in node:
        return ", ".join(f"`{value}`" for value in node["enum"])
    kinds = node.get("type", "any value")
    if kinds == "array":
        items = node["items"]
        composed = "$ref" in items or "properties" in items
        text = "list of " + ("mappings" if composed else describe(items))
        text += ", each once" if node.get("uniqueItems") else ""
        return text + (f", at least {node['minItems']}" if "minItems" in node else "")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    text = " or ".join(TYPES.get(kind, kind) for kind in kinds)
    bounds = " and ".join(f"{sign} {node[key]}" for key, sign in BOUNDS.items() if key in node)
    pattern = f" that matches `{node['pattern']}`" if "pattern" in node else ""
    return " ".join(filter(None, (text, bounds))) + pattern


def show(value) -> str:
    """A default as it would be written in YAML, on one line."""
    text = yaml.safe_dump(value, default_flow_style=True, width=10_000, sort_keys=False)
    text = text.removesuffix("\n").removesuffix("\n...")
    if len(text) <= LONGEST_DEFAULT:
        return f"`{text}`"
    return "as below" if isinstance(value, dict) else f"the demo's {len(value)}, see config.yaml"


def rows(node: dict, path: str, schema: dict, given) -> Iterator[tuple[str, str, str, str]]:
    """Key, default, allowed and meaning of a key and of all below it.

    given : the default that a key above holds for this one, or None
    """
    own = node.get("default", given)
    parts = node.get("properties", {})
    if not ("default" in node and parts and all("default" in part for part in parts.values())):
        stated = show(own) if "default" in node or given is not None else ""
        yield path, stated, describe(node), node["description"]
    required = node.get("required", [])
    for name, part in parts.items():
        inner = own.get(name) if isinstance(own, dict) else None
        for key, default, allowed, meaning in rows(part, f"{path}.{name}", schema, inner):
            direct = key == f"{path}.{name}"
            missing = "required" if direct and name in required else "none"
            yield key, default or missing, allowed, meaning
    for option in node.get("oneOf", []):
        for name, part in option.get("properties", {}).items():
            missing = "required" if name in option.get("required", []) else "none"
            yield f"{path}.{name}", missing, describe(part), part["description"]
    items = node.get("items", {})
    if "$ref" in items:
        items = schema["$defs"][items["$ref"].rpartition("/")[2]]
    for name, part in items.get("properties", {}).items():
        missing = "required" if name in items.get("required", []) else "none"
        yield f"{path}[].{name}", missing, describe(part), part["description"]


def table(head: tuple[str, ...], lines: Iterable[tuple[str, ...]]) -> str:
    """A table in Markdown; what would end a cell or start a tag is escaped."""
    cells = [[_escaped(cell) for cell in line] for line in lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in [head, ["---"] * len(head), *cells])


def _escaped(cell: str) -> str:
    spans = cell.replace("|", "\\|").split("`")
    spans[::2] = [re.sub(r"<(?=\w)", "&lt;", text) for text in spans[::2]]  # the rest is code
    return "`".join(spans)


def key_table(nodes: dict, prefix: str, schema: dict) -> str:
    """The table of the keys in ``nodes`` and of all below them."""
    lines = [
        (f"`{key}`", *others)
        for name, node in nodes.items()
        for key, *others in rows(node, f"{prefix}{name}", schema, None)
    ]
    return table(("key", "default", "allowed", "meaning"), lines)


def render(schema: dict) -> str:
    """The whole of config/README.md."""
    parts = [INTRO, f"Ten lines that make a study:\n\n```yaml\n{EXAMPLE}```\n", "## Keys\n"]
    plain = {name: node for name, node in schema["properties"].items() if "default" in node}
    parts.append(key_table(plain, "", schema) + "\n")
    for name, section in schema["properties"].items():
        if name not in plain:
            keys = key_table(section["properties"], f"{name}.", schema)
            parts.append(f"### {name}\n\n{section['description']}\n\n{keys}\n")
    columns = ("column", "what it holds")
    parts += [PARTICIPANTS, table(columns, PARTICIPANT_COLUMNS) + "\n"]
    parts += [SCANS, table(columns, SCAN_COLUMNS) + "\n"]
    return "\n".join(parts)


def expected(root: Path) -> str:
    """What config/README.md of the project in ``root`` must hold."""
    return render(yaml.safe_load((root / SCHEMA).read_text(encoding="utf-8")))


def main(arguments: list[str] | None = None) -> int:
    """Write the file; returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--root", type=Path, default=ROOT, help="the project's folder")
    chosen = parser.parse_args(arguments)
    (chosen.root / README).write_text(expected(chosen.root), encoding="utf-8")
    print(f"wrote {README}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
