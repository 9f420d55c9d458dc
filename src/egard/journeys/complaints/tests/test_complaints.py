"""Complaints: taken in from anybody, once; promised an answer by rules; joined by whoever listens; measured."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from egard.base.refusal import Forbidden
from egard.journeys.complaints import operations, queries, rules
from egard.journeys.complaints.models import Complaint
from egard.journeys.complaints.operations import complain, join, receive, use_rules
from egard.kernel.access.queries import viewer_for
from egard.kernel.cases import operations as cases
from egard.kernel.cases.models import Case
from egard.kernel.cases.refusals import EvidenceMissing
from egard.kernel.lifecycle.operations import erase_person, export_person, merge_persons
from egard.kernel.people.models import Person
from egard.kernel.promises.models import Promise
from egard.kernel.promises.sweeping import sweep
from egard.kernel.timeline import queries as timeline

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def hugo(make_user, now):
    return viewer_for(make_user("agent", name="Hugo Delmas", language="en"), now=now)


@pytest.fixture
def anne(make_person):
    return make_person("Anne", "Lebœuf")


@pytest.fixture
def take(hugo, now):
    """Hugo takes one in: `take("The kettle leaks", person)`."""
    keys = iter(range(1000))

    def make(words, person=None, *, at=now, **more):
        more = {"channel": "phone", "key": f"k{next(keys)}", **more}
        return receive(hugo, words, person=person, now=at, **more)

    return make


def facts_of(viewer, person):
    return [entry.kind.partition("/")[0] for entry in timeline.timeline(viewer, person).items][::-1]


def owed(complaint):
    rows = Promise.objects.filter(subject__startswith=f"case:{complaint.case.uuid}/").order_by("due_at")
    return {row.kind.partition(".")[2]: row.state for row in rows}


def test_a_complaint_is_promised_an_acknowledgement_and_an_answer_by_the_rules_in_force(take, anne, everything, now):
    made = take("The kettle leaks since the first day. I want another one.", anne, category="product")
    assert owed(made) == {"acknowledge": "open", "answer": "open"}
    due = dict(Promise.objects.values_list("kind", "due_at"))
    assert f"{due['complaints.acknowledge']:%Y-%m-%d}" == "2026-03-21"  # ten business days after a Tuesday
    assert f"{due['complaints.answer']:%Y-%m-%d}" == "2026-05-10"
    assert queries.complaint(everything, made.case.uuid).case.snapshot["data"]["subject"] == (
        "The kettle leaks since the first day"
    )
    assert sorted(facts_of(everything, anne)) == ["complaints.received", "promises.made", "promises.made"]
    use_rules(everything, operations.shipped("two-days-two-weeks"), now=now)
    sooner = take("The lid broke", anne, category="product")
    within = dict(Promise.objects.filter(subject__contains=sooner.case.uuid).values_list("kind", "within"))
    assert within == {"complaints.acknowledge": "2 business days", "complaints.answer": "10 business days"}
    assert Promise.objects.get(subject__contains=str(made.case.uuid), kind="complaints.answer").within == "2 months"
    with pytest.raises(operations.NotARuleSet):
        use_rules(everything, "name: x\ntitle: x\nacknowledge: soon\nanswer: 2 months\n", now=now)


def test_settled_at_once_it_is_answered_closed_and_owes_nothing(take, anne, everything):
    made = take("Charged twice", anne, category="price", settled="Paid back during the call")
    assert (made.case.status, made.settled_at_once, made.outcome) == ("closed", True, "settled")
    assert made.case.owner.name == "Hugo Delmas"
    assert owed(made) == {}
    assert facts_of(everything, anne) == ["complaints.received", "complaints.answered", "complaints.closed"]
    with pytest.raises(EvidenceMissing):  # without a category nobody learns from it
        take("Charged twice", anne, settled="Paid back")
    assert Complaint.objects.count() == 1


def test_what_the_person_says_of_a_settlement_is_written_only_where_she_was_asked(take, anne):
    for said in ("settled", "satisfied", "unsatisfied"):
        made = take("Charged twice", anne, category="price", settled="Paid back", outcome=said)
        assert made.outcome == said
    assert take("Charged twice", anne, category="price", settled="Paid back").outcome == "settled"


def test_the_same_key_is_one_complaint_and_nobody_complains_without_a_word(take, anne):
    first = take("The kettle leaks", anne, key="same")
    assert take("The kettle leaks", anne, key="same").pk == first.pk
    assert Complaint.objects.count() == 1
    with pytest.raises(operations.NothingSaid):
        take("  \n ", anne)
    with pytest.raises(operations.TooManyWords):
        take("x" * 10_001, anne)


def test_the_steps_of_the_case_are_what_the_person_lives(take, anne, everything, hugo, now):
    made, at = take("Rude at the counter", anne, category="service"), now + DAY
    uuid = made.case.uuid
    cases.complete_step(everything, uuid, "acknowledge", {}, now=at)
    cases.complete_step(everything, uuid, "establish", {"founded": True}, now=at)
    cases.complete_step(everything, uuid, "answer", {"answer": "We are sorry, and we spoke to the team."}, now=at + DAY)
    cases.close_case(everything, uuid, outcome="satisfied", now=at + 2 * DAY)
    cases.reopen_case(everything, uuid, reason="It happened again", now=at + 3 * DAY)
    row = Complaint.objects.get()
    assert (row.acknowledged_at, row.answered_at, row.closed_at) == (at, at + DAY, at + 2 * DAY)
    assert row.reopened_at == at + 3 * DAY
    told = [kind for kind in facts_of(everything, anne) if kind.startswith("complaints.")]
    assert told == [f"complaints.{word}" for word in ("received", "acknowledged", "answered", "closed", "reopened")]
    assert owed(made) == {"acknowledge": "kept", "answer": "kept"}


def test_an_answer_that_does_not_come_is_a_broken_promise_on_her_timeline(take, anne, everything, now):
    made = take("The kettle leaks", anne, category="product")
    sweep(now=now + 70 * DAY)
    assert owed(made) == {"acknowledge": "broken", "answer": "broken"}
    assert facts_of(everything, anne).count("promises.broken") == 2


def test_open_complaints_of_the_same_person_are_shown_as_one_types_the_likeliest_first(take, anne, hugo, make_person):
    kettle = take("The kettle that I ordered leaks on the table", anne, category="product", order_number="A-17")
    late = take("The delivery man never came", anne, category="service")
    take("My kettle leaks too", make_person("Paul"), category="product")
    found = queries.possible(hugo, anne, "kettle leaking again on my table")
    assert [one.complaint.pk for one in found] == [kettle.pk, late.pk]
    assert found[0].likeness > rules.ALIKE > found[1].likeness
    assert queries.possible(hugo, anne, "nothing alike", order_number="a17")[0].same_order
    assert queries.possible(hugo, None, "kettle") == []
    walk_in = take("Your parking is closed", contact="06 12 34 56 78", category="other")
    again = queries.possible(hugo, None, "the parking", contact="+33612345678")
    assert [one.complaint.pk for one in again] == [walk_in.pk]


def test_what_belongs_to_an_open_complaint_is_joined_to_it_and_to_nobody_elses(
    take, anne, everything, now, make_person
):
    first = take("The kettle leaks", anne, category="product")
    again = take("Still no news of my kettle", anne, into=first.case.uuid)
    assert (again.pk, again.contacts, Complaint.objects.count()) == (first.pk, 2, 1)
    told = timeline.timeline(everything, anne).items
    assert [entry.data["again"] for entry in told if entry.kind == "complaints.received/1"] == [True, False]
    with pytest.raises(operations.NotTheirs):
        take("Mine leaks too", make_person("Paul"), into=first.case.uuid)
    other = take("And the lid is broken", anne, category="product")
    joined = join(everything, other.case.uuid, first.case.uuid, now=now + DAY)
    assert joined.contacts == 3
    closed = Complaint.objects.get(pk=other.pk)
    assert (closed.case.status, closed.outcome) == ("closed", "joined")
    with pytest.raises(operations.NotTheirs):
        take("Once more", anne, into=other.case.uuid)


def test_once_and_done_counts_what_nobody_had_to_come_again_about_in_thirty_days(take, anne, everything, now):
    done = take("Charged twice", anne, category="price", settled="Paid back")
    came_back = take("Charged again", anne, category="price", settled="Paid back")
    cases.reopen_case(everything, came_back.case.uuid, reason="Not paid back", now=now + 29 * DAY)
    late = take("Wrong colour", anne, category="product", settled="Changed")
    cases.reopen_case(everything, late.case.uuid, reason="Another matter", now=now + 31 * DAY)
    slow = take("Rude", anne, category="service")
    cases.close_case(everything, slow.case.uuid, override="She is satisfied", now=now + DAY)
    assert queries.figures(everything, now=now + 2 * DAY).once.n == 0  # nobody can tell yet
    found = queries.figures(everything, now=now + 40 * DAY)
    assert (found.received, found.once.hits, found.once.n) == (4, 2, 4)
    low, high = found.once.bounds
    assert 0.14 < low < 0.16 < 0.84 < high < 0.86  # Wilson for 2 of 4
    assert {(one.label, one.hits, one.n) for one in found.by_category} == {
        ("Price", 1, 2),
        ("Product", 1, 1),
        ("Service", 0, 1),
    }
    assert done.settled_at_once


def test_she_reads_where_hers_stand_and_nobody_elses(anne, make_person, now):
    from egard.portal.queries import viewer_of

    made = complain(anne, "My box came open", order_number="A-17", key="k", now=now)
    paul = make_person("Paul")
    (one,) = queries.own(viewer_of(anne), anne)
    assert (one.subject, one.state, one.promise.kind) == ("My box came open", "received", "complaints.acknowledge")
    assert queries.own(viewer_of(paul), paul) == []
    assert queries.own(viewer_of(paul), anne) == []
    assert Case.objects.get(pk=made.pk).events.get(n=1).by == f"person:{anne.uuid}"


def test_a_merge_brings_complaints_together_and_an_erasure_takes_the_words(
    take, anne, everything, make_person, me, now
):
    double = make_person("Anne", "Leboeuf")
    take("The kettle leaks", anne, category="product", contact="anne@example.org")
    take("Your site is slow", double, category="other")
    merge_persons(anne, double, by=me, now=now)
    anne = Person.objects.get(pk=anne.pk)
    page = queries.complaints(everything, {"person": anne})
    assert len(page.items) == 2
    copy = export_person(everything, anne, now=now)
    assert "anne@example.org" in str(copy)
    erase_person(anne, by=me, now=now)
    left = Complaint.objects.select_related("case")
    assert [(row.contact, row.case.snapshot["data"].get("words")) for row in left] == [("", None), ("", None)]
    assert queries.figures(everything, now=now).received == 2


def test_what_a_role_may_not_do_is_refused(make_user, anne, take, now):
    host, made = viewer_for(make_user("host"), now=now), take("The kettle leaks", anne, category="product")
    for forbidden in (
        lambda: receive(host, "x", channel="web", key="h", now=now),
        lambda: queries.complaint(host, made.case.uuid),
        lambda: queries.figures(host, now=now),
        lambda: queries.possible(host, anne, "x"),
        lambda: use_rules(host, operations.shipped(operations.DEFAULT), now=now),
    ):
        with pytest.raises(Forbidden):
            forbidden()
    assert isinstance(made.case.uuid, UUID)
