"""A study's file of statements: which it is, and what is wrong with it.

Standard library, PyYAML and what the config's checks need: Snakemake itself imports this module.
"""

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path

import yaml

from nomoflow.configuration import read_yaml
from nomoflow.problems import Problems
from nomoflow.statements import known_statements, statements_list

BESIDE = "statements.yaml"  # looked for beside the participants table


def statements_file(config: Mapping) -> str | None:
    """The study's file of statements: the one named, or the one beside the participants table.

    The second is no default in the config, because a study that sets other things would then
    inherit the texts of another study.
    """
    if config["report"]["statements"]:
        return str(config["report"]["statements"])
    beside = Path(config["cohort"]["participants"]).with_name(BESIDE)
    return beside.as_posix() if beside.is_file() else None


def read_statements(path: str | None, problems: Problems) -> dict[str, str]:
    """The texts by name, in the order in which they are known; a name without text is left out.

    What is wrong goes to ``problems``: an unknown name, a text that is none, is too short to say
    anything, or is not one of the words allowed.
    """
    if path is None:
        return {}
    try:
        given = read_yaml(path)
    except OSError:
        given = "no such file"
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        given = f"no YAML in UTF-8 ({error})".replace("\n", " ")
    known = known_statements()
    if not isinstance(given, dict):
        problems.add(
            path,
            found=given if isinstance(given, str) else type(given).__name__,
            allowed="a file (YAML) with a text under each name",
            remedy="correct report.statements in the config, or the file",
        )
        return {}
    for name in sorted(map(str, set(given) - set(known))):
        near = get_close_matches(name, known, n=1)
        problems.add(
            path,
            column=name,
            found="no statement of this name",
            allowed=", ".join(known),
            remedy=f"did you mean {near[0]!r}?" if near else "remove it",
        )
    texts = {}
    for name, about in known.items():
        if given.get(name) is None:
            continue
        text = " ".join(given[name].split()) if isinstance(given[name], str) else None
        if wrong := _wrong(text, about):
            problems.add(path, column=name, found=repr(given[name]), **wrong)
        else:
            texts[name] = text
    return texts


def _wrong(text: str | None, about: Mapping) -> dict[str, str] | None:
    """What is allowed instead, and what to do."""
    choices, shortest = about.get("values"), statements_list()["shortest"]
    if choices:
        if text in choices:
            return None
        return {"allowed": " | ".join(choices), "remedy": "write one of these words"}
    if text is not None and len(text) >= shortest:
        return None
    return {
        "allowed": f"a text of {shortest} characters or more",
        "remedy": f"write {about['ask']}; or leave the name out",
    }
