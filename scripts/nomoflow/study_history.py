"""The history of a study as its rules of provenance need it: places, jobs, digests.

Standard library only.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from nomoflow.file_digests import Digests
from nomoflow.job_history import Job, Places, ancestry, made_by
from nomoflow.job_record import read_records

ROOT = Path(__file__).resolve().parents[2]
SIMULATED = "logs/simulated"  # of the images that are drawn: they are no study's own


class StudyHistory:
    """What the logs tell of a study's results.

    study : its name; config : as used; tables : of the rule digest_images
    root : the project folder, where results and logs are; code : where the workflow's files are
    """

    def __init__(
        self,
        study: str,
        config: Mapping,
        tables: Iterable[str | Path] = (),
        root: str | Path = ".",
        code: str | Path = ROOT,
    ):
        self.study, self.place = study, f"results/{study}"
        self.places = Places(root, folders_of(config))
        self.digests = Digests(self.places, tables)
        rules = [path.stem for path in Path(code, "scripts").glob("*.py")]
        logs = [Path(root, "logs", study), Path(root, SIMULATED)]
        records = (record for folder in logs for record in read_records(folder))
        self.made: dict[str, Job] = made_by(records, rules, self.places)

    def behind(self, paths: Iterable[str | Path]) -> tuple[list[Job], list[str]]:
        """The jobs behind some files, and the files from which all began; both sorted."""
        told = [self.places.told(path) for path in paths]
        return ancestry(told, self.made, lambda path: path.startswith(f"{self.place}/"))


def folders_of(config: Mapping) -> list[str]:
    """The folders that a study's images may lie in: its roots, and that of the scans table."""
    images = config["images"]
    table = [str(Path(images["scans"]).parent)] if images["scans"] else []
    return [*images["roots"], *table]
