"""A study's tables and config, proposed from a folder of images and a spreadsheet."""

import re
import shutil
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nomoflow.column_guesses import Guess, guess_columns
from nomoflow.file_listing import Found, list_images, looks_like_mask
from nomoflow.file_names import PHASE_OF, bare, rest, tokens
from nomoflow.files import write_rows
from nomoflow.new_config import config_text, told_of_intensities, usual_edge
from nomoflow.patient_table import PatientTable, patient_table
from nomoflow.problems import Problems
from nomoflow.scan_files import SCAN_COLUMNS, find_files
from nomoflow.scan_pairing import Pairing, choose_phases, link, pair, some
from nomoflow.sheets import read_sheets

ASKED = ("folder", "table", "name")
PATTERNS = ("image_pattern", "mask_pattern")
USAGE = (
    "uv run snakemake --cores 1 init --config folder=data/mine table=data/mine/patients.xlsx "
    "name=mine"
)
UNKNOWN = "unknown"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
PERSON = re.compile(r"[^\W\d_]{2,}[ _,^-]+[^\W\d_]{2,}|[一-鿿]{2,4}")
RECORD = re.compile(r"\D{0,2}\d{6,}\D?")


@dataclass
class Proposal:
    """What will be written, and what is told of it."""

    name: str
    table: PatientTable
    pairing: Pairing
    columns: Guess
    config: str
    words: str


def propose(asked: Mapping[str, str], root: Path = Path(".")) -> Proposal:
    """The study that folder, table and name make, all in ``asked``; nothing is written.

    Raises StudyError where one is missing or wrong, the study is there already, or nothing in the
    folder belongs to a patient of the table.
    """
    _check(asked, root)
    folder, name = root / asked["folder"], asked["name"]
    sheets = read_sheets(root / asked["table"])
    by_pattern = _by_pattern(folder, asked) if asked.get(PATTERNS[0]) else None
    found = [Found(name) for name in by_pattern] if by_pattern else list_images(folder)
    if not found:
        _refuse(
            asked["folder"],
            found="no image",
            allowed="NIfTI, NRRD, MetaImage or DICOM files, in folders or not",
            remedy="correct the path after folder=, or the patterns",
        )
    table = patient_table(asked["table"], sheets, lambda keys: len(link(found, keys)))
    linked = link(found, table.linked)
    linked = {one: (table.linked[key], place) for one, (key, place) in linked.items()}
    if by_pattern:
        pairing = Pairing([row | {"patient": linked[one][0]} for one in linked
                           for row in by_pattern[one.path]])  # fmt: skip
        choose_phases(pairing)
    else:
        pairing = pair(linked, lambda one: looks_like_mask(folder / one.path))
    if not pairing.scans:
        _refuse(
            asked["folder"],
            found="no image with a mask; " + "; ".join(pairing.open[:3]),
            allowed="names with a word such as mask, seg, label or roi for masks, and the phase's"
            " word in both",
            remedy="rename the files, or give image_pattern= and mask_pattern=, such as"
            " {patient}/{phase}_image.nii.gz and {patient}/{phase}_mask.nii.gz",
        )
    strangers = sorted({one.path for one in found} - {one.path for one in linked})
    if strangers:
        pairing.open.append(f"{len(strangers)} file(s) of no patient, such as {strangers[0]}")
    columns = guess_columns(table.columns, _analysed(table.rows, pairing))
    for column, words in columns.cleared.items():
        for row in table.rows:
            row[column] = "" if row[column] in words else row[column]
    if columns.others and any(not row[columns.outcome["column"]] for row in table.rows):
        # A criterion compares every patient's cell, so an empty one needs a word.
        columns.others.append(UNKNOWN)
        for row in table.rows:
            row[columns.outcome["column"]] = row[columns.outcome["column"]] or UNKNOWN
    warnings = _identity(table, linked)
    edge, said = usual_edge(pairing, folder)
    pairing.guesses += [*said, *told_of_intensities(pairing.phases)]
    config = config_text(name, asked["folder"], table.rows, pairing.phases, columns, edge)
    words = _words(asked, table, pairing, columns, warnings)
    return Proposal(name, table, pairing, columns, config, words)


def write_study(study: Proposal, root: Path = Path(".")) -> None:
    """Write config/<name>.yaml and the folder config/<name>; nothing that is there is touched."""
    folder = root / "config" / study.name
    folder.mkdir(parents=True)
    try:
        write_rows(study.table.rows, folder / "participants.csv", ("patient", *study.table.columns))
        write_rows(study.pairing.scans, folder / "scans.csv", SCAN_COLUMNS)
        (folder / "guesses.txt").write_text(study.words, encoding="utf-8")
        with open(folder.with_suffix(".yaml"), "x", encoding="utf-8") as file:
            file.write(study.config)
    except BaseException:
        shutil.rmtree(folder)
        raise


def _refuse(file: str, *, found: str, allowed: str, remedy: str) -> None:
    problems = Problems()
    problems.add(file, found=found, allowed=allowed, remedy=remedy)
    problems.stop_if_any()


def _check(asked: Mapping[str, str], root: Path) -> None:
    problems = Problems()
    lacking = [key for key in ASKED if not asked.get(key)]
    half = [key for key in PATTERNS if asked.get(key)]
    if lacking or len(half) == 1:
        missing = lacking or [key for key in PATTERNS if key not in half]
        problems.add("--config", found=f"no {', '.join(missing)}", allowed=USAGE, remedy="add it")
        problems.stop_if_any()
    name = asked["name"]
    if not NAME.fullmatch(name):
        problems.add(
            "--config",
            column="name",
            found=repr(name),
            allowed="letters, digits, '_' and '-'; it names the study's config and its results",
            remedy="choose another name",
        )
    if not (root / asked["folder"]).is_dir():
        problems.add(
            "--config",
            column="folder",
            found=f"no folder {asked['folder']}",
            allowed="the folder of images and masks",
            remedy="correct the path",
        )
    problems.stop_if_any()
    for place in (f"config/{name}.yaml", f"config/{name}"):
        if (root / place).exists():
            problems.add(
                place,
                found="it is there already",
                allowed="a new study: nothing is replaced",
                remedy="choose another name=, or move it away",
            )
    problems.stop_if_any()


def _by_pattern(folder: Path, asked: Mapping[str, str]) -> dict[str, list[dict[str, str]]]:
    """Rows of scans by the patient's name in the files, where the user gave patterns."""
    try:
        images, masks = (find_files(folder, asked[key]) for key in PATTERNS)
    except ValueError as error:
        _refuse("--config", found=str(error), allowed=USAGE, remedy="correct the pattern")
    image_of = {(patient, phase): path for (patient, phase, _), path in images.items()}
    rows: dict[str, list[dict[str, str]]] = {}
    for (patient, phase, reading), mask in masks.items():
        image = image_of.get((patient, phase))
        if image:
            row = dict(zip(SCAN_COLUMNS, (patient, phase, reading, image, mask), strict=True))
            rows.setdefault(patient, []).append(row)
    return rows


def _analysed(rows: list[dict[str, str]], pairing: Pairing) -> list[dict[str, str]]:
    """The rows of patients with a first mask in every phase: others do not count."""
    have = {(row["patient"], row["phase"]) for row in pairing.scans if row["reading"] == "a1"}
    return [row for row in rows if all((row["patient"], one) in have for one in pairing.phases)]


def _identity(table: PatientTable, linked: Mapping[Found, tuple]) -> list[str]:
    """Warnings where study keys or names of files look as if they named a patient."""
    said = []
    if table.by_record:
        said.append(
            f"files are named by column {table.by_record}, which names patients: rename files and"
            " folders by the study key before anything leaves this computer"
        )
    keys = [row["patient"] for row in table.rows]
    for what, pattern in (("names", PERSON), ("hospital numbers", RECORD)):
        like = [key for key in keys if pattern.fullmatch(key)]
        if 2 * len(like) > len(keys):
            said.append(
                f"the study keys look like {what} of patients ({like[0][:2]}...): give keys such"
                " as P001, and keep the list that joins them outside of the project"
            )
    patients: dict[str, set[str]] = {}
    for one, (patient, place) in linked.items():
        for word in bare(rest(tokens(one.stem), place)):
            if word.lower() not in PHASE_OF:
                patients.setdefault(word.lower(), set()).add(patient)
    own = {
        patient
        for word, who in patients.items()
        if len(who) == 1 and (RECORD.fullmatch(word) or re.fullmatch(r"[^\W\d_]{2,}", word))
        for patient in who
    }
    if 2 * len(own) > len({patient for patient, _ in linked.values()}) > 1:
        said.append(
            "names of files or folders hold words or numbers of a single patient beside the study"
            " key: if they are names, rename the files before anything leaves this computer"
        )
    return said


def _words(asked, table, pairing, columns, warnings) -> str:
    """What is told at the end: counts, guesses, open questions, what to do next."""
    name, rows = asked["name"], pairing.scans
    phases = Counter(row["phase"] for row in rows if row["reading"] == "a1")
    readings = Counter(row["reading"] for row in rows)
    with_scans = {row["patient"] for row in rows}
    without = sorted({row["patient"] for row in table.rows} - with_scans)
    lines = [
        f"Study {name} is begun; nothing was computed.",
        "",
        f"  patients   {len(table.rows)} in {asked['table']}, {len(with_scans)} of them with scans",
        "  phases     " + ", ".join(f"{phase} ({phases[phase]})" for phase in pairing.phases),
        "  readings   " + ", ".join(f"{one} ({readings[one]})" for one in sorted(readings))
        + ("" if {"b1", "a2"} & {*readings} else "; no second one: agreement is not assessed"),
    ]  # fmt: skip
    open_questions = [*table.open, *columns.open, *pairing.open]
    if without:
        open_questions.append(f"no scans of {len(without)} patient(s): {some(without)}")
    if columns.gaps:
        open_questions.append(
            f"empty cells in {', '.join(columns.gaps)}: imputed in each training part"
            " (models.missing), unless you fill them in"
        )
    for title, found in (
        ("WARNING", warnings),
        ("Guessed; look it over", [*table.guesses, *columns.guesses, *pairing.guesses]),
        ("Not clear; yours to decide", open_questions),
    ):
        if found:
            lines += ["", f"{title}:", *(f"  - {sentence}" for sentence in _short(found))]
    lines += [
        "",
        f"Written: config/{name}.yaml, and in config/{name}/ participants.csv, scans.csv and this"
        " text (guesses.txt).",
        f"Next: correct config/{name}.yaml in an editor, then",
        f"    uv run snakemake --cores all preflight --configfile config/{name}.yaml",
    ]
    return "\n".join(lines) + "\n"


def _short(sentences: list[str], most: int = 40) -> list[str]:
    more = [f"and {len(sentences) - most} more of the kind"] if len(sentences) > most else []
    return sentences[:most] + more
