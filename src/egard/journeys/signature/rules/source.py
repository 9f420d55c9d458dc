"""A text as it was given, and the plain words in it: each character of the words knows where it stood."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Form = Literal["text", "markdown", "html"]
_SAME = str.maketrans(
    dict.fromkeys("’ʼ‘`´′", "'") | dict.fromkeys("\u00a0\u202f\u2009\t\r\x0b\x0c\x85", " ") | {"‑": "-"}
)
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
_CLUSTER = re.compile(r"[^\u0300-\u036f][\u0300-\u036f]+")


@dataclass(frozen=True, slots=True)
class Source:
    """`plain` is read by the rules; `starts[n]` and `ends[n]` say where its character `n` stood in `given`, in code
    points.
    """

    given: str
    plain: str
    starts: Sequence[int]
    ends: Sequence[int]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where a part of `plain` stood in `given`."""
        if start < end:
            return self.starts[start], self.ends[end - 1]
        at = self.starts[start] if start < len(self.starts) else self.ends[-1] if self.ends else 0
        return at, at


def read(given: str, form: Form = "text") -> Source:
    """The plain words of a text, a Markdown file or a page of HTML; any text at all is read."""
    if form == "html":
        return _finished(given, *_html(given))
    if form == "markdown":
        return _finished(given, *_markdown(given))
    return _finished(given, given, range(len(given)), range(1, len(given) + 1))


def _finished(given: str, plain: str, starts: Sequence[int], ends: Sequence[int]) -> Source:
    """One apostrophe, one kind of space, composed letters, nothing unseen."""
    if _UNSEEN.search(plain) or not unicodedata.is_normalized("NFC", plain):
        kept: list[tuple[str, int, int]] = []
        at = 0
        for cluster in [*_CLUSTER.finditer(plain), None]:
            until = cluster.start() if cluster else len(plain)
            kept += [(plain[n], starts[n], ends[n]) for n in range(at, until) if not _UNSEEN.match(plain[n])]
            if cluster is None:
                break
            composed = unicodedata.normalize("NFC", cluster.group())
            first, last = starts[cluster.start()], ends[cluster.end() - 1]
            kept += [(one, first, last) for one in composed[:1]]
            at = cluster.end()
        plain = "".join(one for one, _start, _end in kept)
        starts, ends = [start for _one, start, _end in kept], [end for _one, _start, end in kept]
    return Source(given, plain.translate(_SAME), starts, ends)


Pieces = tuple[str, Sequence[int], Sequence[int]]


def _pieces(parts: list[tuple[str, int, int]]) -> Pieces:
    """Parts of (what is read, begin, end); where both are of one length each character has its own place."""
    plain: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for words, start, end in parts:
        plain.append(words)
        same = len(words) == end - start
        starts += range(start, end) if same else [start] * len(words)
        ends += range(start + 1, end + 1) if same else [end] * len(words)
    return "".join(plain), starts, ends


_TAG = re.compile(
    r"<!--.*?(?:-->|\Z)|<(?P<mute>script|style|head|blockquote|pre|code)\b[^<>]*>.*?(?:</(?P=mute)\s*>|\Z)"
    r"|</?(?P<tag>[a-zA-Z][a-zA-Z0-9]*)\b[^<>]*>|<![^<>]*>|&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});",
    re.DOTALL | re.IGNORECASE,
)
_BLOCKS = frozenset(
    [
        "p",
        "div",
        "li",
        "tr",
        "td",
        "th",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "ul",
        "ol",
        "table",
        "section",
        "article",
        "header",
        "footer",
        "hr",
        "body",
    ]
)


def _html(given: str) -> Pieces:
    """Words between tags. Line ends of the source are spaces; blocks and line breaks end lines; quotations are left
    out.
    """
    parts: list[tuple[str, int, int]] = []
    at = 0
    for one in _TAG.finditer(given):
        parts.append((given[at : one.start()].replace("\n", " "), at, one.start()))
        at = one.end()
        if one.group().startswith("&"):
            parts.append((html.unescape(one.group()), one.start(), at))
        elif (tag := (one.group("tag") or "").lower()) in _BLOCKS or one.group("mute"):
            parts.append(("\n\n", one.start(), at))
        elif tag == "br":
            parts.append(("\n", one.start(), at))
    parts.append((given[at:].replace("\n", " "), at, len(given)))
    return _pieces(parts)


_MARKS = re.compile(
    r"^(?P<fence>```|~~~).*?(?:^(?P=fence)[^\n]*$|\Z)|^---\n.*?\n---$|^[ \t]{0,3}#{1,6}[ \t]+|`[^`\n]*`"
    r"|!?\[(?P<words>[^\]\n]{0,500})\]\([^)\n]{0,2000}\)|(?P<stars>\*{1,3}|(?<!\w)_{1,3}(?=\w)|(?<=\w)_{1,3}(?!\w))",
    re.DOTALL | re.MULTILINE,
)


def _markdown(given: str) -> Pieces:
    """Words without their marks; code and front matter are left out, of a link its words stay."""
    parts: list[tuple[str, int, int]] = []
    at = 0
    for one in _MARKS.finditer(given):
        parts.append((given[at : one.start()], at, one.start()))
        at = one.end()
        if one.group("words") is not None:
            parts.append((one.group("words"), one.start("words"), one.end("words")))
        elif not one.group("stars") and "\n" in one.group():
            parts.append(("\n\n", one.start(), at))
    parts.append((given[at:], at, len(given)))
    return _pieces(parts)
