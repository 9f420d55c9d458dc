"""Events in, and the timeline and the overview that they make."""

from __future__ import annotations

from datetime import timedelta

import pytest

from egard.base.clock import utc_now
from egard.kernel.access.models import Sight
from egard.kernel.registry import registry
from egard.kernel.timeline.models import Fact

pytestmark = pytest.mark.django_db
ANNE = {"kind": "email", "value": "anne@example.org"}


def test_one_event_is_recorded_once_and_then_unchanged(program, anne, purchase):
    first = program.post("events", purchase("A1", person={"id": anne["id"]}))
    assert (first.status, first.json["outcome"]) == (201, "recorded")
    again = program.post("events", purchase("A1", person=ANNE))
    assert (again.status, again.json) == (200, {"outcome": "unchanged", "id": first.json["id"]})
    read = program.get(f"events/{first.json['id']}").json
    assert (read["person"], read["kind"], read["channel"]) == (anne["id"], "purchases.made/1", "api")
    assert read["at"] == "2026-03-01T10:00:00Z"


def test_one_bad_event_by_itself_is_refused_as_any_request(program, anne, purchase):
    refused = program.post("events", purchase("A1", amount=10**15, person=ANNE))
    assert (refused.status, refused.code) == (422, "timeline.bad_fact")
    assert refused.json["fields"] == {"total.amount": f"must be at most {10**14}"}


def test_the_key_of_another_fact_is_refused(program, anne, purchase):
    program.post("events", purchase("A1", person=ANNE))
    refused = program.post("events", purchase("A1", amount=99, person=ANNE))
    assert (refused.status, refused.code) == (409, "timeline.key_reused")


def test_a_bad_event_does_not_lose_the_good_ones(program, anne, purchase):
    tomorrow = (utc_now() + timedelta(days=1)).isoformat()
    batch = [
        purchase("A1", person=ANNE),
        purchase("A2", amount=0.5, person=ANNE),
        purchase("A3", at="2026-02-30T10:00:00Z", person=ANNE),
        purchase("A4", at=tomorrow, person=ANNE),
        purchase("A5"),
        purchase("A6", person={"kind": "email", "value": "nobody at all"}),
        purchase("A7", person={"id": "019a0000-0000-7000-8000-000000000000"}),
        {**purchase("A8", person=ANNE), "kind": "purchases.dreamt/1"},
        {**purchase("A9", person=ANNE), "chanel": "shop"},
        purchase("A\x0010", person=ANNE),
        "an event",
        None,
        purchase("A13", person=ANNE),
    ]
    answer = program.post("events", batch)
    assert answer.status == 207
    assert (answer.json["recorded"], answer.json["unchanged"], answer.json["rejected"]) == (2, 0, 11)
    assert [o.get("code", o["outcome"]) for o in answer.json["outcomes"]] == [
        "recorded",
        "timeline.bad_fact",
        "timeline.bad_fact",
        "timeline.from_the_future",
        "no_person",
        "people.bad_identifier",
        "people.unknown",
        "timeline.unknown_kind",
        "timeline.bad_fact",
        "timeline.bad_fact",
        "timeline.bad_fact",
        "timeline.bad_fact",
        "recorded",
    ]
    assert all(o["detail"] for o in answer.json["outcomes"] if o["outcome"] == "rejected")
    assert "chanel" in answer.json["outcomes"][8]["fields"]
    assert Fact.objects.count() == 2


def test_a_batch_says_201_then_200_when_all_of_it_was_there(program, purchase):
    batch = {"events": [purchase(f"B{n}", person={"kind": "customer_number", "value": f"{n % 3}"}) for n in range(9)]}
    first = program.post("events", batch)
    assert (first.status, first.json["recorded"], first.json["people_created"]) == (201, 9, 3)
    again = program.post("events", batch)
    assert (again.status, again.json["unchanged"], again.json["people_created"]) == (200, 9, 0)
    assert [o["id"] for o in again.json["outcomes"]] == [o["id"] for o in first.json["outcomes"]]


def test_an_identifier_of_nobody_makes_no_person_when_told_not_to(program, purchase):
    batch = {"events": [purchase("C1", person={"kind": "customer_number", "value": "7"})], "create_people": False}
    assert program.post("events", batch).json["outcomes"][0]["code"] == "people.unknown"


def test_anonymous_events_are_kept_when_told_to_and_history_is_marked(program, purchase):
    batch = {"events": [purchase("D1")], "anonymous": True, "history": True}
    assert program.post("events", batch).status == 201
    assert Fact.objects.get().history is True
    fact = program.get(f"events/{Fact.objects.get().uuid}").json
    assert fact["person"] is None


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ([], "events.empty"),
        ({"events": []}, "events.empty"),
        ([{}] * 1001, "events.too_many"),
        ({"events": {}}, "api.invalid"),
        ({"events": [{}], "history": "yes"}, "api.invalid"),
        ({"events": [{}], "histroy": True}, "api.invalid"),
        ("an event", "api.invalid"),
        (17850, "api.invalid"),
        (None, "api.bad_json"),
        ({}, "timeline.bad_fact"),
    ],
)
def test_a_body_of_the_wrong_shape_is_refused_with_what_to_send(program, body, code):
    refused = program.post("events", body)
    assert (refused.status, refused.code) == (422, code)


def test_a_shared_phone_does_not_say_whose_purchase_it_is(program, anne, purchase):
    program.post("people", {"identifiers": [{"kind": "phone", "value": "0612345678"}]})
    refused = program.post("events", purchase("E1", person={"kind": "phone", "value": "06 12 34 56 78"}))
    assert refused.code == "people.several"


def test_a_fact_of_long_ago_with_a_far_offset_is_refused_not_stored_unreadable(program, anne, purchase):
    refused = program.post("events", purchase("F1", at="0001-01-01T00:00:00+14:00", person=ANNE))
    assert (refused.code, list(refused.json["fields"])) == ("timeline.bad_fact", ["at"])


def test_the_timeline_is_read_by_kind_text_and_time_newest_first(program, anne, purchase):
    days = ["2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04"]
    events = [purchase(f"G{day}", at=f"{day}T12:00:00+01:00", person=ANNE) for day in days]
    cancelled = {"order_number": "X1", "total": {"amount": 5, "currency": "EUR"}, "note": "Été à la plage"}
    more = {"kind": "purchases.cancelled/1", "key": "x1", "at": "2026-01-02T15:00:00Z", "data": cancelled}
    assert program.post("events", [*events, {**more, "person": ANNE}]).status == 201
    path = f"people/{anne['id']}/timeline"
    everything = program.get(path).json["items"]
    assert [e["at"][:13] for e in everything] == [
        "2026-01-04T11",
        "2026-01-03T11",
        "2026-01-02T15",
        "2026-01-02T11",
        "2026-01-01T11",
    ]
    assert everything[0]["headline"].startswith("Order G2026-01-04")
    assert {e["kind"] for e in program.get(f"{path}?kind=purchases.cancelled/1").json["items"]} == {
        "purchases.cancelled/1"
    }
    both = program.get(f"{path}?kind=purchases.cancelled&kind=purchases.made/1").json["items"]
    assert len(both) == 5
    assert [e["key"] for e in program.get(f"{path}?q=ete%20a%20la").json["items"]] == ["x1"]
    between = program.get(f"{path}?since=2026-01-02T11:00:00Z&until=2026-01-03T11:00:00Z").json["items"]
    assert [e["key"] for e in between] == ["x1", "made:G2026-01-02"]
    pages, cursor = [], ""
    while cursor is not None:
        page = program.get(f"{path}?limit=2{cursor and f'&cursor={cursor}'}").json
        pages += page["items"]
        cursor = page["next"]
    assert pages == everything


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("kind=purchases.dreamt", "timeline.unknown_kind"),
        ("since=2026-02-30T00:00:00Z", "api.invalid"),
        ("since=2026-03-01", "api.invalid"),
        ("until=yesterday", "api.invalid"),
        ("limit=201", "api.invalid"),
        ("cursor=WyJwZW9wbGUiLCJhIiwxXQ", "paging.unknown_cursor"),
        ("cursor=WyJ0aW1lbGluZSIsOTk5OTk5OTk5OTk5OTk5OTk5LDFd", "paging.unknown_cursor"),
        ("q=%00", "api.invalid"),
    ],
)
def test_a_question_that_cannot_be_asked_of_the_timeline_is_refused(program, anne, query, code):
    refused = program.get(f"people/{anne['id']}/timeline?{query}")
    assert (refused.status, refused.code) == (422, code)


@pytest.mark.django_db(transaction=True)
def test_the_overview_shows_the_whole_page_in_one_call(program, anne, purchase, make_user, settle):
    adviser = make_user("adviser", name="Claire Petit")
    program.put(f"people/{anne['id']}/adviser", {"staff": str(adviser.pk)})
    program.post("events", [purchase(f"H{n}", person=ANNE, channel="shop") for n in range(60)])
    settle()
    page = program.get(f"people/{anne['id']}/overview").json
    assert page["person"]["name"] == "Anne Kerouac"
    assert [(i["kind"], i["reach"]) for i in page["identifiers"]] == [("email", "email"), ("phone", "phone")]
    assert [r["role"] for r in page["roles"]] == ["customer"]
    assert page["adviser"]["name"] == "Claire Petit"
    assert page["open"] == []
    assert page["panels"]["purchases"]["data"]["currencies"][0]["spent"] == {"amount": 150000, "currency": "EUR"}
    assert len(page["timeline"]["items"]) == 50
    rest = program.get(f"people/{anne['id']}/timeline?cursor={page['timeline']['next']}").json
    assert (len(rest["items"]), rest["next"]) == (10, None)


@pytest.mark.django_db(transaction=True)
def test_the_overview_asks_as_many_questions_for_a_long_history_as_for_a_short_one(
    program, anne, purchase, settle, django_assert_max_num_queries
):
    path, asked = f"people/{anne['id']}/overview", []
    program.get(path)
    for count in (1, 300):
        program.post("events", [purchase(f"I{count}-{n}", person=ANNE) for n in range(count)])
        settle()
        # key, person, sight, card, facts; one a panel
        with django_assert_max_num_queries(5 + len(registry.panels) + len(registry.open)) as queries:
            program.get(path)
        asked.append(len(queries))
    assert asked[0] == asked[1]


def test_an_overview_leaves_out_what_its_reader_may_not_see(make_program, anne):
    page = make_program("people.read").get(f"people/{anne['id']}/overview").json
    assert (page["timeline"], page["panels"]) == (None, {})
    assert Sight.objects.filter(kind="person", channel="api").count() == 1


@pytest.mark.django_db(transaction=True)
def test_her_copy_holds_what_the_kernel_and_the_journeys_hold(program, anne, purchase, settle):
    program.post("events", purchase("J1", person=ANNE))
    settle()
    copy = program.get(f"people/{anne['id']}/export")
    assert "attachment" in copy.headers["Content-Disposition"]
    assert copy.json["people"]["family_name"] == "Kerouac"
    assert copy.json["timeline"][0]["data"]["order_number"] == "J1"
    assert copy.json["purchases"][0]["spent_minor"] == 2500
    assert Sight.objects.filter(kind="export").count() == 1


def test_an_erased_person_keeps_her_facts_and_loses_her_name_and_cannot_be_changed(program, anne, purchase):
    program.post("events", purchase("K1", person=ANNE, data=None) | {"data": purchase("K1")["data"] | {"note": "Anne"}})
    path = f"people/{anne['id']}"
    erased = program.post(f"{path}/erasure")
    assert (erased.status, erased.json["id"]) == (201, anne["id"])
    assert program.post(f"{path}/erasure").json == erased.json
    left = program.get(path).json
    assert (left["name"], left["address"], left["erased_at"]) == ("", "", erased.json["erased_at"])
    assert program.get(f"{path}/timeline").json["items"][0]["data"]["note"] == "[erased]"
    assert program.get("people?q=kerouac").json["items"] == []
    assert program.patch(path, {"family_name": "Kerouac"}).code == "people.erased"
    assert program.post("events", purchase("K2", person=ANNE)).code == "people.erased"
