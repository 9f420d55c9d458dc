"""Files that come and go with messages: kept once by what they hold, named by what they are."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from django.conf import settings

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


def keep(message: Message, files: Iterable[File]) -> list[Attachment]:
    """Put the files of a message away, in its transaction; the same bytes lie there once."""
    rows = []
    for file in files:
        digest = hashlib.sha256(file.content).hexdigest()
        _write(path_of(digest), file.content)
        kind = type_of(file.content)
        rows.append(Attachment(message=message, sha256=digest, name=file.name[:200], type=kind, size=len(file.content)))
    return Attachment.objects.bulk_create(rows)


def path_of(sha256: str) -> Path:
    return Path(settings.MEDIA_ROOT) / "messages" / sha256[:2] / sha256


def content_of(attachment: Attachment) -> bytes:
    return path_of(attachment.sha256).read_bytes()


def forget(messages: Iterable[Message]) -> None:
    """Take away the files of these messages, and the bytes that nobody else's message holds."""
    gone = Attachment.objects.filter(message__in=list(messages))
    digests = set(gone.values_list("sha256", flat=True))
    gone.delete()
    held = set(Attachment.objects.filter(sha256__in=digests).values_list("sha256", flat=True))
    for digest in digests - held:
        path_of(digest).unlink(missing_ok=True)


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all: a reader never finds half of it."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "wb") as out:
        out.write(content)
    Path(name).replace(path)
