"""A protected file through the API: a reason with each request of a program."""

from __future__ import annotations

import pytest

from egard.kernel.access.models import Sight
from egard.kernel.people.operations import protect

pytestmark = pytest.mark.django_db


def test_a_program_says_why_with_each_request(program, make_person, me, now):
    anne = make_person("Anne", "Kerouac", email="anne@example.org")
    protect(anne, True, by=me, now=now)
    place = f"people/{anne.uuid}"
    for path in ("", "/overview", "/timeline", "/identifiers", "/export"):
        refused = program.get(place + path)
        assert (refused.status, refused.code) == (403, "people.reason_needed")
        assert "Kerouac" not in str(refused.json)
    assert program.patch(place, {"language": "fr"}).code == "people.reason_needed"
    assert not Sight.objects.filter(kind="person").exists()
    assert program.get(place, Egard_Reason="réclamation 12").status == 200
    assert program.get(f"{place}/timeline?reason=réclamation%2013").status == 200
    assert program.get(place).code == "people.reason_needed"
    assert program.get(place, Egard_Reason="a").code == "people.reason_needed"
    assert list(Sight.objects.order_by("id").values_list("kind", "reason")) == [
        ("person", "réclamation 12"),
        ("timeline", "réclamation 13"),
    ]
    protect(anne, False, by=me, now=now)
    assert program.get(place).status == 200


def test_a_fact_of_a_protected_file_asks_too(program, make_person, me, now):
    from egard.journeys.purchases.facts import Amount, PurchaseMade
    from egard.kernel.timeline.operations import record

    anne = make_person("Anne", "Kerouac")
    protect(anne, True, by=me, now=now)
    bought = PurchaseMade(order_number="1", total=Amount(1250, "EUR"), lines=[])
    fact = record(anne, bought, at=now, by=me, channel="shop", key="1", now=now)
    assert program.get(f"events/{fact.uuid}").code == "people.reason_needed"
    assert program.get(f"events/{fact.uuid}?reason=complaint").status == 200
