"""What of control the catalogue of pages opens."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pages_shown import Shown

from egard.base.clock import utc_now
from egard.journeys.gestures.audits.models import AuditDraw
from egard.journeys.gestures.audits.operations import close_draw, draw, judge, make_plan
from egard.journeys.gestures.claimants.models import Claimant
from egard.journeys.gestures.tests.making import gesture
from egard.kernel.access.actors import system


def drawn(world: Any) -> dict[str, Any]:
    """A closed draw with a deviation, one on its way, and somebody to look at."""
    held = AuditDraw.objects.order_by("pk").first()
    if held is None:
        now, by = utc_now(), system("test")
        plan = make_plan("Anne", currency="EUR", threshold=10_000, by=by, now=now)
        for n in range(24):
            gesture(world.anne, 500 + n, by=world.users["agent"], at=now - timedelta(days=30 + 30 * (n % 2)),
                    reason="Lebœuf", subject=f"case:{world.case.uuid}" if n % 3 == 0 else "")  # fmt: skip
        auditor = world.users["administrator"]
        held = draw(plan, now - timedelta(days=70), now - timedelta(days=45), by=by, now=now)
        for act in held.acts.all():
            wrong = act.position == 2
            told = {"kind": "split", "error": 100, "words": "Anne", "feedback": "Anne"} if wrong else {}
            judge(act, "deviation" if wrong else "ok", **told, auditor=auditor, by=by, now=now)
        close_draw(held, by=by, now=now)
        draw(plan, now - timedelta(days=44), now - timedelta(days=20), by=by, now=now)
        Claimant.objects.create(
            person=world.anne, claims=9, orders=12, usual=0.03, expected=0.4, p_value=1e-5, found_at=now
        )  # fmt: skip
    return {"uuid": held.uuid}


def open_draw(world: Any) -> dict[str, Any]:
    drawn(world)
    return {"uuid": AuditDraw.objects.order_by("-pk").first().uuid}


def room(world: Any) -> dict[str, Any]:
    drawn(world)
    return {}


PAGES = (
    Shown("gestures:audits", room, who="auditor", opened=("details.edit > summary",)),
    Shown("gestures:audit", drawn, who="auditor", opened=("details.edit > summary",)),
    Shown("gestures:audit", open_draw, query="?left=yes", who="auditor"),
    Shown("gestures:audit_act", lambda world: {**open_draw(world), "position": 1}, who="auditor"),
    Shown("gestures:audit_act", lambda world: {**drawn(world), "position": 2}, who="auditor"),
    Shown("gestures:audit_proof", drawn),
    Shown("gestures:outcomes", who="analyst"),
    Shown("console:worklist", lambda world: {**room(world), "name": "claimants"}, who="auditor"),
)
NO_PAGES = {"gestures:audit_population": "a file"}
