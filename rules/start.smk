# A study's first commands and its last: what a person begins with, and what removes it again.


rule init:
    """A new study's tables and config, proposed from a folder of images and a spreadsheet."""
    log:
        "logs/init.log",
    conda:
        "../envs/cohort.yaml"
    params:
        asked=STUDY.asked,
        code=code("init_study"),
    script:
        "../scripts/init_study.py"


rule preflight:
    """Every check that needs no computing; all problems at once."""
    input:
        f"results/{STUDY.name}/cohort/preflight.ok",


rule clean:
    """One study's results and logs, shown first and removed once its name was given."""
    log:
        "logs/clean.log",
    conda:
        "../envs/cohort.yaml"
    params:
        study=STUDY.name,
        confirm=STUDY.asked.get("confirm"),
        told="logs/clean.txt",
        code=code("clean_study"),
    script:
        "../scripts/clean_study.py"
