"""Rule write_gallery: the pictures of all patients and phases on one offline page."""

import os
from pathlib import Path
from urllib.parse import quote

from nomoflow.gallery import cards, render_gallery
from nomoflow.language import speaking
from nomoflow.run import log_to, read_rows, replacing


def main(job):
    page = Path(job.output.page)
    pictures = []
    for folder in map(Path, job.input.pictures):
        place = quote(Path(os.path.relpath(folder, page.parent)).as_posix())
        pictures += [{**row, "folder": place} for row in read_rows(folder / "pictures.csv")]
    tables = (job.input.quality, job.input.dice, job.input.failures, job.input.preflight)
    with speaking(job.params.language):
        found = cards(pictures, *map(read_rows, tables), job.params.phases)
        text = render_gallery(job.params.study, job.params.phases, found)
    print(f"{sum(bool(card['href']) for card in found)} pictures of {len(found)} scans")
    with replacing(page) as aside:
        aside.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
