"""The manifest of a finished study: digests of all that it is made from, by and of.

It holds only what repeats: the same bytes from any folder, with any number of cores. Standard
library only.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from nomoflow.canonical import digest, digest_of_content
from nomoflow.file_digests import Digests, digest_of_file, files_in
from nomoflow.files import read_rows
from nomoflow.job_history import Job, Places

FORMAT = "nomoflow-manifest/1"
# Made after the manifest, or to check it: it cannot hold them.
AFTERWARDS = (
    "provenance/manifest.json", "provenance/run.json", "provenance/ro-crate",
    "provenance/verify", "provenance/verification", "release",
)  # fmt: skip
# Rules of targets that a study can do without: their results are of a study that has a manifest,
# and no part of it, for it must not change with what else was asked for.
OF_OTHER_TARGETS = {
    "lock_model", "compare_variants", "report_sensitivity", "write_predictions", "pool_centres",
    "draw_forest", "draw_centres_dca", "write_centres", "write_manifest", "record_run",
}  # fmt: skip
WARNINGS = ("warnings.csv", "centres/warnings.csv")


def source_table(paths: Iterable[Path], root: Path, places: Places) -> dict[str, dict]:
    """SHA-256 and size of the workflow's files by their paths, sorted; root : its own folder."""
    found = {source_name(path, root, places): digest_of_file(path) for path in paths}
    return dict(sorted(found.items()))


def source_name(path: str | Path, root: Path, places: Places) -> str:
    """The path of a file of the workflow in its own folder; of a config elsewhere, as told."""
    path = Path(path).resolve()
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else places.told(path)


def output_rows(jobs: Iterable[Job], place: str, digests: Digests) -> list[dict]:
    """Path, digest, size and rule of each file that the jobs made below ``place``, sorted.

    place : results/<study>; a folder's files stand one by one
    """
    rows = []
    for job in jobs:
        for output in job.outputs:
            if output.startswith(f"{place}/") and not is_afterwards(output, place):
                for path, one in digests.of(output).items():
                    rows.append({"path": path, **one, "rule": job.rule})
    return sorted(rows, key=lambda row: row["path"])


def input_rows(
    begun: Iterable[str], jobs: Iterable[Job], place: str, digests: Digests
) -> list[dict]:
    """Path, digest and size of each file that a study read and did not make as a result, sorted.

    begun : files that no job made; of what jobs made, the images drawn for a simulated cohort
    """
    read = {path for job in jobs for path in job.inputs if not path.startswith(f"{place}/")}
    found: dict[str, dict] = {}
    for path in sorted(read | set(begun)):
        found |= digests.of(path)
    return [{"path": path, **one} for path, one in sorted(found.items())]


def seeds(config: Mapping, above: str = "") -> dict[str, int]:
    """Every seed of a config by its key, ``evaluation.seed``."""
    found: dict[str, int] = {}
    for name, value in config.items():
        if isinstance(value, Mapping):
            found |= seeds(value, f"{above}{name}.")
        elif name == "seed":
            found[f"{above}{name}"] = value
    return dict(sorted(found.items()))


def table_rows(outputs: Iterable[Mapping], tables: Iterable[str], places: Places) -> list[dict]:
    """The rows of some tables, where they are among the outputs."""
    there = {row["path"] for row in outputs}
    return [
        {name: places.in_value(cell) for name, cell in row.items()}
        for table in tables
        if table in there
        for row in read_rows(places.place(table))
    ]


def sealed_manifest(content: Mapping) -> dict:
    """The manifest with its format first and its digest last.

    content : study, version, sources, config, configfiles, inputs, outputs, jobs, pins, seeds,
        warnings, exclusions
    """
    made = {
        "format": FORMAT,
        "study": content["study"],
        "version": content["version"],
        "code": digest_of_content(content["sources"]),
        **content,
    }
    return {**made, "digest": digest(made)}


def is_afterwards(path: str, place: str) -> bool:
    """Whether a result of a study stands outside of its manifest."""
    name = path.removeprefix(f"{place}/")
    return any(name == one or name.startswith((f"{one}/", f"{one}.")) for one in AFTERWARDS)


def others(
    outputs: Iterable[Mapping], place: str, places: Places, made: Mapping[str, Job]
) -> Iterator[tuple[str, bool]]:
    """Files below results/<study>/ that are no outputs, and whether another target made them.

    Of the rest no job of this configuration knows.
    """
    listed = {row["path"] for row in outputs}
    below = {
        f"{place}/{path.relative_to(places.place(place)).as_posix()}"
        for path in files_in(places.place(place))
    }
    for path in sorted(below - listed):
        if not is_afterwards(path, place):
            job = made.get(path)
            of_variant = path.startswith(f"{place}/sensitivity/")
            yield path, job is not None and (of_variant or job.rule in OF_OTHER_TARGETS)
