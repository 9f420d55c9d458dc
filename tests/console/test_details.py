"""Who a person is, edited on her page: refused where somebody was quicker, and nothing of either is lost."""

from __future__ import annotations

import pytest

from egard.kernel.people import operations as people
from egard.kernel.people.models import Person

HTMX = {"HX-Request": "true", "HX-Target": "person-details"}


@pytest.fixture
def anne(make_person):
    return make_person("Anne", "Lebrun", email="anne@example.org")


def opened(client, person) -> dict[str, str]:
    """What the form would send back untouched."""
    fields = client.get(f"/people/{person.uuid}/details/", headers=HTMX).context["fields"]
    sent = {field.name: field.value for field in fields} | {f"was_{field.name}": field.was for field in fields}
    return sent | {"version": Person.objects.get(pk=person.pk).version}


def test_details_are_changed_and_the_parts_that_show_them_come_back(read_as, anne):
    agent = read_as("agent")
    page = f"/people/{anne.uuid}/details/"
    assert "Anne" in agent.get(page).content.decode()  # also without scripts
    sent = opened(agent, anne) | {"family_name": "Leblanc", "address": "3, rue Haute\r\n75001 Paris", "country": "fr"}
    answer = agent.post(page, sent, headers=HTMX)
    assert answer.status_code == 200
    assert "Anne Leblanc" in answer.content.decode()
    anne.refresh_from_db()
    assert (anne.family_name, anne.address, anne.country) == ("Leblanc", "3, rue Haute\n75001 Paris", "FR")
    assert agent.post(page, opened(agent, anne) | {"given_name": "Zoé"}).status_code == 302


def test_a_value_that_cannot_be_is_said_by_its_field_and_what_was_typed_stays(read_as, anne):
    agent = read_as("agent")
    answer = agent.post(
        f"/people/{anne.uuid}/details/", opened(agent, anne) | {"country": "F1", "given_name": "Zoé"}, headers=HTMX
    )
    assert (answer.status_code, answer.headers["X-Egard-Refusal"]) == (422, "people.bad_value")
    assert "a country is two letters" in answer.content.decode()
    assert 'value="Zoé"' in answer.content.decode()
    wrong = agent.post(f"/people/{anne.uuid}/details/", opened(agent, anne) | {"site": "nowhere"}, headers=HTMX)
    assert wrong.headers["X-Egard-Refusal"] == "access.unknown_site"
    assert Person.objects.get(pk=anne.pk).given_name == "Anne"


def test_what_somebody_changed_meanwhile_is_shown_beside_mine_and_i_choose(read_as, anne, me, now):
    agent = read_as("agent")
    mine = opened(agent, anne) | {"family_name": "Lenoir", "given_name": "Annette"}
    people.update_person(anne, family_name="Leblanc", address="3, rue Haute", by=me, now=now)
    answer = agent.post(f"/people/{anne.uuid}/details/", mine, headers=HTMX)
    assert (answer.status_code, answer.headers["X-Egard-Refusal"]) == (409, "people.changed_meanwhile")
    shown = {field.name: field for field in answer.context["fields"]}
    assert (shown["family_name"].value, shown["family_name"].theirs) == ("Lenoir", "Leblanc")
    assert [name for name, field in shown.items() if field.is_contested] == ["family_name"]
    assert shown["address"].value == "3, rue Haute"  # only the other changed it
    assert Person.objects.get(pk=anne.pk).given_name == "Anne"  # nothing is written yet

    again = {f.name: f.value for f in shown.values()} | {f"was_{f.name}": f.was for f in shown.values()}
    again["version"] = answer.context["version"]
    for choice, family_name in (("theirs", "Leblanc"), ("mine", "Lenoir")):
        sent = again | {"choice_family_name": choice, "version": Person.objects.get(pk=anne.pk).version}
        assert agent.post(f"/people/{anne.uuid}/details/", sent, headers=HTMX).status_code == 200
        anne.refresh_from_db()
        assert (anne.given_name, anne.family_name, anne.address) == ("Annette", family_name, "3, rue Haute")


def test_who_may_not_change_people_has_no_form_and_no_way_around_it(read_as, anne):
    auditor = read_as("auditor")
    assert "edit-details" not in auditor.get(f"/people/{anne.uuid}/").content.decode()
    assert auditor.get(f"/people/{anne.uuid}/details/").status_code == 403
    assert auditor.post(f"/people/{anne.uuid}/details/", {"given_name": "X"}).status_code == 403


def test_each_part_of_the_page_is_asked_for_by_itself(read_as, anne):
    agent = read_as("agent")
    for name, shown in (
        ("head", "Anne Lebrun"),
        ("ways", "anne@example.org"),
        ("consents", "Consents"),
        ("owed", "owe"),
    ):
        answer = agent.get(f"/people/{anne.uuid}/parts/{name}/?live=1", headers={"HX-Request": "true"})
        assert shown in answer.content.decode()
    assert agent.get(f"/people/{anne.uuid}/parts/nothing/").status_code == 404
    controller = read_as("controller")
    assert controller.get(f"/people/{anne.uuid}/parts/consents/").status_code == 404
    assert "anne@example.org" not in controller.get(f"/people/{anne.uuid}/parts/ways/").content.decode()


def test_a_server_that_cannot_stream_says_so_quietly_and_a_stranger_hears_nothing(read_as, client, anne):
    assert client.get(f"/live?topics=person:{anne.uuid}").status_code == 204
    assert read_as("agent").get(f"/live?topics=person:{anne.uuid}").status_code == 204
