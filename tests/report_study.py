"""The made-up study in files, as the rules that draw and write the report find it."""

import hashlib
import importlib.util
from pathlib import Path
from types import SimpleNamespace

from matplotlib.text import Text
from report_tables import (
    MODELS,
    OUTCOME,
    PHASES,
    POSITIVE,
    acquisition,
    calibration,
    coefficients,
    dca,
    dca_corrected,
    delong,
    dice,
    examples,
    flow,
    icc,
    lasso,
    nomogram,
    performance,
    predictions,
    quality,
    roc,
    roc_band,
    table1,
    volume_icc,
)
from report_validation import (
    differences,
    frequency,
    hosmer_lemeshow,
    instability,
    likelihood_ratio,
    missing,
    penalties,
    repeats,
    sensitivity,
    stability,
    subgroups,
    volume_correlation,
)

from nomoflow.run import write_json, write_rows

SCRIPTS = Path(__file__).resolve().parents[1] / "scripts"


def write_study(folder: Path, hostile: str = "") -> dict:
    """The tables of a whole study in files; the inputs and params of the report's rules.

    ``hostile`` goes into every free text: a patient's name, labels, reasons, notes, settings.
    """
    rows, signatures = predictions(), [*PHASES, "combined"]

    def put(name: str, content: list[dict], header: str = "") -> str:
        path = folder / f"{name}.csv"
        write_rows(content, path, list(content[0]) if content else header.split(","))
        return str(path)

    axes, scale = nomogram()
    paths, trajectories, statuses, selected, chosen = [], [], [], [], []
    measured = performance(rows)
    for place, name in enumerate(signatures):
        empty = name == "nephrographic"
        path, lines = lasso(kept=0 if empty else 7, seed=place)
        paths.append(put(f"signature/{name}/path", path))
        header = "lambda,feature,coefficient"
        trajectories.append(put(f"signature/{name}/trajectories", lines, header))
        status = {
            "status": "empty" if empty else "ok", "score": None if empty else "refit",
            "reason": f"no feature was kept{hostile}" if empty else "", "penalty": "min",
            "lambda": 0.0132, "folds": 10, "patients": 100, "candidates": 810,
        }  # fmt: skip
        statuses.append(folder / f"signature/{name}/status.json")
        write_json(status, statuses[-1])
        kept = [
            {"feature": f"wavelet-LLH_glcm_Idm{j}{hostile}", "mean": 0.31, "sd": 0.00021,
             "lasso_coefficient": -0.2, "coefficient": -0.71}
            for j in range(0 if empty else 7)
        ]  # fmt: skip
        header = "feature,mean,sd,lasso_coefficient,coefficient"
        selected.append(put(f"signature/{name}/selected", kept, header))
        chosen.append(put(f"signature/{name}/frequency", frequency(empty, hostile=hostile)))
    model = {
        "study": "demo", "version": 1, "outcome": OUTCOME, "digest": "0" * 64,
        "cohort": {"patients": 100, "events": POSITIVE}, "signatures": {},
        "models": {name: {"status": "ok", "reason": "", "terms": []} for name in MODELS},
    }  # fmt: skip
    write_json(model, folder / "models/model.json")
    settings = {"pyradiomics": "3.0.1", "setting": {"binWidth": 25}, "remark": hostile}
    write_json(settings, folder / "features/settings.json")
    excluded = [
        {"patient": f"X{i:02d}{hostile}", "phase": "", "reading": "", "stage": "cohort",
         "reason": f"larger than 4 cm{hostile}", "detail": f"diameter_mm is {41 + i}"}
        for i in range(9)
    ]  # fmt: skip
    signs = [
        {"sign": f"hyperdense{hostile}", "n": 100, "agreed": 93, "percent": 93, "kappa": 0.85,
         "ci_low": 0.75, "ci_high": 0.95}
    ]  # fmt: skip
    warned = [
        {"stage": stage, "code": code, "subject": f"{subject}{hostile}",
         "message": f"{message}{hostile}", "remedy": remedy}
        for stage, code, subject, message, remedy in WARNED
    ]  # fmt: skip
    inputs = {
        "flow": put("cohort/flow", flow()),
        "exclusions": put("cohort/exclusions", excluded),
        "table1": put("cohort/table1", table1((("age", f"Age, years{hostile}"), ("h", "Dense")))),
        "agreement": put("cohort/agreement", signs),
        "quality": put("images/quality", quality()),
        "acquisition": put("images/acquisition", acquisition()),
        "dice": put("reliability/dice", dice()),
        "volume_icc": put("reliability/volume_icc", volume_icc()),
        "gallery": str(folder / "report/gallery.html"),
        "icc": put("reliability/icc", icc()),
        "paths": paths,
        "trajectories": trajectories,
        "statuses": [str(path) for path in statuses],
        "selected": selected,
        "frequencies": chosen,
        "axes": put("models/nomogram/axes", axes),
        "scale": put("models/nomogram/scale", scale),
        "examples": put("models/nomogram/examples", examples(axes, scale)),
        "model": str(folder / "models/model.json"),
        "coefficients": [put(f"models/{m}/coefficients", coefficients(m)) for m in MODELS],
        "vif": put("models/vif", [{"model": "nomogram", "term": "age", "vif": 1.2}]),
        "predictions": put("evaluation/predictions", rows),
        "performance": put("evaluation/performance", measured),
        "roc": put("evaluation/roc", roc(rows)),
        "band": put("evaluation/roc_band", roc_band(rows)),
        "dca": put("evaluation/dca", dca(rows)),
        "corrected": put("evaluation/dca_corrected", dca_corrected(rows)),
        "calibration": put("evaluation/calibration", calibration(rows)),
        "delong": put("evaluation/delong", delong()),
        "hosmer_lemeshow": put("evaluation/hosmer_lemeshow", hosmer_lemeshow()),
        "missing": put("cohort/missing", missing(hostile)),
        "repeats": put("evaluation/repeats", repeats(measured)),
        "coefficients_out_of_fold": put(
            "models/nomogram/coefficients_out_of_fold", coefficients("nomogram")
        ),
        "likelihood_ratio": put("evaluation/likelihood_ratio", likelihood_ratio()),
        "differences": put("evaluation/differences", differences()),
        "stability": put("evaluation/stability", stability()),
        "penalties": put("evaluation/penalties", penalties()),
        "instability": put("evaluation/instability", instability()),
        "volume_correlation": put("models/volume_correlation", volume_correlation(hostile)),
        "subgroups": put("evaluation/subgroups", subgroups(hostile)),
        "sensitivity": put("evaluation/sensitivity", sensitivity(hostile)),
        "warnings": put("warnings", warned),
        "settings": str(folder / "features/settings.json"),
        "figures": [str(folder / f"figures/{name}.svg") for name in FIGURES],
        "calculator": str(folder / "report/nomogram.html"),
        "checklists_page": str(folder / "report/checklists.html"),
        **{
            f"checklist_{name}": put(f"report/checklist_{name}", checklist(hostile))
            for name in ("clear", "metrics", "tripod_ai", "ibsi")
        },
        **centres(folder, put, model, hostile),
        "pictures": [str(folder / "images/overlays/0001")],
    }
    put("images/overlays/0001/pictures", [
        {"patient": f"P00{i}", "phase": PHASES[0], "picture": f"P00{i}.jpg", "reason": ""}
        for i in range(3)
    ])  # fmt: skip
    methods = folder / "report/methods.md"
    methods.parent.mkdir(exist_ok=True)
    methods.write_text(f"# Methods\n\n## Cohort\nOne hundred\npatients{hostile}.\n", "utf-8")
    inputs["methods"] = str(methods)
    write_json(trace_of(inputs, folder), folder / "provenance/trace.json")
    inputs["trace"] = str(folder / "provenance/trace.json")
    config = {
        "study": "demo",
        "images": {"roots": ["data", "/srv/pacs/secret-folder"], "spacing_mm": 0.75},
        "evaluation": {"confidence": 0.95, "seed": 1, "decision_threshold": 0.5},
        "remark": hostile,
        "report": {"language": "en"},
    }
    params = {
        "study": f"demo{hostile}", "outcome": OUTCOME, "phases": PHASES, "models": MODELS,
        "signatures": signatures, "config": config, "threshold": 0.75,
        "confidence": 0.95, "look": LOOK,
    }  # fmt: skip
    return {"input": inputs, "params": params}


def checklist(hostile: str = "") -> list[dict]:
    columns = ("item", "section", "topic", "evidence", "value", "note")
    statuses = ("pass", "pass", "not evidenced", "for the authors")
    return [
        {**dict.fromkeys(columns, hostile), "item": i, "status": status}
        for i, status in enumerate(statuses, start=1)
    ]


def centres(folder: Path, put, model: dict, hostile: str = "") -> dict:
    """Two other centres, each with an AUC, and what they give together."""
    empty = dict.fromkeys(
        ("prediction_low", "prediction_high", "tau2_low", "tau2_high", "q", "p"), ""
    )
    pooled = [
        {"metric": "auc", "model": "nomogram", "centre": centre, "n": n, "events": events,
         "estimate": auc, "ci_low": auc - 0.05, "ci_high": auc + 0.04, "weight": weight,
         **empty, "tau2": tau2, "i2": i2, "method": "REML"}
        for centre, n, events, auc, weight, tau2, i2 in (
            (f"north{hostile}", 80, 31, 0.81, 55, "", ""), ("south", 64, 30, 0.77, 45, "", ""),
            ("(pooled)", 144, 61, 0.79, "", 0.01, 12))
    ]  # fmt: skip
    rows = [
        {"centre": row["centre"], "model": "nomogram", "shared": "True", "looks": 1, "reason": ""}
        for row in pooled[:2]
    ]
    write_json({**model, "digest": "1" * 64}, folder / "models/locked.json")
    return {
        "pooled": put("centres/pooled", pooled),
        "centre_rows": put("centres/centres", rows),
        "locked": str(folder / "models/locked.json"),
        "forest": str(folder / "figures/forest.svg"),
    }


def trace_of(inputs: dict, folder: Path) -> dict:
    """How each of the files was made: by a rule, from the features, from a patient's image."""
    image, features = "data/P1/CT.nii.gz", (folder / "features/CT.parquet").as_posix()
    given = [
        path
        for value in inputs.values()
        for path in (value if isinstance(value, list) else [value])
    ]
    files = {
        image: {"rule": None, "wildcards": {}, "params": {}, "inputs": []},
        features: {"rule": "gather_features", "wildcards": {"phase": "CT"},
                   "params": {"spacing_mm": 0.75}, "inputs": [image]},
    }  # fmt: skip
    for path in sorted({Path(path).as_posix() for path in given}):
        rule = f"make_{Path(path).stem}"
        made = {"rule": rule, "wildcards": {"study": "demo"}, "params": {"seed": 1}}
        files[path] = {**made, "inputs": [features]}
    for path, told in files.items():
        told |= {"sha256": hashlib.sha256(path.encode()).hexdigest(), "size": len(path)}
    return {"format": "nomoflow-trace/1", "study": "demo", "files": files}


LOOK = {"language": "en", "widths_mm": [89, 183], "one_column": []}
FIGURES = ["flow", "icc", "lasso", "nomogram", "roc", "calibration", "dca", "scores", "stability",
           "instability"]  # fmt: skip
WARNED = [
    ("reliability", "undefined_icc", "14 features", "these features have no ICC", "none is needed"),
    ("signature", "empty", "nephrographic", "the LASSO kept none of 810 features",
     "this is a result"),
    ("models", "sample_size", "nomogram", "38 patients in the smaller class for 7 parameters",
     "trust the cross-validated figures only; enlarge the cohort"),
    ("models", "sample_size", "image_features", "38 patients in the smaller class for 6 parameters",
     "trust the cross-validated figures only; enlarge the cohort"),
]  # fmt: skip


def in_chinese(study: dict) -> dict:
    """The params of a study whose report is in Chinese."""
    return {"config": {**study["params"]["config"], "report": {"language": "zh"}}}


def job(study: dict, output: dict, **changes):
    """What Snakemake hands to a script: the study's inputs and params, some of them changed."""
    return SimpleNamespace(
        input=SimpleNamespace(**{**study["input"], **changes.get("input", {})}),
        params=SimpleNamespace(**{**study["params"], **changes.get("params", {})}),
        output=SimpleNamespace(**output),
    )


def script(name: str):
    """A rule's script as a module."""
    spec = importlib.util.spec_from_file_location(name, SCRIPTS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def words(figure) -> str:
    """All text that a figure shows, a line each."""
    return "\n".join(text.get_text() for text in figure.findobj(Text) if text.get_text())


def drawn_twice(rule: str, study: dict, folder: Path, kinds=("svg", "pdf"), **changes) -> str:
    """Run a figure's script twice; its files must have the same bytes. The SVG is returned."""
    files = []
    for turn in ("first", "second"):
        output = {kind: str(folder / turn / f"figure.{kind}") for kind in kinds}
        script(rule).main(job(study, output, **changes))
        files.append({kind: Path(path).read_bytes() for kind, path in output.items()})
    assert files[0] == files[1]
    assert files[0]["pdf"].startswith(b"%PDF")
    assert b"CreationDate" not in files[0]["pdf"]
    assert b"/FontFile2" in files[0]["pdf"]  # TrueType, embedded
    svg = files[0]["svg"].decode("utf-8")
    assert "<dc:date>" not in svg and "<text" not in svg
    return svg
