"""The provider inside: cards that behave as cards do, good and bad. It stands for another machine: it keeps its own
tables through its own connection and commits by itself, whatever becomes of our transaction.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import psycopg
from django.db import connection
from django.utils.translation import gettext_lazy as _
from psycopg.rows import dict_row

from egard.base.money import Money
from egard.kernel.payments.port import Outcome, Refused, Saved, Unreachable, What, Word

CARDS: dict[str, Any] = {
    "approve": _("approves everything"),
    "decline": _("declines: not enough money"),
    "challenge": _("asks the person to confirm first"),
    "timeout": _("does what it is asked, and never answers"),
    "away": _("is not reached the first time"),
    "twice": _("says everything twice"),
    "disorder": _("never answers, and says everything later, the last word first"),
    "lapse": _("authorizes for ten minutes only"),
    "norefund": _("takes no money back"),
}
"""What each of its cards does. The token that a person's browser would bring is `sandbox_<name>`."""
PREFIX = "sandbox_"
AUTHORIZED = timedelta(days=7)
LAPSES = timedelta(minutes=10)
CONFIRMS = timedelta(hours=1)
"""How long a person may take to confirm."""

_ROWS: Any = dict_row
_CARD = """
insert into payments_sandbox_card (token, kind, key) values (%(token)s, %(kind)s, %(key)s)
on conflict (key) do update set key = excluded.key returning token, kind
"""
_DEED = """
insert into payments_sandbox_deed (key, what, token, amount, currency, "of", outcome, code, at, lapses_at)
values (%(key)s, %(what)s, %(token)s, %(amount)s, %(currency)s, %(of)s, %(outcome)s, %(code)s, %(at)s, %(lapses_at)s)
on conflict (key) do update set outcome = excluded.outcome, code = excluded.code, at = excluded.at,
  lapses_at = excluded.lapses_at where payments_sandbox_deed.outcome = '' returning *
"""


class Sandbox:
    """See `port.Provider`."""

    name = "sandbox"

    def save_instrument(self, token: str, *, key: str, now: datetime) -> Saved:
        kind = token.removeprefix(PREFIX)
        if not token.startswith(PREFIX) or kind not in CARDS:
            raise Refused(token)
        with _store() as store:
            held = _one(store, _CARD, {"token": f"card_{key}"[:64], "kind": kind, "key": key})
        number = 1000 + 1111 * list(CARDS).index(held["kind"])
        return Saved(held["token"], "Sandbox", f"{number:04}"[:4], f"{now.year + 3}-{now.month:02}")

    def forget_instrument(self, token: str) -> None:
        with _store() as store:
            store.execute("delete from payments_sandbox_card where token = %s", [token])

    def authorize(self, token: str, amount: Money, *, key: str, now: datetime) -> Word:
        with _store() as store:
            if not _one(store, "select 1 as n from payments_sandbox_card where token = %s", [token]):
                raise Refused(token)
            kind = _kind(store, token)
            outcome, code = "approved", ""
            if kind == "decline":
                outcome, code = "declined", "insufficient_funds"
            elif kind == "challenge":
                outcome = "challenge"
            lapses_at = now + (LAPSES if kind == "lapse" else AUTHORIZED)
            return _do(store, kind, "authorize", token, amount, "", outcome, code, lapses_at, key=key, now=now)

    def capture(self, reference: str, amount: Money, *, key: str, now: datetime) -> Word:
        with _store() as store:
            held = _locked(store, reference)
            code = ""
            if held["outcome"] != "approved":
                code = "not_authorized"
            elif held["lapses_at"] <= now:
                code = "lapsed"
            elif _done(store, "void", held) or _done(store, "capture", held) or amount.amount > held["amount"]:
                code = "not_capturable"
            return self._second(store, "capture", held, amount, code, key=key, now=now)

    def void(self, reference: str, amount: Money, *, key: str, now: datetime) -> Word:
        with _store() as store:
            held = _locked(store, reference)
            code = "captured" if _done(store, "capture", held) else ""
            return self._second(store, "void", held, amount, code, key=key, now=now)

    def refund(self, reference: str, amount: Money, *, key: str, now: datetime) -> Word:
        with _store() as store:
            held = _locked(store, reference)
            left = _done(store, "capture", held) - _done(store, "refund", held)
            code = "too_much" if amount.amount > left else ""
            if _kind(store, held["token"]) == "norefund":
                code = "card_closed"
            return self._second(store, "refund", held, amount, code, key=key, now=now)

    def _second(
        self, store: Any, what: What, held: dict[str, Any], amount: Money, code: str, *, key: str, now: datetime
    ) -> Word:
        """A deed on an authorization that is held."""
        outcome = "declined" if code else "approved"
        kind = _kind(store, held["token"])
        return _do(store, kind, what, held["token"], amount, _ref(held), outcome, code, None, key=key, now=now)

    def find(self, key: str, *, now: datetime) -> Word | None:
        with _store() as store:
            held = _one(store, "select * from payments_sandbox_deed where key = %s and outcome <> ''", [key])
            if held and held["outcome"] == "challenge" and held["at"] + CONFIRMS <= now:
                held = _answered(store, key, "declined", "challenge_expired", now)
            elif held and _has_lapsed(store, held, now):
                held["outcome"] = "lapsed"
        return _word(held) if held else None

    def events(self, after: str, *, now: datetime, limit: int = 200) -> tuple[Sequence[Word], str]:
        with _store() as store:
            rows = store.execute(
                "select e.id as event, d.*, e.outcome as said, e.at as said_at from payments_sandbox_event e"
                " join payments_sandbox_deed d on d.key = e.key where e.id > %s order by e.id limit %s",
                [int(after or 0), limit],
            ).fetchall()
        words = [_word(row | {"outcome": row["said"], "at": row["said_at"]}) for row in rows]
        return words, str(rows[-1]["event"]) if rows else after

    def statement(self, since: datetime, until: datetime) -> Sequence[Word]:
        with _store() as store:
            rows = store.execute(
                "select * from payments_sandbox_deed where what in ('capture', 'refund') and outcome = 'approved'"
                " and at >= %s and at < %s order by id",
                [since, until],
            ).fetchall()
        return [_word(row) for row in rows]

    def answer_challenge(self, key: str, *, passed: bool, now: datetime) -> None:
        """What the person does on the provider's page: confirm, or not."""
        with _store() as store:
            _answered(store, key, "approved" if passed else "declined", "" if passed else "challenge_failed", now)


def _answered(store: Any, key: str, outcome: str, code: str, now: datetime) -> Any:
    """A challenge has its answer, and it is said."""
    held = _one(
        store,
        "update payments_sandbox_deed set outcome = %s, code = %s where key = %s and outcome = 'challenge' returning *",
        [outcome, code, key],
    )
    if held:
        _say(store, [held], now)
    return held or _one(store, "select * from payments_sandbox_deed where key = %s", [key])


def _do(
    store: Any,
    kind: str,
    what: What,
    token: str,
    amount: Money,
    of: str,
    outcome: str,
    code: str,
    lapses_at: datetime | None,
    *,
    key: str,
    now: datetime,
) -> Word:
    """Do it once a key, and say so as the card's kind does."""
    held = _one(store, "select * from payments_sandbox_deed where key = %s", [key])
    if held is None or not held["outcome"]:
        away = kind == "away" and held is None
        values: dict[str, Any] = {
            "key": key,
            "what": what,
            "token": token,
            "amount": amount.amount,
            "currency": amount.currency,
        }
        values |= {"of": of, "outcome": "" if away else outcome, "code": code, "at": now, "lapses_at": lapses_at}
        held = _one(store, _DEED, values) or _one(store, "select * from payments_sandbox_deed where key = %s", [key])
        if away:
            store.commit()
            raise Unreachable(key)
        _announce(store, kind, held, now)
    store.commit()
    if kind in ("timeout", "disorder"):
        raise Unreachable(key)
    return _word(held)


def _announce(store: Any, kind: str, held: dict[str, Any], now: datetime) -> None:
    said = [held]
    if kind == "disorder" and held["what"] == "authorize":
        said = [held, held | {"outcome": "challenge"}]
    _say(store, said * (2 if kind == "twice" else 1), now)


def _say(store: Any, words: Sequence[dict[str, Any]], now: datetime) -> None:
    for word in words:
        store.execute(
            "insert into payments_sandbox_event (key, outcome, code, at) values (%s, %s, %s, %s)",
            [word["key"], word["outcome"], word["code"], now],
        )


@contextmanager
def _store() -> Generator[Any]:
    """A connection of its own, whose transaction ends with the call."""
    asked = connection.get_connection_params()
    plain: dict[str, Any] = {
        name: value for name, value in asked.items() if name in ("dbname", "user", "password", "host", "port")
    }
    try:
        with psycopg.connect(**plain, row_factory=_ROWS, options="-c TimeZone=UTC") as store:
            yield store
    except psycopg.OperationalError as error:
        raise Unreachable(str(error)) from error


def _one(store: Any, query: str, values: Any) -> Any:
    return store.execute(query, values).fetchone()


def _kind(store: Any, token: str) -> str:
    held = _one(store, "select kind from payments_sandbox_card where token = %s", [token])
    return held["kind"] if held else "approve"  # money goes back on a card that was forgotten, too


def _locked(store: Any, reference: str) -> dict[str, Any]:
    """The authorization, held: what is asked on it is done one after another. Raises `Refused`."""
    number = reference.removeprefix("auth_")
    held = number.isdecimal() and _one(
        store, "select * from payments_sandbox_deed where id = %s and what = 'authorize' for update", [int(number)]
    )
    if not held:
        raise Refused(reference)
    return held


def _done(store: Any, what: str, held: dict[str, Any]) -> int:
    """How much of an authorization was captured, voided or given back."""
    found = _one(
        store,
        'select coalesce(sum(amount), 0)::bigint as n from payments_sandbox_deed where what = %s and "of" = %s'
        " and outcome = 'approved'",
        [what, _ref(held)],
    )
    return found["n"]


def _has_lapsed(store: Any, held: dict[str, Any], now: datetime) -> bool:
    if held["what"] != "authorize" or held["outcome"] != "approved" or held["lapses_at"] > now:
        return False
    return not _done(store, "capture", held) and not _done(store, "void", held)


def _ref(held: dict[str, Any]) -> str:
    return f"auth_{held['id']}"


def _word(held: dict[str, Any]) -> Word:
    outcome: Outcome = held["outcome"]
    authorizes = held["what"] == "authorize"
    return Word(
        id=f"{held['id']}:{outcome}",
        key=held["key"],
        what=held["what"],
        outcome=outcome,
        amount=Money(held["amount"], held["currency"]),
        reference=_ref(held) if authorizes else held["of"],
        at=held["at"],
        code=held["code"],
        lapses_at=held["lapses_at"],
    )
