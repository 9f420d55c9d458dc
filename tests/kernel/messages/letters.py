"""Letters of strangers, for tests: fixtures of others, and letters that we put together."""

from __future__ import annotations

import functools
import tarfile
from email.message import EmailMessage
from pathlib import Path

ARCHIVE = Path(__file__).parents[2] / "vendor" / "email_fixtures.tar.gz"


@functools.cache
def fixtures(folder: str) -> dict[str, bytes]:
    """The files of a folder of the archive, by name: `cpython` or `crisp`."""
    with tarfile.open(ARCHIVE) as archive:
        return {
            Path(member.name).name: archive.extractfile(member).read()
            for member in archive.getmembers()
            if member.isfile() and folder in member.name
        }


def replies() -> dict[str, str]:
    return {Path(name).stem: raw.decode() for name, raw in fixtures("test/fixtures").items()}


def letter(
    text: str = "Bonjour, où en est ma commande ?",
    *,
    sender: str = "Anne Martin <anne@example.org>",
    to: str = "bonjour@maison.example",
    subject: str = "Ma commande",
    verified: bool = True,
    **headers: str,
) -> bytes:
    """A letter as our mail server hands it over; `In_Reply_To="<…>"` adds a header."""
    made = EmailMessage()
    if verified:
        domain = sender.rpartition("@")[2].strip(">")
        made["Authentication-Results"] = f"mx.maison.example; dmarc=pass header.from={domain}"
    made["From"], made["To"], made["Subject"] = sender, to, subject
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    made.set_content(text)
    return made.as_bytes()
