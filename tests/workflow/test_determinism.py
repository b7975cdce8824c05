"""The same bytes come out, whatever the count of cores and the order of the tables' rows."""

import random

import pytest
from workflow import running
from workflow.running import RESULTS, differing, digests, read_csv, snakemake, write_csv

COMPARED = (".csv", ".parquet", ".json", ".svg", ".pdf", ".html", ".txt", ".mha", ".jpg", ".ok")
COMPARED += (".png", ".md", ".bib", ".docx", ".xlsx")
MAY_DIFFER = ("provenance/run.json", "provenance/ro-crate")
# The digests of the tables themselves, and the page that shows them.
TELL_OF_TABLES = ("provenance/", "report/study.html")


def results_of(folder, without=MAY_DIFFER):
    found = digests(folder / RESULTS, without=without)
    assert all(name.endswith(COMPARED) for name in found), sorted(found)
    return found


def test_one_core_or_two(finished, tmp_path):
    other = running.run_whole(tmp_path / "one_core", cores=1)
    assert differing(digests(finished / "data"), digests(other / "data")) == []
    assert differing(results_of(finished), results_of(other)) == []


@pytest.mark.slow
def test_the_order_of_the_tables_rows(finished, tmp_path):
    folder = running.copy_project(tmp_path / "shuffled")
    for number, table in enumerate(("participants", "scans")):
        path = folder / f"config/ci/{table}.csv"
        rows = read_csv(path)
        random.Random(number).shuffle(rows)
        write_csv(path, rows)
    snakemake(folder).succeeded()
    made = [results_of(one, without=TELL_OF_TABLES) for one in (finished, folder)]
    assert differing(*made) == []
