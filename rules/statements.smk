# What a paper needs beside its tables: checklists with evidence, the methods text, the model card.
ENGINE = [] if STUDY.from_table else ["results/{study}/features/engine.csv"]
SITES = config["centres"]["harmonisation"]["batch"]
SITE = ["results/{study}/centres/site.csv"] if SITES else []


rule fill_checklists:
    """CLEAR, METRICS, TRIPOD+AI and the IBSI reporting items, filled from the run's files."""
    input:
        unpack(report_tables),
        given=STUDY.statements_file,
        summaries=config["centres"]["summaries"],
        engine=ENGINE,
        site=SITE,
        features=expand("results/{{study}}/features/{phase}.parquet", phase=PHASES),
        figures=expand("results/{{study}}/figures/{figure}.svg", figure=FIGURES),
        calculator="results/{study}/report/nomogram.html",
        criteria="results/{study}/cohort/criteria.csv",
        preflight="results/{study}/cohort/preflight.csv",
        folds="results/{study}/signature/folds.csv",
        predictions="results/{study}/evaluation/predictions.csv",
        calibration="results/{study}/evaluation/calibration.csv",
        dca="results/{study}/evaluation/dca.csv",
    output:
        checklist_clear="results/{study}/report/checklist_clear.csv",
        checklist_metrics="results/{study}/report/checklist_metrics.csv",
        checklist_tripod_ai="results/{study}/report/checklist_tripod_ai.csv",
        checklist_ibsi="results/{study}/report/checklist_ibsi.csv",
        statements="results/{study}/report/statements.csv",
        summary="results/{study}/report/checklists.json",
        page=report(
            "results/{study}/report/checklists.html",
            caption="../report/captions/checklists.rst",
            category="Report",
            labels={"page": "The checklists"},
        ),
    log:
        "logs/{study}/fill_checklists.log",
    conda:
        "../envs/report.yaml"
    params:
        study=STUDY.name,
        phases=PHASES,
        signatures=SIGNATURES,
        statements=STUDY.statements,
        config=config,
        texts=texts("checklists.html.j2"),
        code=code("fill_checklists"),
    script:
        "../scripts/fill_checklists.py"


rule write_methods:
    """The methods section, one sentence a step, in the study's own numbers, with BibTeX."""
    input:
        unpack(report_tables),
        given=STUDY.statements_file,
        summaries=config["centres"]["summaries"],
        engine=ENGINE,
        criteria="results/{study}/cohort/criteria.csv",
        preflight="results/{study}/cohort/preflight.csv",
        predictions="results/{study}/evaluation/predictions.csv",
    output:
        methods="results/{study}/report/methods.md",
        references="results/{study}/report/methods.bib",
    log:
        "logs/{study}/write_methods.log",
    conda:
        "../envs/report.yaml"
    params:
        study=STUDY.name,
        signatures=SIGNATURES,
        statements=STUDY.statements,
        config=config,
        code=code("write_methods"),
    script:
        "../scripts/write_methods.py"


rule write_model_card:
    """The model card: intended use, data, honest figures and what to beware of."""
    input:
        unpack(report_tables),
        given=STUDY.statements_file,
        summaries=config["centres"]["summaries"],
        engine=ENGINE,
        criteria="results/{study}/cohort/criteria.csv",
        preflight="results/{study}/cohort/preflight.csv",
        predictions="results/{study}/evaluation/predictions.csv",
    output:
        card="results/{study}/report/model_card.md",
    log:
        "logs/{study}/write_model_card.log",
    conda:
        "../envs/report.yaml"
    params:
        study=STUDY.name,
        signatures=SIGNATURES,
        statements=STUDY.statements,
        config=config,
        code=code("write_model_card"),
    script:
        "../scripts/write_model_card.py"
