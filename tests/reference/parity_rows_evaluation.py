"""Rows of discrimination, calibration and decision curves against R's pROC, ResourceSelection,
rms, dcurves and rmda."""

import numpy as np
from reference.parity import Row
from reference.parity_data import COHORTS, MODELS

from nomoflow.calibration import brier, linear_predictor, recalibrate
from nomoflow.decision import default_thresholds, net_benefit, treat_all, treat_none
from nomoflow.discrimination import (
    auc,
    auc_interval,
    classify,
    compare_paired,
    delong,
    roc_curve,
    youden,
)
from nomoflow.hosmer_lemeshow import hosmer_lemeshow
from nomoflow.smoothing import calibration_errors, smooth

ROC = "r <- roc(y, p, levels=c(0,1), direction='<')"
BEST = "coords(r, 'best', best.method='youden', ret=...)"
COUNTS = ("tp", "fn", "tn", "fp")
PAIRS = (("rad", "comb"), ("clin", "comb"), ("rad", "clin"))
SCORES = ("s100b", "ndka", "wfns")
ASAH = "aSAH of pROC"


def rows() -> list[Row]:
    each = [(name, model) for name in COHORTS for model in MODELS]
    found = [row for pair in each for row in _discrimination(*pair)]
    found += [row for name in COHORTS for a, b in PAIRS for row in _paired(name, a, b)]
    found += [row for score in SCORES for row in _ties(score)]
    found += [
        row for a, b in ((0, 1), (0, 2), (1, 2)) for row in _ties_paired(SCORES[a], SCORES[b])
    ]
    found += [row for pair in each for row in _calibration(*pair)]
    return found + [row for name in COHORTS for row in _decision(name)]


def _row(section: str, name: str, model: str):
    """A maker of rows on one model; ``values`` takes R's results, the outcomes, the scores."""

    def row(what, how, values, tolerance, per="", shown=0):
        def both(refs):
            c = refs.cohort(name)
            return values(c.r["models"][model], c.y, c.p(model))

        return Row(section, f"model {model}: {what}", how, name, both, tolerance, per, shown)

    return row


def _discrimination(name: str, model: str) -> list[Row]:
    row = _row("Discrimination", name, model)

    def curve(theirs, ours):
        return lambda r, y, p: (r[theirs], roc_curve(y, p)[ours])

    def inner_thresholds(r, y, p):  # the ends are infinite
        return r["roc_thresholds"][1:-1], roc_curve(y, p)["threshold"].iloc[1:-1]

    # Of tied cut-offs pROC gives all, ascending: the first is the most sensitive.
    def cut(r, y, p):
        return np.atleast_1d(r["youden"]["threshold"])[0], youden(y, p)

    def calls(*keys):
        def values(r, y, p):
            ours = classify(y, p, youden(y, p))
            theirs = [np.atleast_1d(r["youden"][key])[0] for key in keys]
            return theirs, [ours[key] for key in keys]

        return values

    return [
        row("AUC", f"{ROC}; auc(r)", lambda r, y, p: (r["auc"], auc(y, p)), 1e-13),
        row("DeLong's variance of the AUC", "var(r)",
            lambda r, y, p: (r["auc_var"], delong(y, p)[1][0, 0]), 1e-12, "relative"),
        row("DeLong's limits of the AUC (shown: lower)", "ci.auc(r, method='delong')",
            lambda r, y, p: (r["auc_ci_delong"], auc_interval(y, p)[1:]), 1e-13),
        row("thresholds of the ROC curve (shown: the lowest)", "r$thresholds",
            inner_thresholds, 1e-13),
        row("sensitivities of the ROC curve (shown: the last but one)", "r$sensitivities",
            curve("roc_sens", "sensitivity"), 1e-13, shown=-2),
        row("specificities of the ROC curve (shown: the second)", "r$specificities",
            curve("roc_spec", "specificity"), 1e-13, shown=1),
        row("Youden's cut-off", BEST, cut, 1e-13),
        row("sensitivity at the cut-off", BEST, calls("sensitivity"), 1e-14),
        row("specificity at the cut-off", BEST, calls("specificity"), 1e-14),
        row("accuracy at the cut-off", BEST, calls("accuracy"), 1e-14),
        row("tp, fn, tn, fp at the cut-off (shown: tp)", BEST, calls(*COUNTS), 0),
    ]  # fmt: skip


def _paired(name: str, a: str, b: str) -> list[Row]:
    def row(what, how, values, tolerance, per=""):
        def both(refs):
            c = refs.cohort(name)
            r = next(t for t in c.r["delong_paired"] if (t["a"], t["b"]) == (a, b))
            return values(r, compare_paired(c.y, c.p(a), c.p(b)), c)

        return Row(
            "Discrimination", f"DeLong, {a} against {b}: {what}", how, name, both, tolerance, per
        )

    def covariance(r, _, c):
        return r["cov"], delong(c.y, np.column_stack([c.p(a), c.p(b)]))[1][0, 1]

    call = "t <- roc.test(ra, rb, method='delong', paired=TRUE)"
    return [
        row("z", f"{call}; t$statistic", lambda r, t, _: (r["z"], t["z"]), 1e-12, "relative"),
        row("P", "t$p.value", lambda r, t, _: (r["p"], t["p"]), 1e-12, "relative"),
        row("limits of the difference (shown: lower)", "t$conf.int",
            lambda r, t, _: (r["ci"], [t["ci_low"], t["ci_high"]]), 1e-13),
        row("covariance of the AUCs", "cov(ra, rb)", covariance, 1e-15),
    ]  # fmt: skip


def _ties(score: str) -> list[Row]:
    """Scores of few distinct values."""

    def row(what, how, values, tolerance):
        def both(refs):
            data = refs.json("canonical")["aSAH"]
            return values(data["auc"][score], data["y"], data[score])

        return Row("Discrimination", f"{score}: {what}", how, ASAH, both, tolerance)

    keys = ("sensitivity", "specificity", "accuracy")

    def calls(r, y, x):
        ours = classify(y, x, youden(y, x))
        return [r["youden"][key] for key in keys], [ours[key] for key in keys]

    return [
        row("AUC and its limits (shown: AUC)", f"r <- roc(outcome, {score}); ci.auc(r)",
            lambda r, y, x: ([r["auc"], *r["ci"]], auc_interval(y, x)), 1e-13),
        row("variance of the AUC", "var(r)", lambda r, y, x: (r["var"], delong(y, x)[1][0, 0]),
            1e-15),
        row("Youden's cut-off", "coords(r, 'best')",
            lambda r, y, x: (r["youden"]["threshold"], youden(y, x)), 1e-13),
        row("sensitivity, specificity, accuracy (shown: sensitivity)", "coords(r, 'best', ret=...)",
            calls, 1e-14),
    ]  # fmt: skip


def _ties_paired(a: str, b: str) -> list[Row]:
    def values(refs):
        data = refs.json("canonical")["aSAH"]
        test = compare_paired(data["y"], data[a], data[b])
        r = data["delong"][f"{a}_{b}"]
        return [r["z"], r["p"]], [test["z"], test["p"]]

    call = f"roc.test(roc(outcome, {a}), roc(outcome, {b}), method='delong', paired=TRUE)"
    what = f"DeLong, {a} against {b}: z and P (shown: z)"
    return [Row("Discrimination", what, call, ASAH, values, 1e-12, "relative")]


def _calibration(name: str, model: str) -> list[Row]:
    row = _row("Calibration", name, model)

    def test(theirs, ours):
        return lambda r, y, p: (r["hl"][theirs], hosmer_lemeshow(y, p)[0][ours])

    def groups(r, y, p):
        table = hosmer_lemeshow(y, p)[1]
        observed = table["observed_count"]
        return r["hl"]["obs1"] + r["hl"]["obs0"], [*observed, *(table["n"] - observed)]

    def expected(r, y, p):
        return r["hl"]["exp1"], hosmer_lemeshow(y, p)[1]["expected_count"]

    def line(theirs, ours):
        return lambda r, y, p: (r["val_prob"][theirs], recalibrate(y, linear_predictor(p))[ours])

    def error(theirs, ours):
        return lambda r, y, p: (r["val_prob"][theirs], calibration_errors(y, p)[ours][0])

    hoslem, prob = "h <- hoslem.test(y, p, g=10)", "v <- val.prob(p, y)"
    return [
        row("Hosmer-Lemeshow chi-square", f"{hoslem}; h$statistic", test("stat", "chi2"), 1e-11,
            "relative"),
        row("Hosmer-Lemeshow degrees of freedom", "h$parameter", test("df", "df"), 0),
        row("Hosmer-Lemeshow P", "h$p.value", test("p", "p"), 1e-13),
        row("observed with and without the outcome by group (shown: the first)", "h$observed",
            groups, 0),
        row("expected with the outcome by group (shown: the first)", "h$expected[, 'yhat1']",
            expected, 1e-11),
        row("Brier score", f"{prob}; v['Brier']",
            lambda r, y, p: (r["val_prob"]["Brier"], brier(y, p)), 1e-13),
        row("calibration intercept", "v['Intercept']", line("Intercept", "intercept"), 1e-6),
        row("calibration slope", "v['Slope']", line("Slope", "slope"), 1e-6),
        row("ICI: mean distance of the smooth curve", "v['Eavg']", error("Eavg", "ici"), 1e-12),
        row("E90: its 90th percentile", "v['E90']", error("E90", "e90"), 1e-12),
        row("its largest", "v['Emax']", error("Emax", "emax"), 1e-12),
        row("smooth curve (shown: the first)", "lowess(p, y, iter=0)$y",
            lambda r, y, p: (r["lowess_iter0"]["y"], smooth(y, p)["observed"]), 1e-12),
    ]  # fmt: skip


def _decision(name: str) -> list[Row]:
    thresholds = default_thresholds()
    dcurves = "dca(y~rad+clin+comb, data, thresholds=seq(.01,.99,.01))$dca$net_benefit"
    rmda = "decision_curve(y~comb, fitted.risk=TRUE, thresholds=seq(.01,.99,.01))$derived.data"

    def row(what, how, theirs, ours, tolerance=1e-12):
        def values(refs):
            c = refs.cohort(name)
            return c.r["dca"][theirs], ours(c)["net_benefit"]

        return Row("Decision curves", what, how, name, values, tolerance, shown=49)

    def model(m):
        return lambda c: net_benefit(c.y, c.p(m), thresholds)

    def standardised(refs):
        c = refs.cohort(name)
        return c.r["dca"]["rmda_comb_sNB"], model("comb")(c)["net_benefit"] / c.y.mean()

    at = "net benefit at 99 thresholds (shown: 50 %)"
    found = [row(f"model {m}: {at}", dcurves, m, model(m)) for m in MODELS]
    return [
        *found,
        row(f"treat all: {at}", dcurves, "all", lambda c: treat_all(c.y, thresholds)),
        row(f"treat none: {at}", dcurves, "none", lambda c: treat_none(thresholds)),
        row(f"model comb: {at}", f"{rmda}$NB", "rmda_comb_NB", model("comb")),
        Row("Decision curves", "model comb: net benefit over prevalence (shown: 50 %)",
            f"{rmda}$sNB", name, standardised, 1e-12, shown=49),
    ]  # fmt: skip
