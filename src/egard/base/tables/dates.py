"""Dates as files write them: the form is recognised on a sample, never guessed between day and month."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from egard.base.tables.refusals import AmbiguousDates, UnknownDates
from egard.base.tables.values import bad_cell

_NUMERIC = re.compile(
    r"(\d{1,4})([/.-])(\d{1,2})\2(\d{1,4})"
    r"(?:[ T]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,6})\d*)?)?\s*([AaPp]\.?[Mm]\.?)?)?"
)
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}([.,]\d+)?)?( ?(Z|z|UTC|[+-]\d{2}:?\d{2}))?)?")
FORMS = ("iso", "d/m/Y", "m/d/Y", "Y/m/d", "epoch", "epoch_ms")
"""Forms by name; any other is stated as strptime takes it (`%d-%b-%Y`)."""
_HOURS_MAX = 100_000
_ORDER = {"d/m/Y": (0, 1, 2), "m/d/Y": (1, 0, 2), "Y/m/d": (2, 1, 0)}


def detect_form(cells: Iterable[Any], column: str) -> str:
    """The form of a column's dates: `iso`, `d/m/Y`, `m/d/Y` or `Y/m/d` (any of `/ . -`, time optional).

    Raises `AmbiguousDates` where no cell tells day from month, `UnknownDates` where the form is none of these.
    Cells that fit no form do not decide: they are refused one by one later, if the others agree.
    """
    texts = [text for cell in cells if isinstance(cell, str) and (text := cell.strip())]
    if not texts or sum(_ISO.fullmatch(text) is not None for text in texts) * 2 > len(texts):
        return "iso"
    found = [match for text in texts if (match := _NUMERIC.fullmatch(text))]
    if len(found) * 2 <= len(texts):
        raise UnknownDates(column=column, example=texts[0][:50])
    if sum(len(match[1]) == 4 for match in found) * 2 > len(found):
        return "Y/m/d"
    first = sum(int(match[1]) > 12 for match in found)
    second = sum(int(match[3]) > 12 for match in found)
    # One odd cell among thousands is an error of that cell; both sides often above 12 is no form at all.
    if first > 20 * second:
        return "d/m/Y"
    if second > 20 * first:
        return "m/d/Y"
    raise AmbiguousDates(column=column, example=found[0][0])


def moment_reader(form: str, zone: ZoneInfo) -> Callable[[Any], datetime | None]:
    """A function from a cell to a moment in UTC; None for an empty cell. Raises `BadCell`.

    Local times are of `zone`: those that summer time skips are refused, those it repeats are the first of the two. A
    date without a time is the beginning of its day.
    """
    parse = _parser(form)
    offsets = _Offsets(zone)

    def understand(cell: Any) -> datetime | None:
        if cell is None or cell == "":
            return None
        moment = _typed(cell, form)
        if moment is None:
            text = str(cell).strip()
            if not text:
                return None
            moment = parse(text)
        try:
            if moment.tzinfo is not None:
                return moment.astimezone(UTC)
            offset = offsets[moment.toordinal() * 24 + moment.hour]
            if offset is not None:
                return (moment - offset).replace(tzinfo=UTC)
            utc = moment.replace(tzinfo=zone).astimezone(UTC)
        except (OverflowError, ValueError) as error:
            raise bad_cell("no_such_date", cell=str(cell)[:50]) from error
        if utc.astimezone(zone).replace(tzinfo=None) != moment:
            raise bad_cell("no_such_time", cell=str(cell)[:50], zone=zone.key)
        return utc

    return understand


class _Offsets(dict[int, timedelta | None]):
    """How far a zone is from UTC in each hour of its local time; None where it changes within or is not one."""

    def __init__(self, zone: ZoneInfo) -> None:
        super().__init__()
        self._zone = zone

    def __missing__(self, hour: int) -> timedelta | None:
        if len(self) > _HOURS_MAX:
            self.clear()
        begins = datetime.fromordinal(hour // 24).replace(hour=hour % 24, tzinfo=self._zone)
        sides = (begins, begins.replace(minute=59, second=59, microsecond=999_999))
        offset = begins.utcoffset()
        steady = all(
            side.replace(fold=fold).utcoffset() == offset and side.astimezone(UTC).astimezone(self._zone) == side
            for side in sides
            for fold in (0, 1)
        )
        self[hour] = offset if steady else None
        return self[hour]


def _typed(cell: Any, form: str) -> datetime | None:
    """Moments that a file holds as such (Parquet, numbers of JSON)."""
    if isinstance(cell, datetime):
        return cell
    if isinstance(cell, date):
        return datetime.combine(cell, time())
    if form in ("epoch", "epoch_ms"):
        try:
            return datetime.fromtimestamp(float(cell) / (1000 if form == "epoch_ms" else 1), UTC)
        except (ValueError, OverflowError, OSError, TypeError) as error:
            raise bad_cell("bad_date", cell=str(cell)[:50], form=form) from error
    return None


def _parser(form: str) -> Callable[[str], datetime]:
    if form == "iso":
        return _iso
    if form in ("epoch", "epoch_ms"):
        return _refuse_text
    if order := _ORDER.get(form):
        return lambda text: _numeric(text, form, order)
    if "%" not in form:
        raise ValueError(form)
    return lambda text: _stated(text, form)


def _refuse_text(text: str) -> datetime:
    raise bad_cell("bad_date", cell=text[:50], form="epoch")


def _iso(text: str) -> datetime:
    # The usual shape first; the rest of what Python takes for ISO (weeks, days without dashes) is not asked for.
    if text[4:5] == "-" and text[7:8] == "-":
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            pass
    if _ISO.fullmatch(text) is None:
        raise bad_cell("bad_date", cell=text[:50], form="ISO 8601")
    try:
        return datetime.fromisoformat(text.replace(" UTC", "Z").replace(" Z", "Z").replace(" +", "+"))
    except ValueError as error:
        raise bad_cell("no_such_date", cell=text[:50]) from error


def _numeric(text: str, form: str, order: tuple[int, int, int]) -> datetime:
    match = _NUMERIC.fullmatch(text)
    if match is None:
        raise bad_cell("bad_date", cell=text[:50], form=form)
    parts = (match[1], match[3], match[4])
    if len(parts[order[0]]) > 2 or len(parts[order[2]]) not in (2, 4):
        raise bad_cell("bad_date", cell=text[:50], form=form)
    day, month, year = (int(parts[place]) for place in order)
    if year < 100 and len(parts[order[2]]) == 2:
        year += 2000 if year < 69 else 1900  # as POSIX reads two digits
    hour, half = int(match[5] or 0), (match[9] or "").lower()
    if half:
        if not 1 <= hour <= 12:
            raise bad_cell("no_such_date", cell=text[:50])
        hour = hour % 12 + (12 if half.startswith("p") else 0)
    micro = int((match[8] or "").ljust(6, "0"))
    try:
        return datetime(year, month, day, hour, int(match[6] or 0), int(match[7] or 0), micro)  # noqa: DTZ001
    except ValueError as error:
        raise bad_cell("no_such_date", cell=text[:50]) from error


def _stated(text: str, form: str) -> datetime:
    try:
        return datetime.strptime(text, form)  # noqa: DTZ007
    except ValueError as error:
        reason = "no_such_date" if "out of range" in str(error) else "bad_date"
        raise bad_cell(reason, cell=text[:50], form=form) from error
