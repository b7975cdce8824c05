"""A finished study as an RO-Crate of the Workflow Run profile, from its manifest alone.

Profiles: Workflow Run Crate 0.5, with Process Run Crate 0.5 and Workflow RO-Crate 1.0 beneath it,
on RO-Crate 1.1 (Leo 2024, PLOS ONE 19:e0309210). What the manifest does not tell (who ran it, under
which licence the results are) is left out, never made up. Images never enter: the crate says how
many files were read, and their common digest.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from rocrate.model.contextentity import ContextEntity
from rocrate.rocrate import ROCrate

PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": "Process Run Crate",
    "https://w3id.org/ro/wfrun/workflow/0.5": "Workflow Run Crate",
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": "Workflow RO-Crate",
}
LICENCE = "https://spdx.org/licenses/MIT"
UNSTATED = (
    "Not stated by the study's authors. The workflow itself, nomoflow, is under the MIT License."
)
MAIN = "Snakefile"
OFFICE = "application/vnd.openxmlformats-officedocument"
ENCODINGS = {
    ".csv": "text/csv", ".docx": f"{OFFICE}.wordprocessingml.document", ".html": "text/html",
    ".j2": "text/plain", ".jpg": "image/jpeg", ".js": "text/javascript", ".css": "text/css",
    ".json": "application/json", ".md": "text/markdown", ".bib": "text/x-bibtex",
    ".parquet": "application/vnd.apache.parquet", ".pdf": "application/pdf", ".png": "image/png",
    ".py": "text/x-python", ".rst": "text/x-rst", ".sh": "text/x-sh", ".smk": "text/plain",
    ".svg": "image/svg+xml", ".toml": "application/toml", ".txt": "text/plain",
    ".xlsx": f"{OFFICE}.spreadsheetml.sheet", ".yaml": "application/yaml",
}  # fmt: skip


def study_crate(manifest: Mapping, files: Sequence[str], root: str | Path) -> ROCrate:
    """The crate of a study; its ``write`` lays the files out as they lie in the project.

    manifest : a finished study's; files : what enters, relative to the project folder, such as
    `may_leave` chooses, and the workflow's main file; root : the project folder. Raises ValueError
    where the main file does not enter: the crate would be of no workflow.
    """
    if MAIN not in files:
        raise ValueError(f"a crate needs {MAIN}, its workflow; the files have none of that name")
    study, version = manifest["study"], manifest["version"]
    crate = ROCrate(version="1.1")
    crate.name = f"The study {study}, by nomoflow {version}"
    crate.description = (
        f"Tables, figures, report and model of the study {study}, with the workflow that made them "
        "and the manifest that says how. No image is in it."
    )
    # The profile asks for a licence of the results; what the authors have not said stays unsaid.
    crate.license = UNSTATED
    profiles = [_context(crate, url, "CreativeWork", name=name, version=url.rsplit("/", 1)[1])
                for url, name in PROFILES.items()]  # fmt: skip
    crate.root_dataset["conformsTo"] = profiles
    licence = _context(crate, LICENCE, "CreativeWork", name="MIT License")
    workflow = crate.add_workflow(
        Path(root, MAIN),
        MAIN,
        main=True,
        lang="snakemake",
        properties={
            "name": f"nomoflow {version}",
            "version": version,
            "license": {"@id": licence.id},
            "sha256": manifest["sources"][MAIN]["sha256"],
        },
    )
    digests = {**manifest["sources"], **{one["path"]: one for one in _listed(manifest)}}
    entities = {
        path: crate.add_file(Path(root, path), path, properties=_about(path, digests.get(path)))
        for path in sorted({*files} - {MAIN})
    }
    read = _inputs(crate, workflow, manifest, entities)
    made = [entities[one["path"]] for one in manifest["outputs"] if one["path"] in entities]
    action = _context(
        crate,
        "#run",
        "CreateAction",
        name=f"The run of the study {study}",
        description="Which job made which file, from what and with which parameters: "
        f"results/{study}/provenance/manifest.json.",
        actionStatus="http://schema.org/CompletedActionStatus",
    )
    action["instrument"], action["object"], action["result"] = workflow, read, made
    crate.root_dataset["mentions"] = [action]
    return crate


def _listed(manifest: Mapping) -> list[Mapping]:
    return [*manifest["inputs"], *manifest["outputs"]]


def _about(path: str, known: Mapping | None) -> dict:
    """What is known of a file; nothing of one that is younger than the manifest."""
    kind = ENCODINGS.get(Path(path).suffix)
    about = {"name": Path(path).name} | ({"encodingFormat": kind} if kind else {})
    if known:
        about |= {"contentSize": str(known["size"]), "sha256": known["sha256"]}
    return about


def _context(crate: ROCrate, identifier: str, kind: str, **properties) -> ContextEntity:
    return crate.add(ContextEntity(crate, identifier, properties={"@type": kind, **properties}))


def _inputs(crate: ROCrate, workflow, manifest: Mapping, entities: Mapping) -> list:
    """What the workflow was given: config files, sections of the config in force, and images."""
    given = [(f"file/{path}", "File", entities[path])
             for path in [*manifest["configfiles"], *(one["path"] for one in manifest["inputs"])]
             if path in entities]  # fmt: skip
    for section, content in manifest["config"].items():
        given.append(_value(crate, f"config/{section}", _text(content)))
    absent = [one for one in manifest["inputs"] if one["path"] not in entities]
    if absent:
        together = hashlib.sha256(_text(sorted(one["sha256"] for one in absent)).encode())
        said = f"{len(absent)} files, SHA-256 of their sorted SHA-256 {together.hexdigest()}"
        given.append(_value(crate, "not-included", said))
    parameters, read = [], []
    for name, kind, value in dict.fromkeys(given):
        parameter = _context(
            crate, f"#parameter/{name}", "FormalParameter", name=name, additionalType=kind
        )
        parameter["workExample"], value["exampleOfWork"] = value, parameter
        parameters.append(parameter)
        read.append(value)
    workflow["input"] = parameters
    return read


def _value(crate: ROCrate, name: str, value: str) -> tuple:
    made = _context(crate, f"#value/{name}", "PropertyValue", name=name, value=value)
    return name, "PropertyValue", made


def _text(content) -> str:
    plain = isinstance(content, str)
    return content if plain else json.dumps(content, ensure_ascii=False, sort_keys=True)
