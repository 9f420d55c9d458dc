"""A request sent twice is done once, also at the same moment."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import orjson
import pytest
from tests.racing import at_once

from egard.api.models import IdempotencyRecord
from egard.api.operations import KEPT, Remembered, claim, forget_person, purge_idempotency, remember
from egard.api.refusals import Mismatch
from egard.base.clock import utc_now
from egard.kernel.people.models import Identifier, Person
from egard.kernel.timeline.models import Fact

THREADS = 8


@pytest.mark.django_db
def test_the_same_key_and_body_give_the_first_answer_again(program):
    first = program.post("people", {"family_name": "Kerouac"}, Idempotency_Key="k1")
    again = program.post("people", {"family_name": "Kerouac"}, Idempotency_Key="k1")
    assert (first.status, again.status) == (201, 201)
    assert again.content == first.content
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.headers["Content-Type"] == "application/json"
    assert Person.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "body"), [("people", {"family_name": "Other"}), ("events", {"family_name": "Kerouac"})]
)
def test_the_same_key_for_another_request_is_refused(program, path, body):
    program.post("people", {"family_name": "Kerouac"}, Idempotency_Key="k1")
    refused = program.post(path, body, Idempotency_Key="k1")
    assert (refused.status, refused.code) == (422, "idempotency.mismatch")
    assert Person.objects.count() == 1


@pytest.mark.django_db
def test_keys_of_two_programs_have_nothing_to_do_with_each_other(make_program):
    for _n in range(2):
        assert make_program("all").post("people", {}, Idempotency_Key="k1").status == 201
    assert Person.objects.count() == 2


@pytest.mark.django_db
def test_a_refusal_is_not_remembered(program, anne):
    path = f"people/{anne['id']}/identifiers"
    taken = {"kind": "email", "value": "paul@example.org"}
    paul = program.post("people", {"identifiers": [taken]}).json
    assert program.post(path, taken, Idempotency_Key="k1").code == "people.identifier_taken"
    assert IdempotencyRecord.objects.count() == 0
    program.delete(f"people/{paul['id']}/identifiers?kind=email&value=paul@example.org")
    assert program.post(path, taken, Idempotency_Key="k1").status == 201


@pytest.mark.django_db
def test_a_batch_with_rejected_events_is_remembered_whole(program, purchase):
    batch = [purchase("A1", person={"kind": "customer_number", "value": "1"}), purchase("A2")]
    first = program.post("events", batch, Idempotency_Key="k1")
    again = program.post("events", batch, Idempotency_Key="k1")
    assert (first.status, again.status, again.content) == (207, 207, first.content)
    assert first.json["recorded"] == again.json["recorded"] == 1


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["", " ", "a b", "é", "x" * 201])
def test_a_key_that_cannot_be_one_is_refused(program, key):
    refused = program.post("people", {}, Idempotency_Key=key)
    assert (refused.status, refused.code) == (422, "idempotency.bad_key")


@pytest.mark.django_db
def test_without_a_valid_api_key_no_idempotency_key_is_taken(stranger, make_program):
    assert stranger.post("people", {}, Idempotency_Key="k1").code == "access.key_refused"
    assert make_program("people.read").post("people", {}, Idempotency_Key="k1").code == "access.not_allowed"
    assert IdempotencyRecord.objects.count() == 0


@pytest.mark.django_db
def test_a_body_too_long_is_refused_with_a_key_as_without(program, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    body = {"family_name": "x" * 150}
    assert program.post("people", body, Idempotency_Key="k1").code == "api.too_large"
    assert program.post("people", body).code == "api.too_large"
    assert program.post("events", body).code == "api.too_large"


@pytest.mark.django_db
def test_answers_are_purged_after_a_day_and_a_stale_one_gives_its_key_back(program):
    program.post("people", {"family_name": "Old"}, Idempotency_Key="old")
    program.post("people", {"family_name": "New"}, Idempotency_Key="new")
    IdempotencyRecord.objects.filter(key="old").update(created_at=utc_now() - KEPT - timedelta(seconds=1))
    fresh = program.post("people", {"family_name": "Another"}, Idempotency_Key="old")
    assert (fresh.status, fresh.json["family_name"]) == (201, "Another")
    IdempotencyRecord.objects.filter(key="old").update(created_at=utc_now() - KEPT - timedelta(seconds=1))
    assert purge_idempotency(now=utc_now()) == 1
    assert list(IdempotencyRecord.objects.values_list("key", flat=True)) == ["new"]


@pytest.mark.django_db
def test_an_erasure_forgets_the_answers_that_hold_the_person(program, anne):
    program.post(f"people/{anne['id']}/consents", {"purpose": "a", "channel": "b", "given": True}, Idempotency_Key="k1")
    program.post("people", {"family_name": "Other"}, Idempotency_Key="k2")
    one = program.post("people", {"family_name": "Kerouac"}, Idempotency_Key="k3").json
    assert program.post(f"people/{anne['id']}/erasure", Idempotency_Key="k4").status == 201
    assert set(IdempotencyRecord.objects.values_list("key", flat=True)) == {"k2", "k3"}
    assert program.post(f"people/{one['id']}/erasure").status == 201
    assert set(IdempotencyRecord.objects.values_list("key", flat=True)) == {"k2"}


@pytest.mark.django_db(transaction=True)
def test_eight_twins_at_once_make_one_person_and_all_get_her(program):
    answers = at_once([lambda: program.post("people", {"family_name": "Kerouac"}, Idempotency_Key="same")] * THREADS)
    assert Person.objects.count() == 1
    assert {a.status for a in answers} == {201}
    assert len({a.content for a in answers}) == 1
    assert sum("Idempotent-Replayed" not in a.headers for a in answers) == 1


@pytest.mark.django_db(transaction=True)
def test_two_programs_that_make_the_same_identifier_at_once_make_one_person(program):
    body = {"identifiers": [{"kind": "email", "value": "anne@example.org"}]}
    answers = at_once([lambda: program.post("people", body)] * THREADS)
    assert sorted(a.status for a in answers) == [201] + [409] * (THREADS - 1)
    assert {a.code for a in answers if a.status == 409} == {"people.identifier_taken"}
    assert (Person.objects.count(), Identifier.objects.count()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_the_same_events_sent_at_once_are_recorded_once(program, purchase):
    batch = [purchase(f"A{n}", person={"kind": "customer_number", "value": f"C{n % 5}"}) for n in range(40)]
    answers = at_once([lambda n=n: program.post("events", batch[n:] + batch[:n]) for n in range(THREADS)])
    assert {a.status for a in answers} <= {200, 201}, answers
    assert sum(a.json["recorded"] for a in answers) == 40
    assert (Fact.objects.count(), Person.objects.count()) == (40, 5)
    ids = {o["id"] for a in answers for o in a.json["outcomes"]}
    assert len(ids) == 40


@pytest.mark.django_db(transaction=True)
def test_a_person_erased_while_facts_arrive_keeps_none_that_came_after(program, anne, purchase):
    def call(n):
        if n == 0:
            return program.post(f"people/{anne['id']}/erasure")
        events = [purchase(f"A{n}-{m}", person={"id": anne["id"]}) for m in range(20)]
        for event in events:
            event["data"]["note"] = "for Anne"
        return program.post("events", events)

    answers = at_once([partial(call, n) for n in range(THREADS)])
    assert answers[0].status == 201
    assert {a.status for a in answers[1:]} <= {201, 207}
    assert not [f for f in Fact.objects.all() if "Anne" in orjson.dumps(f.data).decode()]


@pytest.mark.django_db
def test_a_claimed_key_gives_what_was_remembered_and_is_forgotten_with_the_person(me, now, make_person):
    anne = make_person("Anne", "Kerouac")
    record = claim(me, "k1", path="/a", body=b"1", now=now)
    answer = f'{{"id":"{anne.uuid}"}}'.encode()
    remember(record, status=201, content_type="application/json", content=answer)
    assert claim(me, "k1", path="/a", body=b"1", now=now) == Remembered(201, "application/json", answer)
    with pytest.raises(Mismatch):
        claim(me, "k1", path="/a", body=b"2", now=now)
    with pytest.raises(Mismatch):
        claim(me, "k1", path="/b", body=b"1", now=now)
    assert isinstance(claim(me, "k2", path="/a", body=b"1", now=now), int)
    forget_person(anne, now=now)
    assert isinstance(claim(me, "k1", path="/a", body=b"1", now=now), int)
