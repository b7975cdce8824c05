# A CT radiomics nomogram study, from images to an evaluated model.
# The includes below are its table of contents, in the order the data flows.
from snakemake.utils import min_version

min_version("9.27")


configfile: "config/config.yaml"


report: "report/workflow.rst"


include: "rules/common.smk"
include: "rules/start.smk"
include: "rules/cohort.smk"
include: "rules/images.smk"
include: "rules/pictures.smk"
include: "rules/features.smk"
include: "rules/reliability.smk"
include: "rules/signature.smk"
include: "rules/models.smk"
include: "rules/validation.smk"
include: "rules/stability.smk"
include: "rules/evaluation.smk"
include: "rules/comparison.smk"
include: "rules/centres.smk"
include: "rules/external.smk"
include: "rules/pooling.smk"
include: "rules/figures.smk"
include: "rules/curves.smk"
include: "rules/pages.smk"
include: "rules/report.smk"
include: "rules/statements.smk"
include: "rules/manuscript.smk"
include: "rules/provenance.smk"
include: "rules/verification.smk"


rule all:
    """The whole study, to its report; with a locked model, its validation at this centre."""
    default_target: True
    input:
        CENTRE.whole,
        PROVENANCE.records,


watch_progress()


onstart:
    refuse_to_start()
    look_when_jobs_end(workflow)


onsuccess:
    print(STUDY.closing_words(workflow.dag_settings.targets))
