# Whether one model is better than another, and what changes with a decision of the study.


rule compare_models:
    """Each two of the models: DeLong's test, and differences of AUC and net benefit with intervals."""
    input:
        predictions="results/{study}/evaluation/predictions.csv",
    output:
        delong="results/{study}/evaluation/delong.csv",
        differences="results/{study}/evaluation/differences.csv",
    log:
        "logs/{study}/compare_models.log",
    conda:
        "../envs/evaluation.yaml"
    params:
        models=MODELS,
        threshold=config["evaluation"]["decision_threshold"],
        intervals=config["evaluation"]["intervals"],
        confidence=config["evaluation"]["confidence"],
        seed=config["evaluation"]["seed"],
        code=code("compare_models"),
    script:
        "../scripts/compare_models.py"


rule reclassify_patients:
    """Continuous NRI and IDI from each other model to the nomogram, on request."""
    input:
        predictions="results/{study}/evaluation/predictions.csv",
    output:
        reclassification="results/{study}/evaluation/reclassification.csv",
    log:
        "logs/{study}/reclassify_patients.log",
    conda:
        "../envs/evaluation.yaml"
    params:
        models=MODELS[:3],
        code=code("reclassify_patients"),
    script:
        "../scripts/reclassify_patients.py"


rule compare_variants:
    """A row a variant and model: selected features, and the AUC that cross-validation gives."""
    input:
        statuses=VARIANTS.of_each("signature", "signature/combined/status.json"),
        measured=VARIANTS.of_each("validation", "evaluation/measured.csv"),
        corrected=(
            VARIANTS.of_each("validation", "evaluation/corrected.csv")
            if config["sensitivity"]["resamples"]
            else []
        ),
    output:
        sensitivity="results/{study}/evaluation/sensitivity.csv",
    log:
        "logs/{study}/compare_variants.log",
    conda:
        "../envs/evaluation.yaml"
    params:
        variants={name: made.changed for name, made in VARIANTS.made.items()},
        models=MODELS[:2],
        code=code("compare_variants"),
    script:
        "../scripts/compare_variants.py"


rule sensitivity:
    """The study with one decision changed at a time: selected features and cross-validated AUC."""
    input:
        f"results/{STUDY.name}/report/sensitivity.html",
