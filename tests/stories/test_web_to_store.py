"""web_to_store: on line all is smooth, and in the shop she is expected.

She books on her phone: the shop, her reason, a time. She has it by mail, with an entry for her calendar. In the
morning the shop's brief says that she comes, for what, and who takes her. At the door nobody asks again: her name,
reason and answer stand on the tablet, her adviser is free at the hour, and what was promised is kept. Then she buys on
line, and the advice she had is credited for it.

Told through the public page in a browser, real SMTP and its calendar entry, the API, and the pages of the shop.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from html import unescape
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
import vobject
from django.test import Client

from egard.base.clock import utc_now
from egard.journeys.visits import shops
from egard.kernel.access.operations import create_api_key, ensure_site, place_user
from egard.kernel.people.models import Person
from egard.kernel.promises.models import Promise
from egard.kernel.timeline.models import Fact

pytestmark = pytest.mark.django_db(transaction=True)
JSON = "application/json"
ADVICE = {
    "name": {"fr": "Conseil", "en": "Advice"}, "minutes": 30, "notice_minutes": 0, "credit_days": 30,
    "questions": [{"key": "about", "label": {"fr": "Pour quoi ?", "en": "What for?"}, "required": True}],
}  # fmt: skip


def noon_somewhere(now: datetime) -> str:
    """A zone in which it is about noon: the whole story happens within one day of the shop, whenever it is told."""
    hours = 12 - now.hour
    return f"Etc/GMT{-hours:+d}" if hours else "Etc/GMT"


@pytest.fixture
def house(transactional_db, make_user, me, settings, live_server):
    """A shop that is open, Claire who advises there, Rose at the door, Mona who leads."""
    settings.URL = live_server.url
    now = utc_now()
    site = ensure_site("lyon-2", "Lyon 2", zone=noon_somewhere(now), by=me, now=now)
    told = {
        "hours": {"week": {"mon-sun": ["00:00-24:00"]}},
        "address": "12 rue Mercière, Lyon",
        "phone": "+33478000000",
    }
    shop = shops.set_shop(site, **told, by=me, now=now)
    advice = shops.set_reason("advice", ADVICE, by=me, now=now)
    staff = {
        "claire": ("adviser", "Claire Martin"),
        "rose": ("host", "Rose Blanc"),
        "mona": ("site_manager", "Mona Ly"),
    }
    people = {}
    for name, (role, called) in staff.items():
        people[name] = make_user(role, name=called)
        place_user(people[name], teams=(), sites=[site], by=me, now=now)
    shops.set_host(people["claire"], site, [advice], by=me, now=now)
    return SimpleNamespace(site=site, shop=shop, **people)


@pytest.fixture
def program(house, me):
    """A program of the house: `program("get", "visits")`."""
    _key, secret = create_api_key(name="till", scopes=["all"], by=me, now=utc_now())

    def ask(method, path, body=None, **headers):
        more = {} if body is None else {"data": body, "content_type": JSON}
        told = {"authorization": f"Bearer {secret}", **headers}
        return getattr(Client(), method)(f"/api/v1/{path}", **more, headers=told)

    return ask


def as_staff(user) -> Client:
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(user)
    return client


def words_of(answer) -> str:
    assert answer.status_code == 200
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())).split())


def entry_of(letter):
    """What her calendar reads, by another library than ours: the method, and the event."""
    part = next(part for part in letter.walk() if part.get_content_type() == "text/calendar")
    held = vobject.readOne(part.get_payload(decode=True).decode())
    return held.method.value, held.vevent


def booked_on_her_phone(open_page) -> None:
    page = open_page(width=360, height=740, language="fr", touch=True)
    page.goto("/p/visits/lyon-2/")
    page.tap("text=Conseil")
    page.wait_for_url("**/advice/")
    page.locator(".book-time").nth(1).tap()
    page.wait_for_url("**/held/**")
    page.fill("#name", "Nora Benali")
    page.fill("#email", "nora@example.org")
    page.get_by_label("Pour quoi").fill("Une bague pour ma mère")
    page.locator("button.me-act").tap()
    page.wait_for_url("**/own/**")


def test_she_books_on_line_is_expected_in_the_shop_and_what_it_leads_to_is_credited(
    house, program, open_page, mailbox, carry_out, settle
):
    # On line: three taps, and a letter with an entry for her calendar.
    booked_on_her_phone(open_page)
    carry_out(at=utc_now())
    [letter] = mailbox.letters
    method, event = entry_of(letter)
    assert (letter["To"], method, event.sequence.value) == ("nora@example.org", "REQUEST", "0")
    [visit] = program("get", f"visits?site={house.site.pk}").json()["items"]
    assert (visit["state"], visit["name"], visit["adviser"]["name"]) == ("booked", "Nora Benali", "Claire Martin")
    assert event.dtstart.value == datetime.fromisoformat(visit["start"])

    # She calls: a quarter of an hour later would suit her. The same entry moves.
    day = datetime.fromisoformat(visit["start"])
    free = program("get", f"slots?site={house.site.pk}&reason=advice&from={utc_now():%Y-%m-%d}").json()["items"]
    later = next(one["start"] for one in free if datetime.fromisoformat(one["start"]) > day)
    moved = program("patch", f"visits/{visit['id']}", {"start": later, "why": "The tram"}).json()
    assert (moved["start"], moved["revision"]) == (later, 1)
    carry_out(at=utc_now())
    method, changed = entry_of(mailbox.letters[-1])
    assert (method, changed.sequence.value, changed.uid.value) == ("REQUEST", "1", event.uid.value)
    assert len(mailbox.letters) == 2

    # In the morning, the brief: who comes, for what, who takes her. Read, and signed for.
    local = datetime.fromisoformat(later).astimezone(ZoneInfo(house.site.zone))
    brief = program("get", f"briefs/{house.site.pk}/{local:%Y-%m-%d}").json()
    assert (brief["visits"], brief["hosts"]) == (1, [{"host": "Claire Martin", "visits": 1}])
    shown = words_of(as_staff(house.mona).get(f"/shop/brief/{house.site.pk}/{local:%Y-%m-%d}/"))
    assert all(said in shown for said in ("Nora Benali", "Advice", "Claire Martin"))

    # At the door nobody asks again.
    rose = as_staff(house.rose)
    listed = words_of(rose.get(f"/shop/{house.site.pk}/"))
    assert all(said in listed for said in ("Nora Benali", "Advice", "Une bague pour ma mère", "Claire Martin"))
    assert rose.post(f"/shop/visits/{visit['id']}/arrival/").json()["state"] == "arrived"
    claire = as_staff(house.claire)
    assert "Nora Benali" in words_of(claire.get("/shop/mine/"))

    # Received within five minutes of the hour, as promised; what came of it is kept.
    promised = Promise.objects.get(kind="visits.receive", state="open")
    assert promised.owner == house.claire
    program("post", f"visits/{visit['id']}/start", {})
    promised.refresh_from_db()
    assert promised.state == "kept"
    done = program("post", f"visits/{visit['id']}/end", {"outcome": "thinking", "next_step": "Shows it to her sister"})
    assert done.json()["state"] == "ended"
    nora = Person.objects.get(pk=Fact.objects.filter(kind__name="visits.ended").get().person_id)
    lived = program("get", f"people/{nora.uuid}/timeline?limit=50").json()["items"]
    kinds = [one["kind"].partition("/")[0] for one in lived if one["kind"].startswith("visits.")]
    assert kinds == ["visits.ended", "visits.received", "visits.arrived", "visits.moved", "visits.booked"]

    # Days later she buys on line: the advice is credited, as associated, elsewhere.
    sale = {
        "person": {"id": str(nora.uuid)}, "kind": "purchases.made/1", "at": utc_now().isoformat(), "channel": "web",
        "data": {"order_number": "W-1", "total": {"amount": 24900, "currency": "EUR"}}, "key": "made:W-1",
    }  # fmt: skip
    assert program("post", "events", sale).status_code in (200, 201)
    settle(at=utc_now() + timedelta(seconds=5))
    since, until = (f"{utc_now() + timedelta(days=n):%Y-%m-%dT%H:%M:%SZ}" for n in (-1, 1))
    [led] = program("get", f"visit-credits?since={since}&until={until}").json()["items"]
    assert (led["adviser"], led["visits"], led["sales"]) == ("Claire Martin", 1, 1)
    assert led["associated"] == led["elsewhere"] == {"amount": 24900, "currency": "EUR"}
