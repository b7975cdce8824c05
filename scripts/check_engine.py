"""Rule check_engine: whether pyradiomics gives the values of the IBSI digital phantom here."""

from nomoflow.extraction import extract, extractor, versions
from nomoflow.ibsi import COLUMNS, SETTINGS, compare, phantom
from nomoflow.run import log_to, write_rows


def main(job):
    rows = compare(extract(*phantom(), extractor(SETTINGS, shape=True)))
    wrong = [row for row in rows if not row["agrees"]]
    if wrong:
        listed = "\n".join(
            f"    {row['feature']}: {row['value']:.6g}, expected {row['expected']:g} "
            f"within {row['tolerance']:g}"
            for row in wrong[:10]
        )
        installed = ", ".join(f"{name} {number}" for name, number in versions().items())
        raise ValueError(
            f"pyradiomics as installed here disagrees with {len(wrong)} of {len(rows)} IBSI "
            f"consensus values of the digital phantom ({installed}):\n{listed}\n"
            "    remedy: install the pinned versions again; features would be wrong"
        )
    print(f"{len(rows)} of {len(rows)} IBSI consensus values agree")
    write_rows(
        [{**row, "agrees": "yes" if row["agrees"] else "no"} for row in rows],
        job.output.values,
        COLUMNS,
    )


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
