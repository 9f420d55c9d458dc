"""How many advisers keep the three minutes: Erlang C, and a seeded simulation beside it. Pure.

Erlang C: calls come by chance (Poisson), talks last by chance (exponential), whoever waits stays on the line, and any
free adviser takes the next call. The formula uses scipy's Poisson distribution: the share of calls lost with so many
lines (Erlang B) is its density over its sum, and the share that waits follows from it (R. B. Cooper, Introduction to
Queueing Theory, 1981, ch. 3).
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from math import exp, sqrt
from random import Random

SOON_SECONDS = 180.0
SHARE = 0.9
"""Of a hundred calls, so many are to be answered within three minutes."""
ADVISERS_MAX = 500
HOUR_SECONDS = 3600.0


def waits(advisers: int, load: float) -> float:
    """The share of calls that wait at all (Erlang C); `load` in advisers who would talk without a pause (calls a second
    times seconds a talk). 1 where the load is more than they can bear.
    """
    from scipy.special import gammaln, pdtr, xlogy

    if load <= 0:
        return 0.0
    if load >= advisers:
        return 1.0
    lost = exp(xlogy(advisers, load) - load - gammaln(advisers + 1)) / float(pdtr(advisers, load))
    return lost / (1 - load / advisers * (1 - lost))


def answered_soon(advisers: int, calls_an_hour: float, talk_seconds: float, within: float = SOON_SECONDS) -> float:
    """The share answered within so many seconds where nobody hangs up; 0 where the queue grows without end."""
    load = calls_an_hour * talk_seconds / HOUR_SECONDS
    if load >= advisers:
        return 0.0 if load else 1.0
    return 1 - waits(advisers, load) * exp(-(advisers - load) * within / talk_seconds)


def occupancy(advisers: int, calls_an_hour: float, talk_seconds: float) -> float:
    """The share of their time in which they talk, 1 at most."""
    return min(calls_an_hour * talk_seconds / HOUR_SECONDS / advisers, 1.0) if advisers else 0.0


def needed(calls_an_hour: float, talk_seconds: float, *, share: float = SHARE, within: float = SOON_SECONDS) -> int:
    """The fewest advisers of whom `share` of the calls are answered in time; 0 where nobody calls."""
    if calls_an_hour <= 0:
        return 0
    first = max(int(calls_an_hour * talk_seconds / HOUR_SECONDS), 1)
    for advisers in range(first, first + ADVISERS_MAX):
        if answered_soon(advisers, calls_an_hour, talk_seconds, within) >= share:
            return advisers
    return first + ADVISERS_MAX


def rate_bounds(calls: int, hours: float) -> tuple[float, float]:
    """Between which means the calls of an hour lie with 95 % confidence, of `calls` counted in `hours` such hours:
    exact for counts by chance (F. Garwood, Biometrika 28, 1936).
    """
    from scipy.special import gammaincinv

    low = float(gammaincinv(calls, 0.025)) if calls else 0.0
    return low / hours, float(gammaincinv(calls + 1, 0.975)) / hours


@dataclass(frozen=True, slots=True)
class Simulated:
    """Of `calls` simulated: the share answered within the time, the share that hung up, how much they talked."""

    calls: int
    soon: float
    gave_up: float
    occupancy: float

    @property
    def error(self) -> float:
        """The standard error of `soon`, calls taken as apart from one another: the least it can be."""
        return sqrt(max(self.soon * (1 - self.soon), 1e-9) / self.calls)


def simulate(
    advisers: int,
    calls_an_hour: float,
    talk_seconds: float,
    *,
    patience_seconds: float | None = None,
    calls: int = 20_000,
    within: float = SOON_SECONDS,
    seed: int = 0,
) -> Simulated:
    """The same hour over and over, call by call, first come first served. With `patience_seconds` (the mean of what
    callers bear, by chance) who waits longer hangs up (Erlang A). The same seed, the same calls.
    """
    random = Random(seed)  # noqa: S311  (not for secrets)
    free_at = [0.0] * advisers
    now = talked = 0.0
    soon = gave_up = 0
    for _call in range(calls):
        now += random.expovariate(calls_an_hour / HOUR_SECONDS)
        talk = random.expovariate(1 / talk_seconds)
        bears = random.expovariate(1 / patience_seconds) if patience_seconds else None
        wait = max(free_at[0] - now, 0.0)
        if bears is not None and wait > bears:
            gave_up += 1
            continue
        heapq.heapreplace(free_at, now + wait + talk)
        talked += talk
        soon += wait <= within
    return Simulated(calls, soon / calls, gave_up / calls, min(talked / (now * advisers), 1.0))


def patience(waited_seconds: float, gave_up: int) -> float | None:
    """How long callers bear to wait, in the mean: all waiting, whatever its end, over those who hung up (waits that an
    answer cut short tell that she bore so much at least). None below 20 who hung up.
    """
    return waited_seconds / gave_up if gave_up >= PATIENCE_MIN else None


PATIENCE_MIN = 20
HOUR_CALLS_MIN = 10
"""Of fewer calls at an hour of the week nothing is advised for it."""
TALKS_MIN = 30
"""From fewer talks their mean length is not known well enough."""


@dataclass(frozen=True, slots=True)
class Advice:
    """One hour of a day of the week. `calls` an hour lie between `low` and `high`; `advisers` keep the three minutes of
    the mean, `most` of the high bound too. `soon` and `busy` are shares, with `advisers`; `with_leaving` the share
    answered in time where callers hang up as they do here. All None where too few called to say.
    """

    hour: int
    counted: int
    calls: float
    low: float
    high: float
    advisers: int | None = None
    most: int | None = None
    soon: float | None = None
    busy: float | None = None
    with_leaving: float | None = None


def advise(
    hour: int, counted: int, weeks: int, *, talk_seconds: float | None, patience_seconds: float | None = None
) -> Advice:
    """What `counted` calls in `weeks` such hours ask for."""
    low, high = rate_bounds(counted, weeks)
    calls = counted / weeks
    if talk_seconds is None or counted < HOUR_CALLS_MIN:
        return Advice(hour, counted, calls, low, high)
    advisers = needed(calls, talk_seconds)
    told = None
    if patience_seconds is not None:
        told = simulate(advisers, calls, talk_seconds, patience_seconds=patience_seconds, calls=4000, seed=hour).soon
    return Advice(
        hour=hour,
        counted=counted,
        calls=calls,
        low=low,
        high=high,
        advisers=advisers,
        most=needed(high, talk_seconds),
        soon=answered_soon(advisers, calls, talk_seconds),
        busy=occupancy(advisers, calls, talk_seconds),
        with_leaving=told,
    )
