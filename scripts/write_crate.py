"""Rule write_crate: the finished study, without its images, as an RO-Crate."""

from pathlib import Path

from nomoflow.asides import replacing_folder
from nomoflow.crate import study_crate
from nomoflow.release_files import may_leave
from nomoflow.run import log_to, read_json


def main(job):
    manifest = read_json(job.input.manifest)
    files = [*may_leave(manifest, job.params.patients), job.input.manifest, job.input.run]
    with replacing_folder(job.output.crate) as folder:
        study_crate(manifest, files, Path.cwd()).write(folder)


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
