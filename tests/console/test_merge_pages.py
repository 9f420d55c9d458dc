from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from egard.kernel.lifecycle.operations import merge_persons
from egard.kernel.people import duplicates
from egard.kernel.people.models import Duplicate, Merge, Person

pytestmark = pytest.mark.django_db


@pytest.fixture
def agent(client, make_user):
    user = make_user("agent", name="Camille Lefèvre")
    client.force_login(user)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return user


@pytest.fixture
def anne(make_person):
    return make_person("Anne", "Kerouac", email="anne@example.org", phone="0612345678")


@pytest.fixture
def nan(make_person):
    return make_person("Nan", "Kerouac", email="nan@example.net", phone="0612345678")


def _text(response):
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def test_the_other_is_chosen_by_search_or_from_those_who_look_alike(client, agent, anne, nan, make_person):
    make_person("Paul", "Durand")
    page = reverse("console:merge", args=[anne.uuid])
    shown = _text(client.get(page))
    assert "Nan Kerouac" in shown
    assert "Paul" not in shown
    found = _text(client.get(page, {"q": "durand"}, headers={"HX-Request": "true", "HX-Target": "others"}))
    assert "Paul Durand" in found
    assert "Anne" not in _text(
        client.get(page, {"q": "kerouac"}, headers={"HX-Request": "true", "HX-Target": "others"})
    )


def test_both_stand_side_by_side_and_one_button_merges_them(client, agent, anne, nan):
    page = reverse("console:merge", args=[anne.uuid])
    shown = _text(client.get(page, {"with": nan.uuid}))
    for words in ("anne@example.org", "nan@example.net", "Stays Anne Kerouac", "Joins Nan Kerouac", "together"):
        assert words in shown
    assert not Merge.objects.exists()
    done = client.post(page, {"with": nan.uuid, "reason": "same voice"}, follow=True)
    shown = _text(done)
    assert "Merged with Nan Kerouac" in shown
    assert "Camille Lefèvre · same voice" in shown
    assert client.get(reverse("console:person", args=[nan.uuid])).url.startswith(
        reverse("console:person", args=[anne.uuid])
    )


def test_the_notice_takes_it_back(client, agent, anne, nan):
    client.post(reverse("console:merge", args=[anne.uuid]), {"with": nan.uuid})
    held = Merge.objects.get()
    shown = _text(client.post(reverse("console:undoing", args=[held.pk]), follow=True))
    assert "They are two again" in shown
    assert "The other record: Nan Kerouac" in shown
    assert not Person.objects.exclude(root=None).exists()
    again = client.post(reverse("console:undoing", args=[held.pk]))
    assert (again.status_code, again.headers["X-Egard-Refusal"]) == (409, "people.merge_undone")


def test_what_cannot_be_is_said_before_the_button(client, agent, anne, nan, make_user):
    for person in (anne, nan):
        Person.objects.filter(pk=person.pk).update(user=make_user())
    shown = client.get(reverse("console:merge", args=[anne.uuid]), {"with": nan.uuid})
    assert "account of her own" in _text(shown)
    assert "btn-primary" not in shown.content.decode()
    assert client.post(reverse("console:merge", args=[anne.uuid]), {"with": nan.uuid}).status_code == 409
    assert client.get(reverse("console:merge", args=[anne.uuid]), {"with": "nonsense"}).status_code == 404
    assert client.get(reverse("console:merge", args=[anne.uuid]), {"with": anne.uuid}).status_code == 409


def test_who_may_not_merge_sees_who_was_merged_and_no_button(client, make_user, anne, nan, me, now):
    merge_persons(anne, nan, by=me, now=now)
    client.force_login(make_user("host", "hr"))
    page = client.get(reverse("console:person", args=[anne.uuid])).content.decode()
    assert "Nan Kerouac" in page
    assert "undoing" not in page
    assert client.get(reverse("console:merge", args=[anne.uuid])).status_code == 403
    assert client.get(reverse("console:duplicates")).status_code == 403


def test_pairs_are_proposed_with_their_reasons_and_a_no_is_remembered(client, agent, anne, nan, now):
    page = reverse("console:duplicates")
    assert "No possible duplicates" in _text(client.get(page))
    client.post(reverse("console:looking"))
    shown = _text(client.get(page))
    assert "Phone +33 6 12 34 56 78" in shown.replace("\xa0", " ")
    assert "other first name" in shown
    said = client.post(reverse("console:dismissal"), {"one": anne.uuid, "other": nan.uuid}, follow=True)
    assert "No possible duplicates" in _text(said)
    client.post(reverse("console:looking"))
    assert "No possible duplicates" in _text(client.get(page))
    assert "Nan Kerouac" in _text(client.get(page, {"dismissed": "1"}))
    client.post(reverse("console:dismissal"), {"one": anne.uuid, "other": nan.uuid, "again": "1"})
    assert "Nan Kerouac" in _text(client.get(page))
    assert Duplicate.objects.count() == 1


def test_the_list_costs_the_same_for_one_pair_and_for_many(client, agent, make_person, now):
    def asked():
        duplicates.look(now=now)
        with CaptureQueriesContext(connection) as made:
            assert client.get(reverse("console:duplicates")).status_code == 200
        return len(made)

    for n in range(2):
        make_person("Anne", f"Nom{n}", phone="0612345678")
    asked()
    few = asked()
    for n in range(20):
        make_person("Paul", "Durand", device=f"D{n // 2}")
    assert asked() == few
