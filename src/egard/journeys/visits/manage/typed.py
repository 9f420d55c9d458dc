"""What is typed in the settings, as operations take it: hours, questions; and as the forms show it again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from egard.base.calendars import BadCalendar, Calendar, Hours
from egard.base.calendars.calendar import WEEKDAYS
from egard.base.text import fold
from egard.console.moments import day_words
from egard.journeys.visits.refusals import WrongHours, WrongReason

SPANS, EXCEPTIONS_NEW, QUESTIONS_NEW = 3, 2, 2
"""Openings of a day that the form has room for; empty rows for more."""
MONDAY = date(2026, 1, 5)
CHOICES_MAX = 20


@dataclass(slots=True)
class Row:
    """A day of the week, or a date, with its openings as they are typed: from, to."""

    name: str
    words: str
    spans: list[tuple[str, str]] = field(default_factory=list)
    wrong: str = ""

    def filled(self) -> Row:
        used = sum(1 for one in self.spans if any(one))
        self.spans = self.spans[:used] + [("", "")] * (min(SPANS, max(2, used + 1)) - used)
        return self


def week_rows(
    hours: Mapping[str, Any] | None, form: QueryDict | None = None, wrong: Mapping[str, str] | None = None
) -> list[Row]:
    """The week as the form shows it: as it was typed, with what is wrong of it, else as it is kept."""
    kept = (hours or {}).get("week", {})
    rows = []
    for n, name in enumerate(WEEKDAYS):
        row = Row(name, day_words(MONDAY + timedelta(days=n), "l"), wrong=(wrong or {}).get(name, "") if form else "")
        row.spans = _typed_spans(form, name) if form else [_split(one) for one in kept.get(name, ())]
        rows.append(row.filled())
    return rows


def read_week(form: QueryDict) -> dict[str, list[str]]:
    """The week that was typed. Raises `WrongHours` with the days that cannot be."""
    found, wrong = {}, {}
    for name in WEEKDAYS:
        try:
            if spans := _read(_typed_spans(form, name)):
                found[name] = spans
        except BadCalendar as error:
            wrong[name] = error.why
    if wrong:
        raise WrongHours(why="; ".join(wrong.values()), fields=wrong)
    return found


def exception_rows(
    hours: Mapping[str, Any], today: date, form: QueryDict | None = None, wrong: Mapping[str, str] | None = None
) -> list[Row]:
    """Dated exceptions from today on, and empty rows for more."""
    if form:
        count = min(len(form.getlist("x-date")), 400)
        rows = [Row(form.getlist("x-date")[n], "", _typed_spans(form, f"x{n}"), (wrong or {}).get(f"x{n}", ""))
                for n in range(count)]  # fmt: skip
    else:
        rows = [
            Row(day, "", [_split(one) for one in spans])
            for day, spans in sorted(hours.get("exceptions", {}).items())
            if day >= today.isoformat()
        ]
        rows += [Row("", "") for _more in range(EXCEPTIONS_NEW)]
    return [row.filled() for row in rows]


def read_exceptions(form: QueryDict, hours: Mapping[str, Any], today: date) -> dict[str, list[str]]:
    """The dated exceptions that were typed, and those that are over. No hours: closed that day. Raises `WrongHours`."""
    found = {day: spans for day, spans in hours.get("exceptions", {}).items() if day < today.isoformat()}
    wrong: dict[str, str] = {}
    for n, typed in enumerate(form.getlist("x-date")[:400]):
        if not typed:
            continue
        try:
            if date.fromisoformat(typed).isoformat() in found:
                raise BadCalendar(why=_("this date stands there twice"))
            found[typed] = _read(_typed_spans(form, f"x{n}"))
        except BadCalendar as error:
            wrong[f"x{n}"] = error.why
        except ValueError:
            wrong[f"x{n}"] = _("this is no date")
    if wrong:
        raise WrongHours(why="; ".join(wrong.values()), fields=wrong)
    return found


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as the form shows it."""

    key: str
    fr: str
    en: str
    kind: str
    required: bool
    choices: str


def question_rows(questions: list[dict[str, Any]]) -> list[Asked]:
    rows = [
        Asked(
            one["key"], one["label"]["fr"], one["label"]["en"], one["kind"], bool(one.get("required")),
            "\n".join(f"{choice['label']['fr']} | {choice['label']['en']}" for choice in one.get("choices", ())),
        )
        for one in questions
    ]  # fmt: skip
    return rows + [Asked("", "", "", "text", False, "")] * QUESTIONS_NEW


def typed_questions(form: QueryDict) -> list[Asked]:
    return [
        Asked(key, fr, en, kind, str(n) in form.getlist("q-required"), choices)
        for n, (key, fr, en, kind, choices) in enumerate(_columns(form))
    ]


def read_questions(form: QueryDict) -> list[dict[str, Any]]:
    """The questions that were typed; a key of its own for each new one. Raises `WrongReason`."""
    taken = set(form.getlist("q-key"))
    found: list[dict[str, Any]] = []
    for n, one in enumerate(typed_questions(form)):
        if not (one.fr.strip() or one.en.strip()):
            continue
        key = one.key or next(name for number in range(100) if (name := f"q{n + number}") not in taken)
        taken.add(key)
        told: dict[str, Any] = {
            "key": key, "label": _both(one.fr, one.en), "kind": one.kind, "required": one.required,
        }  # fmt: skip
        if one.kind == "choice":
            told["choices"] = _choices(one.choices)
            if not told["choices"]:
                raise WrongReason(why=one.fr or one.en, fields={f"q{n}": _("Write each choice on a line of its own.")})
        found.append(told)
    return found


def _choices(text: str) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for line in text.splitlines()[:CHOICES_MAX]:
        fr, _bar, en = (part.strip() for part in line.partition("|"))
        if fr:
            value = "-".join(fold(fr).replace("'", " ").split())[:32]
            value = "".join(sign for sign in value if sign.isascii() and (sign.isalnum() or sign == "-")).strip("-")
            found[value or f"c{len(found)}"] = {"label": _both(fr, en)}
    return [{"value": value, **told} for value, told in found.items()]


# --- inside --------------------------------------------------------------------------------------------------------


def _both(fr: str, en: str) -> dict[str, str]:
    """What is written in one language only stands in both."""
    return {"fr": fr.strip() or en.strip(), "en": en.strip() or fr.strip()}


def _columns(form: QueryDict) -> Iterator[tuple[str, str, str, str, str]]:
    names = ("q-key", "q-fr", "q-en", "q-kind", "q-choices")
    return zip(*(form.getlist(name)[:40] for name in names), strict=False)


def _typed_spans(form: QueryDict, name: str) -> list[tuple[str, str]]:
    pairs = zip(form.getlist(f"{name}-from"), form.getlist(f"{name}-to"), strict=False)
    return [(opens.strip(), closes.strip()) for opens, closes in pairs][:SPANS]


def _split(span: str) -> tuple[str, str]:
    opens, _dash, closes = span.partition("-")
    return opens, closes


def _read(spans: list[tuple[str, str]]) -> list[str]:
    """Raises `BadCalendar`, in words."""
    found: list[Hours] = []
    for opens, closes in spans:
        if not opens and not closes:
            continue
        if not opens or not closes:
            raise BadCalendar(why=_("an hour is missing"))
        if closes not in ("00:00", "24:00") and closes <= opens:
            raise BadCalendar(why=_("it closes before it opens"))
        found.append(Hours.parse(f"{opens}-{'24:00' if closes == '00:00' else closes}"))
    found.sort()
    if any(one.closes > following.opens for one, following in pairwise(found)):
        raise BadCalendar(why=_("two openings overlap"))
    return [str(one) for one in found]


def known_holidays(code: str, zone: str) -> bool:
    """Whether public holidays are known by a code (`FR`, `FR-57`)."""
    try:
        Calendar.parse({"zone": zone, "week": {"mon": ["09:00-10:00"]}, "holidays": code})
    except BadCalendar:
        return False
    return True
