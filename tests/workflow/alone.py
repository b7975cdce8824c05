"""Jobs of a finished study, each by itself: in a folder that holds its declared inputs alone.

A program, since a hook that hears of every file opened stays for a process's life:

    python alone.py ORDERS.json REPORT.json

The orders name the finished study's ``project`` folder, which is changed, its ``configs``, and
``runs``: each has a ``code`` folder with scripts and the texts and schemas beside them, and the
``rules`` that it is for, of which one job each is run (null: all rules). Snakemake plans the study
once; then the folder is moved away, so that nothing is found by an absolute path either. Each job
is a fork of one process, which has imported the heavy libraries before.
"""

import contextlib
import importlib
import json
import os
import resource
import runpy
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

from snakemake.api import SnakemakeApi
from snakemake.settings.types import ConfigSettings, OutputSettings, Quietness, ResourceSettings

HEAVY = (
    "numpy", "pandas", "pyarrow.parquet", "scipy.stats", "scipy.ndimage", "scipy.optimize",
    "SimpleITK", "radiomics.featureextractor", "pydicom", "pingouin", "matplotlib.figure",
    "matplotlib.backends.backend_svg", "matplotlib.backends.backend_pdf", "jinja2", "docx",
    "openpyxl",
)  # fmt: skip
STAMP = ".snakemake_timestamp"
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
LISTING = ("os.listdir", "os.scandir")
REACHING_OUT = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "socket.connect")


def planned(project: Path, configs: list[str]) -> list[SimpleNamespace]:
    """The first job of each rule with a script, with all that Snakemake gives to its script."""
    texts = digested_texts(project)
    with (
        contextlib.redirect_stdout(None),
        SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api,
    ):
        plan = api.workflow(
            resource_settings=ResourceSettings(cores=1),
            config_settings=ConfigSettings(configfiles=[project / path for path in configs]),
            snakefile=project / "Snakefile",
            workdir=project,
        )
        plan.dag().printdag()
        jobs = sorted(plan._workflow.dag.jobs, key=lambda job: (job.rule.name, str(job.wildcards)))
        first = {job.rule.name: job for job in reversed(jobs) if job.rule.script}
        return [
            SimpleNamespace(
                rule=name,
                input=job.input,
                output=job.output,
                params=job.params,
                wildcards=job.wildcards,
                threads=job.threads,
                resources=job.resources,
                log=job.log,
                texts=texts.get(job.params.get("texts"), ()),
            )
            for name, job in sorted(first.items())
        ]


def digested_texts(project: Path) -> dict[str, set[str]]:
    """Filled while the study is planned: the files below report/ behind each digest of texts."""
    sys.path.insert(0, str(project / "scripts"))
    code_digests = importlib.import_module("nomoflow.code_digests")
    found, computed = {}, code_digests.digest_of_texts

    def digest_of_texts(root, *patterns):
        made = computed(root, *patterns)
        files = {path for pattern in patterns for path in Path(root, "report").glob(pattern)}
        found[made] = {path.relative_to(root).as_posix() for path in files}
        return made

    code_digests.digest_of_texts = digest_of_texts
    return found


class Watch:
    """What a job opens, lists or starts beside what is its own; an audit hook (PEP 578).

    told : a file descriptor for the lines; inherited by the job's own processes
    """

    def __init__(self, job, place: Path, code: Path, elsewhere: list[Path], told: int):
        self.place, self.code, self.elsewhere, self.told = place, code, elsewhere, told
        self.sources = {*job.texts, *job.params.code}
        self.given = {place / path for path in job.input}
        self.made = {(place / path).parent for path in [*job.output, *job.log]}

    def __call__(self, event: str, args: tuple) -> None:
        if event in REACHING_OUT:
            if args[0] != "fc-list":  # which fonts the machine has
                self.tell(f"starts {args[0]}")
        elif event in ("open", *LISTING) and isinstance(args[0], str | bytes | os.PathLike):
            path = Path(os.path.abspath(os.fsdecode(args[0])))
            writes = event == "open" and bool(args[2] & WRITING)
            if said := self.judged(path, writes=writes, lists=event in LISTING):
                self.tell(f"{'writes' if writes else 'reads'} {said}")

    def judged(self, path: Path, writes: bool, lists: bool) -> str | None:
        """The path as it is told, where it is none of the job's business."""
        if path.is_relative_to(self.place):
            own = path if lists else path.parent
            if writes or lists:
                mine = any(own.is_relative_to(one) for one in (*self.given, *self.made))
            else:  # all that is there was declared, or made by the job itself
                mine = path.exists()
            return None if mine else path.relative_to(self.place).as_posix()
        if path.is_relative_to(self.code):
            name = path.relative_to(self.code).as_posix()
            return None if f"{name}/".startswith("scripts/") or name in self.sources else name
        known = next((one for one in self.elsewhere if path.is_relative_to(one)), None)
        if known is None or path.is_relative_to(sys.prefix):
            return None
        return f"{known.name}/{path.relative_to(known).as_posix()}"

    def tell(self, line: str) -> None:
        os.write(self.told, line.encode() + b"\n")


def run_alone(job, place: Path, code: Path, study: Path, project: Path) -> dict:
    """Run a job in a new folder; what it touched, and which of its outputs differ."""
    for path in job.input:
        copied(study / path, place / path)
    for path in [*job.output, *job.log]:
        (place / path).parent.mkdir(parents=True, exist_ok=True)
    told = os.open(place.with_suffix(".told"), os.O_RDWR | os.O_CREAT | os.O_APPEND)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    pid = os.fork()
    if pid == 0:
        code_of_end = 1
        try:
            os.chdir(place)
            sys.path[:] = [str(code / "scripts"), *(p for p in sys.path if str(project) not in p)]
            sys.argv = [f"{job.rule}.py"]
            sys.addaudithook(Watch(job, place, code, [project, study], told))
            script = code / f"scripts/{job.rule}.py"
            runpy.run_path(str(script), {"snakemake": job}, "__main__")
            code_of_end = 0
        finally:
            os._exit(code_of_end)
    _, status = os.waitpid(pid, 0)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    os.lseek(told, 0, os.SEEK_SET)
    with open(told, encoding="utf-8") as lines:
        touched = sorted(set(lines.read().splitlines()))
    log = place / job.log[0]
    return {
        "rule": job.rule,
        "code": os.waitstatus_to_exitcode(status),
        "log": log.read_text(encoding="utf-8")[-3000:] if log.exists() else "",
        "touched": touched,
        "outputs": sorted(map(str, job.output)),
        "differing": sorted(
            path for path in job.output if bytes_of(place / path) != bytes_of(study / path)
        ),
        "cpu_seconds": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
    }


def copied(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns(STAMP), dirs_exist_ok=True)
    else:
        shutil.copy2(source, target)


def bytes_of(path: Path) -> dict[str, bytes] | None:
    """The content of a file, or of a folder's files by name; None where there is none."""
    if not path.exists():
        return None
    files = [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]
    return {p.relative_to(path).as_posix(): p.read_bytes() for p in files if p.name != STAMP}


def main(orders: Path, report: Path) -> None:
    asked = json.loads(orders.read_bytes())
    project = Path(asked["project"])
    jobs = planned(project, asked["configs"])
    study = project.rename(project.with_name("moved_away"))
    # The planning has used these modules from the folder that is gone.
    for name in [name for name in sys.modules if name.partition(".")[0] == "nomoflow"]:
        del sys.modules[name]
    for name in HEAVY:
        importlib.import_module(name)
    done = []
    for number, run in enumerate(asked["runs"]):
        for job in jobs:
            if run["rules"] is None or job.rule in run["rules"]:
                place = project.with_name("alone") / f"{number}" / job.rule
                done.append(
                    {"run": number, **run_alone(job, place, Path(run["code"]), study, project)}
                )
    report.write_text(json.dumps(done, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
