"""What the rules of a locked model take in, by the study that applies it or has made it.

Standard library and Snakemake's own dependencies only: Snakemake itself imports this module.
"""

import sys
from collections.abc import Callable
from pathlib import Path

from nomoflow.locked_study import applied_models
from nomoflow.study import Study

NO_MODEL = """
Study {name} names no locked model, so there is nothing to apply.
Set centres.model to the model.json that another study has locked.
"""
NO_OUTCOME = """
Study {name} has no outcome (cohort.outcome: null), so the model cannot be judged on it.
Set cohort.outcome, or ask for the target predict.
"""


class CentreInputs:
    """A study as a centre.

    name : of the centre in what others read; model : the locked model's file, of this study itself
    where it applies no other; ledger : of the looks at external patients; models : those applied
    """

    def __init__(self, study: Study):
        asked = study.config["centres"]
        self.study, self.place = study, f"results/{study.name}"
        self.name = asked["name"] or study.name
        self.model = asked["model"] or f"models/{study.name}/model.json"
        self.ledger = str(Path(self.model).with_name("ledger.json"))
        self.models = applied_models(study.model)

    def inputs(self, wildcards) -> dict:
        """What a locked model is applied to: patients, their features and images."""
        features = [f"{self.place}/features/{phase}.parquet" for phase in self.study.phases]
        return {
            "model": self.model,
            "participants": f"{self.place}/cohort/participants.csv",
            "features": features,
            **self.images(wildcards),
        }

    def images(self, wildcards) -> dict:
        """What is known of the images; nothing where features came as a table."""
        names = [] if self.study.from_table else ["quality", "acquisition"]
        return {name: f"{self.place}/images/{name}.csv" for name in names}

    def acquisition(self, wildcards) -> dict:
        """How the images were acquired, where there are images."""
        return {key: path for key, path in self.images(wildcards).items() if key == "acquisition"}

    def tables(self, wildcards) -> dict:
        """The tables of a validation's page by name."""
        promised = Path(self.model).with_name("performance.csv")
        names = ["predictions", "performance", "recalibration", "hosmer_lemeshow", "mislabelled"]
        names += ["not_predicted", "outside_range", "case_mix", "membership", "warnings"]
        return {
            **{name: f"{self.place}/centres/{name}.csv" for name in names},
            "exclusions": f"{self.place}/cohort/exclusions.csv",
            "look": f"{self.place}/centres/look.json",
            **({"development": str(promised)} if promised.is_file() else {}),
        }

    def pooling(self, wildcards) -> dict:
        """What other centres found, for the study's own report; nothing where none is named."""
        if self.study.model or not self.study.config["centres"]["summaries"]:
            return {}
        return {
            "pooled": f"{self.place}/centres/pooled.csv",
            "centre_rows": f"{self.place}/centres/centres.csv",
            "forest": f"{self.place}/figures/forest.svg",
            "locked": self.model,
        }

    def development(self, wildcards) -> dict:
        """The study's own figures beside those of the centres, where it made the model."""
        place = f"{self.place}/evaluation/performance.csv"
        return {} if self.study.model else {"performance": place}

    def results(self, *paths: str) -> Callable:
        """Results of a study that applies a locked model; a message where it names none."""

        def asked(wildcards):
            if self.study.model is None:
                sys.exit(NO_MODEL.format(name=self.study.name))
            if not self.study.outcome_known and "report/validation.html" in paths:
                sys.exit(NO_OUTCOME.format(name=self.study.name))
            return [f"{self.place}/{path}" for path in paths]

        return asked

    def whole(self, wildcards) -> list[str]:
        """What a study comes to: its report; a centre's, its validation or its predictions."""
        if self.study.model is None:
            sites = self.study.config["centres"]["harmonisation"]["batch"]
            told = [f"{self.place}/centres/site.csv"] if sites else []
            return [f"{self.place}/report/complete.txt", *told]
        judged = ["report/validation.html", "centres/summary.json"]
        return self.results(*judged if self.study.outcome_known else ["predict/predictions.html"])(
            wildcards
        )
