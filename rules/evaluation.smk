# How well the models do: on the patients they were made from, and on patients they have not seen.


rule trace_roc:
    """Sensitivity and specificity at every threshold."""
    input:
        predictions="results/{study}/evaluation/predictions.csv",
    output:
        roc="results/{study}/evaluation/roc.csv",
        band="results/{study}/evaluation/roc_band.csv",
    log:
        "logs/{study}/trace_roc.log",
    conda:
        "../envs/evaluation.yaml"
    params:
        models=MODELS,
        intervals=config["evaluation"]["intervals"],
        confidence=config["evaluation"]["confidence"],
        seed=config["evaluation"]["seed"],
        code=code("trace_roc"),
    script:
        "../scripts/trace_roc.py"


rule assess_calibration:
    """Observed against predicted risk, and the Hosmer-Lemeshow test."""
    input:
        predictions="results/{study}/evaluation/predictions.csv",
    output:
        calibration="results/{study}/evaluation/calibration.csv",
        hosmer_lemeshow="results/{study}/evaluation/hosmer_lemeshow.csv",
    log:
        "logs/{study}/assess_calibration.log",
    conda:
        "../envs/evaluation.yaml"
    params:
        models=MODELS,
        intervals=config["evaluation"]["intervals"],
        confidence=config["evaluation"]["confidence"],
        seed=config["evaluation"]["seed"],
        code=code("assess_calibration"),
    script:
        "../scripts/assess_calibration.py"


rule analyse_decisions:
    """Net benefit of deciding by each model, against treating all or none."""
    input:
        predictions="results/{study}/evaluation/predictions.csv",
    output:
        dca="results/{study}/evaluation/dca.csv",
    log:
        "logs/{study}/analyse_decisions.log",
    conda:
        "../envs/evaluation.yaml"
    params:
        models=MODELS,
        intervals=config["evaluation"]["intervals"],
        confidence=config["evaluation"]["confidence"],
        seed=config["evaluation"]["seed"],
        code=code("analyse_decisions"),
    script:
        "../scripts/analyse_decisions.py"


rule describe_subgroups:
    """The main models by sex, age, size or scanner: estimates with intervals, and no tests."""
    input:
        predictions="results/{study}/evaluation/predictions.csv",
        participants="results/{study}/cohort/participants.csv",
    output:
        subgroups="results/{study}/evaluation/subgroups.csv",
    log:
        "logs/{study}/describe_subgroups.log",
    conda:
        "../envs/evaluation.yaml"
    params:
        models=MODELS[:3],
        subgroups=config["evaluation"]["subgroups"],
        intervals=config["evaluation"]["intervals"],
        confidence=config["evaluation"]["confidence"],
        seed=config["evaluation"]["seed"],
        code=code("describe_subgroups"),
    script:
        "../scripts/describe_subgroups.py"
