"""Files that come and go with messages: kept once by what they hold, named by what they are."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext as _

from egard.kernel.messages.models import Attachment, Message
from egard.kernel.messages.rules.mime import File

_MAGIC = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"PK\x03\x04", "application/zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (b"\x1f\x8b", "application/gzip"),
    (b"\x78\x9f\x3e\x22", "application/ms-tnef"),
    (b"MZ", "application/x-executable"),
    (b"\x7fELF", "application/x-executable"),
    (b"#!", "application/x-executable"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"ID3", "audio/mpeg"),
    (b"OggS", "audio/ogg"),
)
_OFFICE = {b"word/": "wordprocessingml.document", b"xl/": "spreadsheetml.sheet", b"ppt/": "presentationml.presentation"}
SNIFFED = 4096
SENT_MAX = 20
"""So many files go with one message of ours."""
NOT_SENT = {"application/x-executable", "application/octet-stream", "application/ms-tnef", "text/html"}
"""What mail servers hold for an attack, and what nobody could open."""


def type_of(content: bytes) -> str:
    """What the bytes are, whatever their name or sender says; plain text where they are words."""
    head = content[:SNIFFED]
    if head[:4] == b"RIFF" and head[8:12] in (b"WEBP", b"WAVE"):
        return "image/webp" if head[8:12] == b"WEBP" else "audio/wav"
    if head[4:8] == b"ftyp":
        return "image/heic" if head[8:12] in (b"heic", b"heix", b"mif1") else "video/mp4"
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            if kind == "application/zip":
                office = next((name for folder, name in _OFFICE.items() if folder in head), "")
                return f"application/vnd.openxmlformats-officedocument.{office}" if office else kind
            return kind
    try:
        words = head.decode("utf-8")
    except UnicodeDecodeError as error:
        words = head[: error.start].decode() if error.start > len(head) - 4 else ""
    if words and not any(ord(c) < 32 and c not in "\t\r\n\f" for c in words):
        start = words.lstrip()[:200].lower()
        return "text/html" if start.startswith(("<!doctype html", "<html")) else "text/plain"
    return "application/octet-stream"


def why_not_sent(files: Sequence[File]) -> str:
    """Why these files cannot go with a message of ours, in words; empty where they can."""
    if len(files) > SENT_MAX:
        return _("at most {count} files go with one message").format(count=SENT_MAX)
    if sum(len(one.content) for one in files) > settings.FILES_MAX_BYTES:
        return too_heavy()
    for one in files:
        if not one.content:
            return _("“{name}” is empty").format(name=one.name)
        if type_of(one.content) in NOT_SENT:
            return _(
                "“{name}” is not a kind of file that is sent: send a PDF file, a picture, a document, a table, "
                "a recording or an archive"
            ).format(name=one.name)
    return ""


def too_heavy() -> str:
    """What is said of files that weigh too much together."""
    return _("the files weigh more than {limit} MB together").format(limit=settings.FILES_MAX_BYTES // (1024 * 1024))


def carries(message: Message, files: Sequence[File]) -> bool:
    """Whether all of these files went with a message, by what they hold. One query, none without files."""
    return not files or set(map(_digest, files)) <= set(message.attachments.values_list("sha256", flat=True))


def keep(message: Message, files: Iterable[File]) -> list[Attachment]:
    """Put the files of a message away, in its transaction; the same bytes lie there once."""
    rows = []
    for file in files:
        digest = _digest(file)
        _hold(digest, shared=True)
        _write(path_of(digest), file.content)
        kind = type_of(file.content)
        rows.append(Attachment(message=message, sha256=digest, name=file.name[:200], type=kind, size=len(file.content)))
    return Attachment.objects.bulk_create(rows)


def path_of(sha256: str) -> Path:
    return Path(settings.MEDIA_ROOT) / "messages" / sha256[:2] / sha256


def content_of(attachment: Attachment) -> bytes:
    return path_of(attachment.sha256).read_bytes()


def forget(messages: Iterable[Message]) -> None:
    """Take away the files of these messages and, once that is certain, the bytes that nobody else's message holds."""
    gone = Attachment.objects.filter(message__in=list(messages))
    digests = set(gone.values_list("sha256", flat=True))
    gone.delete()
    for digest in digests:
        transaction.on_commit(partial(_sweep, digest))


def _sweep(digest: str) -> None:
    """Take away bytes that no message holds. Whoever is keeping the same ones in this moment is waited for."""
    with transaction.atomic():
        _hold(digest, shared=False)
        if not Attachment.objects.filter(sha256=digest).exists():
            path_of(digest).unlink(missing_ok=True)


def _hold(digest: str, *, shared: bool) -> None:
    """Until the transaction ends: bytes that one message keeps are not swept after another's."""
    lock = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
    with connection.cursor() as cursor:
        cursor.execute(f"select {lock}(hashtextextended('egard.file.' || %s, 0))", [digest])


def _digest(file: File) -> str:
    return hashlib.sha256(file.content).hexdigest()


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all: a reader never finds half of it."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "wb") as out:
        out.write(content)
    Path(name).replace(path)
