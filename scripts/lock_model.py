"""Rule lock_model: the model as it goes to other centres, written once and never lost."""

from pathlib import Path

from nomoflow.model_file import ModelError, as_text, available_models, check_model, read_model
from nomoflow.run import log_to, read_json, replacing, write_json


def main(job):
    require_complete(job.input.get("complete"), job.input.model)
    model, place = read_json(job.input.model), Path(job.params.locked)
    check_model(model, job.input.model)
    if "nomogram" not in available_models(model):
        raise ModelError(
            f"{job.input.model}: the nomogram could not be fitted "
            f"({model['models']['nomogram']['reason']}), so there is nothing to lock"
        )
    if place.exists():
        standing = read_model(place)
        if standing["digest"] != model["digest"]:
            keep(standing, model, place)
            write(model, place)
    else:
        write(model, place)
    if job.input.get("performance"):
        # Beside the model, so that the next centre's page can show what development promised.
        with replacing(place.with_name("performance.csv")) as made:
            made.write_bytes(Path(job.input.performance).read_bytes())
    receipt = {"locked": str(place), "version": model["version"], "digest": model["digest"]}
    write_json(receipt, job.output.receipt)


def require_complete(complete, model):
    """The study's last rule writes this file, after all checks were passed."""
    if complete is not None and not Path(complete).is_file():
        raise ValueError(
            f"{complete} is not there, so the study's checks were not passed; {model} is not "
            "locked: run the study to its end first (snakemake --cores all)"
        )


def keep(standing, model, place):
    """Other centres may have used the model that stands: only a higher version takes its place."""
    if model["version"] <= standing["version"]:
        raise ValueError(
            f"{place}: version {standing['version']} is locked with digest "
            f"{standing['digest'][:12]}; the run made version {model['version']} with digest "
            f"{model['digest'][:12]}, another model. Allowed is a higher version beside the old: "
            f"set models.version to {standing['version'] + 1}, run and lock once more; or bring "
            "back the data and settings that the locked model was made with."
        )
    aside = place.with_name(f"{place.stem}_v{standing['version']}{place.suffix}")
    if not aside.exists():
        write(standing, aside)
    elif read_model(aside)["digest"] != standing["digest"]:
        raise ValueError(
            f"{aside}: another model of version {standing['version']} than {place} holds; two "
            "models must never share a version: find out which one other centres have"
        )


def write(model, path):
    with replacing(path) as aside:
        aside.write_text(as_text(model), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
