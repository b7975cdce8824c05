# The LASSO chooses features, and the Radscore weighs them: for each phase and for all together.


rule gather_dataset:
    """One table of the patients, outcome, coded predictors and kept features of all phases."""
    input:
        participants=f"results/{STUDY.name}/cohort/participants.csv",
        features=result("features", "features/{phase}.parquet"),
        icc=result("reliability", "reliability/icc.csv"),
    output:
        dataset="results/{study}/signature/dataset.parquet",
    log:
        "logs/{study}/gather_dataset.log",
    conda:
        "../envs/signature.yaml"
    params:
        phases=phases,
        outcome=config["cohort"]["outcome"],
        predictors=STUDY.predictors,
        prescaled=config["features"]["prescaled"],
        missing=setting("models.missing"),
        batch=batch_column,
        code=code("gather_dataset"),
    script:
        "../scripts/gather_dataset.py"


rule assign_folds:
    """Stratified folds for the cross-validation that chooses the penalty."""
    input:
        dataset=result("dataset", "signature/dataset.parquet"),
        given=config["signature"]["folds_file"] or [],
    output:
        folds="results/{study}/signature/folds.csv",
    log:
        "logs/{study}/assign_folds.log",
    conda:
        "../envs/signature.yaml"
    params:
        folds=config["signature"]["folds"],
        seed=config["signature"]["seed"],
        code=code("assign_folds"),
    script:
        "../scripts/assign_folds.py"


rule fit_lasso:
    """LASSO with cross-validated penalty, and the Radscore of the features that it keeps."""
    input:
        dataset=result("dataset", "signature/dataset.parquet"),
        folds=result("dataset", "signature/folds.csv"),
    output:
        path="results/{study}/signature/{signature}/path.csv",
        trajectories="results/{study}/signature/{signature}/trajectories.csv",
        selected="results/{study}/signature/{signature}/selected.csv",
        radscore="results/{study}/signature/{signature}/radscore.csv",
        status="results/{study}/signature/{signature}/status.json",
    log:
        "logs/{study}/fit_lasso/{signature}.log",
    conda:
        "../envs/signature.yaml"
    params:
        penalty=setting("signature.penalty"),
        score=setting("signature.score"),
        harmonisation=harmonisation,
        phases=phases,
        code=code("fit_lasso"),
    script:
        "../scripts/fit_lasso.py"
