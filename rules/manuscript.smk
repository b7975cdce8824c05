# What a manuscript takes from the study.


rule write_manuscript_tables:
    """Table 1, performance and coefficients as Word and Excel files, in the layout of journals."""
    input:
        table1="results/{study}/cohort/table1.csv",
        performance="results/{study}/evaluation/performance.csv",
        coefficients=expand("results/{{study}}/models/{model}/coefficients.csv", model=MODELS[:3]),
        coefficients_out_of_fold="results/{study}/models/nomogram/coefficients_out_of_fold.csv",
    output:
        docx="results/{study}/report/tables.docx",
        xlsx="results/{study}/report/tables.xlsx",
    log:
        "logs/{study}/write_manuscript_tables.log",
    conda:
        "../envs/report.yaml"
    params:
        outcome=config["cohort"]["outcome"],
        confidence=config["evaluation"]["confidence"],
        look=config["report"],
        code=code("write_manuscript_tables"),
    script:
        "../scripts/write_manuscript_tables.py"
