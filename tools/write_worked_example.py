"""Write docs/worked_example.json and .md: a tiny model, and a probability from it by hand.

    uv run python tools/write_worked_example.py

The patients behind the model are made up (seeded). The tests do the page's arithmetic anew.
"""

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from fit_models import axis, slopes  # noqa: E402

from nomoflow import nomogram  # noqa: E402
from nomoflow.dataset import as_dataset  # noqa: E402
from nomoflow.fingerprints import row_fingerprint  # noqa: E402
from nomoflow.locked_model import nomogram_points, predict  # noqa: E402
from nomoflow.model_document import model_document  # noqa: E402
from nomoflow.model_file import as_text, check_model  # noqa: E402
from nomoflow.models import Choices, fit_study  # noqa: E402

MODEL, PAGE = "docs/worked_example.json", "docs/worked_example.md"
PHASES = ["arterial", "venous"]
PREDICTORS = [
    {"name": "age", "kind": "continuous", "unit": "years", "per": 10, "label": "Age"},
    {"name": "sex", "kind": "binary", "positive": "male", "negative": "female", "label": "Male"},
]
CHOICES = Choices(PHASES, PREDICTORS, 5, "min", "refit", "all", 0.05, "firth", "impute")
OUTCOME = {"column": "diagnosis", "type": "binary", "positive": "malignant", "negative": "benign"}
FEATURES = {  # mean, SD, how far the classes lie apart in SDs
    "arterial_original_firstorder_Mean": (95.0, 20.0, 0.9),
    "arterial_wavelet-LLH_glcm_Idm": (0.30, 0.05, 0.0),
    "venous_original_glszm_ZoneEntropy": (5.2, 0.4, -0.7),
    "venous_log-sigma-2-0-mm-3D_firstorder_Skewness": (0.1, 0.5, 0.3),
}
PATIENT = {"patient": "example", "age": "61", "sex": "male"}
MEASURED = (112.5, 0.31, 4.85, 0.4)


def main() -> None:
    document = make_model()
    (ROOT / MODEL).write_text(as_text(document), encoding="utf-8")
    (ROOT / PAGE).write_text(page(document), encoding="utf-8")


def make_model(n: int = 60, seed: int = 1) -> dict:
    """A nomogram of made-up patients, and what it stands on."""
    random = np.random.default_rng(seed)
    y = np.arange(n) % 2
    frame = pd.DataFrame({"patient": [f"P{i:03d}" for i in range(n)], "outcome": y})
    frame["clinical.age"] = np.round(random.normal(55, 11, n) + 4 * y) / 10
    frame["clinical.age"] = frame["clinical.age"].where(random.random(n) > 0.1)
    frame["clinical.sex"] = (random.random(n) < 0.4 + 0.2 * y).astype(float)
    for name, (mean, sd, apart) in FEATURES.items():
        frame[name] = mean + sd * (random.normal(size=n) + apart * y)
    data = as_dataset(frame)
    fitted = fit_study(data, CHOICES, [seed], ["nomogram", "radiomics"])
    columns, final = fitted.design(data), fitted.models["nomogram"]
    terms = [axis(term, value, columns, PREDICTORS) for term, value in slopes(final)]
    drawn = {
        "axes": nomogram.axes(terms).to_dict("records"),
        "scale": nomogram.scale(terms, final.intercept).to_dict("records"),
    }
    study = {"study": "worked_example", "version": 1, "outcome": OUTCOME, "images": {}}
    document = model_document(
        study | {"nomogram": drawn},
        data,
        columns,
        fitted.signatures,
        fitted.models,
        PREDICTORS,
        {"engine": "none: made-up numbers", "phases": {phase: {} for phase in PHASES}},
        fitted.filled_in,
        fingerprints=[row_fingerprint(row) for row in data.features.to_dict("records")],
        fingerprints_of="features",
    )
    check_model(document)
    return document


def page(document: dict) -> str:
    """The arithmetic step by step, every figure from the document."""
    signature, model = document["signatures"]["combined"], document["models"]["nomogram"]
    features = dict(zip(FEATURES, MEASURED, strict=True))
    clinical = pd.DataFrame([PATIENT])
    table = pd.DataFrame([{"patient": "example", **features}])
    found = predict(document, clinical, table, ["nomogram"]).iloc[0]
    rows, radscore = [], signature["intercept"]
    columns = ("features", "means", "sds", "coefficients")
    for name, mean, sd, b in zip(*(signature[key] for key in columns), strict=True):
        z = (features[name] - mean) / sd
        radscore += b * z
        rows.append(
            f"| `{name}` | {features[name]:g} | {mean:.6f} | {sd:.6f} | {z:.6f} | {b:.6f} "
            f"| {b * z:.6f} |"
        )
    values = {"radscore": radscore, "age": float(PATIENT["age"]), "sex": 1.0}
    terms, points, total = [], [], 0.0
    coded = {term["name"]: values[term["name"]] / term.get("per", 1) for term in model["terms"]}
    earned = nomogram_points(document, pd.DataFrame([coded])).iloc[0]
    for term in model["terms"]:
        name, b = term["name"], term["coefficient"]
        terms.append(
            f"| `{name}` | {values[name]:.6g} | {term['coding']} | {coded[name]:.6f} | {b:.6f} "
            f"| {b * coded[name]:.6f} |"
        )
        ticks = [tick for tick in document["nomogram"]["axes"] if tick["predictor"] == name]
        first, last = ticks[0], ticks[-1]
        points.append(
            f"| `{name}` | {first['value']:g} | {first['points']:.6f} | {last['value']:g} "
            f"| {last['points']:.6f} | {earned[name]:.6f} |"
        )
        total += earned[name]
    scale = document["nomogram"]["scale"]
    age = next(term for term in model["terms"] if term["name"] == "age")
    return PAGE_TEXT.format(
        signature="\n".join(rows),
        terms="\n".join(terms),
        points="\n".join(points),
        features=json.dumps(features),
        signature_intercept=signature["intercept"],
        radscore=radscore,
        intercept=model["intercept"],
        log_odds=found["linear_predictor"],
        probability=found["probability"],
        cutoff=model["cutoff"]["linear_predictor"],
        cutoff_probability=model["cutoff"]["probability"],
        side="at or above" if found["call"] == OUTCOME["positive"] else "below",
        call=found["call"],
        total=total,
        first_total=scale[0]["total_points"],
        first_log_odds=scale[0]["linear_predictor"],
        last_total=scale[-1]["total_points"],
        last_log_odds=scale[-1]["linear_predictor"],
        imputed=age["imputed"],
        low=age["low"],
        high=age["high"],
    )


PAGE_TEXT = """\
# A probability by hand

<!-- Written by tools/write_worked_example.py from docs/worked_example.json. -->

`model.json` holds all that a prediction needs, as plain numbers. This page takes one patient
through it. The model is [worked_example.json](worked_example.json): a nomogram of 60 made-up
patients in two phases, of no medical meaning. Figures are rounded to six decimals here; the file
has them all.

The patient is 61 years old and male, with these features (`<phase>_<image>_<class>_<feature>`):

```json
{features}
```

## 1. The Radscore

`signatures.combined`. Each feature is taken in standard deviations from the training's mean,
z = (value - mean) / sd; features that the signature does not name do not count.

| feature | value | mean | sd | z | coefficient | coefficient x z |
|---|---|---|---|---|---|---|
{signature}

Radscore = intercept {signature_intercept:.6f} + the sum of the last column = **{radscore:.6f}**

## 2. The log odds

`models.nomogram`. A number is divided by `per` (age counts in decades), a binary predictor is 1 for
its `positive` text and 0 for its `negative`.

| term | value | coding | coded | coefficient | coefficient x coded |
|---|---|---|---|---|---|
{terms}

Log odds = intercept {intercept:.6f} + the sum of the last column = **{log_odds:.6f}**

## 3. The probability

1 / (1 + exp(-log odds)) = **{probability:.6f}**, the probability of `outcome.positive` (malignant).

The cut-off (`models.nomogram.cutoff`) is {cutoff:.6f} on the log odds, a probability of
{cutoff_probability:.6f}. The patient lies {side} it: **{call}**.

## 4. The same by points

`nomogram.axes` has the ticks of each axis. Between two ticks, and beyond the ends, points lie on a
straight line: points = first points + (value - first value) x (last points - first points) /
(last value - first value).

| axis | first value | points | last value | points | the patient's |
|---|---|---|---|---|---|
{points}

Total = **{total:.6f}** points. `nomogram.scale` reads totals: {first_total:.6f} points are log
odds of {first_log_odds:.6f}, {last_total:.6f} points are {last_log_odds:.6f}, and on the straight
line between them the patient's total is {log_odds:.6f}, as above.

## What else the file says

- `missing` is `impute`: without an age, `imputed` ({imputed:.6f} years) stands for it. Where it is
  `refuse`, a patient who lacks a predictor has no probability.
- `low` and `high` are the range of training: ages from {low:g} to {high:g} years. Beyond it the
  formula goes on, but nothing is known of it.
- `digest` is the SHA-256 of all the rest. It changes with any digit:

```python
import hashlib, json

model = json.load(open("docs/worked_example.json", encoding="utf-8"))
rest = {{key: value for key, value in model.items() if key != "digest"}}
text = json.dumps(rest, sort_keys=True, ensure_ascii=False)
assert hashlib.sha256(text.encode("utf-8")).hexdigest() == model["digest"]
```

In R, `model <- jsonlite::read_json("docs/worked_example.json", simplifyVector = TRUE)`; then
`with(model$signatures$combined, intercept + sum(coefficients * (x[features] - means) / sds))` is
the Radscore of a named vector `x`, and `plogis()` of the log odds the probability.
"""

if __name__ == "__main__":
    main()
