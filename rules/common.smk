# What all rules share: the study, the values of wildcards, and functions for inputs and params.
# The only place for functions; standard library and Snakemake's own dependencies only.
import ast
import hashlib
import sys
from pathlib import Path

SCRIPTS = Path(workflow.basedir) / "scripts"
sys.path.insert(0, str(SCRIPTS))

from nomoflow.configuration import read_yaml
from nomoflow.problems import StudyError
from nomoflow.scans import READINGS
from nomoflow.settings import merge_settings
from nomoflow.study import load_study

try:
    STUDY = load_study(
        config,
        schema=Path(workflow.basedir, "config/schemas/config.schema.yaml"),
        defaults=Path(workflow.basedir, "config/config.yaml"),
    )
except StudyError as error:
    # Not a WorkflowError: Snakemake would print the place in this file around the message.
    sys.exit(f"\n{error}\n")

config = STUDY.config
PHASES = STUDY.phases
BUCKETS = STUDY.buckets
SIGNATURES = [*PHASES, "combined"]
MODELS = [
    "nomogram",
    "radiomics",
    "image_features",
    *[f"radiomics_{phase}" for phase in PHASES],
    "volume",
]
FIGURES = ["flow", "icc", "lasso", "nomogram", "roc", "calibration", "dca", "scores"]
REPEATS = range(1, config["evaluation"]["repeats"] + 1)


wildcard_constraints:
    study=STUDY.name,
    bucket=r"\d{4}",
    phase="|".join(PHASES),
    signature="|".join(SIGNATURES),
    repeat=r"\d+",
    cohort=r"[\w-]+",
    patient=r"\w[\w.-]*",


def code(script):
    """Digests of the nomoflow modules behind a script: Snakemake itself watches the script alone."""
    found, waiting = {}, [f"scripts/{script}.py"]
    while waiting:
        tree = ast.parse(Path(workflow.basedir, waiting.pop()).read_text(encoding="utf-8"))
        imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        for package, _, module in (node.module.partition(".") for node in imports):
            modules = [module] if module else names_imported_from(package, imports)
            for name in modules if package == "nomoflow" else []:
                if name not in found:
                    waiting.append(f"scripts/nomoflow/{name}.py")
                    found[name] = source_digest(waiting[-1])
    return dict(sorted(found.items()))


def names_imported_from(package, imports):
    """The names of `from package import name, name`."""
    return [name.name for node in imports if node.module == package for name in node.names]


def source_digest(*paths):
    """Digest of files that a script reads beside its inputs, so that an edit is noticed."""
    content = b"".join(Path(workflow.basedir, path).read_bytes() for path in sorted(paths))
    return hashlib.sha256(content).hexdigest()


def simulated_patient(wildcards):
    """What the participants table says of a patient whose images the workflow draws."""
    return next(row for row in STUDY.participants if row["patient"] == wildcards.patient)


def batch_scans(wildcards):
    """The scans of a batch, their files resolved."""
    return STUDY.scans_of(wildcards.bucket)


def batch_files(wildcards):
    """The images and masks of a batch."""
    return [scan[kind] for scan in batch_scans(wildcards) for kind in ("image", "mask")]


def preflight_checks(wildcards):
    """What is checked before anything is computed: settings and scans, or the feature table."""
    names = ["table"] if STUDY.from_table else ["settings", *BUCKETS]
    return expand(f"results/{wildcards.study}/cohort/preflight/{{name}}.csv", name=names)


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
    tables = {
        Path(name).stem: f"{place}/{name}"
        for name in (
            "cohort/flow.csv",
            "cohort/exclusions.csv",
            "cohort/table1.csv",
            "cohort/agreement.csv",
            "images/quality.csv",
            "features/settings.json",
            "reliability/icc.csv",
            "models/model.json",
            "models/vif.csv",
            "evaluation/performance.csv",
            "evaluation/delong.csv",
            "evaluation/hosmer_lemeshow.csv",
            "warnings.csv",
        )
        if not (STUDY.from_table and name.startswith("images/"))
    }
    of_signatures = {"statuses": "status.json", "selected": "selected.csv"}
    return {
        **tables,
        **{
            key: expand(f"{place}/signature/{{signature}}/{name}", signature=SIGNATURES)
            for key, name in of_signatures.items()
        },
        "coefficients": expand(f"{place}/models/{{model}}/coefficients.csv", model=MODELS),
    }


def report_texts():
    """The page's template and the captions of its figures."""
    captions = sorted(Path(workflow.basedir, "report/captions").glob("*.rst"))
    return ["report/study.html.j2", *(f"report/captions/{path.name}" for path in captions)]


def captioned(figure):
    """A figure's path, with the caption that Snakemake's own report prints."""
    return report(
        f"results/{{study}}/figures/{figure}.svg",
        caption=f"../report/captions/{figure}.rst",
        category="Figures",
    )


def included_patients():
    """The patients who meet the criteria, sorted."""
    return [row["patient"] for row in STUDY.participants]


def feature_table(wildcards):
    """The ready feature table that a study brings instead of images."""
    return config["features"]["table"]["path"]


def model_choices():
    """What the config decides about signatures and models, in cross-validation as on all patients."""
    return {
        "phases": PHASES,
        "predictors": STUDY.predictors,
        "folds": config["signature"]["folds"],
        "penalty": config["signature"]["penalty"],
        "score": config["signature"]["score"],
        "select": config["models"]["select"],
        "p": config["models"]["p"],
        "separated": config["models"]["separated"],
    }


def image_settings():
    """What the locked model must know of the images; nothing where features came as a table."""
    return (
        {} if STUDY.from_table else {"phases": PHASES, "spacing_mm": config["images"]["spacing_mm"]}
    )


def phase_settings():
    """The parameters of pyradiomics for each phase, as merged from file and config."""
    if STUDY.from_table:
        return {}
    base = read_yaml(config["features"]["settings"])
    own = config["features"]["per_phase"]
    return {phase: merge_settings(base, {"setting": own.get(phase, {})}) for phase in PHASES}


def closing_words():
    """What a user wants to know when a run has ended well: where to look, and the honest AUCs."""
    if set(workflow.dag_settings.targets) == {"preflight"}:
        table = Path(f"results/{STUDY.name}/cohort/preflight.csv")
        problems = len(table.read_text(encoding="utf-8").splitlines()) - 1
        return f"\nEvery file of study {STUDY.name} was checked: {problems} problems ({table}).\n"
    summary = Path(f"results/{STUDY.name}/report/complete.txt")
    return summary.read_text(encoding="utf-8") if summary.exists() else ""
