"""A stand-in for Snakemake's job: the same attributes, made by a test."""

from types import SimpleNamespace


class Names(list):
    """Inputs or outputs: by name, and in order."""

    def __init__(self, **named):
        super().__init__(named.values())
        self.__dict__.update(named)

    def get(self, name, default=None):
        return self.__dict__.get(name, default)


def job(inputs=None, outputs=None, params=None, wildcards=None, threads=1):
    """A job for a script's ``main``."""
    return SimpleNamespace(
        input=Names(**(inputs or {})),
        output=Names(**(outputs or {})),
        params=SimpleNamespace(**(params or {})),
        wildcards=SimpleNamespace(**(wildcards or {})),
        threads=threads,
    )


def job_with_log(path, rule="a_rule"):
    """A job that is given nothing, for what goes to its log."""
    nothing = {"input": [], "output": [], "params": {}, "wildcards": {}}
    return SimpleNamespace(rule=rule, log=[str(path)], **nothing)
