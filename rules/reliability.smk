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


rule gather_dice:
    """How far the readers' masks overlap, and the agreement of the volumes that they drew."""
    input:
        dice=expand("results/{{study}}/images/dice/{bucket}.csv", bucket=BUCKETS),
    output:
        dice="results/{study}/reliability/dice.csv",
        icc="results/{study}/reliability/volume_icc.csv",
    log:
        "logs/{study}/gather_dice.log",
    conda:
        "../envs/reliability.yaml"
    params:
        phases=PHASES,
        form=config["reliability"]["icc"],
        confidence=config["evaluation"]["confidence"],
        code=code("gather_dice"),
    script:
        "../scripts/gather_dice.py"
