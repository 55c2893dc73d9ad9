"""Distribution families: how each makes a `Marginal`, from parameters or from others.

parametric    normal, Student t, lognormal, gamma, beta, uniform, triangular, PERT
metalog       flexible: three to six terms, with or without limits
tabular       discrete values, histogram, empirical
composed      truncated versions of any family; mixtures of several
pools         the logarithmic pool of several
stretched     a marginal made wider or narrower
"""

from collections.abc import Callable

from risk.families.composed import mixture, truncated
from risk.families.metalog import metalog
from risk.families.parametric import (
    beta,
    gamma,
    lognormal,
    normal,
    pert,
    student_t,
    triangular,
    uniform,
)
from risk.families.pools import logarithmic_pool
from risk.families.stretched import stretched
from risk.families.tabular import discrete, empirical, histogram
from risk.marginals import Marginal

FAMILIES: dict[str, Callable[..., Marginal]] = {  # those made of numbers with names
    "normal": normal,
    "student_t": student_t,
    "lognormal": lognormal,
    "gamma": gamma,
    "beta": beta,
    "uniform": uniform,
    "triangular": triangular,
    "pert": pert,
    "metalog": metalog,
}

__all__ = [
    "FAMILIES",
    "beta",
    "discrete",
    "empirical",
    "gamma",
    "histogram",
    "logarithmic_pool",
    "lognormal",
    "metalog",
    "mixture",
    "normal",
    "pert",
    "stretched",
    "student_t",
    "triangular",
    "truncated",
    "uniform",
]
