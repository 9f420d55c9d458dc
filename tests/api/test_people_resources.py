"""People through the API: finding, making, changing, and what belongs to them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from egard.base.clock import utc_now
from egard.kernel.access.models import ApiKey, Sight, Team
from egard.kernel.access.operations import ensure_site, ensure_team, note_key_used

pytestmark = pytest.mark.django_db


def test_a_person_made_is_found_by_pieces_of_her_name_her_mail_and_her_phone(program, anne):
    for typed in ("kero", "ANNE ker", "0612", "56 78", "anne@example.org"):
        found = program.get(f"people?q={typed.replace(' ', '%20')}")
        assert [p["id"] for p in found.json["items"]] == [anne["id"]], typed


def test_an_identifier_finds_exactly_its_person(program, anne):
    found = program.get("people?identifier=email:ANNE@example.org").json
    assert [p["id"] for p in found["items"]] == [anne["id"]]
    assert found["next"] is None
    assert program.get("people?identifier=email:other@example.org").json["items"] == []


def test_an_identifier_without_its_kind_is_refused_with_the_form_to_write(program):
    refused = program.get("people?identifier=17850")
    assert (refused.status, refused.code) == (422, "api.invalid")
    assert "kind:value" in refused.json["fields"]["identifier"]


def test_an_unknown_kind_of_identifier_says_which_there_are(program):
    refused = program.get("people?identifier=shoe:42")
    assert refused.code == "people.unknown_identifier_kind"
    assert "customer_number" in refused.json["detail"]


def test_the_list_is_walked_page_by_page_without_loss(program):
    for n in range(7):
        program.post("people", {"family_name": f"Person {n}"})
    seen, cursor = [], ""
    while True:
        page = program.get(f"people?limit=3{cursor}").json
        seen += [p["family_name"] for p in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert seen == [f"Person {n}" for n in range(7)]


@pytest.mark.parametrize("limit", ["0", "201", "-1", "many", "99999999999999999999999"])
def test_a_limit_outside_1_to_200_is_refused(program, limit):
    refused = program.get(f"people?limit={limit}")
    assert (refused.status, refused.code) == (422, "api.invalid")
    assert "limit" in refused.json["fields"]


@pytest.mark.parametrize("cursor", ["nonsense", "WyJ0aW1lbGluZSIsMSwyXQ", "%C3%A9", "WyJwZW9wbGUiLG51bGwsMV0"])
def test_an_unknown_cursor_is_refused(program, cursor):
    refused = program.get(f"people?cursor={cursor}")
    assert (refused.status, refused.code) == (422, "paging.unknown_cursor")


def test_a_cursor_that_points_before_the_beginning_is_unknown(program):
    from egard.base.paging import encode_cursor

    refused = program.get(f"people?q=kerouac&cursor={encode_cursor('search', -5)}")
    assert refused.code == "paging.unknown_cursor"


def test_a_person_read_by_id_is_a_sight_and_a_list_logs_its_query_once(program, anne):
    before = Sight.objects.count()
    assert program.get(f"people/{anne['id']}").json["name"] == "Anne Kerouac"
    program.get("people?q=kerouac")
    kinds = list(Sight.objects.order_by("id").values_list("kind", "detail", "channel"))[before:]
    assert kinds == [("person", "", "api"), ("list", "kerouac", "api")]


def test_an_unknown_person_and_an_id_that_is_none_are_told_apart(program):
    assert program.get("people/019a0000-0000-7000-8000-000000000000").code == "not_found"
    refused = program.get("people/17850")
    assert (refused.status, refused.code) == (422, "api.invalid")


def test_what_is_not_named_in_a_change_stays(program, anne):
    changed = program.patch(f"people/{anne['id']}", {"family_name": "Le Bihan", "country": "fr"})
    assert (changed.status, changed.json["name"], changed.json["country"]) == (200, "Anne Le Bihan", "FR")
    assert [p["id"] for p in program.get("people?q=bihan").json["items"]] == [anne["id"]]
    assert program.get("people?q=kerouac").json["items"] == []


def test_a_change_of_what_was_changed_meanwhile_is_refused_and_writes_nothing(program, anne):
    hers = f"people/{anne['id']}"
    read = program.get(hers)
    mark = read.headers["ETag"]
    assert mark == f'"{read.json["version"]}"'
    changed = program.patch(hers, {"address": "3, rue Haute"}, If_Match=mark)
    assert changed.status == 200
    overtaken = program.patch(hers, {"address": "9, rue Basse"}, If_Match=mark)
    assert (overtaken.status, overtaken.code) == (409, "people.changed_meanwhile")
    assert program.get(hers).json["address"] == "3, rue Haute"
    assert program.patch(hers, {"address": "9, rue Basse"}, If_Match=changed.headers["ETag"]).status == 200
    assert program.patch(hers, {"address": ""}).status == 200  # who does not ask for it is not held to it


def test_a_home_site_is_set_and_taken_away_by_its_id(program, anne, me, now):
    site = ensure_site("lyon", "Lyon", by=me, now=now)
    path = f"people/{anne['id']}"
    assert program.patch(path, {"site": str(site.pk)}).json["site"]["code"] == "lyon"
    assert program.patch(path, {"language": "fr"}).json["site"]["code"] == "lyon"
    assert program.patch(path, {"site": None}).json["site"] is None
    assert program.patch(path, {"site": anne["id"]}).code == "access.unknown_site"


def test_a_misspelt_field_is_refused_and_named(program):
    refused = program.post("people", {"givenname": "Anne"})
    assert (refused.status, refused.code) == (422, "api.invalid")
    assert refused.json["fields"] == {"givenname": "is not a known field"}


@pytest.mark.parametrize(
    ("person", "code", "field"),
    [
        ({"family_name": "x" * 201}, "people.bad_value", "family_name"),
        ({"country": "France"}, "people.bad_value", "country"),
        ({"identifiers": [{"kind": "email", "value": "anne at example"}]}, "people.bad_identifier", "value"),
        ({"identifiers": [{"kind": "phone", "value": "12"}]}, "people.bad_identifier", "value"),
        ({"identifiers": [{"kind": "plate", "value": "-"}]}, "people.bad_identifier", "value"),
        ({"roles": ["a role!"]}, "people.bad_value", "name"),
        ({"identifiers": "anne@example.org"}, "api.invalid", "identifiers"),
        ({"family_name": 17850}, "api.invalid", "family_name"),
    ],
)
def test_a_value_that_cannot_be_is_refused_by_its_field(program, person, code, field):
    refused = program.post("people", person)
    assert (refused.status, refused.code) == (422, code)
    assert refused.json["fields"][field]
    assert program.get("people").json["items"] == []


def test_a_phone_of_elsewhere_needs_its_country(program, anne):
    path = f"people/{anne['id']}/identifiers"
    refused = program.post(path, {"kind": "phone", "value": "(202) 456-1111"})
    assert refused.code == "people.bad_identifier"
    assert "+33" in refused.json["detail"]
    assert program.post(path, {"kind": "phone", "value": "+1 202 456 1111"}).json["value"] == "+12024561111"


def test_names_that_fold_into_many_letters_are_stored(program):
    made = program.post("people", {"family_name": "ﷺ" * 200, "given_name": "œ" * 200})
    assert made.status == 201
    assert program.get(f"people/{made.json['id']}").json["family_name"] == "ﷺ" * 200


def test_two_people_with_one_e_mail_are_refused_unless_they_share_it(program, anne):
    refused = program.post("people", {"identifiers": [{"kind": "email", "value": "anne@example.org"}]})
    assert (refused.status, refused.code) == (409, "people.identifier_taken")
    assert "shared" in refused.json["detail"]
    paul = program.post("people", {"given_name": "Paul", "family_name": "Kerouac"}).json
    path = f"people/{paul['id']}/identifiers"
    assert program.post(path, {"kind": "email", "value": "anne@example.org"}).status == 409
    added = program.post(path, {"kind": "email", "value": "anne@example.org", "shared": True})
    assert (added.status, added.json["shared"]) == (201, True)
    both = program.get("people?identifier=email:anne@example.org").json["items"]
    assert {p["id"] for p in both} == {anne["id"], paul["id"]}


def test_identifiers_are_listed_in_full_and_taken_away(program, anne):
    path = f"people/{anne['id']}/identifiers"
    listed = program.get(path).json["items"]
    assert [(i["kind"], i["value"], i["reach"]) for i in listed] == [
        ("email", "anne@example.org", "email"),
        ("phone", "+33612345678", "phone"),
    ]
    first = program.get(f"{path}?limit=1").json
    assert program.get(f"{path}?limit=1&cursor={first['next']}").json["items"][0]["kind"] == "phone"
    gone = program.delete(f"{path}?kind=phone&value=0612345678")
    assert (gone.status, gone.content) == (204, b"")
    assert program.delete(f"{path}?kind=phone&value=0612345678").code == "not_found"
    assert program.get("people?q=0612345678").json["items"] == []


def test_a_role_begins_and_ends_with_its_dates_and_stays_in_the_history(program, anne):
    path = f"people/{anne['id']}/roles"
    begun = program.post(path, {"role": "Candidate", "since": "2026-01-05T09:00:00+01:00"})
    assert (begun.status, begun.json) == (
        201,
        {"role": "candidate", "since": "2026-01-05T08:00:00Z", "until": None},
    )
    early = program.post(f"{path}/candidate/ending", {"until": "2025-12-31T00:00:00Z"})
    assert (early.code, list(early.json["fields"])) == ("people.bad_value", ["until"])
    ended = program.post(f"{path}/candidate/ending", {"until": "2026-02-01T00:00:00Z"})
    assert ended.json["until"] == "2026-02-01T00:00:00Z"
    assert program.post(f"{path}/candidate/ending", {}).code == "not_found"
    assert {r["role"] for r in program.get(path).json["items"]} == {"customer", "candidate"}


def test_consents_are_added_and_the_latest_word_holds(program, anne):
    path = f"people/{anne['id']}/consents"
    word = {"purpose": "newsletter", "channel": "email"}
    for given, at in ((True, "2025-01-01T00:00:00Z"), (False, "2025-06-01T00:00:00Z"), (True, "2025-03-01T00:00:00Z")):
        assert program.post(path, {**word, "given": given, "at": at, "proof": "counter"}).status == 201
    consents = program.get(path).json
    assert [(c["given"], c["at"]) for c in consents["current"]] == [(False, "2025-06-01T00:00:00Z")]
    assert len(consents["items"]) == 3
    page = program.get(f"{path}?limit=2").json
    rest = program.get(f"{path}?limit=2&cursor={page['next']}").json
    assert [c["at"] for c in page["items"] + rest["items"]] == [c["at"] for c in consents["items"]]


def test_a_consent_of_tomorrow_is_refused(program, anne):
    at = (utc_now() + timedelta(days=1)).isoformat()
    word = {"purpose": "news", "channel": "sms", "given": True, "at": at}
    refused = program.post(f"people/{anne['id']}/consents", word)
    assert (refused.code, list(refused.json["fields"])) == ("people.bad_value", ["at"])


@pytest.mark.parametrize(
    "at",
    [
        "2026-02-30T10:00:00Z",
        "2026-02-28",
        "2026-02-28T10:00:00",
        1767225600,
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-12:00",
    ],
)
def test_a_moment_that_is_none_is_refused_in_words(program, anne, at):
    word = {"purpose": "news", "channel": "sms", "given": True, "at": at}
    refused = program.post(f"people/{anne['id']}/consents", word)
    assert (refused.status, refused.code) == (422, "api.invalid")
    assert refused.json["fields"]["at"]


def test_an_adviser_is_named_replaced_and_taken_away(program, anne, make_user):
    path = f"people/{anne['id']}/adviser"
    assert program.get(path).json == {"adviser": None}
    claire, omar = make_user("adviser", name="Claire Petit"), make_user("adviser", name="Omar Diallo")
    assert program.put(path, {"staff": str(claire.pk)}).json["adviser"]["name"] == "Claire Petit"
    assert program.put(path, {"staff": str(omar.pk)}).json["adviser"]["name"] == "Omar Diallo"
    assert program.put(path, {"staff": anne["id"]}).code == "access.unknown_staff"
    assert program.get(path).json["adviser"]["name"] == "Omar Diallo"
    assert program.put(path, {"staff": None}).json == {"adviser": None}


def test_an_adviser_cannot_begin_before_the_one_whom_she_replaces(program, anne, make_user):
    path = f"people/{anne['id']}/adviser"
    first, second = make_user("adviser"), make_user("adviser")
    program.put(path, {"staff": str(first.pk), "since": "2026-01-01T00:00:00Z"})
    refused = program.put(path, {"staff": str(second.pk), "since": "2025-01-01T00:00:00Z"})
    assert (refused.code, list(refused.json["fields"])) == ("people.bad_value", ["since"])


def test_sites_teams_and_staff_are_listed_page_by_page(program, make_user, me, now):
    Team.objects.all().delete()  # those that types of case ask
    for name in ("Brest", "Lyon", "Nice"):
        ensure_site(name.lower(), name, by=me, now=now)
        ensure_team(name.lower(), f"Team {name}", by=me, now=now)
        make_user("agent", name=name)
    for path, first in (("sites", "Brest"), ("teams", "Team Brest"), ("staff", "Brest")):
        page = program.get(f"{path}?limit=2").json
        assert (page["items"][0]["name"], len(page["items"])) == (first, 2)
        rest = program.get(f"{path}?limit=2&cursor={page['next']}").json
        assert (len(rest["items"]), rest["next"]) == (1, None)
        assert program.get(f"{path}?cursor=zzz").code == "paging.unknown_cursor"


def test_a_key_does_only_what_its_scopes_name(make_program, anne):
    reader = make_program("people.read")
    assert reader.get(f"people/{anne['id']}").status == 200
    for refused in (
        reader.post("people", {}),
        reader.patch(f"people/{anne['id']}", {}),
        reader.post(f"people/{anne['id']}/consents", {"purpose": "a", "channel": "b", "given": True}),
        reader.get(f"people/{anne['id']}/timeline"),
        reader.get(f"people/{anne['id']}/export"),
        reader.post(f"people/{anne['id']}/erasure"),
        reader.post("events", []),
    ):
        assert (refused.status, refused.code) == (403, "access.not_allowed")
        assert "permission" in refused.json["detail"]


def test_a_key_writes_when_it_was_last_used_to_the_minutes(program, now):
    program.get("people")
    first = ApiKey.objects.get().last_used_at
    assert first is not None
    program.get("people")
    assert ApiKey.objects.get().last_used_at == first
    note_key_used(ApiKey.objects.get().pk, now=now)
    assert ApiKey.objects.get().last_used_at == now
