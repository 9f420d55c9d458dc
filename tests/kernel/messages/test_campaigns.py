"""One text to many people: each who may get it, once, and at a cost that does not grow with each."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.racing import at_once

from egard.base.ids import new_id
from egard.kernel.messages import bulk
from egard.kernel.messages.campaigns import write_all
from egard.kernel.messages.models import DeadAddress, Message, Outgoing, Thread
from egard.kernel.messages.templating import Draught, set_template
from egard.kernel.people.operations import record_consent

pytestmark = pytest.mark.django_db


@pytest.fixture
def spring(me, now):
    text = "Bonjour {{ given_name }}, voici le printemps. {{ adviser | Votre boutique }}"
    draught = Draught(code="spring", language="fr", label="Printemps", text=text, subject="Pour {{ given_name }}")
    return set_template(draught, by=me, now=now)


def test_each_who_may_get_it_gets_it_once(spring, make_person, mailbox, carry_out, me, now):
    people = [make_person(f"P{n}", email=f"p{n}@example.org") for n in range(4)]
    people += [make_person("Mute", email="mute@example.org"), make_person("Far"), make_person(email="x@example.org")]
    for one in [*people[:4], *people[5:]]:
        record_consent(one, "offers", "email", given=True, by=me, now=now)
    record_consent(people[1], "offers", "email", given=False, by=me, now=now)
    DeadAddress.objects.create(channel="email", address="p2@example.org", why="bounced", at=now)
    ids = [one.pk for one in people]
    tally = write_all(ids, spring, purpose="offers", key="spring", by=me, now=now)
    assert tally == {"queued": 2, "no_consent": 2, "no_address": 1, "dead": 1, "missing": 1}
    again = write_all(ids, spring, purpose="offers", key="spring", by=me, now=now + timedelta(hours=1))
    assert (again["again"], again["queued"]) == (2, 0)
    carry_out(at=now + timedelta(hours=1))
    assert sorted(letter["Subject"] for letter in mailbox.letters) == ["Pour P0", "Pour P3"]
    assert all(letter["List-Unsubscribe"] for letter in mailbox.letters)
    assert set(Message.objects.values_list("state", flat=True)) == {"sent"}


@pytest.mark.django_db(transaction=True)
def test_a_campaign_that_is_asked_for_twice_at_the_same_moment_is_one(spring, make_person, me, now):
    ids = [make_person(f"P{n}", email=f"p{n}@example.org").pk for n in range(3)]
    tallies = at_once([lambda: write_all(ids, spring, purpose="service", key="k", by=me, now=now)] * 3)
    assert sorted(one["queued"] for one in tallies) == [0, 0, 3]
    assert Message.objects.count() == 3


def test_a_server_that_is_away_keeps_none_of_them(spring, make_person, mailbox, carry_out, me, now):
    ids = [make_person(f"P{n}", email=f"p{n}@example.org").pk for n in range(3)]
    mailbox.answers["HELO"] = "421 come back later"
    write_all(ids, spring, purpose="service", key="k", by=me, now=now)
    carry_out(at=now)
    mailbox.answers.clear()
    carry_out(at=now + timedelta(hours=1))
    assert len(mailbox.letters) == Outgoing.objects.filter(state="sent").count() == 3


def test_a_hundred_cost_the_queries_of_ten(spring, make_person, me, now, django_assert_max_num_queries):
    ids = [make_person(f"P{n}", email=f"p{n}@example.org").pk for n in range(60)]
    with django_assert_max_num_queries(50) as few:
        write_all(ids[:10], spring, purpose="service", key="a", by=me, now=now)
    with django_assert_max_num_queries(len(few)):
        write_all(ids, spring, purpose="service", key="b", by=me, now=now)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])), min_size=2, max_size=4))
@example(["\\N", "a\\tb\tc", 'é"{}\r\n', ""])
def test_what_is_copied_in_is_what_was_written(db, texts):
    """Rows that go by COPY are those that Django reads back, whatever their words."""
    now = datetime(2026, 3, 10, 8, tzinfo=UTC)
    threads = [Thread(channel="email", subject=one, created_at=now, last_at=now) for one in texts]
    made = [
        Message(
            thread=thread, mark=str(new_id()), direction="out", channel="email", author="a", text=one, state="queued",
            references=texts, folded=[["quote", 0, len(one)]], at=now, score=None if one == "" else 7,
        )
        for one, thread in zip(texts, threads, strict=True)
    ]  # fmt: skip
    bulk.number(Thread, threads)
    bulk.number(Message, made)
    for message, thread in zip(made, threads, strict=True):
        message.thread = thread
    bulk.copy(Thread, threads)
    bulk.copy(Message, made)
    columns = [field.attname for field in Message._meta.concrete_fields]
    for message in made:
        read = Message.objects.get(pk=message.pk)
        assert [getattr(read, name) for name in columns] == [getattr(message, name) for name in columns]


def test_a_letter_with_fields_says_the_same_as_the_words_it_is_made_of(spring, make_person, me, now):
    anne = make_person("Anne & <b>", email="anne@example.org")
    write_all([anne.pk], spring, purpose="service", key="k", by=me, now=now)
    sent = Outgoing.objects.get()
    assert sent.text == "Bonjour Anne & <b>, voici le printemps. Votre boutique"
    assert "Bonjour Anne &amp; &lt;b&gt;, voici" in sent.html
