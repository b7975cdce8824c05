"""Rows of Table 1, readers' agreement and reliability against R's stats, psych and irr."""

import numpy as np
import pandas as pd
from reference.parity import Row
from reference.parity_data import COHORTS

from nomoflow.cohort import (
    agreement,
    chi_square,
    fisher,
    group_test,
    mann_whitney,
    student_t,
    t_from_summary,
    table_one,
)
from nomoflow.icc import FORMS, icc_per_feature, intraclass_correlation

CONTINUOUS = ("age", "skew")
BINARY = ("sign1", "sign2", "sex", "rare")
FIGURES = ("mean", "sd", "median", "q1", "q3")
PSYCH = dict(zip(FORMS, ("ICC1", "ICC2", "ICC3", "ICC1k", "ICC2k", "ICC3k"), strict=True))
PUBLISHED = "Table 1 of Miao 2023"


def rows() -> list[Row]:
    found = []
    for name in COHORTS:
        for variable in CONTINUOUS:
            found += _continuous(name, variable)
        for variable in BINARY:
            found += _binary(name, variable)
    found += _published()
    found += [row for name in COHORTS for row in _kappa(name)]
    found += [row for name in COHORTS for row in _icc(name)]
    return found + [_shrout_fleiss(form) for form in FORMS]


def _continuous(name: str, variable: str) -> list[Row]:
    def row(what, how, values, tolerance, per="relative"):
        def both(refs):
            c = refs.cohort(name)
            x = c.table[variable].to_numpy(float)
            return values(c.r["table1"]["continuous"][variable], x[c.y == 1], x[c.y == 0], c)

        return Row("Cohort", f"{variable}: {what}", how, name, both, tolerance, per)

    def figures(r, x1, x0, c):
        table = table_one(c.table, c.y, [{"name": variable, "kind": "continuous"}])
        table = table[table["variable"] == variable].set_index("group")
        groups = ["negative", "positive"]
        theirs = np.concatenate([r[figure] for figure in FIGURES])
        return theirs, table.loc[groups, list(FIGURES)].to_numpy(float).T.ravel()

    def chosen(r, x1, x0, c):
        normal = min(r["shapiro_p"]) >= 0.05
        theirs = "Student's t" if normal else "Mann-Whitney U"
        return [theirs], [group_test(c.table[variable], c.y, "continuous")[0]]

    def t(r, x1, x0, _):  # R's first group is the negative one
        return -r["student_t"], student_t(x1, x0)[0]

    def u(r, x1, x0, _):
        return len(x1) * len(x0) - r["wilcox_W"], mann_whitney(x1, x0)[0]

    return [
        row("mean, SD, median and quartiles of both classes (shown: mean of the negative)",
            "mean(g), sd(g), median(g), quantile(g, c(.25, .75))", figures, 1e-13),
        row("Student's t", "t.test(g1, g0, var.equal=TRUE)$statistic", t, 1e-13),
        row("P of Student's t", "t.test(g1, g0, var.equal=TRUE)$p.value",
            lambda r, x1, x0, _: (r["student_p"], student_t(x1, x0)[1]), 1e-12),
        row("Mann-Whitney's U", "wilcox.test(g1, g0)$statistic", u, 0, ""),
        row("P of Mann-Whitney", "wilcox.test(g1, g0)$p.value",
            lambda r, x1, x0, _: (r["wilcox_p_default"], mann_whitney(x1, x0)[1]), 1e-12),
        row("test chosen at 0.05", "shapiro.test(g0)$p.value, shapiro.test(g1)$p.value",
            chosen, 0, "names"),
    ]  # fmt: skip


def _binary(name: str, variable: str) -> list[Row]:
    def row(what, how, values, tolerance, per="relative"):
        def both(refs):
            c = refs.cohort(name)
            table = pd.crosstab(c.table[variable], c.y).to_numpy()
            return values(c.r["table1"]["categorical"][variable], table, c)

        return Row("Cohort", f"{variable}: {what}", how, name, both, tolerance, per)

    def p_of_choice(r, _, c):
        small = min(r["expected"]) < 5
        theirs = r["fisher_p"] if small else r["p"]
        return theirs, group_test(c.table[variable], c.y, "binary")[2]

    return [
        row("counts (shown: both 0)", "tb <- table(x, y)",
            lambda r, t, _: (r["table"], t.T.ravel()), 0, ""),
        row("chi-square", "chisq.test(tb, correct=FALSE)$statistic",
            lambda r, t, _: (r["chi2"], chi_square(t)[0]), 1e-12),
        row("P of chi-square", "chisq.test(tb, correct=FALSE)$p.value",
            lambda r, t, _: (r["p"], chi_square(t)[1]), 1e-12),
        row("P of Fisher's exact test", "fisher.test(tb)$p.value",
            lambda r, t, _: (r["fisher_p"], fisher(t)), 1e-12),
        row("P in Table 1 (Fisher where an expected count is below 5)",
            "chisq.test(tb)$expected", p_of_choice, 1e-12),
    ]  # fmt: skip


def _published() -> list[Row]:
    def sign(name):
        def values(refs):
            r = refs.json("paper_table1")[name]
            table = np.reshape(r["table"], (2, 2))
            theirs = [r["chi2"], r["p"], r["fisher"]]
            return theirs, [*chi_square(table), fisher(table)]

        what = f"{name.replace('_', ' ')}: chi-square, its P, Fisher's P (shown: chi-square)"
        call = "chisq.test(tb, correct=FALSE), fisher.test(tb)"
        return Row("Cohort", what, call, PUBLISHED, values, 1e-12, "relative")

    def age(refs):
        r = refs.json("paper_table1")["age"]
        # the published means, SDs and counts: doi 10.12677/acm.2023.132310
        ours = t_from_summary(56.16, 12.45, 102, 49.64, 9.89, 47)
        return [r["student_t"], r["student_p"]], ours

    signs = ("sex_male", "hyperdense", "pseudocapsule", "angular_interface", "beer_sign")
    what = "age: Student's t and P from means and SDs (shown: t)"
    call = "t.test(var.equal=TRUE) from 56.16 (12.45), 102 and 49.64 (9.89), 47"
    return [*map(sign, signs), Row("Cohort", what, call, PUBLISHED, age, 1e-12, "relative")]


def _kappa(name: str) -> list[Row]:
    def row(sign, what, how, theirs, ours):
        def values(refs):
            c = refs.cohort(name)
            found = agreement(c.readers[f"{sign}_r1"], c.readers[f"{sign}_r2"])
            r = c.r["kappa"]["sign" if sign == "sign" else "grade_unweighted"]
            return [r[key] for key in theirs], [found[key] for key in ours]

        return Row("Cohort", what, how, name, values, 1e-12)

    kappa2 = "kappa2(re, weight='unweighted')$value"
    return [
        row("sign", "kappa of a sign", kappa2, ["kappa"], ["kappa"]),
        row("sign", "limits of kappa (shown: lower)", "cohen.kappa(re)$confid[1, ]",
            ["psych_lo", "psych_hi"], ["ci_low", "ci_high"]),
        row("grade", "kappa of a grade of several levels", kappa2, ["kappa"], ["kappa"]),
    ]  # fmt: skip


def _icc(name: str) -> list[Row]:
    section = "Reliability"

    def psych(form, what, theirs, ours):
        def values(refs):
            c = refs.cohort(name)
            at = c.r["icc"][0]["type"].index(PSYCH[form])
            found = icc_per_feature(*c.raters, form)[ours]
            return [
                row[key][at] for key in theirs for row in c.r["icc"]
            ], found.to_numpy().T.ravel()

        text = f"{form}: {what} of 40 features (shown: the first)"
        call = f"ICC(m, lmer=FALSE)$results['{PSYCH[form]}', ]"
        return Row(section, text, call, name, values, 1e-12)

    def irr(what, theirs, ours, tolerance):
        def values(refs):
            c = refs.cohort(name)
            found = icc_per_feature(*c.raters)[ours]
            return [row[key] for key in theirs for row in c.r["icc"]], found.to_numpy().T.ravel()

        text = f"ICC(A,1): {what} of 40 features (shown: the first)"
        call = "icc(m, model='twoway', type='agreement', unit='single')"
        return Row(section, text, call, name, values, tolerance)

    def kept(what, how, theirs, ours):
        def values(refs):
            c = refs.cohort(name)
            table = icc_per_feature(*c.raters)
            return c.r[theirs], table.loc[table[ours] > 0.75, "feature"].tolist()

        return Row(section, f"{what} (shown: the first)", how, name, values, 0, "names")

    low_high = ["ci_low", "ci_high"]
    parts = (("estimates", ["ICC"], ["icc"]), ("limits", ["lo", "hi"], low_high))
    return [
        *(psych(form, *part) for form in FORMS for part in parts),
        irr("estimates", ["irr_icc_A1"], ["icc"], 1e-13),
        irr("limits", ["irr_lo", "irr_hi"], low_high, 1e-11),
        kept("features with ICC(A,1) above 0.75", "ICC(m)$results[2, 'ICC'] > .75",
             "icc_kept_075", "icc"),
        kept("features with its lower limit above 0.75", "ICC(m)$results[2, 'lower bound'] > .75",
             "icc_kept_075_lower", "ci_low"),
    ]  # fmt: skip


def _shrout_fleiss(form: str) -> Row:
    def values(refs):
        r = refs.json("canonical")["shrout_fleiss"]
        at = r["type"].index(PSYCH[form])
        ours = intraclass_correlation(np.array(r["data"], float)[:, :, None], form)
        return [r[key][at] for key in ("ICC", "lo", "hi")], np.ravel(ours)

    what = f"{form} and its limits (shown: estimate)"
    call = f"ICC(m)$results['{PSYCH[form]}', ]"
    return Row("Reliability", what, call, "Shrout and Fleiss 1979", values, 1e-12)
