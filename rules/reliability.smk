# Which features the readers agree on.


rule compute_icc:
    """How far the readers agree on each feature."""
    input:
        features=expand("results/{{study}}/features/{phase}.parquet", phase=PHASES),
    output:
        icc="results/{study}/reliability/icc.csv",
    log:
        "logs/{study}/compute_icc.log",
    conda:
        "../envs/reliability.yaml"
    params:
        phases=PHASES,
        form=config["reliability"]["icc"],
        threshold=config["reliability"]["threshold"],
        seed=config["reliability"]["seed"],
        code=code("compute_icc"),
    script:
        "../scripts/compute_icc.py"
