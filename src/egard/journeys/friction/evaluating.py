"""What is reckoned each night: the index of processes and places, its relation to leaving, changes, and alerts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from django.db import transaction

from egard.journeys.friction import counting
from egard.journeys.friction.models import Alert, Change, Evaluation, Mark
from egard.journeys.friction.operations import TOPIC
from egard.journeys.friction.rules.arms import EVERYBODY, is_new
from egard.journeys.friction.rules.comparing import N_MIN, Side, of_means, of_shares, side
from egard.journeys.friction.rules.relation import Level, Relation, Rows, TooFew, relate, slopes
from egard.kernel.access.live import tell

PERSONS_MIN = 5
"""Of fewer no mean is shown: it would be one person's own."""

COMPARED = timedelta(days=90)
"""So long before a change, and after it, at most."""
CHANGES_MAX = 50
PROCESSES_MAX = 8
"""So many processes are set beside one another: those of the most points."""
KEPT = timedelta(days=400)
SEED = 6


@dataclass(frozen=True, slots=True)
class Standing:
    """One person in contact: her place, public id, index and its parts by process."""

    site: UUID | None
    person: UUID
    points: float
    parts: dict[str, float]


def evaluate(*, now: datetime) -> None:
    """Reckon and keep. A change gives a place one alert, ever; running again adds a row of figures."""
    rows = _sample(now)
    names = _heaviest(rows)
    relation = relate(_rows(rows, None), seed=SEED)
    level = relation.level if isinstance(relation, Relation) else None
    changes = list(Change.objects.filter(starts_at__lte=now, ends_at__isnull=True).order_by("-starts_at")[:CHANGES_MAX])
    standing = _standing([now, *(one.starts_at for one in changes)])
    here = standing.get(now, [])
    figures = {
        "horizon_days": counting.HORIZON.days,
        "persons": len(here),
        "relation": _said(relation),
        "by_process": _said_slopes(slopes(_rows(rows, names), names, seed=SEED)) if names else None,
        "processes": _processes(here),
        "places": _places(here, level),
        "changes": [_compared(one, now=now) for one in changes],
    }
    with transaction.atomic():
        Evaluation.objects.filter(at__lt=now - KEPT).delete()
        Evaluation.objects.create(at=now, level=level.index if level else None, figures=figures)
        if level:
            for one in changes:
                _alert(one, standing.get(one.starts_at, []), here, level, now=now)
        tell(TOPIC)


# --- the sample -------------------------------------------------------------------------------------------------------


def _sample(now: datetime) -> list[tuple[int, dict[str, float], bool, float]]:
    """Persons at the landmarks of the last year, with how many each stands for."""
    moments = [now - k * counting.HORIZON for k in range(1, counting.LANDMARKS + 1)]
    persons = Mark.objects.filter(at__gt=moments[-1] - counting.CONTACT).values("person").distinct().count()
    keep = min(counting.ROWS_MAX / max(persons, 1), 1.0)
    return [
        (person, orjson.loads(parts), left, 1.0 if left else 1.0 / keep)
        for person, _at, _points, parts, left in counting.sample(moments, keep=keep)
    ]


def _heaviest(rows: list[tuple[int, dict[str, float], bool, float]]) -> list[str]:
    """The processes of the most points, by name."""
    held: dict[str, float] = defaultdict(float)
    for _person, parts, _left, weight in rows:
        for name, points in parts.items():
            held[name] += points * weight
    return sorted(sorted(held, key=lambda name: (-held[name], name))[:PROCESSES_MAX])


def _rows(rows: list[tuple[int, dict[str, float], bool, float]], names: list[str] | None) -> Rows:
    """With one predictor, the whole index; or with the part of each process."""
    return Rows(
        person=[row[0] for row in rows],
        index=[[sum(row[1].values())] if names is None else [row[1].get(name, 0.0) for name in names] for row in rows],
        left=[row[2] for row in rows],
        weight=[row[3] for row in rows],
    )


def _said(relation: Relation | TooFew) -> dict[str, Any]:
    more = {"missing": relation.missing} if isinstance(relation, TooFew) else {}
    return {"told": isinstance(relation, Relation), **asdict(relation), **more}


def _said_slopes(found: Any) -> dict[str, Any]:
    if isinstance(found, TooFew):
        return _said(found)  # type: ignore[arg-type]
    return {"told": True, "slopes": [asdict(one) for one in found]}


# --- processes and places ---------------------------------------------------------------------------------------------


def _standing(moments: Iterable[datetime]) -> dict[datetime, list[Standing]]:
    held: dict[datetime, list[Standing]] = defaultdict(list)
    for at, site, person, points, parts in counting.standing(sorted(set(moments))):
        held[at].append(Standing(site, person, points, orjson.loads(parts)))
    return held


def _side(of: Side) -> dict[str, Any]:
    low, high = of.bounds
    told = of.n >= N_MIN
    return {"n": of.n, "mean": of.mean, "low": low if told else None, "high": high if told else None, "left": of.left}


def _processes(here: list[Standing]) -> list[dict[str, Any]]:
    """The mean index of each, over those whom it touched; the heaviest first. None where a handful would be known by
    their mean.
    """
    rows = []
    for name in sorted({name for one in here for name in one.parts}):
        touched = [one.parts[name] for one in here if name in one.parts]
        if len(touched) >= PERSONS_MIN:
            rows.append({"process": name, **_side(side(touched)), "sum": sum(touched)})
    return sorted(rows, key=lambda row: -row["sum"])


def _places(here: list[Standing], level: Level | None) -> list[dict[str, Any]]:
    """The mean index of the people of each place, and how it stands to the level."""
    by: dict[UUID | None, list[float]] = defaultdict(list)
    for one in here:
        by[one.site].append(one.points)
    rows = []
    for site, points in by.items():
        of = side(points)
        if of.n < PERSONS_MIN:
            continue
        rows.append({"site": str(site) if site else None, **_side(of), "state": _state(of, level)})
    return sorted(rows, key=lambda row: -row["mean"])


def _state(of: Side, level: Level | None) -> str:
    if level is None or of.n < N_MIN:
        return ""
    if of.mean >= level.index:
        return "over"
    return "near" if of.bounds[1] >= level.low else "below"


# --- changes ----------------------------------------------------------------------------------------------------------


def _compared(change: Change, *, now: datetime) -> dict[str, Any]:
    """Before and after; or, where lots decide, those with the new way beside the others, since it began."""
    by_lot = change.share < EVERYBODY
    if by_lot:
        rows = counting.lived(change.process, change.starts_at, now)
        news = [is_new(str(change.uuid), str(person), change.share) for person, _points, _left in rows]
        old, new = (_of([row for row, lot in zip(rows, news, strict=True) if lot is which]) for which in (False, True))
    else:
        span = min(now - change.starts_at, COMPARED)
        old = _of(counting.lived(change.process, change.starts_at - span, change.starts_at))
        new = _of(counting.lived(change.process, change.starts_at, change.starts_at + span))
    points, left = of_means(old, new), of_shares(old, new)
    return {
        "id": str(change.uuid),
        "by_lot": by_lot,
        "old": _side(old),
        "new": _side(new),
        "points": asdict(points) if points else None,
        "left": asdict(left) if left else None,
    }


def _of(rows: list[tuple[Any, float, bool]]) -> Side:
    return side((row[1] for row in rows), sum(row[2] for row in rows))


def _alert(change: Change, before: list[Standing], here: list[Standing], level: Level, *, now: datetime) -> None:
    """Places whose people were below the level when the process changed and are over it now, by more friction of this
    process; told once a change and place.
    """
    then, after = _by_place(before, change), _by_place(here, change)
    told = set(Alert.objects.filter(change=change).values_list("site_id", flat=True))
    for site, (points, part) in after.items():
        was, was_part = then.get(site, ([], []))
        old, new = side(was), side(points)
        if site in told or min(old.n, new.n) < N_MIN or side(part).mean <= side(was_part).mean:
            continue
        if old.mean < level.index <= new.mean:
            Alert.objects.bulk_create(
                [
                    Alert(
                        change=change, site_id=site, before=old.mean, after=new.mean, level=level.index, n=new.n, at=now
                    )
                ],
                ignore_conflicts=True,
            )


def _by_place(some: list[Standing], change: Change) -> dict[UUID | None, tuple[list[float], list[float]]]:
    """Indexes, and the parts of the process that changed; by lot, of those alone who have the new way."""
    held: dict[UUID | None, tuple[list[float], list[float]]] = defaultdict(lambda: ([], []))
    for one in some:
        if change.share == EVERYBODY or is_new(str(change.uuid), str(one.person), change.share):
            held[one.site][0].append(one.points)
            held[one.site][1].append(one.parts.get(change.process, 0.0))
    return held
