"""What a message gives to use: a next step, when, a name, a way to reach who writes."""

from __future__ import annotations

import re

from egard.journeys.signature.rules.reading import Reading
from egard.journeys.signature.rules.style import Tongue

POINTS = {"next_step": 40, "when": 15, "direct_line": 25, "name": 20}
"""Of 100; what a brand does not always give is taken out, and the others weigh more."""

_WHEN = re.compile(
    r"(?<!\w)(?:aujourd'hui|demain|ce (?:matin|soir)|cet après-midi|today|tomorrow"
    r"|tonight|this (?:morning|afternoon|evening|week)"
    r"|(?:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|monday|tuesday|wednesday|thursday|friday|saturday|sunday)s?"
    r"|\d{1,2}(?:er|st|nd|rd|th)? (?:janvier|février|mars|avril|mai|juin|juillet"
    r"|août|septembre|octobre|novembre|décembre"
    r"|january|february|march|april|may|june|july|august|september|october|november|december)"
    r"|(?:january|february|march|april|may|june|july|august|september|october|november|december) \d{1,2}"
    r"|\d{1,2} ?h(?: ?\d\d)?|\d{1,2}(?::\d\d)? ?(?:am|pm)|\d{1,2}[/.]\d{1,2}(?:[/.]\d{2,4})?"
    r"|(?:sous|dans|d'ici|en moins de|within|in(?: less than)?) (?:\w+ ){0,2}(?:minutes?"
    r"|heures?|jours?(?: ouvrés)?|semaines?|hours?|days?|working days?|weeks?))(?!\w)",
    re.IGNORECASE,
)
_PHONE = re.compile(r"(?<![\w+])(?:\+\d{1,3}|0)(?:[ .()-]{0,2}\d){8,12}(?!\d)")
_MAIL = re.compile(
    r"(?i)(?<![\w.])(?!no-?reply|ne-?pas-?repondre|do-?not-?reply)[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}"
)
_ANSWER = re.compile(
    r"(?i)(?<!\w)(?:répondez(?:-moi)?(?: simplement| directement)? à ce (?:message"
    r"|mail|courriel|sms)|(?:just |simply )?reply to (?:me|this (?:message|e?-?mail"
    r"|text))"
    r"|ma ligne directe|my direct line)(?!\w)"
)
_CALL_LINK = re.compile(r"(?i)https?://[^\s/]{1,253}/p/call/\S")
"""The page on which she chooses when she is called (docs/reach.md): the number of a desk stays inside."""
_DIRECT_FIELDS = re.compile(r"phone|tel|téléphone|mobile|line|ligne|mail|call_link|lien")
_SIGNING_FIELDS = re.compile(r"advis[eo]r|conseill|signature|author|agent|sender|auteur")
_TEAM = frozenset(
    [
        "équipe",
        "equipe",
        "équipes",
        "service",
        "team",
        "customer",
        "client",
        "clients",
        "clientèle",
        "direction",
        "department",
        "département",
        "banque",
        "bank",
        "groupe",
        "group",
        "société",
        "company",
        "relation",
        "relations",
        "care",
        "votre",
        "your",
        "notre",
        "our",
        "le",
        "la",
        "les",
        "the",
    ]
)
_I_AM = re.compile(
    r"(?:(?i:je suis|je m'appelle|mon nom est|i am|i'm|my name is|this is)|(?i:votre"
    r"|your) (?:(?i:conseill\w{2,6}|advis[eo]r|contact))[,:]?"
    r"|(?i:demandez|ask for)) ([A-ZÀ-Ý][\w'-]+(?: [A-ZÀ-Ý][\w'-]+){0,2})"
)
_PERSON = re.compile(r"[A-ZÀ-Ý](?:[\w'-]+|\.)(?: (?:de |du |d'|van |von |le |la )?[A-ZÀ-Ý](?:[\w'-]+|\.)){0,3}")


def given(reading: Reading, positive: str, tongue: Tongue, company: frozenset[str]) -> dict[str, bool]:
    """Which of the things the brand always gives are there; `when` where there is a next step."""
    found: dict[str, bool] = {}
    small = positive.lower()
    step = any(literal in small and search.search(positive) for literal, search in tongue.acting)
    if "next_step" in tongue.always:
        found |= {"next_step": step, "when": bool(_WHEN.search(positive))}
    if "direct_line" in tongue.always:
        found["direct_line"] = _has_line(reading, positive)
    if "name" in tongue.always:
        found["name"] = _is_signed(reading, positive, company)
    return found


def score(found: dict[str, bool]) -> int:
    """0 to 100; 100 where the brand asks for nothing."""
    total = sum(POINTS[name] for name in found)
    return round(100 * sum(POINTS[name] for name, there in found.items() if there) / total) if total else 100


def _has_line(reading: Reading, positive: str) -> bool:
    if any(_DIRECT_FIELDS.search(name) for name, _start, _end in reading.fields):
        return True
    own = _unquoted(reading)
    return bool(_PHONE.search(positive) or _MAIL.search(own) or _ANSWER.search(positive) or _CALL_LINK.search(own))


def _unquoted(reading: Reading) -> str:
    """The lines of the message that quote nobody, with their addresses."""
    lines = zip(reading.plain.split("\n"), reading.own.split("\n"), strict=True)
    return "\n".join(
        plain for plain, own in lines if own.strip("\ufffc ") or ("@" in plain and not plain.lstrip().startswith(">"))
    )


def _is_signed(reading: Reading, positive: str, company: frozenset[str]) -> bool:
    if any(_SIGNING_FIELDS.search(name) for name, _start, _end in reading.fields):
        return True
    start, end = reading.signature
    body = positive[:start]
    if one := _I_AM.search(body):
        return one.group(1) not in company
    lines = positive[start:end].split("\n")[1:] if end > start else body.rstrip().split("\n")[-1:]
    return any(_is_person(line.strip(" ,.-–—\ufffc"), company) for line in lines[:6])


def _is_person(line: str, company: frozenset[str]) -> bool:
    """`Camille Martin`, `Camille Martin, conseillère`: two names or one, not a team."""
    name = re.split(r"[,–—|]| - ", line)[0].strip()
    if not _PERSON.fullmatch(name) or name in company:
        return False
    words = name.lower().split()
    return not set(words) & _TEAM and len(words) <= 4
