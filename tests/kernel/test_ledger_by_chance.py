"""The ledger beside an oracle, whatever is done to it in whatever order; and the arithmetic of lots."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from ledger_oracle import Holder, No, Oracle

from egard.base.refusal import Refusal
from egard.kernel.access.actors import system
from egard.kernel.ledger import operations, queries, rules
from egard.kernel.ledger.checks import ALL
from egard.kernel.ledger.closing import close_period
from egard.kernel.ledger.models import Lot
from egard.kernel.ledger.sweeping import LAPSED, sweep

ME = system("test")
DAY = timedelta(days=1)
DEEP = os.environ.get("EGARD_DEEP") == "1"
HOLDERS = {
    "house": Holder("expense"),
    "budget": Holder("liability", limited=True),
    "till": Holder("asset", limited=True),
    "card": Holder("liability", limited=True, ceiling=500),
    "purse": Holder("liability", limited=True, lots=True),
    "other": Holder("equity", limited=True, lots=True),
    "lapsed": Holder("income"),
}
AMOUNTS = st.one_of(st.integers(1, 300), st.sampled_from(["all", "all but one", "one more"]))
NAMES = st.sampled_from([name for name in HOLDERS if name != "lapsed"])
ENDS = st.sampled_from([None, None, 1, 2, 5])


def refused_by(step):
    """The code with which the oracle refuses, if it does."""
    try:
        step()
    except No as no:
        return str(no)
    return None


class Books(RuleBasedStateMachine):
    """Each step is done to both; both must say yes, or no with the same code, and hold the same afterwards."""

    keys = Bundle("keys")

    @initialize()
    def begin(self):
        self.savepoint = transaction.atomic()
        self.savepoint.__enter__()
        self.now = datetime(2026, 3, 10, tzinfo=UTC)
        self.oracle = Oracle({name: Holder(**{**vars(one), "parts": []}) for name, one in HOLDERS.items()})
        self.accounts = {}
        self.count = 0
        self.rows, self.asked = {}, {}
        for name, one in HOLDERS.items():
            limit = "ceiling" if one.ceiling else "no_negative" if one.limited else "none"
            code = LAPSED if name == "lapsed" else name
            more = {"limit": limit, "ceiling": one.ceiling, "lots": one.lots, "by": ME, "now": self.now}
            self.accounts[name] = operations.open_account(code, unit="EUR", kind=one.kind, **more)

    def teardown(self):
        if hasattr(self, "savepoint"):
            found = [words for check in ALL for words in check.find()]
            transaction.set_rollback(True)
            self.savepoint.__exit__(None, None, None)
            assert not found, found

    def both(self, ours, theirs):
        """What the real one gave where both did it; None where both refused alike."""
        code = refused_by(theirs)
        if code is None:
            return ours()
        with pytest.raises(Refusal) as refused:
            ours()
        assert refused.value.code == code
        return None

    def amount(self, asked, free):
        edges = {"all": free, "all but one": free - 1, "one more": free + 1}
        return max(1, edges.get(asked, asked))

    def key(self):
        self.count += 1
        return f"k{self.count}"

    @rule(
        target=keys,
        debit=NAMES,
        credit=NAMES,
        asked=AMOUNTS,
        pending=st.booleans(),
        days=ENDS,
        priority=st.integers(0, 1),
    )
    def transfer(self, debit, credit, asked, pending, days, priority):
        if debit == credit:
            credit = "house" if debit != "house" else "purse"
        loser = debit if self.oracle._loses(debit, True) else credit
        amount = self.amount(asked, self.oracle.holders[loser].free(self.now))
        until = self.now + days * DAY if pending and days else None
        ends = self.now + days * DAY if days and HOLDERS[credit].lots else None
        key = self.key()
        given = {
            "debit": self.accounts[debit],
            "credit": self.accounts[credit],
            "amount": amount,
            "pending": pending,
            "expires_at": until,
            "lot_expires_at": ends,
            "priority": priority,
            "key": key,
            "by": ME,
        }
        row = self.both(
            lambda: operations.transfer(**given, now=self.now),
            lambda: self.oracle.transfer(
                key, debit, credit, amount, self.now, pending=pending, until=until, ends=ends, priority=priority
            ),
        )
        if row is None:
            return ""
        self.rows[key], self.asked[key] = row, given
        return key

    @rule(key=keys, asked=st.integers(0, 300))
    def resolve(self, key, asked):
        if not key:
            return
        row, more = self.rows[key], {"by": ME, "now": self.now, "key": self.key()}
        amount = min(asked, row.amount)
        self.both(
            lambda: operations.post(row, amount=amount, **more) if amount else operations.void(row, **more),
            lambda: self.oracle.resolve(key, amount, self.now),
        )

    @rule(key=keys, asked=AMOUNTS)
    def reverse(self, key, asked):
        if not key:
            return
        row, move = self.rows[key], self.oracle.moves[key]
        if move.state == "done" and not move.amount:
            return  # voided: there is no posting to be named
        amount = self.amount(asked, move.amount - move.given_back)
        more = {"reason": "back", "key": self.key(), "by": ME, "now": self.now}
        self.both(
            lambda: operations.reverse(row, amount=amount, **more),
            lambda: self.oracle.reverse(key, amount, self.now),
        )

    @rule(key=keys)
    def again(self, key):
        if key:
            given = self.asked[key]
            for moment in ("expires_at", "lot_expires_at"):  # reckoned anew, as who tries again does
                if given[moment]:
                    given = {**given, moment: self.now + 9 * DAY}
            assert operations.transfer(**given, now=self.now).pk == self.rows[key].pk
            with pytest.raises(Refusal) as refused:
                operations.transfer(**{**given, "amount": given["amount"] + 1}, now=self.now)
            assert refused.value.code == "ledger.key_reused"

    @rule(hours=st.sampled_from([1, 24, 24, 49]), sweeps=st.booleans())
    def time_passes(self, hours, sweeps):
        self.now += timedelta(hours=hours)
        if sweeps:
            sweep(now=self.now)
            self.oracle.sweep(self.now)

    @rule()
    def close(self):
        if self.oracle.closed is None or self.oracle.closed < self.now:
            close_period(until=self.now, by=ME, now=self.now)
            self.oracle.closed = self.now

    @invariant()
    def both_hold_the_same(self):
        if not hasattr(self, "accounts"):
            return
        for name, account in self.accounts.items():
            held, told = queries.balance(account, now=self.now), self.oracle.holders[name]
            assert (held.posted, held.pending_in, held.pending_out) == (told.posted, told.coming, told.going), name
            if told.limited:
                assert held.available == told.free(self.now) >= 0, name
            if told.lots:
                ours = Lot.objects.filter(account=account).order_by("id").values_list("remaining", "reserved")
                assert list(ours) == [(part.left, part.held) for part in told.parts], name


@pytest.mark.django_db
def test_whatever_is_done_the_ledger_and_the_oracle_agree():
    more = {"max_examples": 400, "stateful_step_count": 50} if DEEP else {"max_examples": 12, "stateful_step_count": 25}
    run_state_machine_as_test(Books, settings=settings(deadline=None, print_blob=True, **more))


NOW = datetime(2026, 3, 10, tzinfo=UTC)
PIECES = st.lists(
    st.tuples(st.integers(0, 50), st.integers(0, 50), st.integers(0, 2), st.sampled_from([None, -1, 0, 1, 3])),
    max_size=8,
).map(
    lambda rows: [
        rules.Piece(n, max(left, held), min(left, held), priority, None if days is None else NOW + days * DAY)
        for n, (left, held, priority, days) in enumerate(rows)
    ]
)


@given(PIECES, st.integers(1, 300))
def test_what_is_taken_of_lots_is_there_live_and_in_their_order(pieces, amount):
    taken = rules.take(pieces, amount, NOW)
    live = [one for one in rules.in_order(pieces) if one.is_live(NOW) and one.free]
    if sum(one.free for one in live) < amount:
        assert not taken
        return
    assert sum(part for _lot, part in taken) == amount
    assert [lot for lot, _part in taken] == [one.id for one in live][: len(taken)]
    assert all(part == one.free for (_lot, part), one in zip(taken[:-1], live, strict=False))


@given(PIECES, st.data())
def test_what_is_given_back_in_any_pieces_is_what_was_taken(pieces, data):
    free = sum(one.free for one in pieces if one.is_live(NOW))
    if not free:
        return
    taken = rules.take(pieces, data.draw(st.integers(1, free)), NOW)
    total, before, back = sum(part for _lot, part in taken), 0, {}
    while before < total:
        some = data.draw(st.integers(1, total - before))
        for lot, part in rules.give_back(taken, pieces, some, before=before):
            back[lot] = back.get(lot, 0) + part
        before += some
    assert back == dict(taken)
