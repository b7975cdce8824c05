"""What a run shows while it works, on a terminal and without one, through the real command."""

import errno
import os
import pty
import re
import subprocess
import sys

from workflow.running import CI, RESULTS, own_environment, snakemake

ASKED = ("--force", f"{RESULTS}/cohort/table1.csv")


def on_a_terminal(folder):
    """All that a call of snakemake writes to a terminal, and its exit code."""
    command = [sys.executable, "-m", "snakemake", "--cores", "1", *ASKED, "--configfile", CI]
    own = own_environment()
    ours, its = pty.openpty()
    with subprocess.Popen(command, cwd=folder, env=own, stdin=its, stdout=its, stderr=its) as run:
        os.close(its)
        told = b""
        while True:
            try:
                piece = os.read(ours, 4096)
            except OSError as error:
                if error.errno != errno.EIO:  # which is how a terminal says that nobody writes
                    raise
                piece = b""
            if not piece:
                break
            told += piece
    os.close(ours)
    return told.decode(), run.returncode


def test_a_terminal_has_a_live_line_for_the_stage(study):
    told, code = on_a_terminal(study)
    assert code == 0, told[-3000:]
    views = re.findall(r"cohort +[#.]{24} +(\d+)/(\d+)", told)
    assert views[-1] == ("1", "1") and "1 of 1 jobs" in told
    # Drawn again in its place: up by the lines of the last view, and wiped.
    assert re.search(r"\x1b\[\d+F\x1b\[J", told) or len(views) == 1
    assert "rule compare_groups" not in told


def test_without_a_terminal_each_view_is_a_plain_line(study):
    told = snakemake(study, *ASKED, cores=1).succeeded().output
    assert "\x1b" not in told
    assert re.search(r"^1 of 1 jobs, \d+:\d\d gone$", told, re.MULTILINE)
