# Figures of how well the models do, and of how stable they are.


rule draw_roc:
    """Figure: ROC curves."""
    input:
        roc="results/{study}/evaluation/roc.csv",
        band="results/{study}/evaluation/roc_band.csv",
        performance="results/{study}/evaluation/performance.csv",
        predictions="results/{study}/evaluation/predictions.csv",
    output:
        svg=captioned("roc"),
        pdf="results/{study}/figures/roc.pdf",
    log:
        "logs/{study}/draw_roc.log",
    conda:
        "../envs/report.yaml"
    params:
        confidence=config["evaluation"]["confidence"],
        look=config["report"],
        code=code("draw_roc"),
    script:
        "../scripts/draw_roc.py"


rule draw_calibration:
    """Figure: observed share over predicted probability."""
    input:
        calibration="results/{study}/evaluation/calibration.csv",
        performance="results/{study}/evaluation/performance.csv",
        predictions="results/{study}/evaluation/predictions.csv",
    output:
        svg=captioned("calibration"),
        pdf="results/{study}/figures/calibration.pdf",
    log:
        "logs/{study}/draw_calibration.log",
    conda:
        "../envs/report.yaml"
    params:
        confidence=config["evaluation"]["confidence"],
        look=config["report"],
        code=code("draw_calibration"),
    script:
        "../scripts/draw_calibration.py"


rule draw_dca:
    """Figure: decision curves."""
    input:
        dca="results/{study}/evaluation/dca.csv",
        corrected="results/{study}/evaluation/dca_corrected.csv",
        predictions="results/{study}/evaluation/predictions.csv",
    output:
        svg=captioned("dca"),
        pdf="results/{study}/figures/dca.pdf",
    log:
        "logs/{study}/draw_dca.log",
    conda:
        "../envs/report.yaml"
    params:
        confidence=config["evaluation"]["confidence"],
        look=config["report"],
        code=code("draw_dca"),
    script:
        "../scripts/draw_dca.py"


rule draw_stability:
    """Figure: how often each feature is chosen again, and the penalties that are."""
    input:
        frequencies=signature_results("frequency.csv"),
        statuses=signature_results("status.json"),
        penalties="results/{study}/evaluation/penalties.csv",
        stability="results/{study}/evaluation/stability.csv",
    output:
        svg=captioned("stability"),
        pdf="results/{study}/figures/stability.pdf",
    log:
        "logs/{study}/draw_stability.log",
    conda:
        "../envs/report.yaml"
    params:
        signatures=SIGNATURES,
        look=config["report"],
        code=code("draw_stability"),
    script:
        "../scripts/draw_stability.py"


rule draw_instability:
    """Figure: each patient's probability by the models of the resamples."""
    input:
        instability="results/{study}/evaluation/instability.csv",
    output:
        svg=captioned("instability"),
        pdf="results/{study}/figures/instability.pdf",
    log:
        "logs/{study}/draw_instability.log",
    conda:
        "../envs/report.yaml"
    params:
        confidence=config["evaluation"]["confidence"],
        look=config["report"],
        code=code("draw_instability"),
    script:
        "../scripts/draw_instability.py"
