"""Rule write_manifest: digests of all that the study is made from, by and of."""

from nomoflow import manifest, sources
from nomoflow.run import log_to, write_json
from nomoflow.study_history import ROOT, StudyHistory


def main(job):
    params = job.params
    history = StudyHistory(params.study, params.config, job.input.digests)
    places, place, digests = history.places, history.place, history.digests
    given = job.input
    jobs, begun = history.behind([*given.results, given.trace, *given.tables, *given.digests])
    files = sources.source_files(ROOT, params.configfiles)
    outputs = manifest.output_rows(jobs, place, digests)
    content = {
        "study": params.study,
        "version": sources.version(ROOT),
        "configfiles": [manifest.source_name(path, ROOT, places) for path in params.configfiles],
        "config": places.in_value(params.config),
        "seeds": manifest.seeds(params.config),
        "pins": sources.pins(ROOT),
        "sources": manifest.source_table(files, ROOT, places),
        "inputs": manifest.input_rows(begun, jobs, place, digests),
        "outputs": outputs,
        "jobs": [one.as_record() for one in jobs],
        "warnings": manifest.table_rows(
            outputs, [f"{place}/{name}" for name in manifest.WARNINGS], places
        ),
        "exclusions": manifest.table_rows(outputs, [f"{place}/cohort/exclusions.csv"], places),
    }
    others = list(manifest.others(outputs, place, places, history.made))
    for path, of_target in others:
        said = "of another target" if of_target else "a stray: no job of this configuration made it"
        print(f"not in the manifest: {path} ({said})")
    if strays := sum(not of_target for _, of_target in others):
        print(
            f"WARNING {strays} strays below {place}/ are left of another configuration; delete them"
        )
    print(f"{len(jobs)} jobs, {len(content['inputs'])} inputs, {len(outputs)} outputs")
    write_json(manifest.sealed_manifest(content), job.output.manifest)


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
