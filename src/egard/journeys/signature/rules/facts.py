"""Facts of the client's own: what this message says of one client and could not say of all.

Certain is what whoever writes names as such (merge fields, and best those that differ between recipients); anything
else is inferred from its form, and counts for less.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from egard.base.text import fold
from egard.journeys.signature.rules.persons import Mention
from egard.journeys.signature.rules.reading import HOLE, Reading, Span

GREETED = 0.5
"""A name alone makes nothing personal: half a fact."""
INFERRED = 0.6
SAME = frozenset(
    [
        "url",
        "link",
        "lien",
        "site",
        "website",
        "web",
        "brand",
        "marque",
        "company",
        "entreprise",
        "organisation",
        "author",
        "year",
        "annee",
        "année",
        "date",
        "today",
        "unsubscribe",
        "desinscription",
        "logo",
        "team",
        "equipe",
        "équipe",
        "subject",
        "objet",
        "signature",
    ]
)
"""Merge fields that are the same for everybody."""
NAMES = re.compile(
    r"(?:given|first|last|family|full)?_?name|pr[ée]nom|nom|civilit[ée]|salutation|title|titre", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class OwnFact:
    """`worth` is 1 where it is certain, less where it is inferred or only a name."""

    start: int
    end: int
    text: str
    worth: float


def own_fields(recipients: Sequence[Mapping[str, str]]) -> tuple[str, ...]:
    """The merge fields that differ between recipients: what is the same for two of three is no fact of one's own."""
    names = sorted({name for one in recipients for name in one})
    if len(recipients) < 2:
        return tuple(names)
    found = []
    for name in names:
        values = [fold(one.get(name, "")).strip() for one in recipients]
        commonest = max(values.count(value) for value in set(values))
        if len(set(values)) > 1 and commonest <= len(values) * 2 / 3:
            found.append(name)
    return tuple(found)


_MONTHS = (
    "janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre"
    "|january|february|march|april|may|june|july|august|september|october|november|december"
)
_DAYS = "lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|monday|tuesday|wednesday|thursday|friday|saturday|sunday"
_COUNTS = (
    r"\d{1,6}|deux|trois|quatre|cinq|six|sept|huit|neuf|dix|onze|douze|quinze|vingt|trente|quarante|cinquante|cent"
    r"|two|three|four|five|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty|fifty"
)
_FORMS = (
    re.compile(
        rf"(?<!\w)(?:\d{{1,2}}(?:er|st|nd|rd|th)? (?:of )?(?:{_MONTHS})|(?:{_MONTHS})"
        rf" \d{{1,2}})(?:,? \d{{4}})?(?!\w)",
        re.I,
    ),
    re.compile(r"(?<![\w/])\d{1,2}[/.]\d{1,2}[/.]\d{2,4}(?![\w/])|(?<!\d)\d{4}-\d\d-\d\d(?!\d)"),
    re.compile(
        rf"(?<!\w)(?:{_DAYS}) \d{{1,2}}(?!\w)|(?<!\w)(?:{_DAYS})(?: (?:à|at) \d{{1,2}}\W?[h:.]?"
        rf" ?\d{{0,2}})(?!\w)",
        re.I,
    ),
    re.compile(r"(?<!\w)(?:depuis|since) (?:19|20)\d\d(?!\w)", re.I),
    re.compile(
        r"(?<!\w)(?:n°|no\.?|num(?:éro)?|number|ref\.?|réf\.?|référence|reference|#|commande|dossier|contrat|facture|order|case|contract"
        r"|booking|invoice|billet|ticket) ?:? ?(?:n°|no\.?|#|number)? ?[A-Z]{0,4}-?\d[\w-]{2,20}(?!\w)",
        re.I,
    ),
    re.compile(
        r"(?<![\w,.])\d{1,3}(?:[ .,]?\d{3})*(?:[.,]\d{1,2})? ?(?:€|euros?|eur|£|\$"
        r"|pounds?|dollars?)(?!\w)|[£$€]\d[\d,.]*\d?",
        re.I,
    ),
    re.compile(rf"(?<!\w)(?:vos|your|tes) (?:\w+ )?(?:{_COUNTS}) [^\W\d_]+", re.I),
    re.compile(
        rf"(?<!\w)(?:{_COUNTS}) (?:fois|ans|années|mois|visites|achats|trajets|kilomètres"
        rf"|km|nuits|livres|commandes|appels"
        r"|times|years|months|visits|purchases|trips|miles|nights|books|orders|calls"
        r"|evenings|soirées|matins|mornings)(?!\w)",
        re.I,
    ),
)
_PROPER = re.compile(
    r"(?<![\w.!?:\n-])(?<![.!?:•–-] )(?:[A-ZÀ-Ý][\w'-]{2,30})(?: (?:de |du |la"
    r" |le |of |the )?[A-ZÀ-Ý][\w'-]{1,30}){0,3}"
)
_NOT_PROPER = re.compile(
    rf"(?i:madame|monsieur|mesdames|messieurs|mme|internet|noël|christmas|pâques|easter|euros?|{_MONTHS}|{_DAYS}|wifi|gps|sms|iban|pdf|i'[a-z]+)"
)
_COLLECTIVE = re.compile(
    r"(?i)\b(?:vous (?:êtes|étiez|avez été) (?:plus |près |déjà )?(?:de |d')?(?:[\d"
    r" ]{3,}|nombreu|des milliers|des centaines)"
    r"|(?:millions|thousands|hundreds|milliers|centaines|tous|all) (?:of|d'entre"
    r"|de) (?:you|vous|our|nos)|many of you|tous nos clients|all our customers)"
)


def found_facts(
    reading: Reading,
    positive: str,
    mentions: Sequence[Mention],
    *,
    named: Mapping[str, str],
    company: Iterable[str] = (),
) -> tuple[OwnFact, ...]:
    """The facts in a message, in order, none twice. `positive` is its text with holes where something was found
    wanting: nothing personal is counted there.
    """
    found: list[OwnFact] = []
    seen: set[str] = set()

    def add(start: int, end: int, worth: float) -> None:
        words = reading.plain[start:end]
        apart = all(end <= one.start or start >= one.end for one in found)
        if apart and fold(words) not in seen:
            seen.add(fold(words))
            found.append(OwnFact(start, end, words, worth))

    greeted = reading.name_greeted
    fields = {start for _name, start, _end in reading.fields}
    if greeted and (HOLE not in positive[greeted[0] : greeted[1]] or greeted[0] in fields):
        add(*greeted, GREETED)
    for name, value in named.items():
        if value.strip() and (span := _first(positive, value.strip())):
            add(*span, GREETED if NAMES.fullmatch(name) else 1.0)
    for name, start, end in reading.fields:
        last = re.split(r"[._ ]", name)[-1]
        if name not in SAME and last not in SAME:
            add(start, end, GREETED if NAMES.fullmatch(last) or NAMES.fullmatch(name) else 1.0)
    for start, end in _spoken_to(reading, positive, mentions):
        for one in _inferred(positive, start, end, company):
            add(*one, INFERRED)
    return tuple(sorted(found, key=lambda one: one.start))


def _first(text: str, value: str) -> Span | None:
    pattern = r"\s+".join(re.escape(word) for word in value.replace("’", "'").split())
    one = re.search(rf"(?<!\w){pattern}(?!\w)", text, re.IGNORECASE)
    return one.span() if one else None


def _spoken_to(reading: Reading, positive: str, mentions: Sequence[Mention]) -> list[Span]:
    """The sentences that speak to the client as one person."""
    spoken = []
    client = [one.start for one in mentions if one.who == "client"]
    for start, end in reading.sentences:
        hers = (start, end) != reading.greeting and any(start <= at < end for at in client)
        if hers and not _COLLECTIVE.search(positive, start, end):
            spoken.append((start, end))
    return spoken


def _inferred(positive: str, start: int, end: int, company: Iterable[str]) -> list[Span]:
    found = [one.span() for form in _FORMS for one in form.finditer(positive, start, end)]
    ours = {fold(name) for name in company}
    for one in _PROPER.finditer(positive, start + 1, end):
        words = one.group()
        if not _NOT_PROPER.fullmatch(words) and fold(words) not in ours and not words.isupper():
            found.append(one.span())
    return found
