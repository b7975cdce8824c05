"""The RO-Crate validator without a network: `python crate_validation.py FOLDER`.

It is no dependency: it brings some thirty packages, and is installed for this call alone.
It looks up the JSON-LD context of RO-Crate 1.1 at its address. The library rocrate carries that of
a later version, which differs in the addresses of four terms; those of 1.1 stand here.
"""

import json
import sys
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import rocrate

ADDRESS = "https://w3id.org/ro/crate/1.1/context"
TERMS = {
    "ComputationalWorkflow": "https://bioschemas.org/ComputationalWorkflow",
    "FormalParameter": "https://bioschemas.org/FormalParameter",
    "input": "https://bioschemas.org/ComputationalWorkflow#input",
    "output": "https://bioschemas.org/ComputationalWorkflow#output",
}


def issues(folder, profile="workflow-run-crate"):
    """What the validator finds: [severity, check, message] each."""
    models, services = map(
        import_module, ("rocrate_validator.models", "rocrate_validator.services")
    )
    requester = import_module("rocrate_validator.utils.http").HttpRequester
    shipped = json.loads(
        Path(rocrate.__file__).with_name("data").joinpath("ro-crate.jsonld").read_bytes()
    )
    context = {"@context": {**shipped["@context"], **TERMS}}

    def get(self, url, **options):
        if url != ADDRESS:
            raise ConnectionError(f"{url}: nothing else may be looked up")
        return SimpleNamespace(
            status_code=200, ok=True, json=lambda: context, text=json.dumps(context), url=url,
            content=json.dumps(context).encode(), headers={"Content-Type": "application/ld+json"},
            raise_for_status=lambda: None, history=[], links={},
        )  # fmt: skip

    requester.get = requester.head = get
    settings = services.ValidationSettings(
        rocrate_uri=str(folder),
        profile_identifier=profile,
        requirement_severity=models.Severity.REQUIRED,
        skip_availability_check=True,
    )
    found = services.validate(settings).get_issues()
    return [[one.severity.name, one.check.identifier, one.message] for one in found]


if __name__ == "__main__":
    print(json.dumps(issues(sys.argv[1])))
