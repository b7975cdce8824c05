"""Rule write_manuscript_tables: Table 1, performance and coefficients as Word and Excel files."""

from pathlib import Path

from nomoflow import manuscript
from nomoflow.language import speaking
from nomoflow.manuscript_files import write_docx, write_xlsx
from nomoflow.run import log_to, read_rows, replacing
from nomoflow.wording import class_names


def main(job):
    given, table1 = job.params, read_rows(job.input.table1)
    rows, names = read_rows(job.input.performance), class_names(given.outcome)
    by_model = {Path(path).parent.name: read_rows(path) for path in job.input.coefficients}
    out_of_fold = read_rows(job.input.coefficients_out_of_fold)
    with speaking(given.look["language"]):
        tables = [
            manuscript.characteristics(table1, names),
            manuscript.performance(rows, table1, names, given.confidence),
            manuscript.coefficients(by_model, table1, out_of_fold, given.confidence),
        ]
    for write, path in ((write_docx, job.output.docx), (write_xlsx, job.output.xlsx)):
        with replacing(path) as aside:
            write(tables, aside)


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
