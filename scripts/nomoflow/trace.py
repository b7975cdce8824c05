"""The trace of a study: each file that the report shows or rests on, and how it was made.

Standard library only.
"""

from collections.abc import Iterable

from nomoflow.file_digests import Digests
from nomoflow.job_history import Job

FORMAT = "nomoflow-trace/1"


def trace(study: str, jobs: Iterable[Job], begun: Iterable[str], digests: Digests) -> dict:
    """Rule, wildcards, params, inputs, digest and size of each file, by its path.

    jobs, begun : as ``job_history.ancestry`` gives them; a file from which all began has rule None
    A folder is one entry, its digest over those of its files; ``files`` counts them.
    """
    nothing = {"rule": None, "wildcards": {}, "params": {}, "inputs": []}
    found = {path: {**nothing, **digests.together(path)} for path in begun}
    for job in jobs:
        known = job.as_record()
        del known["outputs"]
        found |= {path: {**known, **digests.together(path)} for path in job.outputs}
    return {"format": FORMAT, "study": study, "files": dict(sorted(found.items()))}
