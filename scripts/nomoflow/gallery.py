"""The gallery: the picture of every patient and phase on one offline page, to look through."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, StrictUndefined

from nomoflow.calculator import SOURCES, trusted
from nomoflow.language import say, spoken
from nomoflow.problem_kinds import KINDS
from nomoflow.report_heard import hear

ANALYSED = "a1"
NO_PICTURE = "no picture was drawn"
Rows = Sequence[Mapping[str, str]]


def cards(
    pictures: Rows, quality: Rows, dice: Rows, failures: Rows, problems: Rows, phases: Sequence[str]
) -> list[dict]:
    """What the gallery shows of each patient and phase, by patient and the phases' order.

    Its words are in the language spoken now.

    pictures : rows patient, phase, picture (name of the file, empty where there is none), reason,
    folder (as seen from the page). The others are the tables images/quality, reliability/dice,
    images/failures and cohort/preflight. ``change`` is the volume gained by resampling in per cent
    and ``lowest`` the lowest Dice of the readers' pairs; None where there is none.
    """
    keys = {_key(row): None for row in (*pictures, *failures, *problems) if row["phase"]}
    order = {phase: at for at, phase in enumerate(phases)}
    drawn = {_key(row): row for row in pictures}
    measured = {_key(row): row for row in quality if row["reading"] == ANALYSED}
    found = []
    for key in sorted(keys, key=lambda key: (key[0], order.get(key[1], len(order)), key[1])):
        told = [row for row in problems if _key(row) == key or _key(row) == (key[0], "")]
        failed = [row for row in failures if _key(row) == key]
        pairs = [row for row in dice if _key(row) == key]
        known = [float(row["dice"]) for row in pairs if row["dice"]]
        row = drawn.get(key, {"picture": "", "reason": NO_PICTURE, "folder": ""})
        found.append(
            {
                "patient": key[0],
                "phase": key[1],
                "href": f"{row['folder']}/{quote(row['picture'])}" if row["picture"] else "",
                "reason": "" if row["picture"] else _reason(failed, told, row),
                "pairs": [_pair(one) for one in pairs],
                "lowest": min(known, default=None),
                **_volumes(measured.get(key)),
                "remarks": [*map(_failure, failed), *map(_remark, told)],
            }
        )
    return found


def _key(row: Mapping[str, str]) -> tuple[str, str]:
    return row["patient"], row["phase"]


def _reason(failed: Rows, told: Rows, row: Mapping[str, str]) -> str:
    """Why there is no picture: what failed, else what was found before, else what drawing said."""
    first = [hear(one["reason"]) for one in failed if one["reading"] == ANALYSED]
    first += [_problem(one) for one in told if one["severity"] == "problem"]
    return next(iter(first), hear(row["reason"])) or say(NO_PICTURE)


def _volumes(row: Mapping[str, str] | None) -> dict:
    if row is None:
        return {"before": None, "after": None, "change": None}
    before, after = (float(row[name]) / 1000 for name in ("volume_mm3", "volume_after_mm3"))
    return {"before": before, "after": after, "change": 100 * (after / before - 1)}


def _pair(row: Mapping[str, str]) -> str:
    if not row["dice"]:
        found = hear(row["reason"])
    elif row["hausdorff95_mm"]:
        found = say(
            "Dice {dice}, 95 % Hausdorff {hausdorff} mm",
            dice=f"{float(row['dice']):.3f}",
            hausdorff=f"{float(row['hausdorff95_mm']):.2f}",
        )
    else:
        found = say("Dice {dice}", dice=f"{float(row['dice']):.3f}")
    return say(
        "{one} and {other}: {found}", one=row["reading_a"], other=row["reading_b"], found=found
    )


def _failure(row: Mapping[str, str]) -> str:
    return _of_reading(row, hear(row["reason"]))


def _remark(row: Mapping[str, str]) -> str:
    found = say(" ({found})", found=hear(row["found"])) if row["found"] else ""
    return _of_reading(row, _problem(row) + found)


def _of_reading(row: Mapping[str, str], words: str) -> str:
    return row["reading"] + say(": ") + words if row["reading"] else words


def _problem(row: Mapping[str, str]) -> str:
    """What is wrong; in another language than the table's, what its kind of problem means."""
    return row["problem"] if spoken() == "en" else say(KINDS.get(row["kind"], row["problem"]))


def render_gallery(
    study: str, phases: Sequence[str], found: Sequence[Mapping], sources: Path = SOURCES
) -> str:
    """The page, to lie beside its pictures. Texts are escaped; an undefined name is an error."""

    def read(name: str) -> str:
        return (sources / name).read_text(encoding="utf-8").strip()

    script, style = read("gallery.js"), read("gallery.css")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    text = environment.from_string(read("gallery.html.j2")).render(
        study=study,
        phases=list(phases),
        cards=list(found),
        script=script,
        style=style,
        # Pages opened from a disk have no origin of their own: file: names the disk.
        say=say,
        language=spoken(),
        policy=f"default-src 'none'; img-src 'self' file:; script-src {trusted(script)}; "
        f"style-src {trusted(style)}; base-uri 'none'; form-action 'none'",
    )
    return text + "\n"
