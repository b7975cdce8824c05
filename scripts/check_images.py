"""Rule check_images: whether every image and mask can be read and lies on one grid."""

from nomoflow.images import PROBLEM_COLUMNS, check_scan, single_thread
from nomoflow.run import log_to, write_rows


def main(job):
    single_thread()
    limits = {
        "repair_mm": job.params.repair_mm,
        "minimum_voxels": job.params.minimum_voxels,
    }
    problems = [problem for scan in job.params.scans for problem in check_scan(scan, limits)]
    for problem in problems:
        print(*problem.values(), sep=" | ")
    # A check writes its table and succeeds; what follows from it is decided where all are known.
    write_rows(problems, job.output.problems, PROBLEM_COLUMNS)


if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        main(snakemake)
