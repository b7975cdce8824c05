"""All rows, the introduction of docs/parity.md, and the page itself."""

from reference import (
    parity_rows_cohort,
    parity_rows_evaluation,
    parity_rows_models,
    parity_rows_signature,
    parity_rows_validation,
)
from reference.parity import Compared, Row, compare, page
from reference.parity_data import References

PAGE = "docs/parity.md"
ROWS: list[Row] = [
    *parity_rows_cohort.rows(),
    *parity_rows_signature.rows(),
    *parity_rows_models.rows(),
    *parity_rows_evaluation.rows(),
    *parity_rows_validation.rows(),
]
VERSIONS = {
    "R": "4.2.2",
    "glmnet": "4.1-6",
    "pROC": "1.18.0",
    "rms": "6.5-0",
    "Hmisc": "4.8-0",
    "psych": "2.2.9",
    "irr": "0.84.1",
    "ResourceSelection": "0.3-6",
    "logistf": "1.26.1",
    "dcurves": "0.5.1",
    "rmda": "1.6",
    "pmsampsize": "1.1.3",
}

INTRODUCTION = f"""\
# Parity with R

<!-- Written by tools/write_parity.py. -->

Each row holds a statistic as R computes it beside the same statistic as nomoflow computes it from
the same data. The tests check every row, and that this page holds what the rows give:

```
uv run pytest tests/reference/test_parity.py      # check
uv run python tools/write_parity.py               # rewrite this page
```

R's values come from {", ".join(f"{name} {version}" for name, version in VERSIONS.items())}.
Three public tables of radiomics features with a yes/no outcome are used: C4KC-KiTS (70 patients,
315 features), Head-Neck-Radiomics-HN1 (137, 105) and WORC-GIST (245, 1,015). Features and outcomes
are real. Age, signs, sex, repeated readings and readers were drawn at random, so nothing clinical
may be read from them. Further rows stand on the example data of pROC (aSAH) and logistf (sex2), on
the ratings of Shrout and Fleiss (1979), and on the published Table 1 of Miao (2023, doi
10.12677/acm.2023.132310).

The models are rad (`y~radscore`), clin (`y~age+sign1+sign2+sex`) and comb (both). Their radscore is
an out-of-fold score, so that no model is separated. Discrimination, calibration and decision curves
judge the probabilities that R fitted: both programs then judge the same numbers. That nomoflow
fits the same probabilities is a row of its own.

Of many values (column "values") one is printed, with ten digits; the difference is the largest of
all. The tolerance is what is tested. Differences are absolute unless the tolerance says otherwise;
"equal" is for whole numbers and names.

What differs, and why:

- **Standard errors, z, P and Wald limits of `glm`.** R takes the weights of the step before the
  last, which leaves its standard errors up to 4e-9 off; nomoflow takes those of the estimate.
- **Profile likelihood limits of `glm`.** `confint` interpolates a spline between a few points of
  the profile; nomoflow finds the root. They lie within a thousandth of a standard error.
- **`logistf` on sex2** ran with its own tolerances, which are looser than nomoflow's; on the three
  cohorts it ran with 1e-10.
- **Intercept and slope of `val.prob`** for a model on its own patients are 0 and 1 by the equations
  of the fit; R stops up to 1e-7 from them. `glm.fit` in the resamples stops as early.
- **The nomogram's probability axis.** R interpolates it in a grid of linear predictors, which
  leaves it up to 3e-4 points off.
- **Exactly collinear features** (C4KC-KiTS and HN1 hold some). The last bit decides which of two
  the LASSO takes, so both count as one name here, and their coefficients are compared by size.
- **Tied cut-offs of Youden's index.** pROC gives all of them; nomoflow takes the most sensitive.
- **Sign of t, and U.** R's run had the negative class first; its values are turned round.
- **Separated resamples.** Eight of C4KC-KiTS's resamples have no finite estimate: the fit stops
  where R's did. The calibration slope hangs on that last iteration, so it has no row there; AUC and
  Brier score do not.
- **`pmsampsize` with a c statistic** simulates a million patients; nomoflow integrates. The numbers
  of patients are the same.

Not here: `rms::validate` and `rms::calibrate` draw resamples of their own, so that numbers agree
within Monte Carlo error only (tests/reference/test_optimism_r.py); and what nomoflow does not use:
DeLong's test of unpaired curves, weighted kappa, Welch's t and Yates' correction.

C4KC-KiTS keeps no feature at either penalty, in both programs.
"""


def compared(references: References) -> list[Compared]:
    return [compare(row, references) for row in ROWS]


def text(references: References) -> str:
    """What docs/parity.md must hold."""
    return page(INTRODUCTION, compared(references))
