"""A letter as it came, read into plain values. Nothing that anybody can send makes it fail."""

from __future__ import annotations

import email
import email.policy
import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import parsedate_to_datetime

from egard.kernel.messages.rules import markup, tnef
from egard.kernel.messages.rules.charsets import decoded, storable

TEXT_MAX = 400_000
"""Characters of a letter's words that are kept; longer ones end there (the whole stands in no page)."""
HTML_MAX = 1_000_000
HEADER_MAX = 4_000
PARTS_MAX = 500
DEEP_MAX = 100
FILES_MAX = 100
NAME_MAX = 150
ID_MAX = 500
_USUAL = {
    "message/rfc822": "message.eml",
    "message/delivery-status": "report.txt",
    "application/ms-tnef": "winmail.dat",
}
_TOKEN = re.compile(r"\"(?:[^\"\\]|\\.)*\"|\([^()]*\)|<[^<>]*>?|[,;:]|[^\",;:(<]+|.", re.DOTALL)
_ADDRESS = re.compile(r"[^\s\x00-\x1f@<>]+@[^\s\x00-\x1f@<>]+")
_IDS = re.compile(r"<[^<>\s]{1,500}>")


@dataclass(frozen=True, slots=True)
class File:
    """Something that came with a letter: what it calls itself, and its bytes."""

    name: str
    declared: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Letter:
    """What a letter says. Addresses are lower case; `at` is its own date, where it has one that can be."""

    sender: str = ""
    sender_name: str = ""
    has_one_author: bool = False
    """Whether its From names one address; `sender` is else the first, or that of Sender."""
    reply_to: str = ""
    recipients: tuple[str, ...] = ()
    subject: str = ""
    message_id: str = ""
    answers: tuple[str, ...] = ()
    """The letters that it follows, the nearest first: In-Reply-To, then References from the last."""
    at: datetime | None = None
    text: str = ""
    html: str = ""
    files: tuple[File, ...] = ()
    headers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """All of its headers by lower-case name, each from the top."""
    reports: tuple[Mapping[str, str], ...] = ()
    """What a delivery report says of each recipient (RFC 3464), names in lower case."""


def read(raw: bytes) -> Letter:
    """Read any letter. What cannot be read as MIME is its own words."""
    try:
        message = email.message_from_bytes(raw, policy=email.policy.compat32)
        return _letter(message, _body(message))
    except (RecursionError, ValueError, LookupError, TypeError, AttributeError, IndexError, KeyError, AssertionError):
        # The standard parser fails on rare broken letters; then its headers and its bare words are what there is.
        top, _blank, rest = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
        body = _Body()
        body.text.append(decoded(rest[:TEXT_MAX]))
        try:
            return _letter(BytesHeaderParser(policy=email.policy.compat32).parsebytes(top + b"\n\n"), body)
        except (ValueError, LookupError, TypeError, AttributeError, IndexError, RecursionError):
            return Letter(text=decoded(raw[:TEXT_MAX]))


def read_headers(raw: bytes) -> Letter:
    """The same of its headers alone, for what is too large to be read."""
    top = raw[:200_000].replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    return read(top + b"\n\n")


def words_of(value: str) -> str:
    """A header as people read it: encoded words decoded, on one line."""
    line = _line_of(value)
    try:
        pieces = decode_header(line)
    except (HeaderParseError, Base64Error, ValueError):
        pieces = [(line, None)]
    text = "".join(decoded(p, charset or "") if isinstance(p, bytes) else p for p, charset in pieces)
    return storable(" ".join(text.split()))


def _line_of(value: str) -> str:
    """A header as it came, its bytes as words."""
    try:
        raw = value.encode("ascii", "surrogateescape")
    except UnicodeEncodeError:
        raw = value.encode("utf-8", "replace")
    return decoded(raw[:HEADER_MAX])


# --- inside --------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Body:
    text: list[str] = field(default_factory=list)
    html: list[str] = field(default_factory=list)
    marked_up: bool = False
    files: list[File] = field(default_factory=list)
    reports: list[dict[str, str]] = field(default_factory=list)
    wrapped: list[tnef.Unpacked] = field(default_factory=list)
    """What `winmail.dat` held: its words count where the letter has no others."""
    parts: int = 0


def _letter(message: Message, body: _Body) -> Letter:
    if not any(map(str.strip, body.text)):
        for one in body.wrapped:
            _add_wrapped(one, body)
    headers: dict[str, list[str]] = {}
    lines: dict[str, list[str]] = {}
    for name, value in message.raw_items() if hasattr(message, "raw_items") else message.items():
        headers.setdefault(name.lower(), []).append(words_of(str(value)))
        lines.setdefault(name.lower(), []).append(_line_of(str(value)))
    senders = _addresses(lines.get("from", []))
    sender_name, sender = next(iter(senders), ("", ""))
    told = ("to", "cc", "delivered-to", "x-original-to", "envelope-to", "resent-to")
    ids = [*_ids(headers, "in-reply-to"), *reversed(_ids(headers, "references"))]
    return Letter(
        sender=sender or next((a for _n, a in _addresses(lines.get("sender", []))), ""),
        sender_name=sender_name[:200],
        has_one_author=len(senders) == 1,
        reply_to=next((a for _n, a in _addresses(lines.get("reply-to", []))), ""),
        recipients=tuple(dict.fromkeys(a for one in told for _n, a in _addresses(lines.get(one, []))))[:200],
        subject=next(iter(headers.get("subject", [])), "")[:500],
        message_id=next(iter(_ids(headers, "message-id")), ""),
        answers=tuple(dict.fromkeys(ids))[:50],
        at=_date(next(iter(headers.get("date", [])), "")),
        text="\n\n".join(filter(str.strip, body.text))[:TEXT_MAX].replace("\r\n", "\n").replace("\r", "\n").strip("\n"),
        html="\n".join(body.html)[:HTML_MAX].strip() if body.marked_up else "",
        files=tuple(body.files),
        headers={name: tuple(values) for name, values in headers.items()},
        reports=tuple(body.reports),
    )


def _addresses(values: list[str]) -> list[tuple[str, str]]:
    """Names and addresses, of lines as they came: encoded words are names, whatever they hold (RFC 2047, 5), and so is
    all that stands before `<`. Else whoever writes `=?utf-8?q?anne=40example.org,?= <x@example.org>` would be Anne.
    """
    found = []
    for value in values[:20]:
        for tokens in _between_commas(_TOKEN.findall(value[:HEADER_MAX])):
            told = [one.strip("<>") for one in tokens if one.startswith("<")]
            beside = " ".join(one.strip("()") for one in tokens if one.startswith("("))
            words = "".join(one for one in tokens if not one.startswith(("<", "("))).strip()
            clean = (told[0] if told else words).strip().lower()
            if len(told) < 2 and len(clean) <= 320 and _ADDRESS.fullmatch(clean):
                name = words.replace('"', "").replace("\\", "") if told else beside
                found.append((words_of(name), clean))
    return found


def _between_commas(tokens: list[str]) -> Iterator[list[str]]:
    """What stands between commas; a group (`Friends: a@example.org, b@example.org;`) is those who are in it."""
    one: list[str] = []
    for token in tokens:
        if token in (",", ";"):
            yield one
        one = [] if token in (",", ";", ":") else [*one, token]
    yield one


def _ids(headers: Mapping[str, list[str]], name: str) -> list[str]:
    return [one[:ID_MAX] for value in headers.get(name, []) for one in _IDS.findall(value)]


def _date(value: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(value)
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _body(message: Message) -> _Body:
    body = _Body()
    _add(message, body, 0)
    return body


def _add(part: Message, body: _Body, deep: int) -> None:
    body.parts += 1
    if body.parts > PARTS_MAX or deep > DEEP_MAX:
        raise RecursionError  # no letter of people: its bare words are kept
    kind = part.get_content_type()
    if kind == "message/rfc822" and deep:
        _keep(part, body, kind)
    elif kind == "message/delivery-status":
        body.reports += _reports(part)
        _keep(part, body, kind)
    elif part.is_multipart():
        inner = [one for one in part.get_payload() if isinstance(one, Message)]
        if kind == "multipart/alternative":
            _add_alternative(inner, body, deep)
        else:
            for one in inner:
                _add(one, body, deep + 1)
    elif kind.startswith("multipart/") or (kind in ("text/plain", "text/html") and not _is_file(part)):
        _add_words(part, body, kind)
    else:
        _keep(part, body, kind)


def _add_alternative(inner: list[Message], body: _Body, deep: int) -> None:
    """One text in several dresses: its plain words, and its markup, each once."""
    each: list[_Body] = []
    for one in inner[:20]:
        each.append(_Body(parts=body.parts))
        _add(one, each[-1], deep + 1)
        body.parts = each[-1].parts
    plain = next((one for one in each if any(map(str.strip, one.text)) and not one.marked_up), None)
    dressed = next((one for one in reversed(each) if one.marked_up), None)
    body.text += (plain or dressed or _Body()).text
    body.html += (dressed or plain or _Body()).html
    body.marked_up = body.marked_up or dressed is not None
    body.files += [file for one in each for file in one.files][: FILES_MAX - len(body.files)]
    body.reports += [report for one in each for report in one.reports]
    body.wrapped += [wrapped for one in each for wrapped in one.wrapped]


def _add_wrapped(one: tnef.Unpacked, body: _Body) -> None:
    if one.html.strip():
        _add_told(one.html, body, "text/html")
    elif one.text.strip():
        _add_told(one.text, body, "text/plain")


def _add_words(part: Message, body: _Body, kind: str) -> None:
    _add_told(decoded(_content(part), part.get_content_charset("") or ""), body, kind)


def _add_told(words: str, body: _Body, kind: str) -> None:
    if kind == "text/html":
        marked = words[:HTML_MAX]
        body.html.append(marked)
        body.text.append(markup.text_of(marked))
        body.marked_up = True
    else:
        body.text.append(words)
        body.html.append(markup.html_of(words))


def _is_file(part: Message) -> bool:
    return part.get_content_disposition() == "attachment" or bool(_name(part))


def _name(part: Message) -> str:
    """Its own name; empty where it has none."""
    try:
        name = part.get_filename("") or ""
    except (ValueError, LookupError, TypeError, AttributeError):
        name = ""
    return _bare(words_of(str(name)))


def _bare(name: str) -> str:
    """A name without any folder, without what does not print."""
    bare = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(c for c in bare if c.isprintable()).strip(". ")[-NAME_MAX:]


def _content(part: Message) -> bytes:
    """The bytes of a leaf; where its encoding is broken, as much as can be had."""
    try:
        payload = part.get_payload(decode=True)
        if isinstance(payload, bytes):
            return payload
    except (ValueError, LookupError, TypeError, AttributeError, AssertionError):
        pass
    text = part.get_payload()
    data = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else b""
    if part.get("content-transfer-encoding", "").strip().lower() == "base64":
        try:
            return b64decode(data, validate=False)
        except (Base64Error, ValueError):
            return data
    return data


def _keep(part: Message, body: _Body, kind: str) -> None:
    if len(body.files) >= FILES_MAX:
        return
    if part.is_multipart():  # a letter within the letter, or a report: kept as it came
        inner = part.get_payload()
        content = b"\n".join(_bytes(one) for one in inner if isinstance(one, Message))
    else:
        content = _content(part)
        if content.startswith(tnef.SIGNATURE) and _unwrap(content, body):
            return
    name = _name(part) or _USUAL.get(kind, f"file-{len(body.files) + 1}")
    body.files.append(File(name, kind, content))


def _unwrap(content: bytes, body: _Body) -> bool:
    """Put what is in a `winmail.dat` beside the letter's own files; whether that was all of it."""
    found = tnef.unpack(content)
    body.wrapped.append(found)
    room = FILES_MAX - 1 - len(body.files)  # with a place for itself
    for name, inner in found.files[:room]:
        body.files.append(File(_bare(name) or f"file-{len(body.files) + 1}", "application/octet-stream", inner))
    return found.is_whole and len(found.files) <= room


def _bytes(message: Message) -> bytes:
    try:
        return message.as_bytes()
    except (ValueError, LookupError, TypeError, AttributeError, UnicodeError, RecursionError):
        return decoded(str(message.get_payload()).encode("utf-8", "replace")).encode()


def _reports(part: Message) -> list[dict[str, str]]:
    """The groups of a delivery report that name a recipient."""
    inner = [one for one in part.get_payload() if isinstance(one, Message)] if part.is_multipart() else []
    groups = [{name.lower(): words_of(str(value)) for name, value in one.items()} for one in inner[:200]]
    return [group for group in groups if "final-recipient" in group or "original-recipient" in group]
