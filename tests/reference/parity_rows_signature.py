"""Rows of the signature (LASSO, refit) against R's glmnet and glm."""

import numpy as np
import pandas as pd
from reference.parity import Row
from reference.parity_data import COHORTS, Cohort

from nomoflow.regression import fit_logistic

SECTION = "Signature"
CALL = "cv <- cv.glmnet(Z, y, family='binomial', foldid=foldid)"
HN1 = "Head-Neck-Radiomics-HN1"
# R 4.2.2, Z = the three features of HN1 kept at lambda.1se:
# coef(glm(y ~ Z, family=binomial, control=glm.control(epsilon=1e-14, maxit=100)))
REFIT = [-0.3304250903438373, 0.6279084570142149, -0.5278728478313748, 0.2314043188971097]


def rows() -> list[Row]:
    found = []
    for name in COHORTS:
        found += _path(name)
        for penalty in ("min", "1se"):
            found += _at(name, penalty)
    call = "coef(glm(y ~ Z[, kept], binomial, control=glm.control(epsilon=1e-14, maxit=100)))"
    what = "coefficients of the refit on the features kept at lambda.1se (shown: the first)"
    return [*found, Row(SECTION, what, call, HN1, _refit, 1e-12, "relative", shown=1)]


def _path(name: str) -> list[Row]:
    def row(what, call, theirs, ours, tolerance, per="relative"):
        def values(refs):
            c = refs.cohort(name)
            return c.r["lasso"]["default"][theirs], getattr(c.path, ours)

        return Row(SECTION, f"{what} (shown: the first)", call, name, values, tolerance, per)

    return [
        row("penalties of the path", f"{CALL}; cv$lambda", "lambda", "lambdas", 1e-13),
        row("cross-validated deviance", "cv$cvm", "cvm", "deviance", 1e-12),
        row("standard error of the deviance", "cv$cvsd", "cvsd", "se", 1e-12),
        row("features kept at each penalty", "cv$nzero", "nzero", "nonzero", 0, ""),
    ]


def _at(name: str, penalty: str) -> list[Row]:
    at = f"lambda.{penalty}"

    def row(what, call, values, tolerance, per=""):
        return Row(
            SECTION, what, call, name, lambda refs: values(refs.cohort(name)), tolerance, per
        )

    def one(key):
        return lambda c: (
            c.r["lasso"]["default"][key][_index(c, penalty)],
            getattr(c.path, {"cvm": "deviance", "cvsd": "se", "nzero": "nonzero"}[key])[
                c.path.index(penalty)
            ],
        )

    def chosen(c):
        return c.r["lasso"]["default"][f"lambda_{penalty}"], c.path.lambdas[c.path.index(penalty)]

    def position(c):
        return c.r["lasso"]["default"][f"index_{penalty}"], c.path.index(penalty) + 1

    def names(c):
        r = c.r["lasso"]["default"][f"coef_{penalty}"]["features"]
        same = _representative(c)
        kept = c.features.columns[np.flatnonzero(c.path.coefficients[c.path.index(penalty)])]
        return sorted(same[n] for n in r), sorted(same[n] for n in kept)

    def coefficients(c):
        r = c.r["lasso"]["default"][f"coef_{penalty}"]
        at = c.path.index(penalty)
        theirs, ours = [r["intercept"]], [c.path.intercepts[at]]
        same = _representative(c)
        by_name = {same[n]: (n, value) for n, value in zip(r["features"], r["coef"], strict=True)}
        for j in np.flatnonzero(c.path.coefficients[at]):
            feature, value = c.features.columns[j], c.path.coefficients[at, j]
            name, other = by_name[same[feature]]
            # a twin may be the other one's mirror image
            theirs.append(other if name == feature else abs(other))
            ours.append(value if name == feature else abs(value))
        return theirs, ours

    return [
        row(at, f"cv${at}", chosen, 1e-13, "relative"),
        row(f"position of {at} on the path", f"match(cv${at}, cv$lambda)", position, 0),
        row(f"deviance at {at}", f"cv$cvm[cv$lambda == cv${at}]", one("cvm"), 1e-13, "relative"),
        row(f"its standard error at {at}", f"cv$cvsd[cv$lambda == cv${at}]", one("cvsd"), 1e-12,
            "relative"),
        row(f"number of features at {at}", f"cv$nzero[cv$lambda == cv${at}]", one("nzero"), 0),
        row(f"features kept at {at} (shown: the first by name)", f"coef(cv, s='{at}')", names, 0,
            "names"),
        row(f"intercept and coefficients at {at} (shown: intercept)",
            f"coef(cv, s='{at}')", coefficients, 1e-13),
    ]  # fmt: skip


def _index(c: Cohort, penalty: str) -> int:
    return c.r["lasso"]["default"][f"index_{penalty}"] - 1


def _representative(c: Cohort) -> dict[str, str]:
    """Of exactly collinear features the last bit decides which one is kept: one name for both."""
    same = {name: name for name in c.features.columns}
    for pair in c.r["lasso"]["collinear_pairs"]:
        first = min(same[name] for name in pair)
        others = {same[name] for name in pair}
        same = {name: first if group in others else group for name, group in same.items()}
    return same


def _refit(refs):
    c = refs.cohort(HN1)
    kept = np.flatnonzero(c.path.coefficients[c.path.index("1se")])
    return REFIT, fit_logistic(pd.DataFrame(c.z[:, kept]), c.y).coefficients
