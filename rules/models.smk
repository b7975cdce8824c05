# Image-feature model, radiomics signatures, nomogram and tumour-volume baseline.


rule fit_models:
    """Logistic models on all patients, with coefficients, units, coding and cut-offs."""
    input:
        unpack(CENTRE.images),
        dataset=result("dataset", "signature/dataset.parquet"),
        signatures=result("signature", "signature/{signature}/status.json"),
        settings=result("features", "features/settings.json"),
    output:
        coefficients=expand("results/{{study}}/models/{model}/coefficients.csv", model=MODELS),
        vif="results/{study}/models/vif.csv",
        axes="results/{study}/models/nomogram/axes.csv",
        scale="results/{study}/models/nomogram/scale.csv",
        points="results/{study}/models/nomogram/points.csv",
        predictions="results/{study}/models/predictions.csv",
        model="results/{study}/models/model.json",
    log:
        "logs/{study}/fit_models.log",
    conda:
        "../envs/models.yaml"
    params:
        study=STUDY.name,
        models=models,
        signatures=signatures,
        choices=model_choices,
        outcome=config["cohort"]["outcome"],
        images=image_settings(),
        version=config["models"]["version"],
        confidence=config["evaluation"]["confidence"],
        code=code("fit_models"),
    script:
        "../scripts/fit_models.py"


rule check_nomogram:
    """The points of every patient, read off the nomogram, add up to the model's linear predictor."""
    input:
        axes="results/{study}/models/nomogram/axes.csv",
        scale="results/{study}/models/nomogram/scale.csv",
        points="results/{study}/models/nomogram/points.csv",
        predictions="results/{study}/models/predictions.csv",
    output:
        examples="results/{study}/models/nomogram/examples.csv",
    log:
        "logs/{study}/check_nomogram.log",
    conda:
        "../envs/models.yaml"
    params:
        outcome=config["cohort"]["outcome"],
        code=code("check_nomogram"),
    script:
        "../scripts/check_nomogram.py"


rule lock_model:
    """The model as it goes to other centres; a locked model of another digest is never replaced."""
    input:
        model="results/{study}/models/model.json",
        complete="results/{study}/report/complete.txt",
        performance="results/{study}/evaluation/performance.csv",
    output:
        # A refused lock fails; the receipt of the model that is locked comes back.
        receipt=update("results/{study}/models/locked.json"),
    log:
        "logs/{study}/lock_model.log",
    conda:
        "../envs/models.yaml"
    params:
        locked="models/{study}/model.json",
        code=code("lock_model"),
    script:
        "../scripts/lock_model.py"


rule lock:
    """The model as it goes to other centres: models/<study>/model.json, written once."""
    input:
        f"results/{STUDY.name}/models/locked.json",
