# What is read: the flow, the warnings, the figures and the report.
FIGURES = ["flow", "icc", "lasso", "nomogram", "roc", "calibration", "dca", "scores"]
FIGURES += ["stability", "instability"]
RECLASSIFICATION = "evaluation/reclassification"
REPORT_TABLES = [f"cohort/{name}" for name in ("flow", "exclusions", "table1", "missing")]
REPORT_TABLES += ["cohort/agreement", "reliability/icc", "warnings"]
REPORT_TABLES += ["models/vif", "models/nomogram/coefficients_out_of_fold"]
REPORT_TABLES += ["models/volume_correlation", "evaluation/performance", "evaluation/repeats"]
REPORT_TABLES += ["evaluation/hosmer_lemeshow", "evaluation/delong", "evaluation/likelihood_ratio"]
REPORT_TABLES += ["evaluation/differences", "evaluation/stability"]
REPORT_TABLES += ["evaluation/instability", "evaluation/subgroups"]


rule count_flow:
    """Patients and features that remain after each step."""
    input:
        criteria="results/{study}/cohort/criteria.csv",
        icc="results/{study}/reliability/icc.csv",
        statuses=signature_results("status.json"),
    output:
        flow="results/{study}/cohort/flow.csv",
    log:
        "logs/{study}/count_flow.log",
    conda:
        "../envs/report.yaml"
    params:
        phases=PHASES,
        code=code("count_flow"),
    script:
        "../scripts/count_flow.py"


rule collect_warnings:
    """What a reader must know before trusting a number, each with its remedy."""
    input:
        unpack(CENTRE.images),
        preflight="results/{study}/cohort/preflight.csv",
        failures=failure_tables,
        icc="results/{study}/reliability/icc.csv",
        statuses=signature_results("status.json"),
        missing="results/{study}/cohort/missing.csv",
        model="results/{study}/models/model.json",
        vif="results/{study}/models/vif.csv",
        performance="results/{study}/evaluation/performance.csv",
        penalties="results/{study}/evaluation/penalties.csv",
        volume_correlation="results/{study}/models/volume_correlation.csv",
    output:
        warnings=report(
            "results/{study}/warnings.csv",
            caption="../report/captions/warnings.rst",
            category="Tables",
            labels={"table": "Warnings"},
        ),
    log:
        "logs/{study}/collect_warnings.log",
    conda:
        "../envs/report.yaml"
    params:
        signatures=SIGNATURES,
        prescaled=config["features"]["prescaled"],
        volume_change=config["images"]["volume_change"],
        code=code("collect_warnings"),
    script:
        "../scripts/collect_warnings.py"


rule write_report:
    """The study as one page: tables and figures with their captions."""
    input:
        unpack(report_tables),
        unpack(CENTRE.pooling),
        figures=expand("results/{{study}}/figures/{figure}.svg", figure=FIGURES),
        pictures=(
            []
            if STUDY.from_table
            else expand("results/{{study}}/images/overlays/{bucket}", bucket=BUCKETS)
        ),
        calculator="results/{study}/report/nomogram.html",
        methods="results/{study}/report/methods.md",
        checklist_clear="results/{study}/report/checklist_clear.csv",
        checklist_metrics="results/{study}/report/checklist_metrics.csv",
        checklist_tripod_ai="results/{study}/report/checklist_tripod_ai.csv",
        checklist_ibsi="results/{study}/report/checklist_ibsi.csv",
        checklists_page="results/{study}/report/checklists.html",
        trace="results/{study}/provenance/trace.json",
    output:
        report=report(
            "results/{study}/report/study.html",
            caption="../report/captions/study.rst",
            category="Report",
            labels={"page": "The study"},
        ),
    log:
        "logs/{study}/write_report.log",
    conda:
        "../envs/report.yaml"
    params:
        study=STUDY.name,
        outcome=config["cohort"]["outcome"],
        phases=PHASES,
        models=MODELS,
        signatures=SIGNATURES,
        config=config,
        texts=texts("study.*", "captions/*.rst"),
        code=code("write_report"),
    script:
        "../scripts/write_report.py"


rule conclude_study:
    """Where to look and what was found; failed cases, or a patient's name, end it with an error."""
    input:
        failures=failure_tables,
        identity="results/{study}/report/identity.csv",
        report="results/{study}/report/study.html",
        calculator="results/{study}/report/nomogram.html",
        tables="results/{study}/report/tables.docx",
        card="results/{study}/report/model_card.md",
        methods="results/{study}/report/methods.md",
        checklists="results/{study}/report/checklists.html",
        performance="results/{study}/evaluation/performance.csv",
        exclusions="results/{study}/cohort/exclusions.csv",
        warnings="results/{study}/warnings.csv",
    output:
        summary="results/{study}/report/complete.txt",
    log:
        "logs/{study}/conclude_study.log",
    conda:
        "../envs/report.yaml"
    params:
        study=STUDY.name,
        confidence=config["evaluation"]["confidence"],
        on_problem=config["images"]["on_problem"],
        code=code("conclude_study"),
    script:
        "../scripts/conclude_study.py"
