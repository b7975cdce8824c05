"""tools/write_config_table.py: config/README.md from the schema."""

import importlib.util
import re
from pathlib import Path

import pytest
import yaml

from nomoflow.configuration import config_problems, read_yaml, with_words
from nomoflow.scans import COLUMNS, READINGS

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def tool():
    place = ROOT / "tools/write_config_table.py"
    spec = importlib.util.spec_from_file_location("write_config_table", place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def merge(base, overlay):
    """As Snakemake merges config files: mappings merge, all else is replaced."""
    if not (isinstance(base, dict) and isinstance(overlay, dict)):
        return overlay
    return {**base, **{key: merge(base.get(key), value) for key, value in overlay.items()}}


def cells(text):
    """{key: other cells} of the key tables."""
    text = text.partition("## The table of participants")[0]
    lines = re.findall(r"^\| `([^`]+)` \|(.*)\|$", text, re.MULTILINE)
    return {key: [c.strip() for c in re.split(r"(?<!\\)\|", rest)] for key, rest in lines}


def leaves(value, path=""):
    """Dotted keys of a config whose values are no mapping with keys of its own."""
    if not isinstance(value, dict) or not value:
        yield path, value
        return
    for key, inner in value.items():
        yield from leaves(inner, f"{path}.{key}" if path else key)


def test_every_key_of_config_yaml_has_a_row_with_its_value(tool):
    rows = cells(tool.expected(ROOT))
    for key, value in leaves(read_yaml(ROOT / "config/config.yaml")):
        default = rows[key][0]
        shown = re.fullmatch("`(.*)`", default)
        if shown:
            assert yaml.safe_load(shown[1]) == value, key
        else:
            assert default == f"the demo's {len(value)}, see config.yaml", key


def test_the_example_overlay_is_ten_lines_and_valid(tool):
    block = re.search(r"```yaml\n(.*?)```", tool.expected(ROOT), re.DOTALL)[1]
    assert len(block.splitlines()) == 10
    overlay, defaults = yaml.safe_load(block), read_yaml(ROOT / "config/config.yaml")
    schema = read_yaml(ROOT / "config/schemas/config.schema.yaml")
    merged = with_words(merge(defaults, overlay))
    assert config_problems(merged, schema) == []
    demo = {entry["name"] for entry in defaults["cohort"]["predictors"]}
    assert not demo & {entry["name"] for entry in merged["cohort"]["predictors"]}
    assert merged["evaluation"] == defaults["evaluation"]


def test_the_intro_and_the_tables_say_what_a_user_must_know(tool):
    text = tool.expected(ROOT)
    for column in [*COLUMNS, "label"]:
        assert f"| `{column}` |" in text
    for word in [*READINGS, "<sign>_a", "<sign>_b"]:
        assert f"`{word}`" in text
    for words in ("Mappings are merged", "Lists are replaced whole", '`"yes"` and `"no"`'):
        assert words in text


@pytest.mark.parametrize(
    ("node", "words"),
    [
        ({"type": "integer", "minimum": 0}, "whole number >= 0"),
        ({"type": "number", "exclusiveMinimum": 0, "maximum": 1}, "number > 0 and <= 1"),
        ({"type": ["string", "null"]}, "text or `null`"),
        ({"type": "boolean"}, "`true` or `false`"),
        ({"enum": ["min", "1se"]}, "`min`, `1se`"),
        ({"type": "array", "items": {"type": "string"}, "minItems": 1}, "list of text, at least 1"),
        ({"type": "array", "items": {"$ref": "#/$defs/x"}}, "list of mappings"),
        ({"oneOf": [{"type": "null"}, {"type": "object"}]}, "`null` or mapping"),
        ({"type": "string", "pattern": "^a$"}, "text that matches `^a$`"),
        ({"description": "anything"}, "any value"),
    ],
)
def test_describe_says_what_is_allowed(tool, node, words):
    assert tool.describe(node) == words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "`null`"),
        (True, "`true`"),
        ("yes", "`'yes'`"),
        ("1se", "`1se`"),
        (0.75, "`0.75`"),
        ({}, "`{}`"),
        (["a", "b"], "`[a, b]`"),
        ([{"name": "x" * 80}], "the demo's 1, see config.yaml"),
        ({"name": "x" * 80}, "as below"),
    ],
)
def test_show_writes_a_default_as_yaml(tool, value, text):
    assert tool.show(value) == text


def test_rows_descend_into_mappings_lists_and_alternatives(tool):
    schema = {"$defs": {"c": {"required": ["op"], "properties": {"op": {"description": "O"}}}}}
    node = {
        "description": "T",
        "oneOf": [
            {"type": "null"},
            {"type": "object", "properties": {"path": {"description": "P"}}},
        ],
        "default": None,
    }
    listed = {"description": "L", "type": "array", "items": {"$ref": "#/$defs/c"}, "default": []}
    assert list(tool.rows(node, "a.t", schema, None)) == [
        ("a.t", "`null`", "`null` or mapping", "T"),
        ("a.t.path", "none", "any value", "P"),
    ]
    assert list(tool.rows(listed, "a.l", schema, None)) == [
        ("a.l", "`[]`", "list of mappings", "L"),
        ("a.l[].op", "required", "any value", "O"),
    ]


def test_cells_cannot_break_the_table(tool):
    text = tool.table(("a",), [("x | `y|z` <study> < 3 `<code>`",)])
    assert text.splitlines()[2] == "| x \\| `y\\|z` &lt;study> < 3 `<code>` |"


def test_main_writes_the_file_and_says_so(tool, tmp_path, capsys):
    (tmp_path / "config/schemas").mkdir(parents=True)
    schema = ROOT / tool.SCHEMA
    (tmp_path / tool.SCHEMA).write_text(schema.read_text(encoding="utf-8"), encoding="utf-8")
    assert tool.main(["--root", str(tmp_path)]) == 0
    assert (tmp_path / tool.README).read_text(encoding="utf-8") == tool.expected(ROOT)
    assert capsys.readouterr().out == "wrote config/README.md\n"
