"""What the rules of provenance take in, by the study that they tell of.

Standard library and Snakemake's own dependencies only: Snakemake itself imports this module.
"""

from collections.abc import Callable
from pathlib import Path

from nomoflow.centre_inputs import CentreInputs
from nomoflow.checklist_names import CHECKLISTS
from nomoflow.sources import CODE, digest_of_sources
from nomoflow.study import Study
from nomoflow.study_history import folders_of

# What the report shows beside tables and figures.
STATEMENTS = ["methods.md", *(f"checklist_{name}.csv" for name in CHECKLISTS)]


class ProvenanceInputs:
    """A study that is to be followed to its sources.

    workflow : Snakemake's own object, for the folder of the code and the config files in use
    """

    def __init__(self, study: Study, centre: CentreInputs, workflow):
        self.study, self.centre, self.workflow = study, centre, workflow
        self.place = f"results/{study.name}/provenance"
        self.folders = folders_of(study.config)

    def records(self, wildcards) -> list[str]:
        """What is written when all else of a study is there."""
        return [f"{self.place}/{name}" for name in ("manifest.json", "run.json", "ro-crate")]

    def of_predictions(self, wildcards) -> list[str]:
        """The same for the target predict; a cohort with an outcome has a manifest when judged."""
        return [] if self.study.outcome_known else self.records(wildcards)

    def overlays(self, wildcards) -> list[str]:
        """The pictures of a batch; none where a locked model is applied, which draws none."""
        drawn = self.study.model is None
        return [f"results/{wildcards.study}/images/overlays/{wildcards.bucket}"] if drawn else []

    def digests(self, wildcards) -> list[str]:
        """Digests of all images by batch; none where features came as a table."""
        buckets = [] if self.study.from_table else self.study.buckets
        return [f"{self.place}/images/{bucket}.csv" for bucket in buckets]

    def tables(self, wildcards) -> list[str]:
        """The files that a study names in its config: some are read before any job is."""
        config = self.study.config
        named = [config["cohort"]["participants"], config["signature"]["folds_file"]]
        if self.study.from_table:
            named += [config["features"]["table"]["path"]]
        else:
            named += [config["images"]["scans"], config["features"]["settings"]]
        named += [config["centres"]["model"], *config["centres"]["released"]]
        return [path for path in dict.fromkeys(named) if path]

    def shown(self, tables: Callable, figures: list[str]) -> Callable:
        """What a study's report shows or rests on; a centre's, or its page of predictions.

        tables : an input function of the report's tables by name; figures : names of its figures
        """
        results = f"results/{self.study.name}"

        def found(wildcards):
            if self.study.model is None:
                named = [*tables(wildcards).values(), *self.centre.pooling(wildcards).values()]
                named += [f"{results}/report/{name}" for name in STATEMENTS]
                drawn = figures
            elif self.study.outcome_known:
                named = self.centre.tables(wildcards).values()
                drawn = ["validation"]
            else:
                named, drawn = self.centre.inputs(wildcards).values(), []
            paths = [one for each in named for one in ([each] if isinstance(each, str) else each)]
            return [*dict.fromkeys(paths), *(f"{results}/figures/{name}.svg" for name in drawn)]

        return found

    def configfiles(self, wildcards) -> list[str]:
        """The config files in use, in the order in which each is laid over those before it."""
        used = list(dict.fromkeys(map(str, self.workflow.configfiles)))
        asked = list(map(str, self.workflow.config_settings.configfiles))
        ordered = [path for path in used if path not in asked] + [p for p in used if p in asked]
        here, paths = Path.cwd(), map(Path, ordered)  # a copy of the project is the same
        return [str(p.relative_to(here)) if p.is_relative_to(here) else str(p) for p in paths]

    def sources(self, wildcards) -> str:
        """One digest over the workflow's files: an edit of any has the manifest written anew."""
        return digest_of_sources(self.workflow.basedir, self.configfiles(wildcards))

    def code(self, wildcards) -> str:
        """One digest over rules and scripts: what jobs tell of themselves follows from these."""
        return digest_of_sources(self.workflow.basedir, patterns=CODE)
