"""Somebody's other calendar, read from its address: what it says is taken is not offered. Never from within the house's
own network, whatever the address says, unless the house allows it.
"""

from __future__ import annotations

import ipaddress
import socket
from datetime import datetime, timedelta
from time import monotonic
from urllib.parse import urljoin, urlsplit

import certifi
import urllib3
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from egard.journeys.visits import refusals
from egard.journeys.visits.models import Engaged, Resource, Rota
from egard.journeys.visits.rules.engaged import BadCalendarFile, engaged
from egard.kernel.access.actors import Actor
from egard.kernel.access.live import tell
from egard.kernel.access.models import User
from egard.kernel.access.operations import log_change
from egard.kernel.jobs.operations import defer

BYTES_MOST = 5 * 1024 * 1024
SECONDS_MOST = 20
REDIRECTS_MOST = 3
AHEAD = timedelta(days=370)
"""So far ahead visits are booked at most."""
PORTS = {"http": 80, "https": 443}
WORDS = {
    "bad_address": _("The address is no web address of a calendar."),
    "private_address": _("The address lies within a private network."),
    "unreachable": _("The calendar cannot be reached."),
    "refused": _("The calendar is not given to us: its address may have changed."),
    "too_large": _("The calendar is too large."),
    "too_slow": _("The calendar takes too long to read."),
    "too_many_events": _("The calendar has too many events."),
    "not_a_calendar": _("There is no calendar at this address."),
}
"""What `Resource.feed_error` says, for who sets it right."""


class Unread(Exception):
    """The calendar could not be read; one of `WORDS`."""


@transaction.atomic
def set_feed(user: User, address: str, *, by: Actor, now: datetime) -> Resource:
    """Where somebody's other calendar is read (empty: nowhere any more); read at once by a worker.

    Raises `WrongHost`, `WrongFeed`.
    """
    held = Resource.objects.select_for_update().filter(user=user).first()
    if held is None:
        raise refusals.WrongHost(why=user.name or user.email)
    address = address.strip()
    if address:
        try:
            _parts(address)
        except Unread as error:
            raise refusals.WrongFeed(fields={"feed": str(WORDS[str(error)])}) from error
    if address == held.feed:
        return held
    held.feed, held.feed_error, held.feed_read_at = address, "", None
    held.save(update_fields=["feed", "feed_error", "feed_read_at"])
    Engaged.objects.filter(resource=held).delete()
    log_change("visits.feed_set", by=by, now=now, subject=str(user.pk), on=bool(address))
    tell("visits")
    if address:
        defer("visits.read_feed", resource=held.pk)
    return held


def read_feeds(*, now: datetime) -> None:
    """A job, every quarter of an hour: each calendar is a job of its own."""
    for pk in Resource.objects.filter(ended_at__isnull=True).exclude(feed="").values_list("pk", flat=True):
        defer("visits.read_feed", resource=pk)


def read_feed(*, resource: int, now: datetime) -> None:
    """A job: what the calendar says takes the place of what it said, as a whole; where it cannot be read, what it said
    last holds, and why stands beside it.
    """
    held = Resource.objects.filter(pk=resource, ended_at__isnull=True).exclude(feed="").first()
    if held is None:
        return
    zone = Rota.objects.filter(resource=held).order_by("pk").values_list("site__zone", flat=True).first()
    try:
        found = engaged(fetch(held.feed), now - timedelta(days=1), now + AHEAD, zone=zone or settings.TIME_ZONE)
    except (Unread, BadCalendarFile) as error:
        Resource.objects.filter(pk=resource, feed=held.feed).update(feed_error=str(error))
        return
    with transaction.atomic():
        # Set anew meanwhile: this answer is of another address.
        if Resource.objects.select_for_update().filter(pk=resource, feed=held.feed).first() is None:
            return
        Engaged.objects.filter(resource=resource).delete()
        Engaged.objects.bulk_create(
            [Engaged(resource_id=resource, since=since, until=until) for since, until in found], batch_size=2000
        )
        Resource.objects.filter(pk=resource).update(feed_read_at=now, feed_error="")
    tell("visits")


def fetch(address: str) -> bytes:
    """What stands at an address, over as many as three redirections; each is looked up once, and the host that was
    looked up is the one that is asked. Raises `Unread`.
    """
    deadline = monotonic() + SECONDS_MOST
    for _redirect in range(REDIRECTS_MOST + 1):
        answer = _asked(address)
        try:
            if answer.status in (301, 302, 303, 307, 308) and (location := answer.headers.get("Location")):
                address = urljoin(address, location)
                continue
            if answer.status != 200:
                raise Unread("refused" if answer.status in (401, 403, 404, 410) else "unreachable")
            return _body(answer, deadline)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise Unread("unreachable") from error
        finally:
            answer.close()
    raise Unread("unreachable")


# --- inside --------------------------------------------------------------------------------------------------------


def _parts(address: str) -> tuple[str, str, int, str]:
    """Scheme, host, port and the rest of a web address. Raises `Unread`."""
    if len(address) > 1000 or any(ord(c) < 33 for c in address):
        raise Unread("bad_address")
    try:
        parts = urlsplit(address)
        scheme = {"webcal": "https"}.get(parts.scheme, parts.scheme)
        port = parts.port or PORTS[scheme]
    except (ValueError, KeyError) as error:
        raise Unread("bad_address") from error
    if not parts.hostname or parts.username is not None:
        raise Unread("bad_address")
    return scheme, parts.hostname, port, f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"


def _asked(address: str) -> urllib3.BaseHTTPResponse:
    """The head of the answer, from the address that was looked up and found public."""
    scheme, host, port, target = _parts(address)
    ip = _looked_up(host, port)
    timeout = urllib3.Timeout(connect=5, read=10)
    pool: urllib3.HTTPConnectionPool
    if scheme == "https":
        pool = urllib3.HTTPSConnectionPool(
            ip, port, timeout=timeout, server_hostname=host, assert_hostname=host, ca_certs=certifi.where()
        )
    else:
        pool = urllib3.HTTPConnectionPool(ip, port, timeout=timeout)
    named = f"[{host}]" if ":" in host else host
    headers = {
        "Host": named if port == PORTS[scheme] else f"{named}:{port}", "Accept": "text/calendar, */*;q=0.1",
        "Accept-Encoding": "gzip", "User-Agent": "Egard",
    }  # fmt: skip
    try:
        return pool.urlopen("GET", target, headers=headers, redirect=False, retries=False, preload_content=False)
    except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        raise Unread("unreachable") from error


def _looked_up(host: str, port: int) -> str:
    """An address of a host; all that it has must be public, unless the house reads its own network."""
    try:
        told = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unread("unreachable") from error
    found = [str(sockaddr[0]) for *_rest, sockaddr in told]
    if not settings.VISIT_FEEDS_PRIVATE and not all(_is_public(one) for one in found):
        raise Unread("private_address")
    return found[0]


def _is_public(address: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    return ip.is_global and not ip.is_multicast


def _body(answer: urllib3.BaseHTTPResponse, deadline: float) -> bytes:
    """Unpacked, and no more than is read of any calendar."""
    found = bytearray()
    for part in answer.stream(65536, decode_content=True):
        found += part
        if len(found) > BYTES_MOST:
            raise Unread("too_large")
        if monotonic() > deadline:
            raise Unread("too_slow")
    return bytes(found)
