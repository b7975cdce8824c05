"""Rule scan_identities: whether what the images' headers tell of a patient stands in a result."""

from pathlib import Path

from nomoflow import identity, identity_headers, identity_outputs
from nomoflow.run import log_to, write_rows

ROOT = Path(identity.__file__).resolve().parents[2]


def main(job):
    values, unread = identity_headers.values_of(job.params.scans)
    print(f"{len(values)} values in the headers; {unread} files could not be read")
    texts = [*identity_outputs.own_texts(ROOT), *identity_outputs.config_texts(job.params.config)]
    own = identity.words_of(texts)
    finder = identity.Finder(values, job.params.patients, own)
    rows = list(finder.rows)
    files = 0
    searched = [
        *identity_outputs.files_of(job.params.folders, [job.output.identity]),
        *identity_outputs.version_files(Path()),
    ]
    for path in searched if values else ():
        hits = finder.found_in_name(path.as_posix())
        for text in identity_outputs.texts(path):
            hits |= finder.found(text)
        rows += identity.of_file(path.as_posix(), hits)
        files += 1
    print(f"{files} files searched, {len(rows)} rows written")
    # A check writes its table and succeeds: the values themselves stand nowhere.
    write_rows(rows, job.output.identity, identity.IDENTITY_COLUMNS)


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
