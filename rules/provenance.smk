# How the results were made: traced to the study's files, sealed, and recorded.


rule digest_images:
    """Digests of a batch's images, read, resampled and drawn: nothing later reads them again."""
    input:
        files="results/{study}/cohort/files/{bucket}.csv",
        resampled="results/{study}/images/resampled/{bucket}",
        overlays=PROVENANCE.overlays,
    output:
        digests="results/{study}/provenance/images/{bucket}.csv",
    log:
        "logs/{study}/digest_images/{bucket}.log",
    conda:
        "../envs/provenance.yaml"
    params:
        code=code("digest_images"),
    script:
        "../scripts/digest_images.py"


rule trace_results:
    """How each file that the report shows or rests on was made."""
    input:
        results=PROVENANCE.shown(report_tables, FIGURES),
        tables=PROVENANCE.tables,
        digests=PROVENANCE.digests,
    output:
        trace="results/{study}/provenance/trace.json",
    log:
        "logs/{study}/trace_results.log",
    conda:
        "../envs/provenance.yaml"
    params:
        study=STUDY.name,
        config=config,
        written=PROVENANCE.code,
        code=code("trace_results"),
    script:
        "../scripts/trace_results.py"


rule write_manifest:
    """Digests of all that the study is made from, by and of; the same wherever it is made."""
    input:
        results=CENTRE.whole,
        trace="results/{study}/provenance/trace.json",
        tables=PROVENANCE.tables,
        digests=PROVENANCE.digests,
    output:
        manifest="results/{study}/provenance/manifest.json",
    log:
        "logs/{study}/write_manifest.log",
    conda:
        "../envs/provenance.yaml"
    params:
        study=STUDY.name,
        config=config,
        configfiles=PROVENANCE.configfiles,
        sources=PROVENANCE.sources,
        code=code("write_manifest"),
    script:
        "../scripts/write_manifest.py"


rule record_run:
    """What may differ from run to run: times, memory, software and the machine."""
    input:
        manifest="results/{study}/provenance/manifest.json",
        results=CENTRE.whole,
    output:
        run="results/{study}/provenance/run.json",
    log:
        "logs/{study}/record_run.log",
    conda:
        "../envs/provenance.yaml"
    params:
        study=STUDY.name,
        config=config,
        code=code("record_run"),
    script:
        "../scripts/record_run.py"


rule write_crate:
    """The finished study, without its images, as an RO-Crate of the Workflow Run profile."""
    input:
        manifest="results/{study}/provenance/manifest.json",
        run="results/{study}/provenance/run.json",
    output:
        crate=directory("results/{study}/provenance/ro-crate"),
    log:
        "logs/{study}/write_crate.log",
    conda:
        "../envs/provenance.yaml"
    params:
        patients=config["provenance"]["release_patients"],
        code=code("write_crate"),
    script:
        "../scripts/write_crate.py"
