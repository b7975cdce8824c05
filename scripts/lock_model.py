"""Rule lock_model: the model as it goes to other centres, written once and never replaced."""

from pathlib import Path

from nomoflow.model_document import digest
from nomoflow.run import log_to, read_json, write_json


def main(job):
    model, place = read_json(job.input.model), Path(job.params.locked)
    if digest(model) != model["digest"]:
        raise ValueError(
            f"{job.input.model}: its digest does not fit its content, so it was edited by hand; "
            "allowed is the file as the run wrote it: delete it and run again"
        )
    if place.exists():
        refuse_other(read_json(place), model, place)
    else:
        write_json(model, place)
    write_json({"locked": str(place), "digest": model["digest"]}, job.output.receipt)


def refuse_other(locked, model, place):
    """A locked model stands: other centres may have used it."""
    if locked["digest"] == model["digest"]:
        return
    raise ValueError(
        f"{place}: a model of version {locked['version']} with digest {locked['digest'][:12]} is "
        f"locked already; found version {model['version']} with digest {model['digest'][:12]}. "
        "A changed model needs a new models.version and a place of its own: set models.version, "
        f"move {place} to where its version can be found again, and lock once more."
    )


if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        main(snakemake)
