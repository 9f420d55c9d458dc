"""What is swept: calls whose end nobody heard of, what was said to callers, words of strangers."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from egard.journeys.reach import lines
from egard.journeys.reach.models import CallBack, CallStep
from egard.journeys.reach.rules import ON_THE_LINE
from egard.kernel.promises import operations as promises

STEPS_KEPT = timedelta(days=1)
"""What was said to callers is kept for repeated requests alone."""
STRANGERS_KEPT = timedelta(days=90)
"""Name, number and words of somebody unknown who asked to be called are kept so long."""
STRANGERS_MAX = 1000
"""So many are forgotten at a time; the others five minutes later."""


def tidy(*, now: datetime) -> None:
    """Calls of which nothing was heard for too long are over: their lines are free again. What was said goes."""
    with transaction.atomic():
        for call in lines.lost(now).select_for_update(skip_locked=True, of=("self",))[:500]:
            if call.state in ON_THE_LINE:
                call.state = "asking"  # how long they talked nobody knows
            lines.end(call, now=now)
    CallStep.objects.filter(at__lt=now - STEPS_KEPT).delete()
    CallBack.objects.filter(place__isnull=False, asked_at__lt=now - STEPS_KEPT).update(place=None)
    strangers = CallBack.objects.filter(person=None, asked_at__lt=now - STRANGERS_KEPT).exclude(number="")
    over = list(strangers.filter(ends_at__lt=now).values_list("pk", "promise")[:STRANGERS_MAX])
    with transaction.atomic():
        promises.forget_words([promise for _pk, promise in over if promise])
        CallBack.objects.filter(pk__in=[pk for pk, _promise in over]).update(number="", name="", about="")
