"""Rule reclassify_patients: where the nomogram moves patients, by NRI and IDI, on request."""

import pandas as pd

from nomoflow.by_model import APPARENT, judged
from nomoflow.reclassification import reclassification
from nomoflow.run import log_to, read_table, write_table

COLUMNS = ["sample", "model_a", "model_b", "measure", "estimate", "se", "z", "p", "note"]
NOTES = {
    True: "models fitted to the same patients: too favourable",
    False: "probabilities cross-validated: each patient's comes from another model, so the standard"
    " error is approximate",
}
NO_TEST = "no test: the patients of a class all move alike"


def main(job):
    tables = [pd.DataFrame(columns=COLUMNS)]
    samples = list(judged(read_table(job.input.predictions), job.params.models))
    for new in (each for each in samples if each.model == "nomogram"):
        for old in samples:
            if old.sample == new.sample and old is not new:
                table = reclassification(new.y, old.probability, new.probability)
                note = NOTES[new.sample == APPARENT]
                table["note"] = [
                    note if defined else f"{NO_TEST}; {note}" for defined in table["z"].notna()
                ]
                table = table.assign(sample=new.sample, model_a=old.model, model_b=new.model)
                tables.append(table[COLUMNS])
    write_table(pd.concat(tables[1:] or tables, ignore_index=True), job.output.reclassification)


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
