"""What control holds on a person: in her own copy, and gone where she is erased."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection

from egard.journeys.gestures.audits.models import Finding
from egard.journeys.gestures.claimants.models import Claimant
from egard.journeys.gestures.outcomes.models import Outcome
from egard.kernel.access.operations import redacting
from egard.kernel.people.models import Person


def export(person: Person) -> dict[str, Any]:
    """What was found of gestures to her, whether she is to be looked at, and how her complaints are counted."""
    held = {"findings": _findings(person), "to_look_at": _claims(person), "complaints": _outcomes(person)}
    return {name: rows for name, rows in held.items() if rows}


def erase(person: Person, now: datetime) -> None:
    """Words and suspicions go; what was found, counted and measured stays."""
    _erase_words(person)
    # Nobody is looked at for what she claimed any more; how many orders there were stays.
    Claimant.objects.filter(person=person).delete()


def _erase_words(person: Person) -> None:
    """What was written of gestures to her forgets its words; what was found, and how much is in error, stays."""
    with redacting(), connection.cursor() as cursor:
        cursor.execute(
            "update gestures_audit_finding f set words = '', feedback = '' from gestures_audit_act a"
            " join gestures_gesture g on g.id = a.gesture_id where f.act_id = a.id and g.person_id = %s"
            " and (f.words <> '' or f.feedback <> '')",
            [person.pk],
        )


def _findings(person: Person) -> list[dict[str, Any]]:
    """What was found of gestures to her; the words are of those who control, on whoever granted them."""
    found = Finding.objects.filter(act__gesture__person=person).order_by("pk")
    return list(found.values("act__gesture__uuid", "verdict", "kind", "error", "at"))


def _claims(person: Person) -> list[dict[str, Any]]:
    """That she stands out, and why: it is hers to know."""
    return list(Claimant.objects.filter(person=person).values("claims", "orders", "usual", "found_at", "looked_at"))


def _outcomes(person: Person) -> list[dict[str, Any]]:
    """When her complaints came and were resolved, as we count them."""
    return list(Outcome.objects.filter(person=person).values("complaint", "received_at", "resolved_at"))
