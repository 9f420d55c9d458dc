"""Merges, undoings and what arrives between them in any order, beside a model that is too simple to be wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from egard.journeys.purchases.facts import Amount, PurchaseMade
from egard.kernel.lifecycle.operations import merge_persons, undo_merge
from egard.kernel.people import operations, queries, search
from egard.kernel.people.merges import AlreadyUndone, WithHerself
from egard.kernel.people.models import Merge, Person, SearchRow
from egard.kernel.people.operations import create_person
from egard.kernel.timeline.bulk import record_events
from egard.kernel.timeline.operations import record
from egard.kernel.timeline.queries import timeline

pytestmark = pytest.mark.django_db
COUNT = 4
NAMES = ("Aline", "Berthe", "Claude", "Denise")

rows = st.integers(0, COUNT - 1)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("merge"), rows, rows),
        st.tuples(st.just("undo"), st.integers(0, 9), st.just(0)),
        st.tuples(st.just("page"), rows, st.just(0)),
        st.tuples(st.just("number"), rows, st.just(0)),
        st.tuples(st.just("consent"), rows, st.integers(0, 1)),
        st.tuples(st.just("mail"), rows, st.just(0)),
    ),
    min_size=4,
    max_size=14,
)


@dataclass
class Model:
    """Who holds what, and which merges hold; everything else follows."""

    edges: list[tuple[int, int] | None] = field(default_factory=list)  # (survivor, absorbed); None: undone
    facts: dict[str, int] = field(default_factory=dict)
    words: list[tuple[int, bool]] = field(default_factory=list)
    mails: dict[str, int] = field(default_factory=dict)

    def root(self, row: int) -> int:
        above = next((edge[0] for edge in self.edges if edge and edge[1] == row), None)
        return row if above is None else self.root(above)

    def members(self, row: int) -> set[int]:
        return {other for other in range(COUNT) if self.root(other) == self.root(row)}


class World:
    """The same in the product."""

    def __init__(self, everything, me, now) -> None:
        self.viewer, self.me, self.now, self.model = everything, me, now, Model()
        self.persons = [
            create_person(given_name=name, identifiers=[("customer_number", f"N{n}")], by=me, now=now)
            for n, name in enumerate(NAMES)
        ]
        self.merges: list[Merge] = []

    def seen(self, row: int) -> Person:
        return queries.person(self.viewer, self.persons[row].uuid)

    def merge(self, a: int, b: int) -> None:
        survivor, absorbed = self.model.root(a), self.model.root(b)
        if survivor == absorbed:
            with pytest.raises(WithHerself):
                merge_persons(self.seen(a), self.seen(b), by=self.me, now=self.now)
        else:
            self.merges.append(merge_persons(self.seen(a), self.seen(b), by=self.me, now=self.now))
            self.model.edges.append((survivor, absorbed))

    def undo(self, which: int, _more: int) -> None:
        if which >= len(self.merges):
            return
        if self.model.edges[which] is None:
            with pytest.raises(AlreadyUndone):
                undo_merge(self.merges[which], by=self.me, now=self.now)
        else:
            undo_merge(self.merges[which], by=self.me, now=self.now)
            self.model.edges[which] = None

    def page(self, row: int, _more: int) -> None:
        """A fact recorded on her page, which is the survivor's."""
        number = f"F{len(self.model.facts)}"
        bought = PurchaseMade(number, Amount(1, "EUR"))
        at = self.now - timedelta(minutes=len(number) * 7 % 5)
        record(self.seen(row), bought, at=at, by=self.me, channel="shop", key=number, now=self.now)
        self.model.facts[number] = self.model.root(row)

    def number(self, row: int, _more: int) -> None:
        """A fact that names her by her own number."""
        key = f"F{len(self.model.facts)}"
        event = {
            "kind": "purchases.made/1",
            "key": key,
            "at": self.now.isoformat(),
            "person": {"kind": "customer_number", "value": f"N{row}"},
            "data": {"order_number": key, "total": {"amount": 1, "currency": "EUR"}},
        }
        assert record_events([event], by=self.me, now=self.now).outcomes[0].outcome == "recorded"
        self.model.facts[key] = row

    def consent(self, row: int, given: int) -> None:
        at = self.now - timedelta(hours=99 - len(self.model.words))
        operations.record_consent(self.seen(row), "news", "email", given=bool(given), at=at, by=self.me, now=self.now)
        self.model.words.append((self.model.root(row), bool(given)))

    def mail(self, row: int, _more: int) -> None:
        address = f"mail{len(self.model.mails)}@example.org"
        operations.add_identifier(self.seen(row), "email", address, by=self.me, now=self.now)
        self.model.mails[address] = self.model.root(row)

    def compare(self) -> None:
        model, everybody = self.model, search.search(self.viewer, "").items
        assert sorted(row.pk for row in everybody) == sorted(
            self.persons[n].pk for n in range(COUNT) if model.root(n) == n
        )
        assert SearchRow.objects.count() == len(everybody)
        for n in range(COUNT):
            person, hers = self.seen(n), model.members(n)
            root = self.persons[model.root(n)]
            assert person.pk == root.pk
            assert set(person.members) == {self.persons[m].pk for m in hers}
            keys = [e.key for e in timeline(self.viewer, person, kind=["purchases.made"], limit=200).items]
            assert sorted(keys) == sorted(key for key, holder in model.facts.items() if holder in hers)
            held = queries.identifiers(self.viewer, person, limit=200).items
            mails = {e.value for e in held if e.kind.name == "email"}
            assert mails == {address for address, holder in model.mails.items() if holder in hers}
            said = [given for holder, given in model.words if holder in hers]
            assert queries.has_consent(self.persons[n].pk, "news", "email") is bool(said and said[-1])
            assert [c.given for c in queries.consents(self.viewer, person)] == said[-1:]
            for typed in (NAMES[n], f"N{n}", *mails):
                assert [row.pk for row in search.search(self.viewer, typed).items] == [root.pk], typed


@settings(
    max_examples=settings.default.max_examples // 2,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
)
@given(steps)
def test_whatever_is_merged_undone_and_recorded_everything_is_where_it_belongs(everything, me, now, taken):
    with transaction.atomic():
        world = World(everything, me, now)
        for what, a, b in taken:
            getattr(world, what)(a, b)
        world.compare()
        for n in range(len(world.merges)):
            world.undo(n, 0)
        if world.merges:
            world.compare()
        transaction.set_rollback(True)
