"""A client of fifteen years asks for her adviser by name and reaches her, not a pool; else she has a dated promise.

Told through the voice webhook, the pages and the API. Not told yet: how much friction clients bear before they leave.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from egard.journeys.reach import api, operations, pages
from egard.journeys.reach.sandbox import Phone
from egard.kernel.people.operations import set_adviser
from egard.kernel.promises.sweeping import sweep

pytestmark = pytest.mark.django_db
TOKEN, MOBILE = "shared with the provider", "+33612345678"
CLAIRE, HUGO = "+33140000001", "+33140000002"


class Clock:
    def __init__(self, now) -> None:
        self.now = now

    def pass_(self, **amount) -> None:
        self.now += timedelta(**amount)


@pytest.fixture
def clock(monkeypatch, now):
    held = Clock(now)
    for module in (api, pages):
        monkeypatch.setattr(module, "utc_now", lambda: held.now)
    monkeypatch.setenv("EGARD_VOICE_TOKEN", TOKEN)
    return held


@pytest.fixture
def branch(clock, make_user, make_person, me, now):
    """A branch: Élodie, client for fifteen years; Claire, her adviser; Hugo, who stands in."""
    claire, hugo = make_user("adviser", name="Claire Martin"), make_user("adviser", name="Hugo Delmas")
    elodie = make_person("Élodie", "Lebœuf", phone=MOBILE, language="fr")
    set_adviser(elodie, claire, since=now - timedelta(days=15 * 365), by=me, now=now)
    operations.set_desk(hugo, line=HUGO, by=me, now=now)
    operations.set_desk(claire, line=CLAIRE, deputy=hugo, by=me, now=now)
    return claire, hugo, elodie


def ring(number: str = MOBILE) -> Phone:
    def post(url, form, headers):
        answer = Client().post(url.removeprefix("http://testserver"), form, headers=headers)
        return answer.status_code, answer.content.decode()

    phone = Phone(post, TOKEN, number)
    phone.call()
    return phone


def timeline(client, elodie) -> list[str]:
    items = client.get(f"/api/v1/people/{elodie.uuid}/timeline").json()["items"]
    return [item["kind"] for item in reversed(items)]


def test_a_client_of_fifteen_years_reaches_her_own_adviser_or_has_a_dated_promise(branch, clock, client, me):
    claire, hugo, elodie = branch
    client.force_login(claire)

    # She calls the branch. Nobody asks who she is or what it is about: her adviser's line rings, and answers.
    call = ring()
    assert call.heard.line == CLAIRE
    assert "Je vous passe Claire Martin." in call.heard.words
    clock.pass_(seconds=12)
    call.answered()
    assert "Élodie Lebœuf" in client.get("/reach/").content.decode()  # Claire sees who it is, and her file
    assert client.get(f"/people/{elodie.uuid}").status_code in (200, 301)
    clock.pass_(minutes=5)
    call.line_ended(seconds=300)
    call.hang_up()

    # Another day Claire is with somebody: her client is told what there is, in order, and chooses Hugo, who knows all.
    client.post("/reach/presence/", {"presence": "busy"})
    clock.pass_(days=1)
    call = ring()
    said = call.heard.words
    told = ("attendre", "Hugo Delmas", "rappelé", "message")
    assert [said.index(word) for word in told] == sorted(said.index(word) for word in told)
    assert call.press("2").line == HUGO
    call.answered()
    call.line_ended(seconds=60)
    call.hang_up()
    stand_in = Client()
    stand_in.force_login(hugo)
    assert "reach.reached/1" in timeline(stand_in, elodie)

    # Neither is there: she is called back at the time she chooses. It is a promise, with a moment, on her timeline.
    for staff in branch[:2]:
        operations.set_presence(staff, "away", by=me, now=clock.now)
    call = ring()
    assert call.heard.words.count("tapez") == 2
    assert "mercredi 11 mars" in call.press("1").words
    assert "C’est promis." in call.press("1").words
    call.hang_up()
    owed = client.get(f"/api/v1/people/{elodie.uuid}/promises").json()["items"]
    assert [(one["kind"], one["state"]) for one in owed] == [("reach.call_back", "open")]

    # Nobody calls: the promise is broken at its moment, and that is not hidden from anybody.
    clock.pass_(hours=3)
    sweep(now=clock.now)
    owed = client.get(f"/api/v1/people/{elodie.uuid}/promises").json()["items"]
    assert [one["state"] for one in owed] == ["broken"]
    lived = timeline(client, elodie)
    assert [kind for kind in lived if kind.startswith("reach.")] == [
        "reach.called/1",
        "reach.reached/1",
        "reach.called/1",
        "reach.transferred/1",
        "reach.reached/1",
        "reach.called/1",
        "reach.put_off/1",
    ]
    assert lived[-1] == "promises.broken/1"
