"""Rows of the models against R's glm, logistf and rms::nomogram."""

import numpy as np
from reference.parity import Row
from reference.parity_data import COHORTS, FORMULAS, MODELS, Cohort
from scipy.special import expit, logit

from nomoflow.nomogram import axes, points, points_per_unit, scale, to_linear_predictor

CONTROL = "control=glm.control(epsilon=1e-14, maxit=100)"
LOGISTF = "logistf(y~radscore+age+sep, control=logistf.control(maxit=5000, xconv=1e-10, ...))"
SEX2 = "logistf(case~age+oc+vic+vicl+vis+dia, data=sex2)"
NOMOGRAM = "no <- nomogram(lrm(y~radscore+age+sign1+sign2+sex), fun=plogis, lp=TRUE)"


def rows() -> list[Row]:
    found = [row for name in COHORTS for model in MODELS for row in _logistic(name, model)]
    found += [row for name in COHORTS for row in _firth(name)]
    found += _sex2()
    return found + [row for name in COHORTS for row in _nomogram(name)]


def _logistic(name: str, model: str) -> list[Row]:
    call = f"g <- glm({FORMULAS[model]}, binomial, {CONTROL})"
    last = len(MODELS[model])

    def row(what, how, values, tolerance, per="", shown=last):
        what = f"model {model}: {what}"

        def both(refs):
            c = refs.cohort(name)
            return values(c.r["models"][model], c.coefficients[model], c)

        return Row("Models", what, how, name, both, tolerance, per, shown)

    def limits(theirs, ours, unit=False):
        def values(r, table, _):
            both = (
                np.concatenate([r[f"{theirs}_lo"], r[f"{theirs}_hi"]]),
                table[[f"{ours}_low", f"{ours}_high"]].to_numpy().T.ravel(),
            )
            return (*both, np.tile(table["se"], 2)) if unit else both

        return values

    def column(theirs, ours):
        return lambda r, table, _: (r[theirs], table[ours])

    def likelihood(r, _, c):
        return r["loglik"], c.fits[model].log_likelihood

    def probability(r, _, c):
        return r["prob"], expit(c.fits[model].linear_predictor(c.table))

    shown = f"(shown: {MODELS[model][-1]})"
    lower = f"(shown: lower, {MODELS[model][-1]})"
    return [
        row(f"coefficients {shown}", f"{call}; coef(g)", column("coef", "coefficient"), 1e-12,
            "relative"),
        row(f"standard errors {shown}", "summary(g)$coefficients[, 2]", column("se", "se"), 1e-7),
        row(f"Wald z {shown}", "summary(g)$coefficients[, 3]", column("z", "z"), 1e-7),
        row(f"Wald P {shown}", "summary(g)$coefficients[, 4]", column("p", "p"), 1e-7),
        row(f"Wald limits {lower}", "confint.default(g)", limits("wald", "ci"), 1e-7),
        row(f"profile likelihood limits {lower}", "confint(g)",
            limits("profile", "profile", unit=True), 1e-3, "of a standard error"),
        row("log likelihood", "logLik(g)", likelihood, 1e-13, "relative", 0),
        row("fitted probabilities (shown: the first)", "fitted(g)", probability, 1e-13, shown=0),
    ]  # fmt: skip


def _firth(name: str) -> list[Row]:
    def row(what, how, values, tolerance, shown=0):
        def both(refs):
            c = refs.cohort(name)
            return values(c.r["firth"], *c.firth)

        what = f"Firth, separated data: {what}"
        return Row("Models", what, how, name, both, tolerance, shown=shown)

    def column(theirs, ours):
        return lambda r, _, table: (r[theirs], table[ours])

    return [
        row("coefficients (shown: sep)", f"f <- {LOGISTF}; coef(f)",
            column("coef", "coefficient"), 1e-10, 3),
        row("standard errors (shown: sep)", "sqrt(diag(f$var))", column("se", "se"), 1e-9, 3),
        row("lower profile limits (shown: sep)", "f$ci.lower", column("lo", "profile_low"), 1e-10,
            3),
        row("upper profile limits (shown: sep)", "f$ci.upper", column("hi", "profile_high"), 1e-10,
            3),
        row("P (shown: sep)", "f$prob", column("p", "p"), 1e-12, 3),
        row("penalised log likelihood", "f$loglik['full']",
            lambda r, fit, _: (r["loglik_full"], fit.log_likelihood), 1e-10),
    ]  # fmt: skip


def _sex2() -> list[Row]:
    def row(what, how, theirs, ours, tolerance):
        def values(refs):
            return refs.json("canonical")["sex2"][theirs], refs.sex2[1][ours]

        what = f"Firth: {what} (shown: age)"
        return Row("Models", what, how, "sex2 of logistf", values, tolerance, shown=1)

    return [
        row("coefficients", f"f <- {SEX2}; coef(f)", "coef", "coefficient", 1e-6),
        row("standard errors", "sqrt(diag(f$var))", "se", "se", 1e-5),
        row("lower profile limits", "f$ci.lower", "lo", "profile_low", 1e-9),
        row("upper profile limits", "f$ci.upper", "hi", "profile_high", 1e-9),
        row("P", "f$prob", "p", "p", 1e-9),
    ]


# --- Nomogram ---------------------------------------------------------------------------------


def _terms(c: Cohort) -> list[dict]:
    """The terms of the nomogram with R's coefficients, and the range of the data as its axes."""
    r = c.r["models"]["comb"]
    found = []
    for name, coefficient in zip(r["terms"][1:], r["coef"][1:], strict=True):
        low, high = c.r["nomogram"]["datadist"][name][2:]
        kind = "continuous" if name in ("radscore", "age") else "binary"
        term = {"name": name, "label": name, "kind": kind, "unit": "", "levels": ["0", "1"]}
        found.append(term | {"coefficient": coefficient, "low": low, "high": high})
    return found


def _nomogram(name: str) -> list[Row]:
    def row(what, how, values, tolerance, per="", shown=0):
        def both(refs):
            c = refs.cohort(name)
            return values(c.r["nomogram"], _terms(c), c.r["models"]["comb"]["coef"][0], c)

        return Row("Nomogram", what, how, name, both, tolerance, per, shown)

    def axis(key, column):
        def values(r, terms, *_):
            theirs = np.concatenate([np.ravel(r["variables"][t["name"]][key]) for t in terms])
            return theirs, axes(terms)[column].to_numpy(float)

        return values

    def risk(r, terms, intercept, _):
        table = scale(terms, intercept).set_index("probability")["total_points"]
        return r["risk"]["x"], table.loc[r["risk"]["x.real"]]

    def linear(r, terms, intercept, _):
        return r["lp"]["x.real"], to_linear_predictor(np.array(r["lp"]["x"]), terms, intercept)

    def patients(r, terms, _, c):
        return r["patient_points"], points(terms, c.table).sum(axis=1)

    def probability(_, terms, intercept, c):
        total = points(terms, c.table).sum(axis=1)
        return logit(c.p("comb")), to_linear_predictor(total, terms, intercept)

    return [
        row("points for 1 of the linear predictor", f"{NOMOGRAM}; attr(no, 'info')$sc",
            lambda r, terms, *_: (r["sc"], points_per_unit(terms)), 1e-12, "relative"),
        row("linear predictor of 0 points", "attr(no, 'info')$Intercept",
            lambda r, terms, i, _: (r["Intercept"], to_linear_predictor(0, terms, i)), 1e-11),
        row("ticks of all axes (shown: the first, radscore)", "no$radscore$radscore, no$age$age",
            axis("values", "value"), 1e-12),
        row("points of all ticks (shown: the second, radscore)",
            "no$radscore$points, no$age$points", axis("points", "points"), 1e-11, shown=1),
        row("linear predictor of the total points of R's axis (shown: the first)", "no$lp",
            linear, 1e-11),
        row("total points of round probabilities (shown: the first)", "no[['fun']]", risk, 1e-3),
        row("total points of the patients (shown: the first)",
            "rowSums(approx(no[[v]][[1]], no[[v]]$points, D[[v]])$y)", patients, 1e-10),
        row("linear predictor of the patients' points (shown: the first)",
            "qlogis(fitted(g))", probability, 1e-11),
    ]  # fmt: skip
