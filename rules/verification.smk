# A finished study checked by its manifest, some of it recomputed if asked, and all of it released.
# What these rules read and write is not declared: results that are inputs would be made anew first,
# and a job that fails loses its outputs. The verdict is their log; the run's last words repeat it.
from nomoflow.recompute import verification


rule verify:
    """Whether each file is as the manifest lists it; by recompute=5 or all, also made anew."""
    log:
        f"logs/{STUDY.name}/verify.log",
    localrule: True
    conda:
        "../envs/provenance.yaml"
    threads: workflow.cores or 1
    params:
        command=verification(STUDY.asked, PROVENANCE.folders, workflow),
        place=f"results/{STUDY.name}/provenance",
    shell:
        "{params.command} {params.place}/manifest.json --json {params.place}/verification.json"
        " --html {params.place}/verification.html > {log:q}"


rule release:
    """One archive of a finished and verified study: what may leave, and a program to check it."""
    log:
        f"logs/{STUDY.name}/release.log",
    localrule: True
    conda:
        "../envs/provenance.yaml"
    params:
        python=sys.executable,
        tool=Path(workflow.basedir, "tools/release.py"),
        manifest=f"results/{STUDY.name}/provenance/manifest.json",
        patients="--patients" * config["provenance"]["release_patients"],
    shell:
        "{params.python:q} {params.tool:q} {params.manifest} {params.patients} > {log:q}"
