"""Rule write_methods: the methods section from the run's settings and numbers, with BibTeX."""

from nomoflow.evidence import INPUTS, Results, several
from nomoflow.methods_text import REFERENCES, bibliography, keys_in, methods_text
from nomoflow.run import log_to, replacing


def main(job):
    given = job.params
    paths = {name: several(job.input, name) for name in INPUTS}
    results = Results(paths, given.config, given.statements, given.signatures)
    text = methods_text(results, given.study)
    keys = keys_in(text)
    references = bibliography(keys, REFERENCES.read_text(encoding="utf-8"))
    for content, path in ((text, job.output.methods), (references, job.output.references)):
        with replacing(path) as aside:
            aside.write_text(content, encoding="utf-8", newline="\n")
    print(f"{len(text.split())} words, {len(keys)} references")


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
