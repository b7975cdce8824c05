# Predictions of patients that a model has not seen, and what they say of its performance.


rule cross_validate:
    """One repeat of nested cross-validation: every data-driven step repeated in each training part."""
    input:
        dataset=result("dataset", "signature/dataset.parquet"),
        readings=readings,
    output:
        predictions="results/{study}/evaluation/repeats/{repeat}.csv",
    log:
        "logs/{study}/cross_validate/{repeat}.log",
    conda:
        "../envs/models.yaml"
    params:
        models=models,
        choices=model_choices,
        reliability=setting("reliability"),
        seed=config["evaluation"]["seed"],
        code=code("cross_validate"),
    script:
        "../scripts/cross_validate.py"


rule resample_models:
    """Every data-driven step repeated on resamples of the patients, and all patients predicted."""
    input:
        dataset=result("dataset", "signature/dataset.parquet"),
        readings=readings,
    output:
        predictions="results/{study}/evaluation/resamples/{batch}/predictions.parquet",
        selected="results/{study}/evaluation/resamples/{batch}/selected.csv",
        penalties="results/{study}/evaluation/resamples/{batch}/penalties.csv",
    log:
        "logs/{study}/resample_models/{batch}.log",
    conda:
        "../envs/models.yaml"
    params:
        models=models,
        choices=model_choices,
        reliability=setting("reliability"),
        resamples=resamples_of,
        seed=config["evaluation"]["seed"],
        code=code("resample_models"),
    script:
        "../scripts/resample_models.py"


rule gather_predictions:
    """Each patient's prediction by each model, apparent and cross-validated."""
    input:
        apparent=result("models", "models/predictions.csv"),
        repeats=result("validation", "evaluation/repeats/{repeat}.csv"),
    output:
        predictions="results/{study}/evaluation/predictions.csv",
    log:
        "logs/{study}/gather_predictions.log",
    conda:
        "../envs/models.yaml"
    params:
        code=code("gather_predictions"),
    script:
        "../scripts/gather_predictions.py"


rule measure_performance:
    """Discrimination, calibration and net benefit, apparent and cross-validated, with intervals."""
    input:
        predictions="results/{study}/evaluation/predictions.csv",
    output:
        performance="results/{study}/evaluation/measured.csv",
        repeats="results/{study}/evaluation/repeats.csv",
    log:
        "logs/{study}/measure_performance.log",
    conda:
        "../envs/models.yaml"
    params:
        models=models,
        threshold=config["evaluation"]["decision_threshold"],
        intervals=config["evaluation"]["intervals"],
        confidence=config["evaluation"]["confidence"],
        seed=config["evaluation"]["seed"],
        code=code("measure_performance"),
    script:
        "../scripts/measure_performance.py"


rule correct_optimism:
    """Performance less its optimism by the bootstrap: Harrell's, and .632+ of the out-of-bag patients."""
    input:
        predictions="results/{study}/evaluation/predictions.csv",
        resamples=result("validation", "evaluation/resamples/{batch}/predictions.parquet"),
        penalties=result("validation", "evaluation/resamples/{batch}/penalties.csv"),
    output:
        performance="results/{study}/evaluation/corrected.csv",
        dca="results/{study}/evaluation/dca_corrected.csv",
    log:
        "logs/{study}/correct_optimism.log",
    conda:
        "../envs/models.yaml"
    params:
        models=models,
        threshold=config["evaluation"]["decision_threshold"],
        intervals=config["evaluation"]["intervals"],
        confidence=config["evaluation"]["confidence"],
        seed=config["evaluation"]["seed"],
        code=code("correct_optimism"),
    script:
        "../scripts/correct_optimism.py"


rule gather_performance:
    """Apparent, corrected and cross-validated performance in one table."""
    input:
        measured="results/{study}/evaluation/measured.csv",
        corrected="results/{study}/evaluation/corrected.csv",
    output:
        performance="results/{study}/evaluation/performance.csv",
        metrics="results/{study}/evaluation/metrics.json",
    log:
        "logs/{study}/gather_performance.log",
    conda:
        "../envs/models.yaml"
    params:
        code=code("gather_performance"),
    script:
        "../scripts/gather_performance.py"


rule assess_added_value:
    """Likelihood-ratio tests of what Radscore and clinical terms add, in sample and out of fold."""
    input:
        dataset="results/{study}/signature/dataset.parquet",
        model="results/{study}/models/model.json",
        predictions="results/{study}/evaluation/predictions.csv",
    output:
        likelihood_ratio="results/{study}/evaluation/likelihood_ratio.csv",
        coefficients="results/{study}/models/nomogram/coefficients_out_of_fold.csv",
    log:
        "logs/{study}/assess_added_value.log",
    conda:
        "../envs/models.yaml"
    params:
        choices=model_choices,
        confidence=config["evaluation"]["confidence"],
        code=code("assess_added_value"),
    script:
        "../scripts/assess_added_value.py"
