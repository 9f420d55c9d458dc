"""What of a letter was written now, what is quoted, what is a signature. Read line by line; linear in the text.

Knows the ways of the mail programs that people use in French and English, and the commonest of their neighbours'.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "quote", "signature"]


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the text, from `start` up to `end` (characters)."""

    kind: Kind
    start: int
    end: int


LINES_MAX = 20_000
"""Beyond, the rest is what the last line was."""
HEADER_LINES_MAX = 4
"""An attribution is broken over at most so many lines."""
CLOSING_LINES = range(2, 13)
"""So many lines after a closing formula are a signature; one is a name, which belongs to the letter, and after more the
letter goes on.
"""
WRAPPED_MIN = 60
"""A marked line of so many characters may have been broken by a program that did not mark the rest."""

_WORDS_OF_HEADERS = (
    "from|date|sent|to|cc|subject|reply-to|importance"
    "|de|envoyé|envoyé le|à|a|copie à|objet|sujet|message du"
    "|von|gesendet|datum|an|betreff|van|verzonden|aan|onderwerp|da|inviato|data|oggetto"
    "|enviado|enviado el|para|asunto|assunto|fra|dato|til|emne|från|skickat|till|ämne|od|wysłano|do|temat"
)
_HEADER = re.compile(rf"^[\s*>]*(?:{_WORDS_OF_HEADERS})\s?\*?\s?:(?=\s|\S)", re.IGNORECASE)
_FROM = re.compile(
    r"^[\s*]*(?:from|de|von|van|da|fra|från|od|message du|expéditeur)\s?\*?\s?:\s?\*?\s*\S", re.IGNORECASE
)
_WROTE = re.compile(
    r"(?:\bwrote|\bécrit|\bschrieb|\bscritto|\bescreveu|\bescribió|\bschreef|\bskrev|\bnapisał(?:\(?a\)?)?"
    r"|\bkirjoitti|\bпишет|\bнаписала?|\bírta|さんは書きました|写道)(?:\s|$|:)",
    re.IGNORECASE,
)
_ATTRIBUTION_ENDS = re.compile(r"(?::|wrote|wrote ----)\s*$", re.IGNORECASE)
_ATTRIBUTION_BEGINS = re.compile(
    r"^\s*(?:-{2,}\s*)?(?:on|le|el|il|am|op|em|den|in data|w dniu|dnia|a)\b|^\s*\d"
    r"|^\s*[^\W\d_]{2,9}(?:[.,]\s|\.?\s\d{1,2}[.\s])",
    re.IGNORECASE,
)
_DATE = re.compile(
    r"\b\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b|\b\d{4}[./-]\d{1,2}[./-]\d{1,2}\b"
    r"|\b\d{1,2}\s?[:h.]\s?\d{2}\b|\b\d{1,2}\.?\s[^\W\d_]{3,9}\.?\s\d{4}\b|\b[^\W\d_]{3,9}\s\d{1,2},"
)
_ADDRESS = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}\.[\w.-]{2,}|<[^<>\s]{0,20}@")
_SEPARATOR = re.compile(
    r"^\s*-{3,}\s?(?:original message|message d['’]origine|message (?:transféré|initial)|forwarded message"
    r"|ursprüngliche nachricht|oprindelig besked|mensaje original|messaggio originale|oorspronkelijk bericht)\s?-{3,}",
    re.IGNORECASE,
)
_RULE = re.compile(r"^\s*(?:_{5,}|={4,}|-{5,})\s*$")
_DASHES = re.compile(r"^\s?(?:--|__)\s*$")
_DEVICE = re.compile(
    r"^\s*(?:sent from (?:my|a|an|the|outlook|mail|yahoo|proton|typeapp|samsung|huawei|gmail)\b"
    r"|sent via |get outlook for |download .{3,20} for (?:ios|android)"
    r"|envoyé (?:de|depuis|à partir de|avec|via) |téléchargez outlook|obtenez outlook|provenance : courrier"
    r"|gesendet (?:von|mit) |von meinem .{3,30} gesendet|verzonden vanaf |inviato da |enviado (?:desde|do|de) "
    r"|enviado desde|skickat från |sendt fra )",
    re.IGNORECASE,
)
DEVICE_WORDS_MAX = 8
_CLOSING = re.compile(
    r"^\s*(?:(?:best|kind|warm|many)?\s?regards|best wishes|all the best|sincerely(?: yours)?"
    r"|yours (?:sincerely|truly|faithfully)"
    r"|cheers|best|respectfully"
    r"|(?:bien |très )?cordialement(?: vôtre)?|bien à vous|sincèrement|bien sincèrement|sincères salutations"
    r"|salutations(?: distinguées)?|cordiales salutations|respectueusement|amicalement"
    r"|bonne (?:journée|soirée|réception)"
    r"|(?:je vous prie|veuillez) .{0,30}agréer.{0,120})\s*[,.!]?\s*$",
    re.IGNORECASE,
)


def fold(text: str) -> tuple[Span, ...]:
    """The spans of a text, in order and without a gap; a text in which nothing is found is one span of text."""
    if not text:
        return ()
    lines = text.splitlines(keepends=True)
    kinds = _kinds([line.rstrip("\r\n") for line in lines[:LINES_MAX]])
    kinds += [kinds[-1]] * (len(lines) - len(kinds))
    spans: list[Span] = []
    at = 0
    for line, kind in zip(lines, kinds, strict=True):
        if spans and spans[-1].kind == kind:
            spans[-1] = Span(kind, spans[-1].start, at + len(line))
        else:
            spans.append(Span(kind, at, at + len(line)))
        at += len(line)
    return tuple(spans)


def visible(text: str) -> str:
    """What was written now, without what is folded; the whole where all of it would be."""
    kept = "".join(text[span.start : span.end] for span in fold(text) if span.kind == "text").strip("\n")
    return kept if kept.strip() else text


# --- inside --------------------------------------------------------------------------------------------------------


def _kinds(lines: Sequence[str]) -> list[Kind]:
    kinds: list[Kind] = ["text"] * len(lines)
    fenced = False
    at = 0
    while at < len(lines):
        line = lines[at]
        if line.startswith("```"):
            fenced = not fenced
        if fenced or not line.strip():
            at += 1
            continue
        if line.lstrip().startswith(">"):
            kinds[at] = "quote"
            at += 2 if _is_rest(lines, at + 1) else 1
            kinds[at - 1] = "quote"
        elif length := _attribution(lines, at):
            end = _quoted_until(lines, at + length)
            kinds[at:end] = ["quote"] * (end - at)
            at = end
        elif _begins_quote(lines, at):
            kinds[at:] = ["quote"] * (len(lines) - at)
            break
        elif length := _signature(lines, at):
            kinds[at : at + length] = ["signature"] * length
            at += length
        else:
            at += 1
    _blank_lines_follow(lines, kinds)
    return kinds


def _attribution(lines: Sequence[str], at: int) -> int:
    """How many lines from here say who wrote what follows, and when; 0 where none does."""
    if not _ATTRIBUTION_BEGINS.match(lines[at]):
        return 0
    joined = ""
    for length in range(1, HEADER_LINES_MAX + 1):
        if at + length > len(lines) or not lines[at + length - 1].strip():
            return 0
        next_line = lines[at + length - 1].strip()
        if length > 1 and next_line.startswith((">", "-")) and next_line != ">:":
            return 0
        joined = f"{joined} {lines[at + length - 1].strip()}"[:600]
        told = _DATE.search(joined) or _ADDRESS.search(joined)
        if not told or not _ATTRIBUTION_ENDS.search(joined):
            continue
        if _WROTE.search(joined) or (_DATE.search(joined) and _ADDRESS.search(joined)):
            return length
    return 0


def _quoted_until(lines: Sequence[str], at: int) -> int:
    """Below an attribution: marked lines as far as they go; where none is marked, all that follows."""
    first = next((line for line in lines[at:] if line.strip()), "")
    if not first.lstrip().startswith(">"):
        return len(lines)
    while at < len(lines) and (not lines[at].strip() or _is_marked(lines, at) or _is_rest(lines, at)):
        at += 1
    return at


def _is_marked(lines: Sequence[str], at: int) -> bool:
    return at < len(lines) and lines[at].lstrip().startswith(">")


def _is_rest(lines: Sequence[str], at: int) -> bool:
    """A line without a mark, between two that have one, of which the first was as long as programs let lines be."""
    if not _is_marked(lines, at - 1) or not _is_marked(lines, at + 1) or _is_marked(lines, at):
        return False
    return len(lines[at - 1]) >= WRAPPED_MIN and bool(lines[at].strip())


def _begins_quote(lines: Sequence[str], at: int) -> bool:
    """A separator, or a block of headers as Outlook and its like put above a quoted letter."""
    line = lines[at]
    if _SEPARATOR.match(line):
        return True
    if _RULE.match(line):
        rest = [one for one in lines[at + 1 : at + 6] if one.strip()]
        return bool(rest) and bool(_FROM.match(rest[0])) and _is_header_block(rest)
    return bool(_FROM.match(line)) and _is_header_block([one for one in lines[at : at + 6] if one.strip()])


def _is_header_block(lines: Sequence[str]) -> bool:
    """Two headers at least among the first lines; of one there are many in letters (“De : lundi à mardi”)."""
    return sum(bool(_HEADER.match(line)) for line in lines[:5]) >= 2


def _signature(lines: Sequence[str], at: int) -> int:
    """How many lines from here are a signature; 0 where none begins."""
    line = lines[at]
    if _DASHES.match(line):
        return _until_quote(lines, at)
    if _DEVICE.match(line) and len(line.split()) <= DEVICE_WORDS_MAX and not line.rstrip().endswith((".", "!", "?")):
        return _until_quote(lines, at)
    if _CLOSING.match(line):
        rest = [one for one in lines[at + 1 : at + 1 + _until_quote(lines, at + 1)] if one.strip()]
        if len(rest) in CLOSING_LINES and all(len(one) <= 100 for one in rest):
            return 1 + _until_quote(lines, at + 1)
    return 0


def _until_quote(lines: Sequence[str], at: int) -> int:
    """The number of lines from here up to what is quoted, or to the end."""
    for length in range(len(lines) - at):
        line = lines[at + length]
        if length and (line.lstrip().startswith(">") or _attribution(lines, at + length)):
            return length
        if length and _begins_quote(lines, at + length):
            return length
    return len(lines) - at


def _blank_lines_follow(lines: Sequence[str], kinds: list[Kind]) -> None:
    """Blank lines before what is folded go with it, so that nothing is left of it but its place."""
    for at in range(len(lines) - 2, -1, -1):
        if not lines[at].strip() and kinds[at] == "text" and kinds[at + 1] != "text":
            kinds[at] = kinds[at + 1]
