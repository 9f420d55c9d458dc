"""The morning brief: what it says, sent once before opening, read or not."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egard.journeys.visits import booking, reception, shops
from egard.journeys.visits.booking import Told
from egard.journeys.visits.briefs import operations as briefs
from egard.journeys.visits.briefs.models import Brief, BriefRead
from egard.journeys.visits.briefs.queries import brief, reads, unread_since
from egard.journeys.visits.models import Engaged, Resource, Visit
from egard.journeys.visits.placing import Wish
from egard.journeys.visits.rules.brief import at_risk, usual
from egard.kernel.access.operations import place_user
from egard.kernel.messages.models import Outgoing

DAY = date(2026, 9, 16)
NINE = datetime(2026, 9, 16, 7, 0, tzinfo=UTC)


def at(hours: int, minutes: int = 0, day: date = DAY) -> datetime:
    """By the clock of Lyon in summer."""
    return datetime(day.year, day.month, day.day, hours - 2, minutes, tzinfo=UTC)


@pytest.fixture
def book(shop, me, now):
    def make(start, person=None, reason=None, **wish):
        told = {"told": Told(answers={}), "key": booking.new_key(), "by": me, "now": now}
        return booking.book(shop.shop, reason or shop.discovery, person or shop.elodie, Wish(start, **wish), **told)

    return make


def test_it_says_who_comes_for_what_to_whom_and_where_it_is_tight(shop, book, everything, make_person, me, now):
    anna = make_person("Anna", "A", email="a@example.org")
    book(at(14))  # Claire
    book(at(14), anna)  # Hugo
    for start in (at(14), at(14, 15)):
        book(start, anna, shop.back)  # Nadia alone has time for these
    hugo = Resource.objects.get(user=shop.hugo)
    Engaged.objects.create(resource=hugo, since=at(9), until=at(20))
    told = brief(everything, shop.shop, DAY, now=now)
    assert (len(told.rows), told.reasons) == (4, [("Discovery", 2), ("Return", 2)])
    assert [(name, len(rows)) for name, rows in told.hosts] == [
        ("Claire Martin", 1),
        ("Hugo Delmas", 1),
        ("Nadia Sy", 2),
    ]
    assert (told.there, told.absent) == (["Claire Martin", "Nadia Sy"], ["Hugo Delmas"])
    assert [row.name for row in told.left_alone] == ["Anna A"]
    assert [(one.since, one.until, one.needed, one.there) for one in told.risks] == [(at(14), at(14, 30), 3, 2)]
    assert told.gaps == []
    away = Resource.objects.get(user=shop.claire)
    Engaged.objects.create(resource=away, since=at(9), until=at(20))
    assert brief(everything, shop.shop, DAY, now=now).gaps == [("Discovery", 2)]


def test_who_walks_in_usually_is_told_with_the_number_of_days(shop, everything, me):
    for weeks, many in ((1, 3), (2, 1)):
        day = at(11, day=DAY - timedelta(weeks=weeks))
        for n in range(many):
            reception.walk_in(shop.shop, shop.back, key=f"{weeks}:{n}", by=me, now=day)
    told = brief(everything, shop.shop, DAY, now=at(8)).walk_ins
    assert (told.mean, told.most, told.n) == (2, 3, 2)
    assert brief(everything, shop.shop, DAY + timedelta(days=1), now=at(8)).walk_ins.most == 0
    assert brief(everything, shop.shop, DAY - timedelta(weeks=3), now=at(8)).walk_ins is None  # nobody came yet


spans = st.tuples(st.integers(0, 40), st.integers(1, 20)).map(
    lambda s: (NINE + timedelta(minutes=15 * s[0]), NINE + timedelta(minutes=15 * (s[0] + s[1])))
)


@given(st.lists(st.tuples(spans, st.integers(1, 3)), max_size=8), st.lists(spans, max_size=6))
def test_an_hour_is_at_risk_where_and_only_where_somebody_is_missing(visits, there):
    needed = [(a, b, n) for (a, b), n in visits]
    risks = at_risk(needed, there)
    for quarter in range(64):
        moment = NINE + timedelta(minutes=15 * quarter)
        short = sum(n for a, b, n in needed if a <= moment < b) > sum(a <= moment < b for a, b in there)
        assert short == any(one.since <= moment < one.until for one in risks)
    assert all(one.needed > one.there for one in risks)
    assert usual([]) is None


@pytest.fixture
def team(shop, make_user, me, now):
    manager, host = make_user("site_manager", name="Marc Roy"), make_user("host", name="Inès Petit")
    for user in (manager, host):
        place_user(user, teams=[], sites=[shop.site], by=me, now=now)
    return manager, host


def sent(kind: str) -> set[str]:
    return set(Outgoing.objects.filter(kind=kind).values_list("to", flat=True))


def test_it_is_sent_once_before_opening_to_who_works_there(shop, book, team):
    book(at(14))
    briefs.send_job(now=at(9, 14))
    assert sent(briefs.SENT) == set()
    for minute in (15, 16, 30):
        briefs.send_job(now=at(9, minute))
    assert sent(briefs.SENT) == {user.email for user in (*team, shop.claire, shop.hugo, shop.nadia)}
    assert Outgoing.objects.filter(kind=briefs.SENT).count() == 5
    hers = Outgoing.objects.get(to=shop.claire.email)
    assert "14:00" in hers.text
    assert "Lebœuf" not in hers.text  # a mail names no client: the page does
    assert briefs.send_brief(shop.shop, DAY, at(10), now=at(9, 40)) is False


def test_a_brief_that_nobody_has_read_alerts_the_manager_at_opening_once(shop, book, team, everything):
    book(at(14))
    for minutes in (15, 59, 60, 61, 62):
        briefs.send_job(now=at(9) + timedelta(minutes=minutes))
    assert sent(briefs.UNREAD) == {team[0].email}
    assert Outgoing.objects.filter(kind=briefs.UNREAD).count() == 1
    assert unread_since(everything, shop.shop, DAY) == at(10)
    briefs.note_read(shop.shop, DAY, team[0], now=at(10, 5))
    assert unread_since(everything, shop.shop, DAY) is None


def test_a_brief_that_was_read_alerts_nobody(shop, book, team, everything):
    book(at(14))
    briefs.send_job(now=at(9, 15))
    first = briefs.note_read(shop.shop, DAY, team[1], now=at(9, 20))
    assert briefs.note_read(shop.shop, DAY, team[1], now=at(9, 30)) == first
    assert briefs.alert(shop.shop, DAY, now=at(10)) is False
    assert sent(briefs.UNREAD) == set()
    assert reads(everything, shop.shop, DAY) == [("Inès Petit", at(9, 20))]
    assert BriefRead.objects.count() == 1


@pytest.mark.parametrize(
    ("day", "opens"),
    [
        (date(2026, 3, 29), datetime(2026, 3, 29, 7, 0, tzinfo=UTC)),  # the night when an hour is skipped
        (date(2026, 10, 25), datetime(2026, 10, 25, 8, 0, tzinfo=UTC)),  # and the one when it comes twice
    ],
)
def test_on_the_days_when_the_clock_changes_it_is_sent_so_long_before_opening(shop, me, now, day, opens):
    shops.set_shop(shop.site, hours={"week": {"mon-sun": ["09:00-18:00"]}}, brief_minutes=600, by=me, now=now)
    briefs.send_job(now=opens - timedelta(minutes=601))
    assert not Brief.objects.filter(day=day).exists()
    briefs.send_job(now=opens - timedelta(minutes=600))
    assert Brief.objects.get(day=day).opens_at == opens


def test_the_page_fits_on_one_sheet_with_forty_visits(browser, live_server, shop, make_user, make_person, me, now):
    make_user("supervisor", email="ines@example.org", name="Inès Petit", password="a-warm-welcome", language="fr")
    people = [make_person(f"Prénom{n}", "Nom-Composé-Long", email=f"p{n}@example.org") for n in range(40)]
    made = booking.book(
        shop.shop, shop.discovery, people[0], Wish(at(10)), told=Told(answers={}), key="one", by=me, now=now
    )
    rows = []
    for n, person in enumerate(people[1:]):
        row = Visit.objects.get(pk=made.pk)
        row.pk, row.uuid, row.reference, row.key, row.person = None, booking.new_id(), f"R{n:06d}", f"k{n}", person
        rows.append(row)
    Visit.objects.bulk_create(rows)
    page = browser.new_context(base_url=live_server.url, locale="fr").new_page()
    page.goto("/accounts/login/")
    page.fill("input[name=login]", "ines@example.org")
    page.fill("input[name=password]", "a-warm-welcome")
    page.click("form.entrance-sign-in button[type=submit]")
    page.wait_for_url("**/people/")
    page.goto(f"/shop/brief/{shop.site.pk}/{DAY}/")
    assert page.locator(".brief-list li").count() == 40
    sheets = len(re.findall(rb"/Type\s*/Page\b(?!s)", page.pdf(prefer_css_page_size=True)))
    page.get_by_role("button", name="Je l’ai lu").click()
    page.get_by_text("vous l’avez lu").wait_for()
    page.context.close()
    assert sheets == 1
    assert BriefRead.objects.get().user.name == "Inès Petit"
