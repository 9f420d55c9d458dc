"""Keeping frictions and leavings by the facts of others: the reaction. This journey knows no other."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import Q

from egard.journeys.friction.models import Leaving, Mark
from egard.journeys.friction.rules.sources import FACTS as SOURCES
from egard.journeys.friction.rules.sources import found
from egard.kernel.timeline.reactions import LoggedFact

LEFT, RETURNED = "friction.left/1", "friction.returned/1"
FACTS = (*SOURCES, LEFT, RETURNED)


def keep(facts: list[LoggedFact]) -> None:
    """A batch in log order. What a fact corrects counts no longer; three statements for frictions, however many."""
    marks: list[Mark] = []
    for one in facts:
        if one.corrects:
            _forget(marks, one.corrects)
        if one.person_id is None:
            continue
        if one.kind == LEFT:
            given = {"person_id": one.person_id, "at": one.at, "reason": one.data["reason"]}
            Leaving.objects.get_or_create(fact=one.uuid, defaults=given)
        elif one.kind == RETURNED:
            _returned(one.person_id, one.at, one.uuid)
        else:
            marks += _marks(one)
    Mark.objects.bulk_create(marks, ignore_conflicts=True)


def _forget(marks: list[Mark], corrected: UUID) -> None:
    marks[:] = [mark for mark in marks if mark.fact != corrected]
    Mark.objects.filter(fact=corrected).delete()
    Leaving.objects.filter(fact=corrected).delete()
    Leaving.objects.filter(returned_fact=corrected).update(returned_at=None, returned_fact=None)


def _returned(person: int, at: datetime, fact: UUID) -> None:
    """Of the leaving that it ends: the last one before it that is not ended."""
    open_ones = Leaving.objects.filter(Q(returned_at__isnull=True), person=person, at__lte=at).order_by("-at")
    Leaving.objects.filter(pk__in=open_ones.values("pk")[:1]).update(returned_at=at, returned_fact=fact)


def _marks(fact: LoggedFact) -> list[Mark]:
    return [
        Mark(
            person_id=fact.person_id,
            kind=one.kind,
            process=one.process[:64],
            measure=one.measure,
            at=fact.at,
            fact=fact.uuid,
            key=f"{one.once or fact.uuid}:{one.kind}",
        )
        for one in found(fact.kind, fact.data)
    ]
