# How well the models do: on the patients they were made from, and on patients they have not seen.


rule gather_predictions:
    """Each patient's prediction by each model, apparent and cross-validated."""
    input:
        apparent="results/{study}/models/predictions.csv",
        repeats=expand("results/{{study}}/evaluation/repeats/{repeat}.csv", repeat=REPEATS),
    output:
        predictions="results/{study}/evaluation/predictions.csv",
    log:
        "logs/{study}/gather_predictions.log",
    conda:
        "../envs/evaluation.yaml"
    params:
        code=code("gather_predictions"),
    script:
        "../scripts/gather_predictions.py"


rule measure_performance:
    """AUC, sensitivity, specificity, accuracy, Brier score and calibration, with intervals."""
    input:
        predictions="results/{study}/evaluation/predictions.csv",
    output:
        performance="results/{study}/evaluation/performance.csv",
        metrics="results/{study}/evaluation/metrics.json",
    log:
        "logs/{study}/measure_performance.log",
    conda:
        "../envs/evaluation.yaml"
    params:
        models=MODELS,
        intervals=config["evaluation"]["intervals"],
        confidence=config["evaluation"]["confidence"],
        seed=config["evaluation"]["seed"],
        code=code("measure_performance"),
    script:
        "../scripts/measure_performance.py"


rule trace_roc:
    """Sensitivity and specificity at every threshold."""
    input:
        predictions="results/{study}/evaluation/predictions.csv",
    output:
        roc="results/{study}/evaluation/roc.csv",
    log:
        "logs/{study}/trace_roc.log",
    conda:
        "../envs/evaluation.yaml"
    params:
        models=MODELS,
        code=code("trace_roc"),
    script:
        "../scripts/trace_roc.py"


rule compare_models:
    """DeLong's test between each two of the models."""
    input:
        predictions="results/{study}/evaluation/predictions.csv",
    output:
        delong="results/{study}/evaluation/delong.csv",
    log:
        "logs/{study}/compare_models.log",
    conda:
        "../envs/evaluation.yaml"
    params:
        models=MODELS,
        confidence=config["evaluation"]["confidence"],
        code=code("compare_models"),
    script:
        "../scripts/compare_models.py"


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
        code=code("analyse_decisions"),
    script:
        "../scripts/analyse_decisions.py"
