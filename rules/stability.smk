# How stable the choice of features and the predictions are, and what they stand for.


rule measure_stability:
    """How often each feature is chosen again when patients are resampled, and how alike the choices are."""
    input:
        selected=result("validation", "evaluation/resamples/{batch}/selected.csv"),
        penalties=result("validation", "evaluation/resamples/{batch}/penalties.csv"),
        finals=signature_results("selected.csv"),
        statuses=signature_results("status.json"),
        icc="results/{study}/reliability/icc.csv",
    output:
        frequencies=expand(
            "results/{{study}}/signature/{signature}/frequency.csv", signature=SIGNATURES
        ),
        stability="results/{study}/evaluation/stability.csv",
        penalties="results/{study}/evaluation/penalties.csv",
    log:
        "logs/{study}/measure_stability.log",
    conda:
        "../envs/evaluation.yaml"
    params:
        signatures=SIGNATURES,
        filter=config["reliability"]["filter"],
        confidence=config["evaluation"]["confidence"],
        code=code("measure_stability"),
    script:
        "../scripts/measure_stability.py"


rule trace_instability:
    """Each patient's probability by the models of the resamples, beside that of the final model."""
    input:
        predictions="results/{study}/evaluation/predictions.csv",
        resampled=result("validation", "evaluation/resamples/{batch}/predictions.parquet"),
    output:
        instability="results/{study}/evaluation/instability.csv",
    log:
        "logs/{study}/trace_instability.log",
    conda:
        "../envs/evaluation.yaml"
    params:
        models=MODELS,
        confidence=config["evaluation"]["confidence"],
        code=code("trace_instability"),
    script:
        "../scripts/trace_instability.py"


rule correlate_with_volume:
    """Whether a signature's features stand for the tumour's size: Spearman's rho with its volume."""
    input:
        dataset="results/{study}/signature/dataset.parquet",
        selected=signature_results("selected.csv"),
        radscores=signature_results("radscore.csv"),
    output:
        correlation="results/{study}/models/volume_correlation.csv",
    log:
        "logs/{study}/correlate_with_volume.log",
    conda:
        "../envs/evaluation.yaml"
    params:
        signatures=SIGNATURES,
        confidence=config["evaluation"]["confidence"],
        code=code("correlate_with_volume"),
    script:
        "../scripts/correlate_with_volume.py"
