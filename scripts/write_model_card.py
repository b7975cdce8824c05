"""Rule write_model_card: what the model is for, how well it does, and what to beware of."""

from nomoflow.evidence import INPUTS, Results, several
from nomoflow.model_card import model_card
from nomoflow.run import log_to, replacing


def main(job):
    given = job.params
    paths = {name: several(job.input, name) for name in INPUTS}
    results = Results(paths, given.config, given.statements, given.signatures)
    text = model_card(results, given.study)
    with replacing(job.output.card) as aside:
        aside.write_text(text, encoding="utf-8", newline="\n")
    print(f"{len(text.split())} words")


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
