"""One case of bad input: tables and configs of its own, and what the refusal must say."""

import os
import re
from contextlib import chdir, contextmanager

import yaml
from snakemake.utils import update_config
from workflow.running import (
    CHECKS,
    CI,
    RESULTS,
    differing,
    digests,
    overlay,
    read_csv,
    snakemake,
    write_csv,
)

from nomoflow.problems import StudyError
from nomoflow.study import load_study

PROBLEM = re.compile(
    r"^(?P<place>\S.*)\n {4}found {4}(?P<found>.+)\n {4}allowed {2}(?P<allowed>.+)\n"
    r" {4}remedy {3}(?P<remedy>.+)$",
    re.MULTILINE,
)

COUNT = (
    r"^(\d+) problems?.* in the study's (?:input; nothing was run|files; nothing was computed)\."
)
WIDE = "2000"  # characters: no cell of the table is wrapped


@contextmanager
def wide_terminal():
    """A terminal so wide that each line of the table of problems is one."""
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = WIDE
    try:
        yield
    finally:
        os.environ.pop("COLUMNS")
        if before is not None:
            os.environ["COLUMNS"] = before


def table_of_problems(output):
    """The rows of the table that the preflight prints, by the heads of its columns.

    The cell of the problem has lines of its own: its words and kind, the file, found, allowed.
    """
    head = re.search(r"^patient +phase +reading +effect +problem +remedy$", output, re.MULTILINE)
    if head is None:
        return []
    starts = [match.start() for match in re.finditer(r"\S+", head[0])]
    names, rows = head[0].split(), []
    for line in output[head.end() + 1 :].splitlines()[1:]:
        cells = [line[a:b].strip() for a, b in zip(starts, [*starts[1:], None], strict=True)]
        told = dict(zip(names, cells, strict=True))
        if not line:
            break
        if told["effect"]:
            words, kind = re.fullmatch(r"(.*?)(?: \[(\w+)\])?", told["problem"]).groups("")
            rows.append(told | {"problem": words, "kind": kind})
        else:
            name, mark, value = told["problem"].partition(": ")
            known = mark and name in ("found", "allowed")
            rows[-1][name if known else "file"] = value if known else told["problem"]
    return rows


class Own:
    """Tables and configs of one case, beside those of the quick study."""

    def __init__(self, folder, name):
        self.folder, self.name = folder, name

    def table(self, table, edit):
        """A changed copy of a table of the quick study; ``edit`` gets its rows."""
        rows = read_csv(self.folder / f"config/ci/{table}.csv")
        rows = edit(rows) or rows
        path = self.folder / f"config/own/{self.name}/{table}.csv"
        write_csv(path, rows)
        return str(path.relative_to(self.folder))

    def participants(self, edit):
        return {"cohort": {"participants": self.table("participants", edit)}}

    def scans(self, edit):
        return {"images": {"scans": self.table("scans", edit)}}

    def text(self, name, text):
        path = self.folder / f"config/own/{self.name}/{name}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return str(path.relative_to(self.folder))

    def refused(self, change, configs=(CI,), command=False):
        """Start the study with the change: it must end with problems.

        What config and tables alone tell is asked of the function that the Snakefile calls first;
        for the rest, and with ``command``, Snakemake is started, and nothing else may change.
        """
        configs = (*configs, overlay(self.folder, self.name, change))
        output = None if command else told_at_the_start(self.folder, configs)
        output = output or self.refused_by_command(configs)
        problems = [match.groupdict() for match in PROBLEM.finditer(output)]
        rows = table_of_problems(output)
        problems += [as_block(row) for row in rows if row["effect"] != "warning"]
        count = re.search(COUNT, output, re.MULTILINE)
        assert count, output
        assert int(count[1]) == len(problems) > 0
        return problems

    def refused_by_command(self, configs):
        """What Snakemake prints; it must fail, and leave the results as they are."""
        before = digests(self.folder / RESULTS, without=CHECKS)
        with wide_terminal():
            run = snakemake(self.folder, configs=configs)
        assert run.code != 0
        assert differing(before, digests(self.folder / RESULTS, without=CHECKS)) == []
        assert "Traceback" not in run.output
        assert not re.search(r'^\s*File ".*", line \d+', run.output, re.MULTILINE), run.output
        return run.output


def told_at_the_start(folder, configs):
    """What the study's own function says of config and tables; None where it finds no fault."""
    config = {}
    for path in ("config/config.yaml", *configs):
        update_config(config, yaml.safe_load((folder / path).read_text(encoding="utf-8")))
    try:
        with chdir(folder):
            load_study(config, "config/schemas/config.schema.yaml", "config/config.yaml")
    except StudyError as error:
        return str(error)
    return None


def as_block(row):
    """A row of the preflight's table with the parts of a block of the tables' own problems."""
    scan = " ".join(filter(None, (row["patient"], row["phase"], row["reading"])))
    return {
        "place": f"{row['file']}, {scan}",
        "found": f"{row['problem']}: {row.get('found', '')}",
        "allowed": row.get("allowed", ""),
        "remedy": row["remedy"],
    }


def cell(row, column, value):
    """An edit that writes one cell; rows are numbered as in a spreadsheet, the header is row 1."""

    def edit(rows):
        rows[row - 2][column] = value

    return edit


def the_one(problems, **told):
    """The one problem, which says all of this."""
    assert len(problems) == 1, problems
    for part, words in told.items():
        for word in [words] if isinstance(words, str) else words:
            assert word in problems[0][part], (part, word, problems[0])
