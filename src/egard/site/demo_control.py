"""The demo's control of gestures: a plan, a draw that is closed, and one that waits for whoever controls."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from egard.journeys.gestures.audits.models import AuditAct
from egard.journeys.gestures.audits.operations import close_draw, draw, judge, make_plan
from egard.kernel.access.actors import Actor
from egard.kernel.access.models import Change, User
from egard.kernel.access.operations import log_change
from egard.site.demo_accounts import ACTOR
from egard.site.demo_gestures import COURSE

DONE = "demo.control"
FOUND = {
    2: ("no_reason", 0, "Le motif ne dit pas ce qui s’est passé", "Dites en trois mots ce qui s’est passé.", ""),
    5: ("too_much", 300, "Le client avait déjà été dédommagé", "Regardez d’abord ce qu’il a déjà reçu.", COURSE),
}
"""By their place in the first draw: kind, amount in error, words, what the colleague is told, training."""
PRAISED = {1: "Motif clair, geste juste. Merci !"}
LOOKED_AT = 4
"""So many of the second draw."""


def control(staff: Mapping[str, User], *, now: datetime) -> None:
    """Written once, after the gestures."""
    if Change.objects.filter(what=DONE).exists():
        return
    first, second, last = (now - timedelta(days=days) for days in (130, 45, 5))
    plan = make_plan("Chaque mois", currency="EUR", threshold=4_000, tolerated=1, by=ACTOR, now=first)
    auditor = staff["agnes.collin"]
    by = Actor("user", str(auditor.pk), auditor.name)
    then = second + timedelta(days=2)
    made = draw(plan, first, second, by=by, now=then)
    for act in AuditAct.objects.filter(draw=made).order_by("position"):
        _judge(act, auditor, by, then + timedelta(minutes=3 * act.position))
    close_draw(made, by=by, now=then + timedelta(hours=8))
    running = draw(plan, second, last, by=by, now=last + timedelta(days=1))
    for act in AuditAct.objects.filter(draw=running).order_by("position")[:LOOKED_AT]:
        judge(act, "ok", auditor=auditor, by=by, now=last + timedelta(days=1, minutes=3 * act.position))
    log_change(DONE, by=ACTOR, now=now, draws=2)


def _judge(act: AuditAct, auditor: User, by: Actor, now: datetime) -> None:
    kind, error, words, feedback, training = FOUND.get(act.position, ("", 0, "", PRAISED.get(act.position, ""), ""))
    judge(
        act,
        "deviation" if kind else "ok",
        kind=kind,
        error=min(error, act.gesture.amount) if kind else None,
        words=words,
        feedback=feedback,
        training=training,
        auditor=auditor,
        by=by,
        now=now,
    )
