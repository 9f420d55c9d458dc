"""Questions on control. Who audits sees all of a draw; an agent what was said to her, and any closed draw's proof."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext as _

from egard.base.paging import LIMIT_MAX, Page, bounded, decode_cursor, encode_cursor, micros, moment_of
from egard.base.refusal import NotFound
from egard.journeys.gestures.audits.models import DEVIATION, AuditAct, AuditDraw, AuditPlan, Finding
from egard.journeys.gestures.audits.refusals import StillSecret
from egard.journeys.gestures.audits.rules.drawing import Act, Drawn, divided, thawed
from egard.journeys.gestures.audits.rules.drawing import draw as drawn_again
from egard.journeys.gestures.audits.rules.estimates import (
    Estimate,
    Judged,
    amount_by_money,
    amount_in_error,
    deviations,
)
from egard.journeys.gestures.models import Gesture
from egard.kernel.access.actors import Viewer
from egard.kernel.access.models import User
from egard.kernel.delegations.models import Course, Training
from egard.kernel.registry import WorkItem, WorkRow

AUDIT, PLAN = "gestures.audit", "gestures.plan_audits"
AROUND = timedelta(days=365)
"""What else a person was given is shown for so long before."""
BESIDE_MAX = 8


# --- plans and draws --------------------------------------------------------------------------------------------------


def plans(viewer: Viewer, *, ended: bool = False) -> list[AuditPlan]:
    """The plans in force, the oldest first; with `ended`, those before too. Each says until when it was drawn."""
    viewer.require_everywhere(AUDIT)
    latest = AuditDraw.objects.filter(plan=OuterRef("pk")).order_by("-until").values("until")[:1]
    found = AuditPlan.objects.annotate(drawn_until=Subquery(latest)).order_by("id")
    return list(found if ended else found.filter(ended_at=None))


def plan(viewer: Viewer, uuid: UUID) -> AuditPlan:
    """Raises `NotFound`."""
    viewer.require_everywhere(AUDIT)
    found = AuditPlan.objects.filter(uuid=uuid).first()
    if found is None:
        raise NotFound
    return found


def _draws() -> QuerySet[AuditDraw]:
    """With how many acts were looked at (`judged`) and how many of them deviate (`deviating`)."""
    last = Finding.objects.filter(act=OuterRef("pk")).order_by("-pk").values("verdict")[:1]
    acts = AuditAct.objects.filter(draw=OuterRef("pk")).order_by().values("draw")
    judged = acts.filter(Exists(Finding.objects.filter(act=OuterRef("pk")))).annotate(n=Count("pk")).values("n")
    wrong = acts.annotate(last=Subquery(last)).filter(last=DEVIATION).annotate(n=Count("pk")).values("n")
    return (
        AuditDraw.objects.defer("population")
        .select_related("plan")
        .annotate(_judged=Subquery(judged), _deviating=Subquery(wrong))
    )


def _counted(row: AuditDraw) -> AuditDraw:
    row.judged, row.deviating = row._judged or 0, row._deviating or 0  # type: ignore[attr-defined]
    return row


def draws(viewer: Viewer, *, limit: int = 50, cursor: str | None = None) -> Page[AuditDraw]:
    """All draws, the latest first, each with how many acts were looked at: one query."""
    viewer.require_everywhere(AUDIT)
    limit, found = bounded(limit), _draws()
    if cursor:
        at, pk = decode_cursor(cursor, "gesture-audits", int, int)
        found = found.filter(Q(drawn_at__lt=moment_of(at)) | Q(drawn_at=moment_of(at), pk__lt=pk))
    rows = [_counted(row) for row in found.order_by("-drawn_at", "-pk")[: limit + 1]]
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(rows[:limit], encode_cursor("gesture-audits", micros(last.drawn_at), last.pk) if last else None)


def draw(viewer: Viewer, uuid: UUID) -> AuditDraw:
    """One draw. Raises `NotFound`."""
    viewer.require_everywhere(AUDIT)
    found = _draws().filter(uuid=uuid).first()
    if found is None:
        raise NotFound
    return _counted(found)


@dataclass(frozen=True, slots=True)
class Proof:
    """All that recomputes a closed draw: the frozen population, the seed, and what they give."""

    draw: AuditDraw
    population: str
    drawn: Drawn
    holds: bool
    """The acts of the draw are those that the seed gives."""


def proof(viewer: Viewer, uuid: UUID) -> Proof:
    """For whoever works here, agents first: it holds public ids and amounts, nobody's name. Raises `NotFound`,
    `StillSecret` before the draw is closed.
    """
    row = AuditDraw.objects.select_related("plan").filter(uuid=uuid).first() if viewer.permissions else None
    if row is None:
        raise NotFound
    if row.closed_at is None:
        raise StillSecret
    drawn = drawn_again(thawed(row.population), row.plan.as_rules(), row.seed)
    kept = {(str(key), sure) for key, sure in AuditAct.objects.filter(draw=row).values_list("gesture__uuid", "certain")}
    given = {(key, True) for key in drawn.certain} | {(key, False) for key in drawn.chosen}
    return Proof(row, row.population, drawn, kept == given)


# --- acts -------------------------------------------------------------------------------------------------------------


def acts(viewer: Viewer, row: AuditDraw, *, left: bool = False, limit: int = 50, after: int = 0) -> list[AuditAct]:
    """The acts of a draw in their order, from behind a position on; each with the finding that holds (`finding`, or
    None). `left`: only those that nobody looked at yet. Two queries.
    """
    viewer.require_everywhere(AUDIT)
    found = AuditAct.objects.filter(draw=row, position__gt=after).select_related("gesture__granted_by")
    if left:
        found = found.filter(findings=None)
    return _with_findings(list(found.order_by("position")[: min(limit, LIMIT_MAX + 1)]))


def _with_findings(rows: list[AuditAct]) -> list[AuditAct]:
    latest = Finding.objects.filter(act__in=[row.pk for row in rows]).select_related("auditor").order_by("pk")
    held = {one.act_id: one for one in latest}
    for row in rows:
        row.finding = held.get(row.pk)  # type: ignore[attr-defined]
    return rows


def position(viewer: Viewer, cursor: str | None) -> int:
    """Behind which act a page of them goes on."""
    return decode_cursor(cursor, "gesture-acts", int)[0] if cursor else 0


def after(viewer: Viewer, row: AuditAct) -> str:
    """The cursor behind an act."""
    return encode_cursor("gesture-acts", row.position)


def findings(viewer: Viewer, row: AuditDraw) -> list[Finding]:
    """Of each act of a draw the finding that holds, in the order of the acts: one query."""
    viewer.require_everywhere(AUDIT)
    later = Finding.objects.filter(act=OuterRef("act"), pk__gt=OuterRef("pk"))
    held = Finding.objects.filter(~Exists(later), act__draw=row).select_related("act__gesture")
    return list(held.order_by("act__position"))


def act(viewer: Viewer, row: AuditDraw, position: int) -> AuditAct:
    """One act of a draw with its findings (`history`, the latest first). Raises `NotFound`."""
    viewer.require_everywhere(AUDIT)
    held = AuditAct.objects.filter(draw=row, position=position)
    found = held.select_related(
        "gesture__person__root", "gesture__granted_by", "gesture__second_by", "gesture__team", "gesture__site"
    ).first()
    if found is None:
        raise NotFound
    found.history = list(found.findings.select_related("auditor").order_by("-pk"))  # type: ignore[attr-defined]
    return found


def act_of(viewer: Viewer, row: AuditDraw, gesture: UUID) -> AuditAct:
    """The act of a draw by its gesture's public id. Raises `NotFound`."""
    viewer.require_everywhere(AUDIT)
    found = AuditAct.objects.filter(draw=row, gesture__uuid=gesture).select_related("gesture").first()
    if found is None:
        raise NotFound
    return found


def is_own(viewer: Viewer, row: AuditAct) -> bool:
    """Whether the viewer granted this gesture or agreed to it."""
    return viewer.user_id is not None and viewer.user_id in (row.gesture.granted_by_id, row.gesture.second_by_id)


def next_left(viewer: Viewer, row: AuditDraw, *, after: int = 0) -> int | None:
    """The position of the next act that nobody looked at and that the viewer may judge: behind `after`, then from the
    beginning. One query.
    """
    viewer.require_everywhere(AUDIT)
    left = AuditAct.objects.filter(draw=row, findings=None)
    if viewer.user_id:
        left = left.exclude(gesture__granted_by=viewer.user_id).exclude(gesture__second_by=viewer.user_id)
    places = sorted(left.values_list("position", flat=True))
    return next((one for one in places if one > after), places[0] if places else None)


def beside(viewer: Viewer, row: AuditAct) -> list[Gesture]:
    """What else the person was given in the year before and since, the latest first: one query."""
    viewer.require_everywhere(AUDIT)
    given = Gesture.objects.filter(person__in=row.gesture.person.members).exclude(pk=row.gesture_id)
    since = (row.gesture.granted_at or row.draw.drawn_at) - AROUND
    return list(given.filter(recorded_at__gte=since).select_related("granted_by").order_by("-recorded_at")[:BESIDE_MAX])


# --- what it says -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Result:
    """What a draw says of all acts of its period, once all of it was looked at. By money the rate is not said, as large
    acts are drawn more often than small ones.
    """

    judged: int
    deviating: int
    in_error: int
    """Of the acts looked at, minor units."""
    kinds: tuple[tuple[str, int], ...]
    by_agent: tuple[tuple[str, int, int], ...]
    """The agent (`user:<id>`), her deviations, her acts looked at; those with most deviations first."""
    acts: Estimate | None = None
    rate: Estimate | None = None
    amount: Estimate | None = None
    total: int = 0
    """The amount of all acts of the period."""
    passed: bool | None = None
    """Whether fewer deviate, or less is in error, than is tolerable: with 95 % confidence."""


def result(viewer: Viewer, row: AuditDraw) -> Result:
    """What was found, and what it says of all once the draw is whole: two queries."""
    viewer.require_everywhere(AUDIT)
    population = thawed(AuditDraw.objects.values_list("population", flat=True).get(pk=row.pk))
    by_key = {one.key: one for one in population}
    judged: list[Judged] = []
    kinds: dict[str, int] = {}
    agents: dict[str, list[int]] = {}
    certain: set[str] = set()
    last = Finding.objects.filter(act=OuterRef("pk")).order_by("-pk")
    found = AuditAct.objects.filter(draw=row).annotate(
        verdict=Subquery(last.values("verdict")[:1]), kind=Subquery(last.values("kind")[:1]),
        error=Subquery(last.values("error")[:1]),
    )  # fmt: skip
    for uuid, sure, verdict, kind, error in found.values_list("gesture__uuid", "certain", "verdict", "kind", "error"):
        held = by_key[str(uuid)]
        if sure:
            certain.add(held.key)
        if verdict is None:
            continue
        wrong = verdict == DEVIATION
        judged.append(Judged(held, wrong, error))
        counts = agents.setdefault(held.agent, [0, 0])
        counts[0], counts[1] = counts[0] + wrong, counts[1] + 1
        if wrong:
            kinds[kind] = kinds.get(kind, 0) + 1
    told = Result(
        judged=len(judged),
        deviating=sum(one.deviates for one in judged),
        in_error=sum(one.error for one in judged),
        kinds=tuple(sorted(kinds.items(), key=lambda one: (-one[1], one[0]))),
        by_agent=tuple(sorted(((a, *n) for a, n in agents.items()), key=lambda one: (-one[1], -one[2], one[0]))),
        total=sum(one.amount for one in population),
    )
    return _projected(told, row, population, judged, certain) if len(judged) == row.sampled else told


def _projected(
    told: Result, row: AuditDraw, population: Sequence[Act], judged: Sequence[Judged], certain: set[str]
) -> Result:
    by = row.plan.as_rules()
    if by.method == "money":
        sure = [one for one in judged if one.act.key in certain]
        amount = amount_by_money(by.interval, sure, [one for one in judged if one.act.key not in certain])
        return replace(told, amount=amount, passed=amount.at_most <= by.tolerable_amount)
    below = divided(population, by)[1]
    wrong = deviations(below, judged)
    rate = wrong.of(len(population))
    amount = amount_in_error(below, judged)
    return replace(told, acts=wrong, rate=rate, amount=amount, passed=rate.at_most < float(by.tolerable))


# --- for agents -------------------------------------------------------------------------------------------------------


def _feedback(viewer: Viewer) -> QuerySet[Finding]:
    """The findings that say something to the viewer, each the one that holds."""
    later = Finding.objects.filter(act=OuterRef("act"), pk__gt=OuterRef("pk"))
    mine = Finding.objects.filter(act__gesture__granted_by=viewer.user_id, read=None).exclude(feedback="")
    return mine.filter(~Exists(later))


def feedback(
    viewer: Viewer, *, filters: Mapping[str, str], now: datetime, limit: int, cursor: str | None
) -> Page[WorkRow]:
    """What controllers said to the viewer of her gestures, and she has not read, the latest first: two queries."""
    limit, found = bounded(limit), _feedback(viewer).order_by("-pk")
    if cursor:
        found = found.filter(pk__lt=decode_cursor(cursor, "gesture-feedback", int)[0])
    rows = list(found.select_related("act__gesture__person__root")[: limit + 1])
    items = [_row(row) for row in rows[:limit]]
    return Page(items, encode_cursor("gesture-feedback", rows[limit - 1].pk) if len(rows) > limit else None)


def _row(row: Finding) -> WorkRow:
    gesture = row.act.gesture
    person = gesture.person.root or gesture.person
    return WorkRow(
        id=str(row.pk),
        title=person.name or _("Name unknown"),
        line=row.feedback,
        person=person.uuid,
        tone="risk" if row.verdict == DEVIATION else "kept",
    )


def count_feedback(viewer: Viewer, *, filters: Mapping[str, str], now: datetime, most: int) -> int:
    return _feedback(viewer)[:most].count()


def feedback_item(viewer: Viewer, row: str, now: datetime) -> WorkItem:
    """What was said, beside the gesture that it is about. Raises `NotFound`."""
    mine = Finding.objects.filter(act__gesture__granted_by=viewer.user_id).exclude(feedback="")
    found = (
        mine.filter(pk=int(row)).select_related("act__gesture__person__root", "act__draw", "auditor").first()
        if row.isdecimal() and len(row) < 19
        else None
    )
    if found is None:
        raise NotFound
    gesture = found.act.gesture
    person = gesture.person.root or gesture.person
    course = Course.objects.filter(pk=found.training).first() if found.training else None
    context = {"finding": found, "gesture": gesture, "course": course, "draw": found.act.draw, "now": now}
    return WorkItem(persons=(person.uuid,), template="gestures/audit_feedback.html", context=context)


# --- trainings --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ToRenew:
    """A training that findings ask an agent to renew: how many of them, and since when."""

    user: User
    course: Course
    findings: int
    since: datetime


def to_renew(viewer: Viewer) -> list[ToRenew]:
    """The trainings that findings ask for and nobody renewed since, the longest waiting first: three queries."""
    viewer.require_everywhere(AUDIT)
    later = Finding.objects.filter(act=OuterRef("act"), pk__gt=OuterRef("pk"))
    renewed = Training.objects.filter(
        user=OuterRef("act__gesture__granted_by"), course=OuterRef("training"), withdrawn_at=None,
        recorded_at__gt=OuterRef("at"),
    )  # fmt: skip
    asked = Finding.objects.exclude(training="").filter(~Exists(later), ~Exists(renewed))
    rows = asked.exclude(act__gesture__granted_by=None).order_by("at").values_list(
        F("act__gesture__granted_by"), "training", "at"
    )  # fmt: skip
    held: dict[tuple[UUID, str], list[datetime]] = {}
    for user, course, at in rows[:1000]:
        held.setdefault((user, course), []).append(at)
    users = User.objects.in_bulk({user for user, _course in held})
    courses = Course.objects.in_bulk({course for _user, course in held})
    return [
        ToRenew(users[user], courses[course], len(times), times[0])
        for (user, course), times in held.items()
        if user in users and course in courses
    ]
