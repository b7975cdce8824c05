# Pages beside the report: the nomogram as a calculator, and the study's variants.


rule write_calculator:
    """The nomogram as an offline page that computes a patient's probability."""
    input:
        model="results/{study}/models/model.json",
        predictions="results/{study}/evaluation/predictions.csv",
    output:
        page=report(
            "results/{study}/report/nomogram.html",
            caption="../report/captions/calculator.rst",
            category="Report",
            labels={"page": "The nomogram as a calculator"},
        ),
    log:
        "logs/{study}/write_calculator.log",
    conda:
        "../envs/report.yaml"
    params:
        positive=config["cohort"]["outcome"]["positive"],
        negative=config["cohort"]["outcome"]["negative"],
        confidence=config["evaluation"]["confidence"],
        language=config["report"]["language"],
        texts=texts("nomogram*"),
        code=code("write_calculator"),
    script:
        "../scripts/write_calculator.py"


rule write_gallery:
    """The pictures of all patients and phases on one offline page."""
    input:
        pictures=expand("results/{{study}}/images/overlays/{bucket}", bucket=BUCKETS),
        quality="results/{study}/images/quality.csv",
        dice="results/{study}/reliability/dice.csv",
        failures="results/{study}/images/failures.csv",
        preflight="results/{study}/cohort/preflight.csv",
    output:
        page="results/{study}/report/gallery.html",
    log:
        "logs/{study}/write_gallery.log",
    conda:
        "../envs/report.yaml"
    params:
        study=STUDY.name,
        phases=PHASES,
        language=config["report"]["language"],
        texts=texts("gallery*"),
        code=code("write_gallery"),
    script:
        "../scripts/write_gallery.py"


rule report_sensitivity:
    """The study with one decision changed at a time, as a page beside the report."""
    input:
        sensitivity="results/{study}/evaluation/sensitivity.csv",
    output:
        page="results/{study}/report/sensitivity.html",
    log:
        "logs/{study}/report_sensitivity.log",
    conda:
        "../envs/report.yaml"
    params:
        study=STUDY.name,
        outcome=config["cohort"]["outcome"],
        phases=PHASES,
        confidence=config["evaluation"]["confidence"],
        language=config["report"]["language"],
        texts=texts("study.*", "captions/*.rst"),
        code=code("report_sensitivity"),
    script:
        "../scripts/report_sensitivity.py"
