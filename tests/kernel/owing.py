"""What tests of promises ask again and again."""

from __future__ import annotations

from datetime import timedelta

from egard.kernel.promises.models import Promise, PromiseEvent
from egard.kernel.timeline.models import Fact

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
ANSWER = "promises.answer"


def told(row) -> list[tuple]:
    return list(PromiseEvent.objects.filter(promise=row).order_by("n").values_list("what", "at"))


def facts(person) -> list[str]:
    return list(Fact.objects.filter(person=person).order_by("id").values_list("kind__name", flat=True))


def fresh(row) -> Promise:
    return Promise.objects.get(pk=row.pk)
