# How well a locked model does at this centre, and the figures that leave it.


rule measure_external:
    """How well a locked model does on this cohort, raw and updated."""
    input:
        predictions="results/{study}/centres/predictions.csv",
        mislabelled="results/{study}/centres/mislabelled.csv",
    output:
        performance="results/{study}/centres/performance.csv",
        recalibration="results/{study}/centres/recalibration.csv",
        roc="results/{study}/centres/roc.csv",
        roc_band="results/{study}/centres/roc_band.csv",
        calibration="results/{study}/centres/calibration.csv",
        hosmer_lemeshow="results/{study}/centres/hosmer_lemeshow.csv",
        dca="results/{study}/centres/dca.csv",
        warnings="results/{study}/centres/warnings.csv",
    log:
        "logs/{study}/measure_external.log",
    conda:
        "../envs/centres.yaml"
    params:
        models=CENTRE.models,
        confidence=config["evaluation"]["confidence"],
        intervals=config["evaluation"]["intervals"],
        seed=config["evaluation"]["seed"],
        threshold=config["evaluation"]["decision_threshold"],
        prescaled=config["features"]["prescaled"],
        on_mislabelled=config["centres"]["on_mislabelled"],
        code=code("measure_external"),
    script:
        "../scripts/measure_external.py"


rule draw_validation:
    """Figure: the locked models' ROC, calibration and decision curves at this centre."""
    input:
        roc="results/{study}/centres/roc.csv",
        band="results/{study}/centres/roc_band.csv",
        calibration="results/{study}/centres/calibration.csv",
        recalibration="results/{study}/centres/recalibration.csv",
        dca="results/{study}/centres/dca.csv",
        performance="results/{study}/centres/performance.csv",
        predictions="results/{study}/centres/predictions.csv",
    output:
        svg=captioned("validation"),
        pdf="results/{study}/figures/validation.pdf",
    log:
        "logs/{study}/draw_validation.log",
    conda:
        "../envs/centres.yaml"
    params:
        confidence=config["evaluation"]["confidence"],
        look=config["report"],
        code=code("draw_validation"),
    script:
        "../scripts/draw_validation.py"


rule write_validation:
    """A locked model's validation on one page."""
    input:
        unpack(CENTRE.tables),
        model=CENTRE.model,
        figures="results/{study}/figures/validation.svg",
    output:
        report=report(
            "results/{study}/report/validation.html",
            caption="../report/captions/validation_report.rst",
            category="Report",
            labels={"page": "The validation"},
        ),
    log:
        "logs/{study}/write_validation.log",
    conda:
        "../envs/centres.yaml"
    params:
        centre=CENTRE.name,
        confidence=config["evaluation"]["confidence"],
        threshold=config["evaluation"]["decision_threshold"],
        language=config["report"]["language"],
        texts=texts("study.*", "captions/*.rst"),
        code=code("write_validation"),
    script:
        "../scripts/write_validation.py"


rule summarise_centre:
    """What this centre tells of the model, with no patient in it."""
    input:
        unpack(CENTRE.acquisition),
        model=CENTRE.model,
        predictions="results/{study}/centres/predictions.csv",
        checked="results/{study}/centres/performance.csv",
        participants="results/{study}/cohort/participants.csv",
        look="results/{study}/centres/look.json",
    output:
        summary="results/{study}/centres/summary.json",
    log:
        "logs/{study}/summarise_centre.log",
    conda:
        "../envs/centres.yaml"
    params:
        centre=CENTRE.name,
        smallest_cell=config["centres"]["smallest_cell"],
        released=config["centres"]["released"],
        code=code("summarise_centre"),
    script:
        "../scripts/summarise_centre.py"


rule write_predictions:
    """A locked model's predictions of patients without an outcome."""
    input:
        unpack(CENTRE.inputs),
        mislabelled="results/{study}/centres/mislabelled_inputs.csv",
        image_warnings="results/{study}/cohort/preflight.csv",
    output:
        predictions="results/{study}/predict/predictions.csv",
        warnings="results/{study}/predict/warnings.csv",
        page="results/{study}/predict/predictions.html",
    log:
        "logs/{study}/write_predictions.log",
    conda:
        "../envs/centres.yaml"
    params:
        centre=CENTRE.name,
        models=CENTRE.models,
        confidence=config["evaluation"]["confidence"],
        pseudonyms=config["centres"]["pseudonyms"],
        on_mislabelled=config["centres"]["on_mislabelled"],
        language=config["report"]["language"],
        texts=texts("predictions*"),
        code=code("write_predictions"),
    script:
        "../scripts/write_predictions.py"
