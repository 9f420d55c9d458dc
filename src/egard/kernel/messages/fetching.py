"""Letters fetched from a mailbox by IMAP: each is read once, in order, and stays where it is."""

from __future__ import annotations

import imaplib
import logging
import re
import ssl
from collections.abc import Generator
from contextlib import contextmanager, suppress
from datetime import datetime
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.db import DatabaseError

from egard.kernel.messages.arriving import receive_email
from egard.kernel.messages.models import Intake

log = logging.getLogger("egard.messages")
BATCH = 200
"""Letters of one run; the next one goes on a minute later."""
TIMEOUT_SECONDS = 30
HEAD_BYTES = 200_000
"""So much is fetched of a letter that is too large: whom to tell so."""
_SIZE = re.compile(rb"RFC822\.SIZE (\d+)")


def fetch_mail(*, now: datetime) -> None:
    """A job, each minute: take in what came into the mailbox that `EGARD_IMAP_URL` names, from where it left off.

    A letter that cannot be taken in is noted as failed and left there; the others do not wait for it.
    """
    if not settings.IMAP_URL:
        return
    with _mailbox(settings.IMAP_URL) as (box, source):
        validity = _number(box.response("UIDVALIDITY")[1])
        last = _last(source, validity)
        _ok, found = box.uid("search", f"UID {last + 1}:*")
        uids = sorted({int(one) for one in (found[0] or b"").split() if int(one) > last})
        for uid in uids[:BATCH]:
            _take(box, source, f"{validity}:{uid}", uid, now=now)


def _take(box: imaplib.IMAP4, source: str, mark: str, uid: int, *, now: datetime) -> None:
    _ok, told = box.uid("fetch", str(uid), "(RFC822.SIZE)")
    size = _SIZE.search(b" ".join(one for one in told if isinstance(one, bytes)))
    length = int(size[1]) if size else 0
    part = f"(BODY.PEEK[]<0.{HEAD_BYTES}>)" if length > settings.MAIL_MAX_BYTES else "(BODY.PEEK[])"
    _ok, parts = box.uid("fetch", str(uid), part)
    raw = next((one[1] for one in parts if isinstance(one, tuple)), None)
    if raw is None:
        return  # somebody moved it meanwhile
    try:
        receive_email(raw, source=source, mark=mark, size=length, now=now)
    except DatabaseError:
        raise  # not the letter's fault: again later
    except Exception:
        log.exception("the letter %s of %s could not be taken in", mark, source)
        Intake.objects.get_or_create(source=source, mark=mark, defaults={"outcome": "failed", "at": now})


@contextmanager
def _mailbox(url: str) -> Generator[tuple[imaplib.IMAP4, str]]:
    """The mailbox, open for reading; `imaps://user:password@host/Folder`."""
    parts = urlsplit(url)
    host, folder = parts.hostname or "", unquote(parts.path.lstrip("/")) or "INBOX"
    if parts.scheme == "imaps":
        context = ssl.create_default_context()
        box: imaplib.IMAP4 = imaplib.IMAP4_SSL(host, parts.port or 993, ssl_context=context, timeout=TIMEOUT_SECONDS)
    else:
        box = imaplib.IMAP4(host, parts.port or 143, timeout=TIMEOUT_SECONDS)
    try:
        box.login(unquote(parts.username or ""), unquote(parts.password or ""))
        ok, told = box.select(f'"{folder}"', readonly=True)
        if ok != "OK":
            raise imaplib.IMAP4.error(f"no folder {folder}: {told!r}")
        yield box, f"imap:{host}/{folder}"[:64]
    finally:
        with suppress(OSError, imaplib.IMAP4.error):
            box.logout()


def _last(source: str, validity: int) -> int:
    """The number of the letter that was taken in last."""
    rows = Intake.objects.filter(source=source, mark__startswith=f"{validity}:").order_by("-id")
    mark = rows.values_list("mark", flat=True).first()
    return int(mark.partition(":")[2]) if mark else 0


def _number(told: list) -> int:
    return int(told[0]) if told and told[0] else 0
