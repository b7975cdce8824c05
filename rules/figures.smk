# The study's figures, each drawn from its tables alone.


rule draw_flow:
    """Figure: patients and features at each step."""
    input:
        flow="results/{study}/cohort/flow.csv",
        predictions="results/{study}/evaluation/predictions.csv",
    output:
        svg=captioned("flow"),
        pdf="results/{study}/figures/flow.pdf",
    log:
        "logs/{study}/draw_flow.log",
    conda:
        "../envs/report.yaml"
    params:
        look=config["report"],
        code=code("draw_flow"),
    script:
        "../scripts/draw_flow.py"


rule draw_icc:
    """Figure: how far the readers agree, feature by feature."""
    input:
        icc="results/{study}/reliability/icc.csv",
    output:
        svg=captioned("icc"),
        pdf="results/{study}/figures/icc.pdf",
    log:
        "logs/{study}/draw_icc.log",
    conda:
        "../envs/report.yaml"
    params:
        threshold=config["reliability"]["threshold"],
        look=config["report"],
        code=code("draw_icc"),
    script:
        "../scripts/draw_icc.py"


rule draw_lasso:
    """Figure: coefficient paths and cross-validated deviance."""
    input:
        paths=signature_results("path.csv"),
        trajectories=signature_results("trajectories.csv"),
        statuses=signature_results("status.json"),
        predictions="results/{study}/evaluation/predictions.csv",
    output:
        svg=captioned("lasso"),
        pdf="results/{study}/figures/lasso.pdf",
    log:
        "logs/{study}/draw_lasso.log",
    conda:
        "../envs/report.yaml"
    params:
        signatures=SIGNATURES,
        look=config["report"],
        code=code("draw_lasso"),
    script:
        "../scripts/draw_lasso.py"


rule draw_nomogram:
    """Figure: the nomogram."""
    input:
        axes="results/{study}/models/nomogram/axes.csv",
        scale="results/{study}/models/nomogram/scale.csv",
        examples="results/{study}/models/nomogram/examples.csv",
        predictions="results/{study}/evaluation/predictions.csv",
    output:
        svg=captioned("nomogram"),
        pdf="results/{study}/figures/nomogram.pdf",
        png="results/{study}/figures/nomogram.png",
    log:
        "logs/{study}/draw_nomogram.log",
    conda:
        "../envs/report.yaml"
    params:
        outcome=config["cohort"]["outcome"],
        look=config["report"],
        code=code("draw_nomogram"),
    script:
        "../scripts/draw_nomogram.py"


rule draw_scores:
    """Figure: the nomogram score of every patient, by class."""
    input:
        predictions="results/{study}/evaluation/predictions.csv",
    output:
        svg=captioned("scores"),
        pdf="results/{study}/figures/scores.pdf",
    log:
        "logs/{study}/draw_scores.log",
    conda:
        "../envs/report.yaml"
    params:
        outcome=config["cohort"]["outcome"],
        look=config["report"],
        code=code("draw_scores"),
    script:
        "../scripts/draw_scores.py"
