"""One LASSO path for a yes/no outcome: R's ``glmnet::glmnet(z, y, family = "binomial")``.

The paths are fitted by glmstar, the glmnet authors' own Python port (imports as ``glmnet``).  Its
class spends about half as long again around its compiled solver (on small tables many times as
long), and costs 2.5 CPU seconds to import.  So the solver is loaded by itself and given what the
class would give to it; with a version of glmstar that this was not tested with, the class does the
fit.  Both ways end in the same numbers, bit for bit.
"""

import importlib.machinery
import importlib.util
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version

import numpy as np

TESTED = "0.6.0"
THRESHOLD = 1e-7
LAMBDAS = 100
# glmnet.control() of R, and the two settings of coordinate descent that stand beside it.
CONTROL = {
    "fdev": 1e-5, "eps": 1e-6, "big": 9.9e35, "mnlam": 5, "devmax": 0.999, "pmin": 1e-9,
    "exmx": 250.0, "itrace": 0, "prec": 1e-10, "mxit": 100, "epsnr": 1e-6, "mxitnr": 25,
}  # fmt: skip
MAX_PASSES = 100_000
NO_SOLUTION = "the LASSO has no solution at any penalty: glmnet's error code {code}"


@dataclass(frozen=True)
class BinomialPath:
    """L penalties, the largest first, with their models.

    ``active`` are the a features that any of them keeps, in the order of the columns, and
    ``coefficients`` (L x a) theirs; all other features have coefficient 0.
    """

    lambdas: np.ndarray
    intercepts: np.ndarray
    active: np.ndarray
    coefficients: np.ndarray

    def on_all_features(self, p: int) -> np.ndarray:
        """Coefficients, L x p."""
        coefficients = np.zeros((len(self.lambdas), p))
        coefficients[:, self.active] = self.coefficients
        return coefficients

    def linear_predictor(self, columns: np.ndarray) -> np.ndarray:
        """Patients x lambdas, from features x patients."""
        return columns[self.active].T @ self.coefficients.T + self.intercepts


def fit_path(columns: np.ndarray, y: np.ndarray) -> BinomialPath:
    """The path of 100 penalties from where the first feature enters, shorter where glmnet stops.

    columns: p features x n patients, C-ordered floats, of which one feature varies at least; they
    are used up: the solver scales them in place. y: n outcomes, 0 and 1 both. A path that does not
    converge at some penalty ends before it, as R's does.
    Raises RuntimeError where the solver has no solution at all.
    """
    solver = _compiled_solver()
    return _by_class(columns, y) if solver is None else _by_solver(solver, columns, y)


@cache
def _compiled_solver() -> Callable[..., dict] | None:
    """glmstar's ``lognet``, loaded without the package around it; None with another version."""
    if version("glmstar") != TESTED:
        return None
    package = importlib.util.find_spec("glmnet")
    spec = importlib.machinery.PathFinder.find_spec(
        "glmnet._lognet", package.submodule_search_locations
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.lognet


def _by_solver(solver: Callable[..., dict], columns: np.ndarray, y: np.ndarray) -> BinomialPath:
    p, n = columns.shape
    # the positive class first
    classes = np.asfortranarray(np.column_stack([y, 1 - y]), dtype=float)
    big = CONTROL["big"]
    written = {
        "a0": np.zeros((1, LAMBDAS), order="F"),
        "ca": np.zeros(p * LAMBDAS),
        "ia": np.zeros((p, 1), np.int32),
        "nin": np.zeros((LAMBDAS, 1), np.int32),
        "dev": np.zeros((LAMBDAS, 1)),
        "alm": np.zeros((LAMBDAS, 1)),
    }
    result = solver(
        x=columns.T,
        y=classes,
        g=np.zeros((n, 1), order="F"),  # offsets
        no=n,
        ni=p,
        parm=1.0,  # alpha: the LASSO
        jd=np.zeros(1, np.int32),  # columns to leave out: none
        vp=np.ones((p, 1)),  # penalty factors
        cl=np.asfortranarray(np.repeat([[-big], [big]], p, axis=1)),  # limits of coefficients
        ne=p + 1,
        nx=p,
        nlam=LAMBDAS,
        flmin=1e-2 if n < p else 1e-4,  # smallest penalty over largest
        ulam=np.zeros((1, 1)),
        thr=THRESHOLD,
        isd=1,
        intr=1,
        maxit=MAX_PASSES,
        kopt=0,
        pb=None,
        lmu=0,
        nulldev=0.0,
        nlp=0,
        jerr=0,
        **written,
        **CONTROL,
    )
    length = result["lmu"]
    if length < 1:
        raise RuntimeError(NO_SOLUTION.format(code=result["jerr"]))
    lambdas = result["alm"].ravel()[:length].copy()
    if length > 2:
        # the solver itself starts at infinity; as in R, the first step is made like the others
        lambdas[0] = lambdas[1] ** 2 / lambdas[2]
    entered = int(result["nin"].ravel()[:length].max())
    order = result["ia"].ravel()[:entered] - 1
    coefficients = written["ca"].reshape(LAMBDAS, p)[:length, :entered]
    place = np.argsort(order)
    return _with_active(
        lambdas, result["a0"].ravel()[:length], order[place], coefficients[:, place]
    )


def _by_class(columns: np.ndarray, y: np.ndarray) -> BinomialPath:
    """The same by the class ``LogNet``."""
    from glmnet import LogNet
    from glmnet.paths.fastnet import FastNetControl

    control = FastNetControl(thresh=THRESHOLD, maxit=MAX_PASSES)
    model = LogNet(standardize=True, control=control)
    with warnings.catch_warnings():
        # of a path that ends early; and of one without any solution, which is an error here
        warnings.filterwarnings("ignore", "Error code|an empty model", category=UserWarning)
        model.fit(np.asfortranarray(columns.T), y)
    if np.isinf(model.lambda_values_[0]):
        raise RuntimeError(NO_SOLUTION.format(code=model._fit["jerr"]))
    every = np.arange(len(columns))
    return _with_active(model.lambda_values_, model.intercepts_, every, model.coefs_)


def _with_active(lambdas, intercepts, features, coefficients) -> BinomialPath:
    used = coefficients.any(axis=0)
    return BinomialPath(lambdas, intercepts, features[used], coefficients[:, used])
