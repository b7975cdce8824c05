"""Verify a finished study, or an unpacked release of one: is each file the one that was written?

    python verify.py [results/<study>/provenance/manifest.json] [--root FOLDER] [--expect DIGEST]
                     [--outside FOLDER ...] [--json FILE] [--html FILE]

The manifest lists every source, input and output of the study with its size and SHA-256. This
program reads the files and compares; it runs nothing, changes nothing, and needs nothing but
Python from 3.9 on. Exit code: 0 all as listed, 1 something differs, 2 not all could be checked.

A digest tells a changed file from the one that was written, not who wrote it: whoever can write
the results can write a manifest too. What ties a study down is the manifest's own digest, printed
here, where it was published or handed over: compare it, or let --expect do so.
"""

from __future__ import annotations

import hashlib
import html
import json
import os
import re
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections import Counter
from pathlib import Path, PurePosixPath

FORMAT, RELEASE = "nomoflow-manifest/1", "nomoflow-release/1"
CODES = {"verified": 0, "as released": 0, "different": 1, "incomplete": 2, "unreadable": 2}
# What may differ between two runs, or is written after the manifest; below results/<study>/.
MAY_DIFFER = (
    "provenance/manifest.json", "provenance/run.json", "provenance/ro-crate/",
    "provenance/verification.", "release/",
)  # fmt: skip
# Results of targets that a study can do without: no manifest of the study itself lists them.
OTHER_TARGETS = (
    "sensitivity/", "evaluation/sensitivity.csv", "report/sensitivity.html", "models/locked.json",
    "predict/", "centres/centres.csv", "centres/centres_dca.csv", "centres/pooled.csv",
    "figures/forest.", "figures/centres_dca.", "report/centres.html",
)  # fmt: skip
OUTSIDE = "<outside>/"  # how a manifest names what lay outside of the project folder
AWAY = ("data/", OUTSIDE)  # images need not travel, nor those that the workflow drew
# Folders all of whose code the manifest lists: what is there beside it could run unseen.
CODE_FOLDERS = (("scripts", ".py"), ("rules", ".smk"))
NO_FILES = {".snakemake_timestamp", "__pycache__"}  # marks of Snakemake and Python

AGAIN = "run the study again: snakemake --cores all --configfile <the study's own>"
BACK, REMOVE = f"put it back from a copy, or {AGAIN}", f"remove it, or {AGAIN}"
UNPACK = "unpack the archive again, or ask for it again"
MEANING = {
    "source changed": ("the code or settings are not those that made the results", BACK),
    "source missing": ("code or settings that made the results are not here", BACK),
    "source unknown": ("code beside the manifest's, where the workflow would run it", REMOVE),
    "input changed": ("the data are not those that the results were computed from", BACK),
    "input missing": ("the release had this file", UNPACK),
    "output changed": ("not what the workflow wrote: edited, damaged, or of another run", BACK),
    "output missing": ("a result that the workflow wrote is not here", BACK),
    "output unknown": ("not in the manifest: made later, or put there by hand", REMOVE),
    "file changed": ("this file is not the one that was released", UNPACK),
    "file missing": ("the release had this file", UNPACK),
    "file unknown": ("the release had no such file", "remove it"),
}
UNREAD = ("it could not be compared", "make it readable, and verify again")
WORDS = {
    "verified": "Every file is the one that the manifest lists.",
    "as released": "Every file that the release holds is the one that was written.",
    "different": "These are not the files that the manifest lists.",
    "incomplete": "No file differs, but not all are here: this is not verified.",
    "unreadable": "Nothing could be checked.",
}


class CannotCheck(Exception):
    """The manifest is no manifest, so that nothing can be compared with it."""


def digest(document: dict) -> str:
    """SHA-256 of the document without its own ``digest``, written with sorted keys."""
    content = {key: value for key, value in document.items() if key != "digest"}
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def as_text(document: dict) -> str:
    """A document as its file has it."""
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def read_sealed(path: Path, form: str) -> tuple[dict, str]:
    """The document of a file, and what is wrong with its own digest or bytes ("" if nothing)."""
    try:
        raw = path.read_bytes()
        document = json.loads(raw.decode("utf-8"))
    except OSError as error:
        raise CannotCheck(f"{path}: cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise CannotCheck(f"{path}: no JSON, so it was changed or cut off ({error})") from error
    if not isinstance(document, dict) or document.get("format") != form:
        found = document.get("format") if isinstance(document, dict) else None
        raise CannotCheck(f"{path}: format {found!r}; this program reads {form!r}")
    try:
        if digest(document) != document.get("digest"):
            return document, "its content does not fit its own digest"
        if as_text(document).encode("utf-8") != raw:
            return document, "blanks, line ends or order are not as the workflow writes them"
    except (ValueError, RecursionError) as error:  # not a number, or half a character
        return document, f"it holds what the workflow never writes ({error})"
    return document, ""


def listed_files(document: dict, place: Path) -> dict[str, dict]:
    """{path: {kind, rule, sha256, size}} of all that a manifest, or a release, lists."""
    found: dict[str, dict] = {}
    try:
        if not re.fullmatch(r"[\w.-]+", document["study"]):
            raise ValueError(f"study {document['study']!r}")
        rows = [("source", {**row, "path": path}) for path, row in document["sources"].items()]
        for kind in ("input", "output", "file"):
            rows += [(kind, row) for row in document.get(f"{kind}s", [])]
        for kind, row in rows:
            path, pure = row["path"], PurePosixPath(row["path"])
            outside = ".." in pure.parts and kind in ("output", "file")
            if outside or pure.is_absolute() or re.search(r"^.:|\\|\0", path):
                raise CannotCheck(f"{place}: {kind} {path!r} leads out of the study's folder")
            entry = {"kind": kind, "rule": str(row.get("rule") or "")}
            entry |= {"sha256": str(row["sha256"]), "size": int(row["size"])}
            if found.setdefault(path, entry)["sha256"] != entry["sha256"]:
                raise CannotCheck(f"{place}: lists {path!r} twice, with two digests")
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise CannotCheck(f"{place}: not laid out as it must be ({error!r})") from error
    return found


def sha256(path: Path) -> str:
    """SHA-256 of a file, read in parts."""
    made = hashlib.sha256()
    with open(path, "rb") as file:
        for part in iter(lambda: file.read(1 << 20), b""):
            made.update(part)
    return made.hexdigest()


def look_at(path: Path, entry: dict) -> tuple[str, str, str]:
    """State of a file (same, changed, missing, unread), what was found, and its digest."""
    try:
        if not os.path.lexists(path):
            return "missing", "no such file", ""
        if path.is_dir():
            return "changed", "a folder", ""
        found, size = sha256(path), path.stat().st_size
    except OSError as error:
        return "unread", f"cannot be read ({error.strerror})", ""
    if (found, size) == (entry["sha256"], entry["size"]):
        return "same", "", found
    what = "another content" if size == entry["size"] else f"{size} bytes, not {entry['size']}"
    return "changed", f"{what}, SHA-256 {found[:12]}", found


def place_of(path: str, root: Path, outside: list[str]) -> Path:
    """Where a listed file lies; one outside of the project folder in one of these folders."""
    if path.startswith(OUTSIDE):
        for folder in outside:
            if os.path.lexists(os.path.join(folder, path[len(OUTSIDE) :])):
                return Path(folder, path[len(OUTSIDE) :])
    return root / path


def compare(
    root: Path, listed: dict[str, dict], withheld: dict, released: bool, outside: list[str]
) -> tuple[dict, list[dict]]:
    """Counts of states by kind of file, and the findings, of all that is listed."""
    of_content = {entry["sha256"]: path for path, entry in sorted(listed.items(), reverse=True)}
    counts, findings = {}, []
    for path, entry in sorted(listed.items()):
        kind, (state, found, seen) = entry["kind"], look_at(place_of(path, root, outside), entry)
        if state == "missing" and path in withheld:
            state = "withheld"
        elif state == "missing" and not released and (kind == "input" or path.startswith(AWAY)):
            state = "not here"
        counts.setdefault(kind, Counter()).update(("listed", state))
        if state in ("changed", "missing", "unread"):
            found += f", the content of {of_content[seen]}" if seen in of_content else ""
            findings.append(finding(path, kind, state, found, entry["rule"]))
    return {kind: dict(sorted(count.items())) for kind, count in counts.items()}, findings


def files_below(root: Path, folder: str = ".") -> list[str]:
    """Every file below a folder, sorted; without Snakemake's marks and Python's cache."""
    found: list[Path] = []
    for where, folders, names in os.walk(root / folder):
        folders[:] = sorted(set(folders) - NO_FILES)
        links = [name for name in folders if Path(where, name).is_symlink()]
        found += [Path(where, name) for name in sorted({*names, *links} - NO_FILES)]
    return [path.relative_to(root).as_posix() for path in found]


def unknown_files(root: Path, listed: dict, study: str, released: bool) -> tuple[list, list[str]]:
    """Findings for what is not listed where all should be: results, code; a whole release.

    And the results of other targets, which need not be.
    """
    results = f"results/{study}"
    excepted = tuple(f"{results}/{name}" for name in MAY_DIFFER)
    if released:
        known = {*listed, "release.json", "verification.json", "verification.html", excepted[0]}
        extra = sorted(set(files_below(root)) - known)
        return [finding(path, "file", "unknown") for path in extra], []
    below = [path for path in files_below(root, results) if path not in listed]
    others = tuple(f"{results}/{name}" for name in OTHER_TARGETS)
    found = [("output", path) for path in below if not path.startswith(excepted + others)]
    for folder, suffix in CODE_FOLDERS:
        found += [("source", path) for path in files_below(root, folder) if path.endswith(suffix)]
    unknown = [finding(path, kind, "unknown") for kind, path in found if path not in listed]
    return unknown, [path for path in below if path.startswith(others)]


def finding(path: str, kind: str, state: str, found: str = "", rule: str = "") -> dict:
    """What is said of one file."""
    meaning, remedy = MEANING.get(f"{kind} {state}", UNREAD)
    said = {"path": path, "kind": kind, "state": state, "found": found, "rule": rule}
    return said | {"meaning": meaning, "remedy": remedy}


def check(root: Path, place: Path, expect: str = "", outside: list[str] | None = None) -> dict:
    """The verdict on a study in ``root`` by its manifest: a document without times or places."""
    verdict = {"format": "nomoflow-verification/1", "study": "", "version": "", "digest": ""}
    verdict |= {"state": "unreadable", "words": WORDS["unreadable"], "reason": "", "counts": {}}
    verdict |= {"withheld": {}, "run_record": False, "beside": 0, "findings": []}
    try:
        manifest, broken = read_sealed(place, FORMAT)
        listed, leaflet, torn = listed_files(manifest, place), {}, ""
        if (root / "release.json").is_file():
            leaflet, torn = read_sealed(root / "release.json", RELEASE)
            listed = {**listed_files({**leaflet, "sources": {}}, root / "release.json"), **listed}
        withheld = {path: str(why) for path, why in leaflet.get("withheld", {}).items()}
    except (CannotCheck, AttributeError) as error:
        return {**verdict, "reason": str(error).replace(f"{root}{os.sep}", "")}
    study, own = manifest["study"], str(manifest.get("digest"))
    if not own.startswith(expect.lower()):
        broken = broken or f"its digest begins {own[:12]}, expected was {expect[:12]}"
    name = os.path.relpath(place, root).replace(os.sep, "/")
    findings = [finding(name, "output", "changed", broken)] if broken else []
    torn = torn or "of another manifest" * (leaflet.get("manifest", own) != own)
    findings += [finding("release.json", "file", "changed", torn)] if torn else []
    counts, of_files = compare(root, listed, withheld, bool(leaflet), outside or [])
    unknown, beside = unknown_files(root, listed, study, bool(leaflet))
    findings += of_files + unknown
    if any(found["state"] != "unread" for found in findings):
        state = "different"
    elif findings or any(count.get("not here") for count in counts.values()):
        state = "incomplete"
    else:
        state = "as released" if leaflet else "verified"
    verdict |= {"study": study, "version": str(manifest.get("version") or ""), "digest": own}
    verdict |= {"state": state, "words": WORDS[state], "counts": counts, "findings": findings}
    verdict["withheld"] = dict(sorted(Counter(withheld.values()).items()))
    record = root / f"results/{study}/provenance/run.json"
    return verdict | {"beside": len(beside), "run_record": record.is_file()}


def summary(verdict: dict) -> list[str]:
    """The verdict in a few lines of plain words."""
    name, version = (verdict[key] or "(unknown)" for key in ("study", "version"))
    lines = [f"Study {name}, version {version}: {verdict['state'].upper()}. {verdict['words']}"]
    lines += [verdict["reason"]] * bool(verdict["reason"])
    for kind, count in verdict["counts"].items():
        said = [f"{count.get('same', 0)} of {count['listed']} {kind}s as listed"]
        for state in ("changed", "missing", "unread", "withheld", "not here"):
            note = ", not checked" if state in ("withheld", "not here") else ""
            said += [f"{count[state]} {state}{note}"] if state in count else []
        lines.append(", ".join(said))
    unknown = sum(found["state"] == "unknown" for found in verdict["findings"])
    told = ((unknown, "unknown"), (verdict["beside"], "of other targets, not listed, not checked"))
    lines += [f"{many} {what}" for many, what in told if many]
    lines += [f"left out of the release: {n}, {why}" for why, n in verdict["withheld"].items()]
    if verdict["digest"]:
        there = "is here; it may differ: not compared" if verdict["run_record"] else "is NOT here"
        lines.append(f"The manifest's digest: {verdict['digest']}")
        lines.append(f"The record of the run (run.json) {there}")
    return lines


def in_words(verdict: dict, most: int = 40) -> str:
    """The verdict as text for a terminal; all findings stand in the JSON."""
    lines, findings = summary(verdict), verdict["findings"]
    for found in findings[:most]:
        rule = f", by rule {found['rule']}" if found["rule"] else ""
        said = f" ({found['found']})" if found["found"] else ""
        lines.append(f"{found['state'].upper()} {found['kind']} {found['path']}{said}{rule}")
        lines.append(f"    {found['meaning']}; {found['remedy']}")
    if len(findings) > most:
        lines.append(f"and {len(findings) - most} more (--json FILE has all)")
    recomputed = verdict.get("recomputed")
    return "\n".join(lines + (["", *recomputed["lines"]] if recomputed else []))


PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ font: 1rem/1.5 sans-serif; max-width: 70rem; margin: 1rem auto; padding: 0 1rem }}
table {{ border-collapse: collapse }} caption {{ text-align: left; padding: .5rem 0 }}
th, td {{ border: 1px solid #767676; padding: .2rem .5rem; text-align: left; vertical-align: top;
overflow-wrap: anywhere }}
.state {{ border-left: .5rem solid; padding: .5rem 1rem; font-size: 1.25rem }}
.good {{ border-color: #006b3c }} .bad {{ border-color: #b00020 }} .open {{ border-color: #8a5a00 }}
</style></head><body><main>
<h1>{title}</h1>
{body}
</main></body></html>
"""


def table(caption: str, rows: list[dict], most: int = 1000) -> str:
    """Rows with the same keys as an HTML table, escaped."""
    if not rows:
        return "<p>None differs.</p>"
    caption += f" (the first {most} of {len(rows)}; the JSON has all)" if len(rows) > most else ""
    heads = "".join(f'<th scope="col">{html.escape(head)}</th>' for head in rows[0])
    cells = (
        "".join(f"<td>{html.escape(str(c))}</td>" for c in row.values()) for row in rows[:most]
    )
    body = "\n".join(f"<tr>{row}</tr>" for row in cells)
    return (
        f"<table><caption>{html.escape(caption)}</caption>\n<thead><tr>{heads}</tr></thead>\n"
        f"<tbody>\n{body}\n</tbody></table>"
    )


def as_page(verdict: dict) -> str:
    """The verdict as a page that needs neither network nor script."""
    look = {0: "good", 1: "bad", 2: "open"}[CODES[verdict["state"]]]
    first, *lines = map(html.escape, summary(verdict))
    parts = [f'<p class="state {look}">{first}</p>', "<ul>"]
    parts += [*(f"<li>{line}</li>" for line in lines), "</ul>", "<h2>Files</h2>"]
    if verdict["counts"]:
        parts.append(table("Files that differ from the manifest", verdict["findings"]))
    recomputed = verdict.get("recomputed")
    if recomputed:
        parts += ["<h2>Recomputed</h2>", *(f"<p>{html.escape(s)}</p>" for s in recomputed["lines"])]
        parts.append(table("Files not equal byte for byte", recomputed["files"]))
    title = html.escape(f"Verification of study {verdict['study'] or '(unknown)'}")
    return PAGE.format(title=title, body="\n".join(parts))


def write(verdict: dict, as_json: str | None, page: str | None) -> None:
    """Write the verdict where asked, whole or not at all."""
    for path, text in ((as_json, as_text(verdict)), (page, as_page(verdict))):
        if path:
            aside = Path(f"{path}.{os.getpid()}.part")
            aside.parent.mkdir(parents=True, exist_ok=True)
            aside.write_bytes(text.encode("utf-8", "backslashreplace"))
            os.replace(aside, path)


def find_manifest(given: str | None, root: str | None) -> tuple[Path, Path]:
    """(folder of the study, its manifest); without arguments those around this program."""
    here = Path(__file__).resolve().parent
    around = here if (here / "release.json").exists() else here.parent
    if given:
        place = Path(given).resolve()
        return (Path(root).resolve() if root else place.parent / "../../..").resolve(), place
    folder = Path(root).resolve() if root else around
    found = sorted(folder.glob("results/*/provenance/manifest.json"))
    if len(found) != 1:
        said = ", ".join(path.relative_to(folder).as_posix() for path in found) or "none"
        raise CannotCheck(f"found {len(found)} manifests ({said}): name the one to check")
    return folder, found[0]


def options(about: str | None = __doc__) -> ArgumentParser:
    """What the command line takes."""
    parser = ArgumentParser(description=about, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("manifest", nargs="?", help="results/<study>/provenance/manifest.json")
    parser.add_argument("--root", help="the study's folder, where it is not around the manifest")
    parser.add_argument("--expect", default="", metavar="DIGEST", help="the manifest's, published")
    parser.add_argument("--outside", action="append", metavar="FOLDER", help="of inputs elsewhere")
    parser.add_argument("--json", metavar="FILE", help="write the verdict there")
    parser.add_argument("--html", metavar="FILE", help="write it as a page")
    return parser


def main(words: list[str] | None = None) -> int:
    """The program; returns its exit code."""
    asked = options().parse_args(words)
    if hasattr(sys.stdout, "reconfigure"):  # a terminal may not know every letter of a name
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        root, place = find_manifest(asked.manifest, asked.root)
    except CannotCheck as error:
        print(error)
        return CODES["unreadable"]
    write(verdict := check(root, place, asked.expect, asked.outside), asked.json, asked.html)
    print(in_words(verdict))
    return CODES[verdict["state"]]


if __name__ == "__main__":
    sys.exit(main())
