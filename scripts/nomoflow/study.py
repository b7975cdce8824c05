"""A study as its config and tables tell it: patients, scans, and what is wrong with them.

Snakemake itself reads it before the first job, since the jobs follow from these tables; so this
module and those that it imports use the standard library and Snakemake's own dependencies only.
"""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

import yaml

from nomoflow.closing_words import closing_words
from nomoflow.configuration import config_problems, read_yaml, with_words
from nomoflow.criteria import apply_criteria
from nomoflow.locked_study import model_of, under_model
from nomoflow.participants import (
    check_analysed,
    check_batches,
    check_judged,
    read_cells,
    read_participants,
)
from nomoflow.problems import Problems
from nomoflow.scans import READINGS, read_scans
from nomoflow.statements_file import read_statements, statements_file
from nomoflow.subgroup_levels import check_subgroups

NO_SCANS = "no image in every phase"
# What the targets `init`, `clean` and `verify` are told by --config: no keys of a study.
OF_COMMAND = (
    "folder", "table", "name", "image_pattern", "mask_pattern", "confirm", "recompute",
)  # fmt: skip


@dataclass
class Study:
    """Everything that the workflow's jobs follow from.

    participants : rows of those who meet the criteria, sorted by patient
    exclusions, flow : who was excluded, and the count after each criterion
    scans : scans of the included patients, their files resolved
    model : the locked model that is applied to these patients, or None where models are made
    outcome_known : False where patients have no outcome yet (target ``predict``)
    statements : the authors' texts by name
    asked : what the targets of ``OF_COMMAND`` were told on the command line

    The order of the tables' rows changes nothing here, so it changes no result.
    """

    config: dict
    participants: list[dict[str, str]] = field(default_factory=list)
    exclusions: list[dict] = field(default_factory=list)
    flow: list[dict] = field(default_factory=list)
    scans: list[dict[str, str]] = field(default_factory=list)
    model: dict | None = None
    outcome_known: bool = True
    statements: dict[str, str] = field(default_factory=dict)
    asked: dict = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.config["study"]

    @property
    def phases(self) -> list[str]:
        return self.config["images"]["phases"]

    @property
    def patients(self) -> list[str]:
        """The patients who meet the criteria, sorted."""
        return [row["patient"] for row in self.participants]

    @property
    def predictors(self) -> list[dict]:
        """The config's predictors; binary ones with the level that is coded 0 as well."""
        return [
            {"negative": self._other_level(predictor), **predictor}
            if predictor["kind"] == "binary"
            else predictor
            for predictor in self.config["cohort"]["predictors"]
        ]

    def _other_level(self, predictor: dict) -> str:
        found = {row[predictor["name"]] for row in self.participants}
        found -= {predictor["positive"], ""}  # an empty cell is no level, where it is imputed
        return min(found, default="")

    @property
    def statements_file(self) -> list[str]:
        """The file of the authors' texts, as a job takes it in; nothing where there is none."""
        return [path] if (path := statements_file(self.config)) else []

    @property
    def from_table(self) -> bool:
        """Whether the features come ready in a table, without images."""
        return self.config["features"]["table"] is not None

    @property
    def buckets(self) -> list[str]:
        """Names of the batches that hold a patient."""
        return sorted({self.bucket(row["patient"]) for row in self.participants})

    def bucket(self, patient: str) -> str:
        """The batch of a patient: a hash of the key alone, so that no other patient moves it."""
        digest = hashlib.sha256(patient.encode()).hexdigest()
        return f"{int(digest, 16) % self.config['execution']['buckets']:04d}"

    def scans_of(self, bucket: str) -> list[dict[str, str]]:
        """The scans of a batch, sorted, so that the order of the table does not matter."""
        return list(self._scans_by_bucket.get(bucket, []))

    @cached_property
    def _scans_by_bucket(self) -> dict[str, list[dict[str, str]]]:
        places = {phase: place for place, phase in enumerate(self.phases)}
        found: dict[str, list[dict[str, str]]] = {}
        for scan in sorted(
            self.scans,
            key=lambda scan: (
                scan["patient"],
                places[scan["phase"]],
                READINGS.index(scan["reading"]),
            ),
        ):
            found.setdefault(self.bucket(scan["patient"]), []).append(scan)
        return found

    def closing_words(self, targets: Collection[str]) -> str:
        """What a user wants to know when a run has ended well: where to look, and the AUCs."""
        return closing_words(self, targets)


def load_study(
    config: dict,
    schema: str | Path,
    defaults: str | Path,
    own: Mapping = MappingProxyType({}),
    said: Mapping = MappingProxyType({}),
) -> Study:
    """Check a config and the tables that it names, and return the study.

    own : what the study itself sets, which may not contradict a locked model as defaults may;
    said : what the command line sets by ``--config``.
    Raises StudyError with every problem of the first step that has any: config, tables, patients.
    """
    asked = {key: said[key] for key in OF_COMMAND if key in said}
    config = {key: value for key, value in with_words(config).items() if key not in asked}
    outcome_known = config["cohort"].get("outcome") is not None
    config_problems(config, read_yaml(schema)).stop_if_any()
    problems = Problems()
    model = model_of(config, problems)
    if model:
        config = under_model(config, with_words(dict(own)), model, problems)
    _check_conflicts(config, read_yaml(defaults), problems)
    problems.stop_if_any()
    cohort = config["cohort"]
    rows = read_participants(cohort, problems, outcome_known)
    study, scans = Study(config, model=model, outcome_known=outcome_known, asked=asked), []
    study.statements = read_statements(statements_file(config), problems)
    if not study.from_table and config["images"]["scans"]:
        patients = {row["patient"] for row in rows}
        scans, study.exclusions = read_scans(config["images"], patients, problems)
        _check_settings_file(config["features"]["settings"], problems)
    problems.stop_if_any()
    rows.sort(key=_by_patient)
    included, excluded, study.flow = apply_criteria(rows, cohort["include"], cohort["exclude"])
    study.exclusions = excluded + sorted(study.exclusions, key=_by_scan)
    if not study.from_table:
        included = _leave_out_incomplete(study, included, scans)
    if model is None:
        check_analysed(cohort, sorted(included, key=_by_row), problems, config["models"]["missing"])
    else:
        check_judged(cohort, sorted(included, key=_by_row), problems, outcome_known)
    if not problems and model is None:  # what is wrong with a predictor's cell is told once
        subgroups = config["evaluation"]["subgroups"]
        check_subgroups(cohort["participants"], subgroups, included, problems)
    if model is None:
        harmonisation = config["centres"]["harmonisation"]
        check_batches(cohort["participants"], harmonisation, included, problems)
    if config["signature"]["folds_file"]:
        _check_folds(config["signature"]["folds_file"], included, problems)
    problems.stop_if_any()
    names = {row["patient"] for row in included}
    study.participants = included
    study.scans = [scan for scan in scans if scan["patient"] in names]
    return study


def _by_patient(row: dict) -> str:
    return row["patient"]


def _by_row(row: dict) -> int:
    return int(row["_row"])


def _by_scan(row: dict) -> tuple:
    return row["patient"], row["phase"], row["reading"], row["detail"]


def _check_conflicts(config: dict, defaults: dict, problems: Problems) -> None:
    """What is well-formed and still cannot be meant."""
    cohort, features, phases = config["cohort"], config["features"], config["images"]["phases"]
    demo_table = defaults["cohort"]["participants"]
    if config["study"] != defaults["study"] and cohort["participants"] == demo_table:
        problems.add(
            "config",
            column="cohort.participants",
            found=f"study {config['study']!r} with the demo's participants",
            allowed="a table of the study's own",
            remedy="set cohort.participants, and images.scans or features.table",
        )
    if not features["table"] and not config["images"]["scans"]:
        problems.add(
            "config",
            column="images.scans",
            found="null, and no features.table either",
            allowed="a scans table, or a ready feature table",
            remedy="set one of the two",
        )
    if features["table"] and not Path(features["table"]["path"]).is_file():
        problems.add(
            features["table"]["path"],
            found="no such file",
            allowed="a feature table (csv, csv.gz, tsv or parquet)",
            remedy="correct features.table.path in the config",
        )
    if cohort["outcome"] is None:
        problems.add(
            "config",
            column="cohort.outcome",
            found="null, and no locked model either",
            allowed="the column of the outcome and its two levels; null with centres.model alone",
            remedy="set cohort.outcome, or centres.model to predict by a locked model",
        )
    for path in config["centres"]["summaries"]:
        if not Path(path).is_file():
            problems.add(
                path,
                found="no such file",
                allowed="a summary.json that a centre's target `validate` has written",
                remedy="correct centres.summaries, or ask that centre for its file",
            )
    unknown = sorted(set(features["per_phase"]) - set(phases))
    if unknown:
        problems.add(
            "config",
            column="features.per_phase",
            found=", ".join(unknown),
            allowed=", ".join(phases),
            remedy="name phases of images.phases",
        )


def _check_settings_file(path: str, problems: Problems) -> None:
    """The parameter file must be there and hold keys; what they mean is checked by pyradiomics."""
    try:
        found = type(read_yaml(path)).__name__
    except OSError:
        found = "no such file"
    except yaml.YAMLError as error:
        found = f"no YAML ({error})".replace("\n", " ")
    if found != "dict":
        problems.add(
            path,
            found=found,
            allowed="a parameter file of pyradiomics (YAML: imageType, featureClass, setting)",
            remedy="correct features.settings in the config, or the file",
        )


def _check_folds(path: str, included: list[dict], problems: Problems) -> None:
    rows = read_cells(path, ["patient", "fold"], problems, "signature.folds_file")
    folds = {row["patient"]: row["fold"] for row in rows}
    if len(folds) < len(rows):
        problems.add(
            path,
            column="column patient",
            found=f"{len(rows) - len(folds)} patients with two rows",
            allowed="each patient once",
            remedy="remove the second rows",
        )
    for row in included if rows else []:
        found = folds.get(row["patient"], "")
        if not found.isdigit():
            problems.add(
                path,
                column=f"patient {row['patient']}",
                found=f"fold {found!r}" if found else "no row",
                allowed="the number of a fold for each patient who is analysed",
                remedy="add it, or set signature.folds_file to null for seeded folds",
            )


def _leave_out_incomplete(study: Study, rows: list[dict], scans: list[dict]) -> list[dict]:
    """Leave out who lacks a phase: the last criterion of every study with images."""
    have = {(scan["patient"], scan["phase"]) for scan in scans if scan["reading"] == "a1"}
    kept = []
    for row in rows:
        missing = [phase for phase in study.phases if (row["patient"], phase) not in have]
        if not missing:
            kept.append(row)
            continue
        study.exclusions.append(
            {
                "patient": row["patient"],
                "stage": "images",
                "reason": NO_SCANS,
                "detail": f"no reading a1 of {', '.join(missing)}",
            }
        )
    removed = len(rows) - len(kept)
    study.flow.append({"step": NO_SCANS, "removed": removed, "remaining": len(kept)})
    return kept
