"""Rule describe_subgroups: how well the models do by sex, age, size or whatever else is asked."""

import pandas as pd

from nomoflow.by_model import judged
from nomoflow.problems import Problems
from nomoflow.run import log_to, read_rows, read_table, write_table
from nomoflow.subgroup_levels import check_subgroups, subgroup_levels, subgroup_name
from nomoflow.subgroups import COLUMNS, describe_level


def main(job):
    given = job.params
    predictions = read_table(job.input.predictions)
    rows = {row["patient"]: row for row in read_rows(job.input.participants)}
    problems = Problems()
    check_subgroups(job.input.participants, given.subgroups, list(rows.values()), problems)
    problems.stop_if_any()
    # judged() sorts the patients by their key
    patients = sorted(set(predictions["patient"]))
    absent = [patient for patient in patients if patient not in rows]
    if absent:
        raise ValueError(
            f"{job.input.participants}: {len(absent)} patients who have predictions are not "
            f"there, the first {absent[0]}"
        )
    analysed = [rows[patient] for patient in patients]
    subgroups = {subgroup_name(item): subgroup_levels(analysed, item) for item in given.subgroups}
    tables = [pd.DataFrame(columns=list(COLUMNS))]
    for each in judged(predictions, given.models):
        for subgroup, (of_patients, levels) in subgroups.items():
            for level in levels:
                members = [own == level for own in of_patients]
                common = (given.intervals, given.seed, given.confidence)
                table = describe_level(each, members, *common).assign(
                    model=each.model, sample=each.sample, subgroup=subgroup, level=level
                )
                tables.append(table[list(COLUMNS)])
    write_table(pd.concat(tables[1:] or tables, ignore_index=True), job.output.subgroups)


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
