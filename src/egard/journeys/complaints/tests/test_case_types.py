"""The types of case that complaints follow are published, and each can be worked from its opening to its closing."""

from __future__ import annotations

import pytest

from egard.kernel.cases import operations, queries
from egard.kernel.cases.models import CaseType
from egard.kernel.registry import registry

pytestmark = pytest.mark.django_db
VALUES = {
    "text": "some words",
    "document": "file.pdf",
    "whole": 3,
    "number": 2.5,
    "yes_no": True,
    "date": "2026-03-12",
    "moment": "2026-03-12T09:00:00Z",
    "money": {"amount": 4900, "currency": "EUR"},
}


def test_all_are_published_with_their_manual_text_in_both_languages():
    assert set(CaseType.objects.values_list("name", flat=True)) == set(registry.case_types)
    assert len(registry.case_types) == 7


@pytest.mark.parametrize(
    "name", ["complaint", "stolen_phone", "late_delivery", "wrong_charge", "damaged_goods", "data_request", "incident"]
)
def test_following_the_next_step_leads_to_the_closing(name, everything, make_person, now):
    """Whoever always does what is proposed first, and answers what is asked, comes to the end."""
    held = operations.open_case(everything, name, make_person("Zélie", "Marchand"), now=now)
    for _turn in range(40):
        view = queries.case_view(everything, held.uuid)
        todo = [one for one in queries.next_steps(everything, view, now=now) if one.planned]
        if not todo:
            break
        step = next(one for one in view.steps if one.key == todo[0].key)
        given = {
            field: next(iter(shape.choices)) if shape.type == "choice" else VALUES[shape.type]
            for field, shape, required in step.evidence
            if required
        }
        operations.complete_step(everything, held.uuid, step.key, given, now=now)
    if queries.case(everything, held.uuid).status == "open":
        operations.close_case(everything, held.uuid, now=now)
    assert queries.case(everything, held.uuid).status == "closed"
