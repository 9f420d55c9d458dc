"""Letters fetched from a mailbox by IMAP: each is read once, in order, and stays where it is."""

from __future__ import annotations

import imaplib
import logging
import re
import ssl
import time
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
"""Letters whose sizes are asked for at once."""
RUN_SECONDS = 50
"""So long one run takes letters in at most; the next one goes on where it was."""
TIMEOUT_SECONDS = 30
HEAD_BYTES = 200_000
"""So much is fetched of a letter that is too large: whom to tell so."""
_UID = re.compile(rb"UID (\d+)")
_SIZE = re.compile(rb"RFC822\.SIZE (\d+)")


def fetch_mail(*, now: datetime) -> None:
    """A job, each minute: take in what came into the mailbox that `EGARD_IMAP_URL` names, from where it left off.

    A letter that cannot be taken in is noted as failed and left there; the others do not wait for it. Where the server
    goes away in the middle, what was taken in stays, and the next run goes on behind it.
    """
    if not settings.IMAP_URL:
        return
    until = time.monotonic() + RUN_SECONDS
    with _mailbox(settings.IMAP_URL) as (box, source):
        validity = _number(box.response("UIDVALIDITY")[1])
        last = _last(source, validity)
        _ok, found = box.uid("search", f"UID {last + 1}:*")
        uids = sorted({int(one) for one in (found[0] or b"").split() if int(one) > last})
        for first in range(0, len(uids), BATCH):
            some = uids[first : first + BATCH]
            sizes = _sizes(box, some)
            for uid in some:
                if time.monotonic() > until:
                    return
                _take(box, source, f"{validity}:{uid}", uid, sizes.get(uid, 0), now=now)


def _sizes(box: imaplib.IMAP4, uids: list[int]) -> dict[int, int]:
    """Bytes of each letter, in one question."""
    _ok, told = box.uid("fetch", ",".join(map(str, uids)), "(UID RFC822.SIZE)")
    lines = [one for one in told if isinstance(one, bytes)]
    pairs = ((_UID.search(line), _SIZE.search(line)) for line in lines)
    return {int(uid[1]): int(size[1]) for uid, size in pairs if uid and size}


def _take(box: imaplib.IMAP4, source: str, mark: str, uid: int, length: int, *, now: datetime) -> None:
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
