# Who is studied: every file checked, the criteria applied, the groups compared.


rule simulate_patient:
    """Three-phase CT images and the readers' masks of one patient of a simulated cohort."""
    output:
        images=expand("data/simulated/{{cohort}}/{{patient}}/{phase}.nii.gz", phase=PHASES),
        masks=expand(
            "data/simulated/{{cohort}}/{{patient}}/{phase}_{reading}.nii.gz",
            phase=PHASES,
            reading=READINGS,
        ),
    log:
        "logs/simulated/{cohort}/simulate_patient/{patient}.log",
    conda:
        "../envs/cohort.yaml"
    params:
        participant=simulated_patient,
        phases=PHASES,
        seed=config["simulation"]["seed"],
        scanner=config["simulation"]["scanner"],
        code=code("simulate_patient"),
    script:
        "../scripts/simulate_patient.py"


rule gather_problems:
    """All that is wrong with the study's files, in one table, and what each scan will cost."""
    input:
        checks=preflight_checks,
        predicted=predictions,
    output:
        problems="results/{study}/cohort/preflight.csv",
        predicted="results/{study}/cohort/predicted.csv",
    log:
        "logs/{study}/gather_problems.log",
    conda:
        "../envs/cohort.yaml"
    params:
        phases_apart=config["images"]["phases_apart"],
        code=code("gather_problems"),
    script:
        "../scripts/gather_problems.py"


rule stop_on_problems:
    """The run ends here if anything is wrong, before any result is touched."""
    input:
        problems="results/{study}/cohort/preflight.csv",
    output:
        # A failing job loses its outputs, and every batch would be resampled again for want of an
        # old verdict; what is marked `update` comes back.
        verdict=update("results/{study}/cohort/preflight.ok"),
    log:
        "logs/{study}/stop_on_problems.log",
    conda:
        "../envs/cohort.yaml"
    params:
        on_problem=config["images"]["on_problem"],
        code=code("stop_on_problems"),
    script:
        "../scripts/stop_on_problems.py"


rule apply_criteria:
    """Inclusion and exclusion, one after another, with the reason for each patient left out."""
    input:
        participants=config["cohort"]["participants"],
        problems="results/{study}/cohort/preflight.csv",
        verdict="results/{study}/cohort/preflight.ok",
    output:
        participants="results/{study}/cohort/participants.csv",
        exclusions="results/{study}/cohort/exclusions.csv",
        criteria="results/{study}/cohort/criteria.csv",
    log:
        "logs/{study}/apply_criteria.log",
    conda:
        "../envs/cohort.yaml"
    params:
        included=STUDY.patients,
        exclusions=STUDY.exclusions,
        flow=STUDY.flow,
        id=config["cohort"]["id"],
        code=code("apply_criteria"),
    script:
        "../scripts/apply_criteria.py"


rule compare_groups:
    """Table 1: the clinical predictors by outcome."""
    input:
        participants="results/{study}/cohort/participants.csv",
    output:
        table1=report(
            "results/{study}/cohort/table1.csv",
            caption="../report/captions/table1.rst",
            category="Tables",
            labels={"table": "Patients by outcome"},
        ),
    log:
        "logs/{study}/compare_groups.log",
    conda:
        "../envs/cohort.yaml"
    params:
        outcome=config["cohort"]["outcome"],
        predictors=STUDY.predictors,
        code=code("compare_groups"),
    script:
        "../scripts/compare_groups.py"


rule count_missing:
    """How often each clinical predictor is missing, in all and in each class."""
    input:
        participants="results/{study}/cohort/participants.csv",
    output:
        missing="results/{study}/cohort/missing.csv",
    log:
        "logs/{study}/count_missing.log",
    conda:
        "../envs/cohort.yaml"
    params:
        missing=config["models"]["missing"],
        outcome=config["cohort"]["outcome"],
        predictors=STUDY.predictors,
        code=code("count_missing"),
    script:
        "../scripts/count_missing.py"


rule measure_agreement:
    """Cohen's kappa between the two readers for each CT sign."""
    input:
        participants="results/{study}/cohort/participants.csv",
    output:
        agreement="results/{study}/cohort/agreement.csv",
    log:
        "logs/{study}/measure_agreement.log",
    conda:
        "../envs/cohort.yaml"
    params:
        predictors=STUDY.predictors,
        confidence=config["evaluation"]["confidence"],
        code=code("measure_agreement"),
    script:
        "../scripts/measure_agreement.py"
