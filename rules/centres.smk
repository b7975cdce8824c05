# A locked model at another centre, and many centres together.


rule validate:
    """A locked model, unchanged, on this study's cohort: how well it does, and what leaves here."""
    input:
        CENTRE.results("report/validation.html", "centres/summary.json"),
        PROVENANCE.records,


rule predict:
    """A locked model's predictions of patients without an outcome."""
    input:
        CENTRE.results("predict/predictions.html"),
        PROVENANCE.of_predictions,


rule centres:
    """The summaries of all centres together."""
    input:
        f"results/{STUDY.name}/report/centres.html",


rule check_centre:
    """Whether this cohort's inputs are what the locked model takes them for."""
    input:
        unpack(CENTRE.inputs),
    output:
        mislabelled="results/{study}/centres/mislabelled_inputs.csv",
    log:
        "logs/{study}/check_centre.log",
    conda:
        "../envs/centres.yaml"
    params:
        models=CENTRE.models,
        code=code("check_centre"),
    script:
        "../scripts/check_centre.py"


rule record_look:
    """One more look at external patients, noted in the model's ledger before an outcome is judged."""
    input:
        unpack(CENTRE.inputs),
        mislabelled=f"results/{STUDY.name}/centres/mislabelled_inputs.csv",
    output:
        # Both are kept over runs: a ledger grows, and what was noted once stays as it is.
        ledger=update(CENTRE.ledger),
        look=update(f"results/{STUDY.name}/centres/look.json"),
    log:
        f"logs/{STUDY.name}/record_look.log",
    conda:
        "../envs/centres.yaml"
    params:
        centre=CENTRE.name,
        heads="results/*/centres/look.json",
        on_mislabelled=config["centres"]["on_mislabelled"],
        code=code("record_look"),
    script:
        "../scripts/record_look.py"


rule apply_model:
    """The locked models, unchanged, on this cohort."""
    input:
        unpack(CENTRE.inputs),
        settings="results/{study}/features/settings.json",
        look=ancient("results/{study}/centres/look.json"),
    output:
        predictions="results/{study}/centres/predictions.csv",
        outside_range="results/{study}/centres/outside_range.csv",
        not_predicted="results/{study}/centres/not_predicted.csv",
        points="results/{study}/centres/points.csv",
    log:
        "logs/{study}/apply_model.log",
    conda:
        "../envs/centres.yaml"
    params:
        models=CENTRE.models,
        outcome=config["cohort"]["outcome"],
        code=code("apply_model"),
    script:
        "../scripts/apply_model.py"


rule check_outcome:
    """Whether the outcome, too, is what the locked model takes it for."""
    input:
        model=CENTRE.model,
        participants="results/{study}/cohort/participants.csv",
        predictions="results/{study}/centres/predictions.csv",
        inputs="results/{study}/centres/mislabelled_inputs.csv",
    output:
        mislabelled="results/{study}/centres/mislabelled.csv",
    log:
        "logs/{study}/check_outcome.log",
    conda:
        "../envs/centres.yaml"
    params:
        outcome=config["cohort"]["outcome"],
        code=code("check_outcome"),
    script:
        "../scripts/check_outcome.py"


rule describe_case_mix:
    """This cohort beside the one that the locked model was made of."""
    input:
        unpack(CENTRE.inputs),
        predictions="results/{study}/centres/predictions.csv",
    output:
        case_mix="results/{study}/centres/case_mix.csv",
        membership="results/{study}/centres/membership.csv",
    log:
        "logs/{study}/describe_case_mix.log",
    conda:
        "../envs/centres.yaml"
    params:
        models=CENTRE.models,
        code=code("describe_case_mix"),
    script:
        "../scripts/describe_case_mix.py"


rule measure_site_effect:
    """How well the features tell the scanners or sites apart: raw, and harmonised by ComBat."""
    input:
        dataset="results/{study}/signature/dataset.parquet",
        participants=f"results/{STUDY.name}/cohort/participants.csv",
    output:
        site="results/{study}/centres/site.csv",
    log:
        "logs/{study}/measure_site_effect.log",
    conda:
        "../envs/centres.yaml"
    params:
        batch=config["centres"]["harmonisation"]["batch"],
        reference=config["centres"]["harmonisation"]["reference"],
        seed=config["evaluation"]["seed"],
        code=code("measure_site_effect"),
    script:
        "../scripts/measure_site_effect.py"
