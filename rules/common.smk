# What all rules share, and the only place for functions; standard library and Snakemake's own needs.
import math
import sys
from pathlib import Path

SCRIPTS = Path(workflow.basedir) / "scripts"
sys.path.insert(0, str(SCRIPTS))

from nomoflow.batch_inputs import BatchInputs, reread
from nomoflow.centre_inputs import CentreInputs
from nomoflow.code_digests import code_digests, digest_of_texts
from nomoflow.dvc_cache import refuse_linked_cache
from nomoflow.files import read_rows
from nomoflow.locked_study import selected_of, settings_of
from nomoflow.problems import StudyError
from nomoflow.progress import show_progress
from nomoflow.provenance_inputs import ProvenanceInputs
from nomoflow.rerun_reasons import heed_all_reasons
from nomoflow.run_state import explain_locks, hindrance
from nomoflow.scans import READINGS
from nomoflow.scheduling import look_when_jobs_end
from nomoflow.settings import settings_by_phase
from nomoflow.study import load_study
from nomoflow.variant_results import VariantResults

try:
    refuse_linked_cache(Path.cwd())
    STUDY = load_study(
        config,
        schema=Path(workflow.basedir, "config/schemas/config.schema.yaml"),
        defaults=Path(workflow.basedir, "config/config.yaml"),
        own=workflow.config_settings.overwrite_config,
        said=workflow.config_settings.config,
    )
except StudyError as error:
    # Not a WorkflowError: Snakemake would print the place in this file around the message.
    sys.exit(f"\n{error}\n")

explain_locks()
heed_all_reasons()
config, PHASES, BUCKETS = STUDY.config, STUDY.phases, STUDY.buckets
SIGNATURES = [*PHASES, "combined"]
BATCHES = BatchInputs(STUDY.scans_of)
REREAD = BatchInputs(lambda bucket: reread(STUDY.scans_of(bucket)))
CENTRE = CentreInputs(STUDY)
PROVENANCE = ProvenanceInputs(STUDY, CENTRE, workflow)
MODELS = ["nomogram", "radiomics", "image_features"]
MODELS += [*(f"radiomics_{phase}" for phase in PHASES), "volume"]
REPEATS = range(1, config["evaluation"]["repeats"] + 1)
RESAMPLES = range(1, config["evaluation"]["resamples"] + 1)
# Memory, as a multiple of what was predicted, and MB that every job of images has.
RESERVE, LEAST_MB = 1.3, 1000
RESAMPLE_BATCHES = range(1, math.ceil(len(RESAMPLES) / config["execution"]["resamples"]) + 1)
VARIANTS = VariantResults(config, MODELS, {"repeat": REPEATS, "batch": RESAMPLE_BATCHES})
# What a rule asks for is the study's own, or that of the variant in the making.
config_of, setting, result = VARIANTS.config_of, VARIANTS.setting, VARIANTS.result
phases, signatures, models = VARIANTS.phases, VARIANTS.signatures, VARIANTS.models


wildcard_constraints:
    study=rf"{STUDY.name}(/sensitivity/[\w.-]+)?",
    bucket=r"\d{4}",
    phase="|".join(PHASES),
    signature="|".join(SIGNATURES),
    repeat=r"\d+",
    batch=r"\d+",
    cohort=r"[\w-]+",
    patient=r"\w[\w.-]*",


def code(script):
    """Digests of the modules behind a script: Snakemake itself watches the script alone."""
    return code_digests(script, workflow.basedir)


def readings(wildcards):
    """All readings' features, where the readers' agreement is found in each training part anew."""
    within = config_of(wildcards)["reliability"]["filter"] == "within_training"
    return result("features", "features/{phase}.parquet")(wildcards) if within else []


def simulated_patient(wildcards):
    """What the participants table says of a patient whose images the workflow draws."""
    return next(row for row in STUDY.participants if row["patient"] == wildcards.patient)


def preflight_checks(wildcards):
    """What is checked before anything is computed: settings and scans, or the feature table."""
    names = ["table"] if STUDY.from_table else ["settings", *BUCKETS]
    return expand(f"results/{wildcards.study}/cohort/preflight/{{name}}.csv", name=names)


def predictions(wildcards):
    """What each scan will cost, by batch; nothing where features came as a table."""
    names = [] if STUDY.from_table else BUCKETS
    return expand(f"results/{wildcards.study}/cohort/predicted/{{name}}.csv", name=names)


def predicted_mb(column):
    """A job's memory in MB: what its largest case was predicted to take, with a reserve."""

    def most(wildcards, input, attempt):
        predicted = [float(row[column]) for row in read_rows(input.predicted)]
        return attempt * max(LEAST_MB, math.ceil(RESERVE * max(predicted, default=0)))

    return most


def mask_limits():
    """What a scan may be like: limits of its mask and of its geometry."""
    images = config["images"]
    names = ("minimum_voxels", "minimum_volume_mm3", "minimum_extent", "masks")
    return {"repair_mm": images["geometry"]["repair_mm"], **{name: images[name] for name in names}}


def failure_tables(wildcards):
    """Tables of the cases that failed in computation; none where features came as a table."""
    stages = [] if STUDY.from_table else ["images", "features"]
    return [f"results/{wildcards.study}/{stage}/failures.csv" for stage in stages]


def signature_results(name):
    """One result of every signature, phases first."""
    return expand("results/{{study}}/signature/{signature}/{name}", signature=SIGNATURES, name=name)


def report_tables(wildcards):
    """The tables of the report by name; what a study does not have is left out."""
    place = f"results/{wildcards.study}"
    names = REPORT_TABLES + [RECLASSIFICATION] * config["evaluation"]["reclassification"]
    of_signatures = dict(
        statuses="status.json", selected="selected.csv", frequencies="frequency.csv"
    )
    drawn = [] if STUDY.from_table else ["reliability/dice", "reliability/volume_icc"]
    return {
        **{Path(name).name: f"{place}/{name}.csv" for name in [*names, *drawn]},
        **CENTRE.images(wildcards),
        **({"gallery": f"{place}/report/gallery.html"} if drawn else {}),
        "settings": f"{place}/features/settings.json",
        "model": f"{place}/models/model.json",
        **{
            key: expand(f"{place}/signature/{{signature}}/{name}", signature=SIGNATURES)
            for key, name in of_signatures.items()
        },
        "coefficients": expand(f"{place}/models/{{model}}/coefficients.csv", model=MODELS),
    }


def texts(*patterns):
    """Digest of the files below report/ that a page is made of: templates, scripts, captions."""
    return digest_of_texts(workflow.basedir, *patterns)


def captioned(figure):
    """A figure's path; the first sentence of its caption is its title in Snakemake's own report."""
    caption = Path(workflow.basedir, f"report/captions/{figure}.rst").read_text(encoding="utf-8")
    return report(
        f"results/{{study}}/figures/{figure}.svg",
        caption=f"../report/captions/{figure}.rst",
        category="Figures",
        labels={"figure": caption.partition(".")[0]},
    )


def feature_table(wildcards):
    """The ready feature table that a study brings instead of images."""
    return config["features"]["table"]["path"]


def model_choices(wildcards):
    """What the config decides about signatures and models, in cross-validation as on all patients."""
    chosen = config_of(wildcards)
    return {
        "phases": phases(wildcards),
        "predictors": STUDY.predictors,
        "folds": chosen["signature"]["folds"],
        "penalty": chosen["signature"]["penalty"],
        "score": chosen["signature"]["score"],
        "select": chosen["models"]["select"],
        "p": chosen["models"]["p"],
        "separated": chosen["models"]["separated"],
        "missing": chosen["models"]["missing"],
        "harmonisation": harmonisation(wildcards),
    }


def harmonisation(wildcards):
    """By which column features are harmonised, and to which level; None where they are not."""
    asked = dict(setting("centres.harmonisation")(wildcards))
    return None if asked.pop("method") == "none" else asked


def batch_column(wildcards):
    """The column of the scanner or site, where features are harmonised by it."""
    return (harmonisation(wildcards) or {}).get("batch")


def resamples_of(wildcards):
    """The resamples of a batch; each has a seed of its own, so that batches change nothing."""
    size = config["execution"]["resamples"]
    first = (int(wildcards.batch) - 1) * size
    return list(RESAMPLES[first : first + size])


def image_settings():
    """What the locked model must know of the images; nothing where features came as a table."""
    return (
        {} if STUDY.from_table else {"phases": PHASES, "spacing_mm": config["images"]["spacing_mm"]}
    )


def phase_settings(wildcards):
    """The parameters of pyradiomics for each phase, as merged from file and config."""
    if STUDY.from_table:
        return {}
    return settings_of(STUDY.model) if STUDY.model else settings_by_phase(config_of(wildcards))


def selected_features():
    """The features to extract by phase, where a locked model needs no others; else None."""
    return None if STUDY.from_table else selected_of(STUDY.model)


def refuse_to_start():
    """No job starts where an earlier run's still write, or on results changed since they were made."""
    if said := hindrance(Path.cwd(), targets=workflow.dag_settings.targets):
        sys.exit(f"\n{said}\n")


def watch_progress():
    """A view of how far the run is; none where nothing is computed, or where all is asked for."""
    said = workflow.output_settings
    if workflow.is_main_process and not (said.dryrun or said.verbose or said.printshellcmds):
        stages = {rule.name: Path(rule.conda_env).stem for rule in workflow.rules if rule.conda_env}
        given = workflow.resource_settings
        # Of a cluster nobody knows how many jobs it will do at once: nothing is foretold.
        show_progress(logger, stages, 0 if given.nodes else given.cores or 1)
