"""What Snakemake would do, asked many times: each time a fork of one process that has it loaded.

A program that reads a JSON list a line, the folder and then the arguments of the command line, and
writes one: the exit code and all that was printed.
"""

import json
import os
import sys
import tempfile

from snakemake.cli import main as snakemake


def answer(folder: str, arguments: list[str]) -> tuple[int, str]:
    """The command ``snakemake`` in a folder, in a process of its own."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as printed:
        pid = os.fork()
        if pid == 0:
            for stream in (1, 2):
                os.dup2(printed.fileno(), stream)
            os.chdir(folder)
            # Snakemake tells by these whether it is the run itself, or a job of one.
            sys.argv[:] = ["snakemake", *arguments]
            try:
                snakemake(arguments)
            except SystemExit as end:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(end.code or 0)
            finally:
                os._exit(1)
        _, status = os.waitpid(pid, 0)
        printed.seek(0)
        return os.waitstatus_to_exitcode(status), printed.read()


def main() -> None:
    for line in sys.stdin:
        folder, *arguments = json.loads(line)
        print(json.dumps(answer(folder, arguments)), flush=True)


if __name__ == "__main__":
    main()
