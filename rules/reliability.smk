# Which features the readers agree on.


rule compute_icc:
    """How far the readers agree on each feature."""
    input:
        features=result("features", "features/{phase}.parquet"),
    output:
        icc="results/{study}/reliability/icc.csv",
    log:
        "logs/{study}/compute_icc.log",
    conda:
        "../envs/reliability.yaml"
    params:
        phases=phases,
        form=config["reliability"]["icc"],
        threshold=setting("reliability.threshold"),
        judged=setting("reliability.judged"),
        seed=config["reliability"]["seed"],
        code=code("compute_icc"),
    script:
        "../scripts/compute_icc.py"
