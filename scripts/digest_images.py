"""Rule digest_images: digests of the images of a batch, so that nothing later reads them again."""

from pathlib import Path

from nomoflow.file_digests import COLUMNS, Digests
from nomoflow.job_history import Places
from nomoflow.run import log_to, write_rows
from nomoflow.series_choice import place_of

KEY = ("patient", "phase", "reading")


def main(job):
    places = Places(Path.cwd(), job.params.folders_of_images)
    digests = Digests(places)
    rows = []
    for scan in job.params.scans:
        for kind in ("image", "mask"):
            told = places.told(place_of(scan[kind]))
            # One that is missing is told by the check of the files.
            if places.place(told).exists():
                key = {name: scan[name] for name in KEY} | {"kind": kind}
                rows += [{**key, "path": path, **one} for path, one in digests.of(told).items()]
    made = [("resampled", job.input.resampled), *(("overlay", one) for one in job.input.overlays)]
    for kind, folder in made:
        found = digests.of(places.told(folder))
        rows += [{"kind": kind, "path": path, **one} for path, one in found.items()]
    write_rows(rows, job.output.digests, COLUMNS)


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
