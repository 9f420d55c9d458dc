"""How friction goes with leaving: regularised logistic regression, with bootstrap bounds and calibration. Pure.

One row is one person at one moment (a landmark: H. C. van Houwelingen, Scandinavian Journal of Statistics 34, 2007):
her index then, and whether she left within the horizon after it. A person has several rows, so that whole persons are
drawn in the bootstrap and put into folds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, inf, log
from typing import Any

LEAVINGS_PER_PREDICTOR = 20
"""No relation is shown from fewer leavings (and as many who stayed) for each predictor. Ten is the least for estimating
at all (P. Peduzzi et al., Journal of Clinical Epidemiology 49, 1996); twenty and more for the fit to be checked on the
same sample (P. C. Austin, E. W. Steyerberg, Statistical Methods in Medical Research 26, 2017).
"""
PENALTY = 1.0
"""`C` of the ridge, on predictors divided by their standard deviation: the least regularisation that keeps a perfect
separation finite."""
DRAWS = 300
FOLDS = 5
BINS = 5
CURVE_POINTS = 25
PER_POINTS = 10.0
"""Slopes are told for ten points."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Columns of one length. `index`: by predictor, points. `weight`: how many rows each stands for, where those who
    stayed are a sample.
    """

    person: Sequence[int]
    index: Sequence[Sequence[float]]
    left: Sequence[bool]
    weight: Sequence[float]


@dataclass(frozen=True, slots=True)
class TooFew:
    """No figure yet: so many leavings, and stays, are there of those that are needed."""

    leavings: int
    stays: int
    needed: int

    @property
    def missing(self) -> int:
        return max(self.needed - min(self.leavings, self.stays), 0)


@dataclass(frozen=True, slots=True)
class Slope:
    """By how much ten points more multiply the odds of leaving, with 95 % bounds: 1 says that nothing changes."""

    name: str
    times: float
    low: float
    high: float

    @property
    def is_told(self) -> bool:
        return self.low > 1 or self.high < 1


@dataclass(frozen=True, slots=True)
class Point:
    """At so many points such a share leaves within the horizon, with 95 % bounds."""

    index: float
    share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Bin:
    """Of `n` rows held out of the fit, `expected` share was said to leave, and `seen` did."""

    n: float
    expected: float
    seen: float


@dataclass(frozen=True, slots=True)
class Level:
    """The index from which twice as many leave as without friction, with 95 % bounds (`high` may lie beyond all)."""

    index: float
    low: float
    high: float | None


@dataclass(frozen=True, slots=True)
class Relation:
    """`brier` is the mean square of what was said against what came, on rows held out; `brier_flat` that of saying the
    same of everybody. `off`: expected calibration error, a share.
    """

    rows: int
    persons: int
    leavings: int
    slope: Slope
    curve: tuple[Point, ...]
    bins: tuple[Bin, ...]
    brier: float
    brier_flat: float
    off: float
    level: Level | None


def counted(rows: Rows, predictors: int = 1) -> TooFew | None:
    """What is missing for a relation; None where there is enough. A person who left counts once, whatever her rows."""
    leavings = len({person for person, left in zip(rows.person, rows.left, strict=True) if left})
    stays = len(set(rows.person)) - leavings
    needed = LEAVINGS_PER_PREDICTOR * predictors
    return TooFew(leavings, stays, needed) if min(leavings, stays) < needed else None


def relate(rows: Rows, *, seed: int = 0) -> Relation | TooFew:
    """The relation of the index (the first predictor) with leaving. Same rows and seed, same answer."""
    if (few := counted(rows)) is not None:
        return few
    with _one_thread():
        return _related(rows, seed)


def _related(rows: Rows, seed: int) -> Relation:
    fit = _Fit(rows)
    intercept, slopes = fit.once(fit.weight)
    drawn = [fit.once(fit.weight * times) for times in fit.drawn(seed)]
    top = float(fit.x[:, 0].max())
    curve = tuple(_point(at, intercept, slopes[0], drawn) for at in _grid(top))
    bins, brier, flat, off = _calibration(fit, seed)
    slope = _slope("", slopes[0], [some[0] for _one, some in drawn])
    level = _level(intercept, slopes[0], [(one, some[0]) for one, some in drawn], top) if slope.low > 1 else None
    leavings = sum(map(bool, rows.left))
    return Relation(len(rows.left), len(set(rows.person)), leavings, slope, curve, bins, brier, flat, off, level)


def slopes(rows: Rows, names: Sequence[str], *, seed: int = 0) -> list[Slope] | TooFew:
    """The slope of each predictor beside the others, in the order of `names`."""
    if (few := counted(rows, len(names))) is not None:
        return few
    with _one_thread():
        fit = _Fit(rows)
        _intercept, found = fit.once(fit.weight)
        drawn = [fit.once(fit.weight * times)[1] for times in fit.drawn(seed)]
    return [_slope(name, found[k], [one[k] for one in drawn]) for k, name in enumerate(names)]


def _one_thread() -> Any:
    """Threads for so little work cost several times the work."""
    from threadpoolctl import threadpool_limits

    return threadpool_limits(1)


class _Fit:
    """The rows as arrays, and one regression of them by weights."""

    def __init__(self, rows: Rows) -> None:
        import numpy

        self.x = numpy.asarray(rows.index, dtype=float).reshape(len(rows.left), -1)
        self.y = numpy.asarray(rows.left, dtype=bool)
        self.weight = numpy.asarray(rows.weight, dtype=float)
        self.group = numpy.unique(numpy.asarray(rows.person), return_inverse=True)[1]
        spread = self.x.std(axis=0)
        self.scale = numpy.where(spread > 0, spread, 1.0)

    def once(self, weight: Any, rows: Any = slice(None)) -> tuple[float, list[float]]:
        """Intercept, and the slopes for one point, by scikit-learn's ridge; the solver is one for many rows."""
        from sklearn.linear_model import LogisticRegression

        model = LogisticRegression(C=PENALTY, solver="newton-cholesky")
        model.fit(self.x[rows] / self.scale, self.y[rows], sample_weight=weight[rows])
        return float(model.intercept_[0]), [float(one) for one in model.coef_[0] / self.scale]

    def drawn(self, seed: int) -> Any:
        """How often each row counts in each draw of whole persons, with replacement; a draw of nobody who left (or
        stayed) is drawn again.
        """
        import numpy

        persons = int(self.group.max()) + 1
        random, made = numpy.random.default_rng(seed), 0
        while made < DRAWS:
            times = numpy.bincount(random.integers(0, persons, persons), minlength=persons)[self.group]
            if times[self.y].any() and times[~self.y].any():
                made += 1
                yield times


def _slope(name: str, value: float, drawn: Sequence[float]) -> Slope:
    low, high = _bounds(drawn)
    return Slope(name, _times(value), _times(low), _times(high))


def _times(slope: float) -> float:
    return exp(min(slope * PER_POINTS, 700.0))


def _bounds(values: Sequence[float]) -> tuple[float, float]:
    """The middle 95 % of what the draws gave."""
    held = sorted(values)
    return held[int(0.025 * (len(held) - 1))], held[-1 - int(0.025 * (len(held) - 1))]


def _share(intercept: float, slope: float, at: float) -> float:
    value = intercept + slope * at
    return 1 / (1 + exp(-value)) if value > -700 else 0.0


def _grid(top: float) -> list[float]:
    return [top * k / (CURVE_POINTS - 1) for k in range(CURVE_POINTS)]


def _point(at: float, intercept: float, slope: float, drawn: Sequence[tuple[float, list[float]]]) -> Point:
    low, high = _bounds([_share(one, some[0], at) for one, some in drawn])
    return Point(at, _share(intercept, slope, at), low, high)


def _twice(intercept: float, slope: float) -> float:
    """Where the share is twice that of no friction; infinite where it never is."""
    none = _share(intercept, slope, 0.0)
    return (log(2 * none / (1 - 2 * none)) - intercept) / slope if slope > 0 and none < 0.5 else inf


def _level(intercept: float, slope: float, drawn: Sequence[tuple[float, float]], top: float) -> Level | None:
    """None where it would lie beyond everything that was seen."""
    at = _twice(intercept, slope)
    low, high = _bounds([_twice(*one) for one in drawn])
    return Level(at, low, high if high < inf else None) if at <= top else None


def _calibration(fit: _Fit, seed: int) -> tuple[tuple[Bin, ...], float, float, float]:
    """Said against seen on rows that the fit had not: folds of whole persons, bins of equal numbers."""
    import numpy
    from sklearn.model_selection import StratifiedGroupKFold

    said = numpy.zeros(len(fit.y))
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    for known, held_out in folds.split(fit.x, fit.y, fit.group):
        intercept, some = fit.once(fit.weight, known)
        said[held_out] = 1 / (1 + numpy.exp(-(intercept + fit.x[held_out] @ numpy.asarray(some))))
    weight, seen = fit.weight, fit.y.astype(float)
    edges = numpy.unique(numpy.quantile(said, numpy.linspace(0, 1, BINS + 1)[1:-1]))
    places = numpy.searchsorted(edges, said, side="right")
    bins = []
    for place in range(len(edges) + 1):
        of = places == place
        if n := float(weight[of].sum()):
            bins.append(Bin(n, float((weight * said)[of].sum() / n), float((weight * seen)[of].sum() / n)))
    whole = float(weight.sum())
    flat = float((weight * seen).sum() / whole)
    off = sum(one.n * abs(one.expected - one.seen) for one in bins) / whole
    brier = float((weight * (said - seen) ** 2).sum() / whole)
    return tuple(bins), brier, flat * (1 - flat), off
