"""Questions on friction. The viewer comes first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet, Subquery

from egard.base.refusal import NotFound
from egard.journeys.friction.models import Alert, Change, Evaluation, Leaving, Mark
from egard.journeys.friction.rules.arms import is_new
from egard.journeys.friction.rules.weights import WINDOW_DAYS, Lived, index, weighed
from egard.kernel.access.actors import Viewer
from egard.kernel.people import queries as people
from egard.kernel.people.models import Person

READ, MANAGE, PERSON = "friction.read", "friction.manage", "friction.person"
MARKS_MAX = 2000


@dataclass(frozen=True, slots=True)
class Felt:
    """One reason of an index: a kind of friction in a process, how often in two years, what it still counts."""

    kind: str
    process: str
    times: int
    points: float
    last_at: datetime


@dataclass(frozen=True, slots=True)
class OfPerson:
    """`level`: from which index on twice as many leave, where that is known. `left_at`: since when she is gone."""

    index: float
    level: float | None
    left_at: datetime | None
    reasons: list[Felt]


def of_person(viewer: Viewer, person: Person, *, now: datetime) -> OfPerson | None:
    """The index of a person with its reasons, the heaviest first; None where nothing is known of her: one query.

    Raises `NotAllowed`.
    """
    viewer.require(PERSON)
    since = now - timedelta(days=WINDOW_DAYS)
    gone = Leaving.objects.filter(Q(returned_at__isnull=True), person__in=person.members).order_by("-at").values("at")
    marks = Mark.objects.filter(person__in=person.members, at__gt=since, at__lte=now).order_by("-at")
    told = marks.annotate(left_at=Subquery(gone[:1]), level=_level()).values_list(
        "kind", "process", "measure", "at", "left_at", "level"
    )
    rows = list(told[:MARKS_MAX])
    if not rows:
        return None
    by: dict[tuple[str, str], list[Lived]] = {}
    for kind, process, measure, at, _left, _at in rows:
        by.setdefault((kind, process), []).append(Lived(kind, measure, at))
    felt = [
        Felt(kind, process, sum(weighed(one, at=one.at) > 0 for one in some), index(some, at=now), some[0].at)
        for (kind, process), some in by.items()
    ]
    heavy = sorted((one for one in felt if one.points > 0), key=lambda one: -one.points)
    whole = index((one for some in by.values() for one in some), at=now)
    return OfPerson(whole, rows[0][5], rows[0][4], heavy)


def _level() -> Subquery:
    return Subquery(Evaluation.objects.order_by("-at").values("level")[:1])


def latest(viewer: Viewer) -> Evaluation | None:
    """The figures that were reckoned last; None where none were yet: one query. Raises `NotAllowed`."""
    viewer.require(READ)
    return Evaluation.objects.order_by("-at").first()


def processes(viewer: Viewer) -> list[str]:
    """The processes that are known by their frictions: one query. Raises `NotAllowed`."""
    viewer.require(READ)
    return list(Mark.objects.order_by("process").values_list("process", flat=True).distinct()[:100])


def changes(viewer: Viewer) -> list[Change]:
    """Declared changes, the latest first: one query. Raises `NotAllowed`."""
    viewer.require(READ)
    return list(Change.objects.order_by("-starts_at", "-pk")[:100])


def change(viewer: Viewer, uuid: UUID) -> Change:
    """Raises `NotAllowed`, `NotFound`."""
    viewer.require(READ)
    found = Change.objects.filter(uuid=uuid).first()
    if found is None:
        raise NotFound
    return found


def has_new_way(viewer: Viewer, change: Change, person: Person, *, now: datetime) -> bool:
    """Whether a process is the new way for a person: what a system asks that runs it. Raises `NotAllowed`."""
    viewer.require(READ)
    runs = change.starts_at <= now and (change.ends_at is None or now < change.ends_at)
    return runs and is_new(str(change.uuid), str(person.uuid), change.share)


def alerts(viewer: Viewer) -> QuerySet[Alert]:
    """Places over the level after a change, of which nobody took note yet. Raises `NotAllowed`."""
    viewer.require(MANAGE)
    return Alert.objects.filter(seen_at__isnull=True).select_related("change", "site").order_by("at", "pk")


def person(viewer: Viewer, uuid: UUID) -> Person:
    """Raises `NotAllowed`, `NotFound`."""
    viewer.require(PERSON)
    return people.person(viewer, uuid, PERSON)
