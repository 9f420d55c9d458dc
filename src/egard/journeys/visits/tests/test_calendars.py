"""Calendars of others: what an adviser's own one says is taken is not offered, and any calendar reads her visits."""

from __future__ import annotations

import gzip
import threading
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import vobject

from egard.base.refusal import NotFound
from egard.journeys.visits import booking, feeds, fetched, refusals
from egard.journeys.visits.booking import Told
from egard.journeys.visits.models import Engaged, Resource
from egard.journeys.visits.offering import offers
from egard.journeys.visits.placing import Wish
from egard.journeys.visits.rules.engaged import BadCalendarFile, engaged

DAY = date(2026, 9, 16)
FROM, TO = datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)


def at(hours: int, minutes: int = 0, day: int = 16) -> datetime:
    """By the clock of Lyon, in September 2026."""
    return datetime(2026, 9, day, hours - 2, minutes, tzinfo=UTC)


def ics(*events: str) -> bytes:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Somebody//EN"]
    for n, event in enumerate(events):
        uid = [] if "UID:" in event else [f"UID:e{n}@x"]
        lines += ["BEGIN:VEVENT", *uid, *event.strip().split("\n"), "END:VEVENT"]
    return "\r\n".join([*(line.strip() for line in lines), "END:VCALENDAR", ""]).encode()


def taken(*events: str, since: datetime = FROM, until: datetime = TO) -> list[tuple[datetime, datetime]]:
    return engaged(ics(*events), since, until, zone="Europe/Paris")


def test_what_takes_time_is_read_whatever_clock_it_names():
    assert taken(
        "DTSTART:20260916T080000Z\nDTEND:20260916T090000Z",
        "DTSTART;TZID=America/New_York:20260917T080000\nDURATION:PT30M",
        "DTSTART:20260918T100000\nDTEND:20260918T110000",
        "DTSTART;VALUE=DATE:20260919\nDTEND;VALUE=DATE:20260921",
        "DTSTART;TZID=Romance Standard Time:20260922T100000\nDTEND;TZID=Romance Standard Time:20260922T110000",
    ) == [
        (at(10), at(11)),
        (at(14, day=17), at(14, 30, day=17)),
        (at(10, day=18), at(11, day=18)),
        (at(2, day=19) - timedelta(hours=2), at(2, day=21) - timedelta(hours=2)),
        (at(10, day=22), at(11, day=22)),
    ]


def test_what_is_cancelled_or_free_takes_none_and_what_overlaps_is_one():
    assert taken(
        "DTSTART:20260916T080000Z\nDTEND:20260916T090000Z\nSTATUS:CANCELLED",
        "DTSTART:20260916T080000Z\nDTEND:20260916T090000Z\nTRANSP:TRANSPARENT",
        "DTSTART:20260916T100000Z\nDTEND:20260916T110000Z",
        "DTSTART:20260916T103000Z\nDTEND:20260916T120000Z",
        "DTSTART:20260916T200000Z\nDTEND:20260916T190000Z",  # ends before it starts: nobody can read it
        "SUMMARY:without a beginning",
    ) == [(at(12), at(14))]


def test_each_recurrence_stays_at_its_hour_on_the_wall_when_the_clock_changes():
    weekly = "DTSTART;TZID=Europe/Paris:20200101T090000\nDTEND;TZID=Europe/Paris:20200101T100000\nRRULE:FREQ=WEEKLY"
    found = taken(weekly, since=datetime(2026, 10, 20, tzinfo=UTC), until=datetime(2026, 10, 30, tzinfo=UTC))
    assert [start for start, _end in found] == [
        datetime(2026, 10, 21, 7, tzinfo=UTC), datetime(2026, 10, 28, 8, tzinfo=UTC),
    ]  # fmt: skip


def test_of_a_series_what_was_moved_cancelled_or_left_out_is_so():
    series = """UID:s
        DTSTART;TZID=Europe/Paris:20260914T090000
        DTEND;TZID=Europe/Paris:20260914T100000
        RRULE:FREQ=DAILY;UNTIL=20260919T070000Z
        EXDATE;TZID=Europe/Paris:20260915T090000
        RDATE;TZID=Europe/Paris:20260925T090000"""
    moved = """UID:s
        RECURRENCE-ID;TZID=Europe/Paris:20260916T090000
        DTSTART;TZID=Europe/Paris:20260916T150000
        DTEND;TZID=Europe/Paris:20260916T160000"""
    gone = """UID:s
        RECURRENCE-ID;TZID=Europe/Paris:20260917T090000
        DTSTART;TZID=Europe/Paris:20260917T090000
        DTEND;TZID=Europe/Paris:20260917T100000
        STATUS:CANCELLED"""
    starts = [start for start, _end in taken(series, moved, gone)]
    assert starts == [at(9, day=14), at(15), at(9, day=18), at(9, day=19), at(9, day=25)]


def test_a_zone_that_the_file_defines_itself_is_believed():
    zone = """BEGIN:VTIMEZONE
TZID:Shop
BEGIN:STANDARD
DTSTART:20000101T000000
TZOFFSETFROM:+0300
TZOFFSETTO:+0300
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT"""
    text = ics("DTSTART;TZID=Shop:20260916T110000\nDTEND;TZID=Shop:20260916T120000").decode()
    text = text.replace("BEGIN:VEVENT", zone.replace("\n", "\r\n"), 1)
    assert engaged(text, FROM, TO, zone="Europe/Paris") == [(at(10), at(11))]


@pytest.mark.parametrize("text", [b"", b"<html>", b"BEGIN:VEVENT\r\nEND:VEVENT\r\n", b"\xff\xfe", b"BEGIN:VCALENDAR"])
def test_what_is_no_calendar_is_refused(text):
    with pytest.raises(BadCalendarFile):
        engaged(text, FROM, TO, zone="Europe/Paris")


def test_a_rule_without_end_costs_no_more_than_is_asked():
    many = ("DTSTART:19000101T080000Z\nDTEND:19000101T090000Z\nRRULE:FREQ=DAILY",
            "DTSTART:20260101T080000Z\nDTEND:20260101T080100Z\nRRULE:FREQ=SECONDLY")  # fmt: skip
    assert len(taken(*many, since=at(2), until=at(2, day=26))) == 10


@pytest.fixture
def server():
    """A web server; `pages[path]` is what it answers: bytes, or (status, headers, bytes)."""
    pages: dict[str, object] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            found = pages.get(self.path, (404, {}, b""))
            status, headers, body = found if isinstance(found, tuple) else (200, {}, found)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    served = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=served.serve_forever, daemon=True).start()
    served.pages, served.url = pages, f"http://127.0.0.1:{served.server_port}"
    yield served
    served.shutdown()
    served.server_close()


@pytest.fixture
def claire(shop):
    return Resource.objects.get(user=shop.claire)


def error_of(resource: Resource) -> str:
    resource.refresh_from_db()
    return resource.feed_error


def test_what_her_own_calendar_says_is_not_offered(shop, claire, server, settings, me, now, carry_out):
    settings.VISIT_FEEDS_PRIVATE = True
    packed = gzip.compress(ics("DTSTART:20260916T080000Z\nDTEND:20260916T100000Z"))
    server.pages["/there.ics"] = (200, {"Content-Encoding": "gzip"}, packed)
    server.pages["/moved.ics"] = (302, {"Location": "/there.ics"}, b"")
    fetched.set_feed(shop.claire, f"{server.url}/moved.ics", by=me, now=now)
    carry_out()
    claire.refresh_from_db()
    assert (claire.feed_read_at, claire.feed_error) == (now, "")
    free = offers([shop.shop], shop.discovery, DAY, DAY, only=shop.claire.pk, now=now)[0].at
    assert next(iter(free)) == at(12)
    # It moves her meeting; then it is away, and what it said last holds.
    server.pages["/there.ics"] = ics("DTSTART:20260916T120000Z\nDTEND:20260916T130000Z")
    fetched.read_feeds(now=now)
    carry_out()
    assert list(Engaged.objects.values_list("since", "until")) == [(at(14), at(15))]
    for answer, why in (
        ((500, {}, b""), "unreachable"), ((404, {}, b""), "refused"), (b"<html>", "not_a_calendar"),
        ((302, {"Location": "/moved.ics"}, b""), "unreachable"), (b"x" * (5 * 1024 * 1024 + 1), "too_large"),
        ((200, {"Content-Encoding": "gzip"}, gzip.compress(b"x" * 90_000_000)), "too_large"),
    ):  # fmt: skip
        server.pages["/there.ics"] = answer
        fetched.read_feed(resource=claire.pk, now=now + timedelta(minutes=15))
        assert error_of(claire) == why
        assert why in fetched.WORDS
    assert Engaged.objects.count() == 1
    assert claire.feed_read_at == now
    fetched.set_feed(shop.claire, "", by=me, now=now)
    assert not Engaged.objects.exists()


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "[::1]", "10.1.2.3", "169.254.169.254", "192.168.1.1", "[::ffff:127.0.0.1]", "0.0.0.0",
     "100.64.0.1", "[fd00::1]"],
)  # fmt: skip
def test_nothing_is_read_from_within_the_houses_own_network(shop, claire, server, me, now, host):
    server.pages["/a.ics"] = ics()
    fetched.set_feed(shop.claire, f"http://{host}:{server.server_port}/a.ics", by=me, now=now)
    fetched.read_feed(resource=claire.pk, now=now)
    assert error_of(claire) in ("private_address", "unreachable")
    with pytest.raises(fetched.Unread):
        fetched.fetch(f"http://{host}:{server.server_port}/a.ics")


def test_a_public_address_that_leads_inside_is_not_followed(shop, claire, server, me, now, monkeypatch):
    """Also where the name says something else when it is asked a second time: what was looked up is what is asked."""
    told = iter(["93.184.215.14", "127.0.0.1"])
    asked: list[str] = []

    def looked_up(host, port, **more):
        return [(2, 1, 6, "", (next(told) if host == "rebinding.example" else host, port))]

    monkeypatch.setattr(fetched.socket, "getaddrinfo", looked_up)
    monkeypatch.setattr(
        fetched.urllib3.HTTPConnectionPool, "urlopen",
        lambda pool, *args, **kwargs: asked.append(pool.host) or _redirect(f"{server.url}/a.ics"),
    )  # fmt: skip
    with pytest.raises(fetched.Unread, match="private_address"):
        fetched.fetch("http://rebinding.example/a.ics")
    assert asked == ["93.184.215.14"]


def _redirect(location: str):
    return fetched.urllib3.HTTPResponse(status=302, headers={"Location": location})


@pytest.mark.parametrize(
    "address", ["ftp://x.org/a", "file:///etc/passwd", "http://", "https://u:p@x.org/", "x", "http://a b/"]
)
def test_what_is_no_web_address_is_refused(shop, me, now, address):
    with pytest.raises(refusals.WrongFeed):
        fetched.set_feed(shop.claire, address, by=me, now=now)


def test_any_calendar_reads_the_visits_of_a_host_and_of_a_site(shop, me, now, client, settings, make_person):
    real = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    start = next(
        iter(offers([shop.shop], shop.discovery, real.date(), real.date() + timedelta(days=9), now=real)[0].at)
    )
    told = {"told": Told(), "by": me, "now": real}
    booking.book(shop.shop, shop.discovery, shop.elodie, Wish(start, shop.claire.pk), key="a", **told)
    other = make_person("Jean-Marc", "Roy", email="jm@example.org")
    free = offers([shop.shop], shop.back, real.date(), real.date() + timedelta(days=9), only=shop.nadia.pk, now=real)[0]
    booking.book(shop.shop, shop.back, other, Wish(next(iter(free.at)), shop.nadia.pk), key="b", **told)
    claire = Resource.objects.get(user=shop.claire)
    hers = feeds.renew_feed(claire, by=me, now=now)
    answer = client.get(feeds.feed_link(hers, "http://testserver"))
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    held = vobject.readOne(answer.content.decode())
    assert [event.summary.value for event in held.vevent_list] == ["Découverte – É. L."]
    assert held.vevent.dtstart.value == start
    sites = feeds.renew_feed(shop.shop, by=me, now=now)
    held = vobject.readOne(feeds.read(feeds.feed_link(sites).rsplit("/", 1)[1][:-4], now=real))
    assert sorted(event.summary.value for event in held.vevent_list) == [
        "Découverte – É. L. – Claire Martin", "Retour – J. M. R. – Nadia Sy",
    ]  # fmt: skip
    for choice, title in (("names", "Découverte – Élodie Lebœuf"), ("none", "Découverte")):
        settings.VISIT_FEED_NAMES = choice
        assert vobject.readOne(client.get(feeds.feed_link(hers)).content.decode()).vevent.summary.value == title
    # Renewed, the old address is good for nothing; ended, so is the new one.
    anew = feeds.renew_feed(claire, by=me, now=now)
    assert feeds.feed_of(claire) == anew
    assert client.get(feeds.feed_link(hers)).status_code == 404
    feeds.end_feed(claire, by=me, now=now)
    assert client.get(feeds.feed_link(anew)).status_code == 404
    assert client.get("/p/visits/feed/nonsense.ics").status_code == 404
    with pytest.raises(NotFound):
        feeds.read("x", now=now)
