# The summaries of many centres, each without a patient in it, put together.


rule pool_centres:
    """The summaries of all centres side by side, and pooled."""
    input:
        model=CENTRE.model,
        summaries=config["centres"]["summaries"],
    output:
        pooled="results/{study}/centres/pooled.csv",
        centres="results/{study}/centres/centres.csv",
        dca="results/{study}/centres/centres_dca.csv",
    log:
        "logs/{study}/pool_centres.log",
    conda:
        "../envs/centres.yaml"
    params:
        confidence=config["evaluation"]["confidence"],
        code=code("pool_centres"),
    script:
        "../scripts/pool_centres.py"


rule draw_forest:
    """Figure: AUC, O:E and calibration slope of the nomogram over the centres."""
    input:
        unpack(CENTRE.development),
        pooled="results/{study}/centres/pooled.csv",
    output:
        svg=captioned("forest"),
        pdf="results/{study}/figures/forest.pdf",
    log:
        "logs/{study}/draw_forest.log",
    conda:
        "../envs/centres.yaml"
    params:
        model="nomogram",
        confidence=config["evaluation"]["confidence"],
        look=config["report"],
        code=code("draw_forest"),
    script:
        "../scripts/draw_forest.py"


rule draw_centres_dca:
    """Figure: decision curves of the nomogram at all centres."""
    input:
        dca="results/{study}/centres/centres_dca.csv",
    output:
        svg=captioned("centres_dca"),
        pdf="results/{study}/figures/centres_dca.pdf",
    log:
        "logs/{study}/draw_centres_dca.log",
    conda:
        "../envs/centres.yaml"
    params:
        model="nomogram",
        look=config["report"],
        code=code("draw_centres_dca"),
    script:
        "../scripts/draw_centres_dca.py"


rule write_centres:
    """All centres that judged a locked model, on one page."""
    input:
        model=CENTRE.model,
        pooled="results/{study}/centres/pooled.csv",
        centres="results/{study}/centres/centres.csv",
        figures=expand("results/{{study}}/figures/{figure}.svg", figure=["forest", "centres_dca"]),
    output:
        report=report(
            "results/{study}/report/centres.html",
            caption="../report/captions/centres.rst",
            category="Report",
            labels={"page": "The centres"},
        ),
    log:
        "logs/{study}/write_centres.log",
    conda:
        "../envs/centres.yaml"
    params:
        confidence=config["evaluation"]["confidence"],
        language=config["report"]["language"],
        texts=texts("study.*", "captions/*.rst"),
        code=code("write_centres"),
    script:
        "../scripts/write_centres.py"
