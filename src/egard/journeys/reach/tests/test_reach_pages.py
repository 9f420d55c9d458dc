"""The adviser's desk and the page on which a client asks to be called."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from egard.base.clock import utc_now
from egard.journeys.reach import operations, pages, portfolio, refusals
from egard.journeys.reach.desks import pages as desks
from egard.journeys.reach.handovers import pages as handovers
from egard.journeys.reach.handovers import wording
from egard.journeys.reach.links import pages as links
from egard.journeys.reach.models import Absence, CallBack, Desk
from egard.journeys.reach.tests.phones import MOBILE, phone
from egard.kernel.access.models import Sight
from egard.kernel.access.queries import viewer_for
from egard.kernel.messages.arriving import receive_chat
from egard.kernel.people.operations import set_adviser
from egard.kernel.promises.models import Promise
from egard.portal.models import Session
from egard.portal.operations import sha

pytestmark = pytest.mark.django_db


@pytest.fixture
def at_home(house):
    """Élodie's phone, signed in to her own space."""
    at = utc_now()
    Session.objects.create(
        token=sha("hers"), person=house.elodie, began_at=at, seen_at=at, expires_at=at + timedelta(days=1)
    )
    browser = Client(headers={"Accept-Language": "en"})
    browser.cookies["egard_me"] = "hers"
    return browser


@pytest.fixture(autouse=True)
def _same_clock(clock, monkeypatch):
    for module in (pages, desks, handovers, links):
        monkeypatch.setattr(module, "utc_now", lambda: clock.now)


def test_the_desk_shows_who_is_on_the_line_and_whom_something_is_owed(house, clock):
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(house.claire)
    page = client.get("/reach/").content.decode()
    assert "Élodie Lebœuf" in page
    assert "Nobody is on your line" in page
    line = phone()
    line.call()
    line.answered()
    part = client.get("/reach/line/").content.decode()
    assert "you talk" in part
    assert "Élodie Lebœuf" in part
    assert client.post("/reach/presence/", {"presence": "away"}).status_code == 302
    assert Desk.objects.get(user=house.claire).presence == "away"
    assert client.post("/reach/presence/", {"presence": "asleep"}).status_code == 422


def test_the_questions_of_the_desk_are_as_many_whatever_the_portfolio(house, make_person, me, now,
                                                                      django_assert_num_queries):  # fmt: skip
    viewer = viewer_for(house.claire)
    with django_assert_num_queries(4):  # nothing is owed
        portfolio.portfolio(viewer, now=now)
    for n in range(12):
        made = make_person("A", f"Martin{n}")
        set_adviser(made, house.claire, since=now, by=me, now=now)
        receive_chat(made, "hello", assignee=house.claire, key=str(n), now=now)
    with django_assert_num_queries(5):
        rows, n = portfolio.portfolio(viewer, now=now)
    assert (len(rows), n) == (13, 13)
    assert [bool(one.ring) for one in rows] == [True] * 12 + [False]
    assert [one.person.family_name for one in portfolio.portfolio(viewer, q="mártin1", now=now)[0]] == [
        "Martin1", "Martin10", "Martin11"
    ]  # fmt: skip


def test_she_chooses_when_she_is_called_and_it_is_a_promise(at_home, house):
    page = at_home.get("/me/call/").content.decode()
    assert "Claire Martin, your adviser, calls you" in page
    first = re.search(r'<option value="([^"]+)"', page)[1]
    told = {"at": first, "number": "", "about": "my loan", "key": "k"}
    for _twice in range(2):
        assert at_home.post("/me/call/", told).status_code == 302
    made = CallBack.objects.get()
    assert (made.number, made.about, made.desk) == (MOBILE, "my loan", house.desk)
    assert Promise.objects.get().owner == house.claire
    page = at_home.get("/me/call/").content.decode()
    assert "It is promised" in page
    assert "Claire Martin calls you on Tuesday 10 March at 09:45" in page
    assert "on 06\u00a012\u00a034\u00a056\u00a078" in page
    assert "<select" not in page


def test_a_promised_call_is_changed_taken_back_and_put_back_on_the_page_where_it_was_asked_for(at_home, house):
    def called() -> list[str]:
        rows = CallBack.objects.filter(dropped_at=None).order_by("pk")
        return [timezone.localtime(one.starts_at).strftime("%H:%M") for one in rows]

    page = at_home.get("/me/call/").content.decode()
    at_home.post("/me/call/", {"at": re.search(r'<option value="([^"]+)"', page)[1], "number": "", "key": "k"})
    first = CallBack.objects.get()
    page = at_home.get(f"/me/call/?change={first.uuid}").content.decode()
    assert "In the place of Tuesday 10 March at 09:45" in page
    free = re.findall(r'<option value="([^"]+)"', page)
    told = {"what": "change", "call": str(first.uuid), "at": free[1], "number": "06 98 76 54 32", "about": "my garden"}
    for _twice in range(2):
        assert at_home.post("/me/call/", told).url == "/me/call/"
    assert called() == ["12:00"]
    second = CallBack.objects.get(dropped_at=None)
    assert (second.number, second.about, second.desk) == ("+33698765432", "my garden", house.desk)
    gone = at_home.post("/me/call/", {"what": "cancel", "call": str(second.uuid)})
    assert called() == []
    page = at_home.get(gone.url).content.decode()
    assert "The call is taken back" in page
    assert "<select" in page
    for _twice in range(2):
        at_home.post("/me/call/", {"what": "again", "call": str(second.uuid)})
    assert called() == ["12:00"]
    assert Promise.objects.filter(state="released").count() == 2
    assert at_home.post("/me/call/", {"what": "cancel", "call": str(house.elodie.uuid)}).status_code == 404


def test_a_call_put_back_too_late_says_that_its_time_is_taken_and_offers_others(at_home, house, clock, me):
    page = at_home.get("/me/call/").content.decode()
    at = re.search(r'<option value="([^"]+)"', page)[1]
    at_home.post("/me/call/", {"at": at, "number": "", "key": "k"})
    held = CallBack.objects.get()
    at_home.post("/me/call/", {"what": "cancel", "call": str(held.uuid)})
    operations.promise_call_back(None, house.desk, held.starts_at, number="+33698765432", channel="web", key="other",
                                 by=me, now=clock.now)  # fmt: skip
    answer = at_home.post("/me/call/", {"what": "again", "call": str(held.uuid)})
    assert answer.status_code == 409
    assert "This time is no longer free" in answer.content.decode()
    assert "which is yours until you choose" not in answer.content.decode()
    free = re.search(r'<option value="([^"]+)"', answer.content.decode())[1]
    at_home.post("/me/call/", {"what": "change", "call": str(held.uuid), "at": free})
    assert CallBack.objects.filter(person=house.elodie, dropped_at=None).count() == 1


def test_a_time_that_is_none_or_taken_is_refused_in_words_and_nothing_typed_is_lost(at_home, house):
    for at in ("", "tomorrow", "2026-03-10T23:00:00+00:00", "2026-03-11T09:00:00"):
        answer = at_home.post("/me/call/", {"at": at, "number": "06 99 99 99 99", "about": "my loan"})
        assert answer.status_code == 409
        assert "06 99 99 99 99" in answer.content.decode()
    assert not CallBack.objects.exists()


def test_a_desk_is_set_on_its_page_and_an_absence_is_put_back(house, clock, make_user, me):
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(house.claire)
    url = f"/reach/desks/{house.claire.pk}/"
    told = {"what": "desk", "line": "01 40 00 00 09", "calendar": "office", "deputy": str(house.hugo.pk)}
    assert client.post(url, told).status_code == 302
    assert Desk.objects.get(user=house.claire).line == "+33140000009"
    days = {"what": "absence", "since_day": "2026-03-16", "until_day": "2026-03-20"}
    assert client.post(url, days).status_code == 302
    again = client.post(url, {**days, "until_day": "2026-03-17"})
    assert again.status_code == 409
    assert "Part of this time is an absence already" in again.content.decode()
    at = datetime(2026, 3, 17, 9, tzinfo=UTC)
    operations.promise_call_back(house.elodie, house.desk, clock.now + timedelta(minutes=48), channel="web", key="k",
                                 by=me, now=clock.now)  # fmt: skip
    receive_chat(house.elodie, "hello", assignee=house.claire, due_at=at, key="k", now=clock.now)
    page = client.get(url).content.decode()
    assert "16 March to 20 March" in page
    assert "1 promise falls due in this time" in page
    assert Sight.objects.filter(detail="owed by Claire Martin").exists()
    absence = Absence.objects.get()
    moved = client.post(url, {"what": "move", "absence": str(absence.uuid)}).content.decode()
    assert "1 promise went to Hugo Delmas." in moved
    ended = client.post(url, {"what": "end", "absence": str(absence.uuid)}).content.decode()
    assert "The absence is ended." in ended
    assert not Absence.objects.exists()
    client.post(url, {"what": "back", "since": absence.since.isoformat(), "until": absence.until.isoformat()})
    assert Absence.objects.get().until == absence.until
    assert client.get(f"/reach/desks/{house.hugo.pk}/").status_code == 403
    client.force_login(make_user("supervisor"))
    assert "Claire Martin" in client.get("/reach/desks/").content.decode()
    bare = {"what": "back", "since": "2026-03-16T09:00", "until": "nonsense"}
    for wrong in (
        {"what": "absence", "since_day": "16/03", "until_day": ""},
        {"what": "presence", "presence": "x"},
        bare,
    ):
        assert client.post(url, wrong).status_code == 422
    assert client.post(url, {"what": "nothing"}).status_code == 404


def test_only_who_serves_clients_is_offered_as_taker_and_as_deputy_and_nobody_else_is_taken(house, make_user, me, now):
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(house.claire)
    others = [make_user(role, name=f"The {role}") for role in ("auditor", "administrator", "host", "analyst")]
    pages = [client.get(url).content.decode() for url in ("/reach/handovers/new/", f"/reach/desks/{house.claire.pk}/")]
    for page in pages:
        assert ">Hugo Delmas</option>" in page
        assert not [one.name for one in others if f">{one.name}</option>" in page]
    form = dict(re.findall(r'name="(giver|key)" value="([^"]+)"', pages[0])) | {"what": "plan", "when": "now"}
    form |= {f"{part}_{code}": words for code, one in wording.ours().items() for part, words in one.items()}
    for one in others:
        with pytest.raises(refusals.NoStaff):
            operations.set_desk(house.claire, deputy=one, by=me, now=now)
        refused = client.post("/reach/handovers/new/", {**form, "taker": str(one.pk)})
        assert refused.status_code == 422
        assert "of those who serve clients" in refused.content.decode()


def test_a_portfolio_is_handed_over_on_its_page_with_a_preview_and_who_could_not_be_told_is_seen(
    house, clock, make_person, make_user, carry_out, me
):
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(house.claire)
    silent = make_person("Lise", "Roy")
    set_adviser(silent, house.claire, since=clock.now, by=me, now=clock.now)
    page = client.get("/reach/handovers/new/").content.decode()  # only her own: nothing is to be chosen
    assert "Hand my portfolio over" in page
    form = dict(re.findall(r'name="(giver|key)" value="([^"]+)"', page))
    form |= {f"{part}_{code}": words for code, one in wording.ours().items() for part, words in one.items()}
    shown = client.post("/reach/handovers/new/", {**form, "what": "preview", "taker": str(house.hugo.pk),
                                                  "whose": str(house.elodie.uuid)}).content.decode()  # fmt: skip
    assert "Hello Élodie" in shown
    early = client.post("/reach/handovers/new/", {**form, "what": "preview", "taker": "",
                                                  "whose": str(house.elodie.uuid)}).content.decode()  # fmt: skip
    assert "⟨the new adviser⟩ is your adviser from now on" in early
    assert "Claire Martin is your adviser" not in early
    assert "Hugo Delmas is your adviser from now on" in shown
    assert client.post("/reach/handovers/new/", {**form, "what": "plan"}).status_code == 422
    plan = {**form, "what": "plan", "taker": str(house.hugo.pk), "when": "now", "whom": "all"}
    told = [client.post("/reach/handovers/new/", plan) for _twice in range(2)]
    assert told[0].url == told[1].url
    page = client.get(told[0].url).content.decode()
    assert "Take it back" in page
    carry_out(at=clock.pass_(minutes=1))
    page = client.get(told[0].url).content.decode()
    assert "no address is known" in page
    assert "Text message" in page
    assert "Lise" in client.get(f"{told[0].url}?why=no_address").content.decode()
    assert client.post(f"{told[0].url}withdrawal/").status_code == 409
    assert "Hugo Delmas" in client.get("/reach/handovers/").content.decode()
    client.force_login(make_user("supervisor"))
    assert "portfolio of Hugo Delmas" in client.get("/reach/handovers/new/").content.decode()
    client.force_login(make_user("analyst"))
    assert client.get(told[0].url).status_code == 403
