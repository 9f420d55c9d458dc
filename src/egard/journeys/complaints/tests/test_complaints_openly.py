"""Anybody may complain, without an account; a link tells where it stands, and nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest

from egard.base.clock import utc_now
from egard.journeys.complaints import operations, queries
from egard.journeys.complaints.models import Complaint, Contact
from egard.journeys.complaints.operations import complain_openly
from egard.kernel.cases import operations as cases
from egard.kernel.people.models import Person

pytestmark = pytest.mark.django_db
SAID = {"words": "Nobody came, and nobody called.", "contact": "jo@example.org", "order_number": "A7", "key": "one"}


def test_somebody_unknown_complains_and_her_link_tells_what_is_owed_to_her(client, everything, now):
    client.cookies["egard_language"] = "en"
    page = client.get("/p/complaints")
    assert page.status_code == 200
    assert "10" in page.content.decode()
    sent = client.post("/p/complaints", SAID)
    again = client.post("/p/complaints", SAID)
    assert sent.status_code == again.status_code == 302
    row = Complaint.objects.select_related("case").get()
    assert (row.case.person, row.channel, Person.objects.count()) == (None, "web", 0)
    told = client.get(sent.url).content.decode()
    assert "Received" in told
    assert "acknowledgement of your complaint" in told, "what is promised counts down"
    assert "answer to your complaint" in told
    assert SAID["words"] not in told
    assert SAID["contact"] not in told
    cases.complete_step(everything, row.case.uuid, "listen", {"category": "service"}, now=utc_now())
    cases.complete_step(everything, row.case.uuid, "acknowledge", {}, now=utc_now())
    assert "We are looking into it" in client.get(sent.url).content.decode()


def test_who_takes_it_up_sees_what_else_came_from_the_same_address(everything, now):
    complain_openly("The lamp is broken", contact="Jo@example.org", place="::1", key="a", now=now)
    found = queries.possible(everything, None, "broken lamp", contact="jo@example.org")
    assert [one.complaint.contact for one in found] == ["jo@example.org"]


@pytest.mark.parametrize("link", ["x", "x:y:z", "%00"])
def test_a_link_that_nobody_was_given_opens_nothing(client, link):
    assert client.get(f"/p/complaints/{link}").status_code == 404


def test_nothing_written_is_told_beside_the_field_and_nothing_is_kept(client):
    answer = client.post("/p/complaints", {**SAID, "words": "  "})
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.content.decode()
    assert not Contact.objects.exists()


def test_many_from_one_place_are_refused_for_an_hour_and_the_place_is_forgotten_after_a_day(now):
    for n in range(operations.PER_HOUR):
        complain_openly(f"Complaint {n}", place="192.0.2.7", key=f"k{n}", now=now)
    with pytest.raises(operations.TooMany):
        complain_openly("One more", place="192.0.2.7", key="more", now=now + timedelta(minutes=59))
    assert complain_openly("Complaint 3", place="192.0.2.7", key="k3", now=now).case_id  # sent twice, not one more
    complain_openly("From elsewhere", place="192.0.2.8", key="else", now=now)
    complain_openly("Later", place="192.0.2.7", key="later", now=now + timedelta(hours=1, minutes=1))
    complain_openly("Next day", place="192.0.2.9", key="day", now=now + timedelta(hours=26))
    assert list(Contact.objects.filter(place__isnull=False).values_list("key", flat=True)) == ["day"]


def test_a_contact_that_is_none_is_refused_so_that_nobody_waits_in_vain(client):
    answer = client.post("/p/complaints", {**SAID, "contact": "not a contact"})
    assert answer.status_code == 422
    assert not Contact.objects.exists()
