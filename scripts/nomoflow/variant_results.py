"""Which config and which results a rule sees: the study's own, or those of a variant in the making.

Standard library and Snakemake only: Snakemake itself imports this module.
"""

from collections.abc import Callable, Iterable
from typing import Any

from snakemake.io import expand
from snakemake.iocontainers import Wildcards

from nomoflow.variants import Variant, variants

OF_VARIANTS = ["nomogram", "radiomics"]  # the models that stand on a variant's signature


class VariantResults:
    """The variants of a study, with what a rule's input and params functions ask of them.

    config : the study's; models : all that the study fits
    numbers : values of the fields {repeat} and {batch} of paths
    """

    def __init__(self, config: dict, models: list[str], numbers: dict[str, Iterable[int]]):
        self.study, self.config = config["study"], config
        self.all_models, self.numbers = models, numbers
        self.made = variants(config)

    def variant(self, wildcards) -> Variant | None:
        """The variant that is in the making, or None for the study itself."""
        return self.made.get(wildcards.study.partition(f"{self.study}/sensitivity/")[2])

    def config_of(self, wildcards) -> dict:
        """The config in force: the study's, or the variant's in the making."""
        made = self.variant(wildcards)
        return made.config if made else self.config

    def setting(self, key: str) -> Callable[[Wildcards], Any]:
        """A value of the config for a rule's params, as the study, or a variant of it, has it."""

        def value(wildcards):
            found = self.config_of(wildcards)
            for name in key.split("."):
                found = found[name]
            return found

        return value

    def phases(self, wildcards) -> list[str]:
        """The phases in use: a variant may leave one out."""
        return self.config_of(wildcards)["images"]["phases"]

    def signatures(self, wildcards) -> list[str]:
        """The signatures that are made: of each phase and of all; variants need the last alone."""
        together = ["combined"]
        return together if self.variant(wildcards) else self.config["images"]["phases"] + together

    def models(self, wildcards) -> list[str]:
        """The models that are judged: all, or in a variant those that stand on its signature."""
        return OF_VARIANTS if self.variant(wildcards) else self.all_models

    def result(self, stage: str, path: str) -> Callable[[Wildcards], str | list[str]]:
        """A stage's result as an input: a variant takes the study's where it changes nothing there.

        Fields {phase}, {signature}, {repeat} and {batch} stand for all that there are.
        """

        def found(wildcards):
            made = self.variant(wildcards)
            study = wildcards.study if made is None or made.owns(stage) else self.study
            full = f"results/{study}/{path}"
            fields = {
                "phase": self.phases(wildcards),
                "signature": self.signatures(wildcards),
                **self.numbers,
            }
            used = {name: values for name, values in fields.items() if f"{{{name}}}" in path}
            return expand(full, **used) if used else full

        return found

    def of_each(self, stage: str, path: str) -> list[str]:
        """A stage's result of the study itself and of each variant, in their order."""
        studies = [self.study, *(f"{self.study}/sensitivity/{name}" for name in self.made)]
        return [self.result(stage, path)(Wildcards(fromdict={"study": one})) for one in studies]
