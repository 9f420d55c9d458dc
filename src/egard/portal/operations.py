"""Codes and sessions: asking, sending, redeeming, ending."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q, Sum

from egard.base.refusal import NotFound
from egard.kernel.access.actors import system
from egard.kernel.access.operations import log_change
from egard.kernel.access.queries import system_viewer
from egard.kernel.jobs.operations import defer
from egard.kernel.messages.operations import send
from egard.kernel.people import queries as people
from egard.kernel.people.models import Person
from egard.kernel.people.operations import normalise
from egard.portal import rules
from egard.portal.models import Code, Session
from egard.portal.refusals import TooManyCodes, WrongCode

PORTAL = system("portal")
HOUR = timedelta(hours=1)


def sha(secret: str) -> bytes:
    """How a secret of 256 random bits is stored."""
    return hashlib.sha256(secret.encode()).digest()


def new_secret() -> str:
    return secrets.token_urlsafe(32)


def keyed(purpose: str, *parts: bytes) -> bytes:
    """A hash that is of no use without the installation's key: of what can be guessed (a code, a network address)."""
    return hmac.digest(settings.SECRET_KEY.encode(), b"\x1f".join((purpose.encode(), *parts)), hashlib.sha256)


@transaction.atomic
def ask_code(
    address: str,
    *,
    browser: str,
    place: str,
    language: str,
    purpose: str = "sign_in",
    person: Person | None = None,
    replaces: str = "",
    now: datetime,
) -> Code:
    """A browser (its secret) asks for a code to be sent to an address. The same is done whether anybody has it or not.

    A code asked before by this browser is worth nothing any more. Raises `BadIdentifier` for what is no address,
    `TooManyCodes`.
    """
    address = normalise("email", address)
    where = keyed("portal.place", place.encode())
    _require_room(address, where, now=now)
    Code.objects.filter(browser=sha(browser), purpose=purpose).delete()
    code = Code.objects.create(
        purpose=purpose,
        browser=sha(browser),
        person=person,
        address=address,
        replaces=replaces,
        language=language,
        place=where,
        asked_at=now,
        expires_at=now + rules.CODE_LIVES,
    )
    defer("portal.send_code", code=code.pk)
    return code


def _require_room(address: str, place: bytes, *, now: datetime) -> None:
    with connection.cursor() as cursor:  # who asks at once is counted one after the other
        for what in sorted((address, place.hex())):
            cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 7))", [what])
    lately = Code.objects.filter(asked_at__gt=now - HOUR)
    full = (
        lately.filter(address=address).count() >= rules.CODES_PER_HOUR
        or Code.objects.filter(address=address, asked_at__gt=now - rules.KEPT).count() >= rules.CODES_PER_DAY
        or lately.filter(place=place).count() >= rules.PLACE_CODES_PER_HOUR
        or (lately.filter(place=place).aggregate(all=Sum("guesses"))["all"] or 0) >= rules.PLACE_GUESSES_PER_HOUR
    )
    if full:
        raise TooManyCodes


@transaction.atomic
def send_code(*, code: int, now: datetime) -> None:
    """A job: make the code and write the message, where somebody has the address. Running twice sends once."""
    found = Code.objects.select_for_update().filter(pk=code, digest=None, expires_at__gt=now).first()
    if found is None or (found.purpose == "sign_in" and not _persons(found)):
        return
    said = f"{secrets.randbelow(10**rules.CODE_DIGITS):0{rules.CODE_DIGITS}d}"
    found.digest = keyed("portal.code", bytes(found.browser), said.encode())
    found.save(update_fields=["digest"])
    send(
        "portal.code" if found.purpose == "sign_in" else "portal.address",
        found.address,
        key=f"portal.code:{found.pk}",
        fields={"code": said, "minutes": rules.CODE_LIVES // timedelta(minutes=1)},
        person=found.person,
        language=found.language,
        expires_at=found.expires_at,
        by=PORTAL,
        now=now,
    )


def _persons(code: Code) -> list[Person]:
    return people.persons_with(system_viewer("portal"), "email", code.address)


def redeem(typed: str, *, browser: str, purpose: str = "sign_in", now: datetime) -> Code:
    """The code that this browser asked for, used by this call alone. Raises `WrongCode`, whatever was wrong.

    Each try counts, also beyond this transaction: whoever is refused has guessed.
    """
    with transaction.atomic():
        found = Code.objects.select_for_update().filter(browser=sha(browser), purpose=purpose).first()
        open_now = (
            found is not None and found.used_at is None and found.expires_at > now and found.guesses < rules.GUESSES_MAX
        )
        if open_now:
            found.guesses += 1
            guess = keyed("portal.code", bytes(found.browser), rules.digits(typed).encode())
            if hmac.compare_digest(guess, bytes(found.digest or b"")) and rules.digits(typed):
                found.used_at = now
            found.save(update_fields=["guesses", "used_at"])
    if not open_now or found.used_at is None:
        raise WrongCode
    return found


def whom(code: Code) -> list[Person]:
    """Who may be behind a redeemed code: more than one where an address is shared."""
    return _persons(code)


@transaction.atomic
def open_session(code: Code, person: Person, *, device: str, now: datetime) -> str:
    """The secret of a new session of somebody behind a redeemed code, which is spent by this.

    Raises `WrongCode` where it was spent, or waited too long, or is not hers.
    """
    held = Code.objects.select_for_update().filter(pk=code.pk, ended_at=None, used_at__gt=now - rules.CHOICE_LIVES)
    found = held.first()
    if found is None or all(one.pk != person.pk for one in _persons(found)):
        raise WrongCode
    found.ended_at = now
    found.save(update_fields=["ended_at"])
    secret = new_secret()
    Session.objects.create(
        token=sha(secret),
        person=person,
        device=device[:100],
        began_at=now,
        seen_at=now,
        expires_at=rules.lives_until(began_at=now, now=now),
    )
    log_change("portal.signed_in", by=system("portal"), now=now, subject=str(person.uuid))
    return secret


def note_seen(session: Session, *, now: datetime) -> None:
    """Note that a device is in use, to the quarter of an hour; its session lives on."""
    if now - session.seen_at < rules.SEEN_EVERY:
        return
    until = rules.lives_until(began_at=session.began_at, now=now)
    Session.objects.filter(pk=session.pk, ended_at=None).update(seen_at=now, expires_at=until)


def end_session(person: Person, uuid: object, *, now: datetime) -> None:
    """Sign one of her devices out. Raises `NotFound` for one that is not hers."""
    if not Session.objects.filter(person=person, uuid=uuid, ended_at=None).update(ended_at=now):
        raise NotFound


def end_other_sessions(person: Person, *, but: Session | None, now: datetime) -> int:
    """Sign her out everywhere (`but` here); on how many devices."""
    open_now = Session.objects.filter(person=person, ended_at=None)
    return open_now.exclude(pk=but.pk if but else None).update(ended_at=now)


def tidy(*, now: datetime) -> None:
    """A job: codes of yesterday, and sessions that ended a month ago, are forgotten."""
    Code.objects.filter(asked_at__lt=now - rules.KEPT).delete()
    long_ago = now - rules.IDLE
    Session.objects.filter(Q(ended_at__lt=long_ago) | Q(expires_at__lt=long_ago)).delete()


def export(person: Person) -> list[dict[str, object]]:
    """Her devices, as plain data for her own copy."""
    held = Session.objects.filter(person=person).order_by("id")
    return list(held.values("device", "began_at", "seen_at", "ended_at"))


def erase(person: Person, *, now: datetime) -> None:
    """She is signed out everywhere, and nothing is left of her devices, nor of codes to addresses of hers alone."""
    Session.objects.filter(person=person).delete()
    hers = person.identifiers.filter(kind="email", exclusive=True).values_list("value", flat=True)
    Code.objects.filter(Q(person=person) | Q(address__in=list(hers))).delete()
