from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from egard.base.money import Money
from egard.journeys.purchases import operations, queries, rules
from egard.journeys.purchases.facts import Amount, Line, PurchaseCancelled, PurchaseMade
from egard.journeys.purchases.models import Value
from egard.kernel.access.queries import viewer_for
from egard.kernel.people.search import search

moments = st.integers(0, 426 * 24 * 60).map(lambda n: datetime(2024, 12, 30, tzinfo=UTC) + timedelta(minutes=n))
steps = st.lists(
    st.tuples(
        st.sampled_from(["made", "cancelled"]),
        moments,
        st.integers(0, 10**6).map(lambda amount: {"total": {"amount": amount}, "site": "lyon"}),
        st.sampled_from(["shop", "web"]),
    ),
    max_size=12,
)


@given(steps, st.randoms())
def test_the_order_in_which_facts_arrive_does_not_matter(some, rng):
    shuffled = list(some)
    rng.shuffle(shuffled)
    assert rules.add(rules.Buying(), some) == rules.add(rules.Buying(), shuffled)


@given(steps)
def test_sums_are_those_of_the_facts(some):
    buying = rules.add(rules.Buying(), some)
    made = [d["total"]["amount"] for name, _at, d, _c in some if name == "made"]
    back = [d["total"]["amount"] for name, _at, d, _c in some if name == "cancelled"]
    assert (buying.orders, buying.spent_minor) == (len(made), sum(made))
    assert (buying.cancellations, buying.cancelled_minor) == (len(back), sum(back))
    assert sum(buying.months.values()) == buying.net_minor
    shop = [at for name, at, _d, channel in some if name == "made" and channel == "shop"]
    assert buying.visit_at == (max(shop) if shop else None)


def test_frequency_is_not_told_before_there_is_something_to_tell():
    first = datetime(2026, 1, 1, tzinfo=UTC)
    buying = rules.Buying(orders=4, first_at=first, last_at=first)
    assert buying.yearly_orders(first + timedelta(days=30)) is None
    assert buying.yearly_orders(first + timedelta(days=365)) == pytest.approx(4.0, abs=0.01)


def test_the_last_twelve_months_span_the_year_end():
    names = [month for month, _amount in rules.last_months({}, datetime(2026, 3, 10, tzinfo=UTC))]
    assert names[0] == "2025-04"
    assert names[-1] == "2026-03"
    assert len(names) == 12


@pytest.fixture
def buy(me):
    def write(person, number, euros, at, *, channel="shop", site="lyon", currency="EUR"):
        fact = PurchaseMade(number, Amount(euros * 100, currency), site=site)
        return operations.record_purchase(person, fact, at=at, channel=channel, by=me, now=at)

    return write


@pytest.mark.django_db(transaction=True)
def test_the_panel_tells_spent_frequency_recency_and_last_visit(make_person, buy, everything, me, now, settle):
    person = make_person("Anne")
    buy(person, "A1", 30, now - timedelta(days=400))
    buy(person, "A2", 50, now - timedelta(days=20), channel="web")
    buy(person, "D1", 7, now - timedelta(days=300), currency="CHF")
    back = PurchaseCancelled("C1", Amount(1000, "EUR"), original="A2")
    operations.record_purchase(person, back, at=now, channel="web", by=me, now=now)
    settle()
    with override("en"):
        panel = queries.panel(person, everything, now)
    assert (panel["spent"], panel["cancelled"], panel["average"]) == ("€70.00", "€10.00", "€40.00")
    assert panel["others"] == [Money(700, "CHF").words("en")]
    assert panel["buying"].last_at == now - timedelta(days=20)
    assert panel["buying"].visit_at == now - timedelta(days=400)
    assert len(panel["months"]) == 12
    [euros, _francs] = queries.data(person, everything, now)["currencies"]
    assert euros["spent"] == {"amount": 7000, "currency": "EUR"}


@pytest.mark.django_db(transaction=True)
def test_the_panel_costs_one_query(make_person, buy, everything, now, django_assert_num_queries, settle):
    person = make_person("Anne")
    for n in range(30):
        buy(person, f"A{n}", 1, now - timedelta(days=n))
    settle()
    with django_assert_num_queries(1):
        queries.panel(person, everything, now)


@pytest.mark.django_db
def test_somebody_who_never_bought_has_no_panel_and_no_row(make_person, everything, now):
    person = make_person("Anne")
    assert queries.panel(person, everything, now) is None
    assert queries.data(person, everything, now) is None
    assert queries.export(person) == []


@pytest.mark.django_db(transaction=True)
def test_a_host_does_not_see_what_people_spend(make_person, buy, make_user, now, settle):
    person = make_person("Anne")
    buy(person, "A1", 30, now)
    settle()
    assert queries.panel(person, viewer_for(make_user("host")), now) is None


@pytest.mark.django_db
def test_an_order_number_finds_its_buyer(make_person, buy, everything, now):
    buy(make_person("Anne"), "536365", 30, now)
    [row] = search(everything, "536365").items
    assert (row.name, row.matched.value) == ("Anne", "536365")


@pytest.mark.django_db(transaction=True)
def test_a_corrected_purchase_counts_as_corrected(make_person, buy, me, now, settle):
    from egard.kernel.timeline.operations import record

    person, other = make_person("Anne"), make_person("Paul")
    wrong = buy(person, "A1", 100, now - timedelta(days=2))
    buy(person, "A2", 5, now - timedelta(days=9))
    settle()
    right = PurchaseMade("A1", Amount(1000, "EUR"))
    record(person, right, at=now - timedelta(days=1), by=me, channel="shop", key="fix:A1", now=now, corrects=wrong.uuid)
    buy(other, "B1", 3, now)
    settle()
    value = Value.objects.get(person=person)
    assert (value.orders, value.spent_minor) == (2, 1500)
    assert value.last_at == now - timedelta(days=1)
    assert Value.objects.get(person=other).spent_minor == 300


@pytest.mark.django_db(transaction=True)
def test_values_kept_in_any_batches_equal_one_sum(make_person, buy, now, settle):
    person = make_person("Anne")
    for n in range(7):
        buy(person, f"A{n}", n, now - timedelta(days=n))
        if n % 3 == 0:
            settle()
    settle()
    once = Value.objects.values("orders", "spent_minor", "months", "first_at", "last_at").get()
    assert once["orders"] == 7
    assert once["spent_minor"] == 2100
    assert sum(once["months"].values()) == 2100


def test_a_headline_says_the_order_the_pieces_and_the_total():
    fact = PurchaseMade("A1", Amount(2500, "EUR"), lines=[Line("1", "Candle", 2), Line("2", "Card", 1)])
    data = {
        "order_number": "A1",
        "total": {"amount": 2500, "currency": "EUR"},
        "lines": [{"quantity": 2}, {"quantity": 1}],
    }
    with override("en"):
        assert type(fact).__fact__.headline(data) == "Order A1: 3 items for €25.00"
