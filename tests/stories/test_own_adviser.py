"""A client of fifteen years asks for her adviser by name and reaches her, not a pool; else she has a dated promise.

Told through the voice webhook, the pages and the API. And how far a process may go before clients leave: a year of a
pool beside a year with one's own adviser, of clients who all leave by one law that the product is not told.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from email.message import EmailMessage
from math import exp
from random import Random

import pytest
from django.test import Client

from egard.base.clock import utc_now
from egard.journeys.friction import api as friction_api
from egard.journeys.friction import evaluating
from egard.journeys.friction import pages as friction_pages
from egard.journeys.friction.rules import relation
from egard.journeys.friction.rules.weights import Lived, index
from egard.journeys.reach import api, operations, pages
from egard.journeys.reach.handovers import wording
from egard.journeys.reach.sandbox import Phone
from egard.kernel.access.operations import create_api_key
from egard.kernel.messages.arriving import receive_email
from egard.kernel.people.operations import add_identifier, set_adviser
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
    for module in (api, pages, friction_api, friction_pages):
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


def test_she_writes_to_her_adviser_and_who_follows_her_tells_her_so_by_real_mail(
    branch, client, me, mailbox, carry_out, settings, tmp_path
):
    claire, hugo, elodie = branch
    settings.MAIL_AUTH_HOSTS, settings.MEDIA_ROOT = ("mx.maison.example",), tmp_path
    add_identifier(elodie, "email", "elodie@example.org", by=me, now=utc_now())
    client.force_login(claire)

    # She writes. An answer is promised by a moment; Claire writes it in her inbox, and it leaves by the mail server.
    letter = EmailMessage()
    letter["Authentication-Results"] = "mx.maison.example; dmarc=pass header.from=example.org"
    letter["From"], letter["To"], letter["Subject"] = "elodie@example.org", "a@maison.example", "Mon prêt"
    letter["Message-ID"] = "<loan@example.org>"
    letter.set_content("Où en est mon prêt ?")
    thread = receive_email(letter.as_bytes(), source="test", now=utc_now()).message.thread
    (owed,) = client.get(f"/api/v1/people/{elodie.uuid}/promises").json()["items"]
    assert (owed["kind"], owed["state"]) == ("messages.answer", "open")
    assert owed["due_at"]
    page = client.get(f"/inbox/{thread.uuid}/").content.decode()
    assert "Où en est mon prêt" in page
    told = {name: re.search(f'name="{name}" value="([^"]*)"', page)[1] for name in ("key", "seen")}
    told |= {"what": "reply", "text": "Bonjour Élodie, votre prêt est accordé ; je vous appelle mardi à 10 h. Claire"}
    assert client.post(f"/inbox/{thread.uuid}/say/", told).status_code in (200, 302)
    carry_out(at=utc_now() + timedelta(seconds=11))
    (answer,) = mailbox.letters
    assert (answer["To"], answer["In-Reply-To"]) == ("elodie@example.org", "<loan@example.org>")
    assert "votre prêt est accordé" in answer.get_body(("plain",)).get_content()
    (owed,) = client.get(f"/api/v1/people/{elodie.uuid}/promises").json()["items"]
    assert owed["state"] == "kept"

    # Claire leaves: her clients are told who follows her, once each, and the next call rings there.
    page = client.get("/reach/handovers/new/").content.decode()
    plan = dict(re.findall(r'name="(giver|key)" value="([^"]+)"', page))
    plan |= {f"{part}_{code}": words for code, one in wording.ours().items() for part, words in one.items()}
    plan |= {"what": "plan", "taker": str(hugo.pk), "when": "now", "whom": "all"}
    for _twice in range(2):
        assert client.post("/reach/handovers/new/", plan).status_code == 302
    carry_out(at=utc_now() + timedelta(seconds=30))
    carry_out(at=utc_now() + timedelta(minutes=1))
    _answer, introduction = mailbox.letters
    assert introduction["Subject"] == "Hugo Delmas est désormais à vos côtés"
    assert "à la suite de Claire Martin" in introduction.get_body(("plain",)).get_content()
    assert ring().heard.line == HUGO


# --- how far is too far -----------------------------------------------------------------------------------------------

MONTHS, MONTH = 12, timedelta(days=28)
CLIENTS, ELODIE = 300, "15000"
BASE, BEARS = -5.0, 0.09
"""How clients leave, each month: log-odds without friction, and what one point of it adds. The test alone knows."""


class Caller:
    """A client: how often she calls (a chance a month), and her draws, the same whatever process answers her."""

    def __init__(self, number: str, calls: float, random: Random) -> None:
        self.number, self.calls = number, calls
        self.lived: list[Lived] = []
        self.called = [random.random() < calls for _month in range(MONTHS)]
        self.leaves = [random.random() for _month in range(MONTHS)]
        self.left_at: datetime | None = None

    def has_enough(self, month: int, at: datetime) -> bool:
        return self.leaves[month] < 1 / (1 + exp(-(BASE + BEARS * index(self.lived, at=at))))


def sent_to_the_pool(caller: Caller, month: int, at: datetime, random: Random) -> list[dict]:
    """What a call to the relation centre costs, as its own system tells it."""
    met = {"wait": 3 + random.expovariate(1 / 6), "transfer": float(random.random() < 0.7),
           "asked_again": float(random.random() < 0.6), "unanswered": float(random.random() < 0.25)}  # fmt: skip
    caller.lived += [Lived(kind, measure, at) for kind, measure in met.items()]
    person = {"kind": "customer_number", "value": caller.number}
    return [
        {"kind": "friction.met/1", "key": f"{caller.number}:{month}:{kind}", "at": at.isoformat(), "person": person,
         "channel": "voice", "data": {"kind": kind, "process": "relation-centre", "measure": measure}}
        for kind, measure in met.items()
    ]  # fmt: skip


def year_with_a_pool(callers: list[Caller], began: datetime, random: Random) -> list[dict]:
    """The facts of a year: who calls meets the pool, who has had enough leaves."""
    facts = []
    for month in range(MONTHS):
        at = began + month * MONTH
        for caller in callers:
            if caller.left_at:
                continue
            if caller.called[month]:
                facts += sent_to_the_pool(caller, month, at, random)
            if caller.has_enough(month, at + timedelta(days=1)):
                caller.left_at = at + timedelta(days=1)
                person = {"kind": "customer_number", "value": caller.number}
                facts.append({"kind": "friction.left/1", "key": f"left:{caller.number}", "data": {"reason": "unhappy"},
                              "at": caller.left_at.isoformat(), "person": person})  # fmt: skip
    return facts


@pytest.mark.django_db(transaction=True)
def test_sent_to_a_pool_she_leaves_and_with_her_adviser_on_the_line_she_stays(
    clock, branch, make_person, make_user, client, me, now, settle, monkeypatch
):
    monkeypatch.setattr(relation, "DRAWS", 60)
    _claire, _hugo, here = branch  # Élodie in a house with this process
    _key, secret = create_api_key(name="house", scopes=["all"], by=me, now=now)
    headers = {"Authorization": f"Bearer {secret}"}
    random, began = Random(6), now - MONTHS * MONTH
    callers = [Caller(str(20000 + n), random.random(), random) for n in range(CLIENTS)]
    hers = Caller(ELODIE, 1.0, random)
    elodie = make_person("Élodie", "Lebœuf", customer_number=ELODIE)  # and in one that has a pool

    # A year of the relation centre, as its system tells it. Élodie, client for fifteen years, calls each month.
    facts = year_with_a_pool([hers, *callers], began, random)
    for start in range(0, len(facts), 1000):
        batch = {"events": facts[start : start + 1000]}
        told = client.post("/api/v1/events", batch, "application/json", headers=headers)
        assert told.json()["rejected"] == 0
    settle()
    assert hers.left_at
    assert "friction.left/1" in [one["kind"] for one in timeline_by_api(client, elodie, headers)]

    # The same year, the same calls and temper, with this process: her own adviser is rung, each month, by the webhook.
    twin = Caller("", 1.0, Random(0))
    twin.called, twin.leaves = hers.called, hers.leaves
    for month in range(MONTHS):
        clock.now = began + month * MONTH
        call = ring()
        assert call.heard.line == CLAIRE
        clock.pass_(seconds=12)
        call.answered()
        clock.pass_(minutes=5)
        call.line_ended(seconds=300)
        call.hang_up()
        twin.lived.append(Lived("wait", 0.2, clock.now))
        assert not twin.has_enough(month, clock.now + timedelta(days=1))
    settle()

    # The house is not told by what law they leave. It finds that friction makes them, and from where on.
    clock.now = now
    evaluating.evaluate(now=now)
    found = client.get("/api/v1/friction", headers=headers).json()["figures"]["relation"]
    assert found["told"]
    assert found["slope"]["low"] > 1
    assert found["leavings"] >= relation.LEAVINGS_PER_PREDICTOR
    assert found["brier"] < found["brier_flat"]
    level = found["level"]["index"]
    assert found["level"]["low"] <= level
    assert index(hers.lived, at=hers.left_at) > level  # she left above it
    her_own = client.get(f"/api/v1/friction/people/{here.uuid}", headers=headers).json()
    assert her_own["index"] == 0  # what she lived in twelve calls
    assert her_own["left_at"] is None
    gone = client.get(f"/api/v1/friction/people/{elodie.uuid}", headers=headers).json()
    assert datetime.fromisoformat(gone["left_at"]) == hers.left_at
    assert {one["process"] for one in gone["reasons"]} == {"relation-centre"}

    # Managers read it in words; who answers her sees it on her page.
    manager = Client(headers={"Accept-Language": "en"})
    manager.force_login(make_user("site_manager"))
    page = manager.get("/friction/").content.decode()
    assert "twice as many clients leave as without friction" in page
    assert "Relation centre" in page
    assert "Left us" in manager.get(f"/people/{elodie.uuid}/panels/friction/").content.decode()
    period = {"since": began.isoformat(), "until": now.isoformat()}
    reached = client.get("/api/v1/call-figures", period, headers=headers).json()
    assert (reached["own"]["hits"], reached["own"]["n"]) == (MONTHS, MONTHS)
    assert (reached["soon"]["hits"], reached["soon"]["n"]) == (MONTHS, MONTHS)


def timeline_by_api(client, person, headers) -> list[dict]:
    return client.get(f"/api/v1/people/{person.uuid}/timeline?limit=200", headers=headers).json()["items"]
