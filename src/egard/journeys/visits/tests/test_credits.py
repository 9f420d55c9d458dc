"""What visits lead to: each sale is shared whole among the visits before it, by the declared rule."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egard.journeys.visits import booking, facts
from egard.journeys.visits.booking import Told
from egard.journeys.visits.credits import queries
from egard.journeys.visits.credits.models import Credit, Share
from egard.journeys.visits.models import Visit
from egard.journeys.visits.placing import Wish
from egard.journeys.visits.rules.sharing import Credit as Came
from egard.journeys.visits.rules.sharing import Sale, shares, split
from egard.kernel.access.queries import system_viewer
from egard.kernel.lifecycle.operations import merge_persons, undo_merge
from egard.kernel.registry import registry
from egard.kernel.timeline.models import Fact
from egard.kernel.timeline.operations import record

DAY = timedelta(days=1)
START = datetime(2026, 1, 1, tzinfo=UTC)


# --- rules ----------------------------------------------------------------------------------------------------------

moments = st.integers(0, 90 * 24).map(lambda hours: START + timedelta(hours=hours))
visits = st.lists(
    st.tuples(moments, st.integers(0, 60), st.sampled_from(("first", "last", "even", "decaying"))), max_size=6
)
sold = st.lists(st.tuples(moments, st.integers(-500, 10**9), st.integers(0, 10**9)), max_size=5)


@given(visits, sold, st.randoms(use_true_random=False))
def test_each_sale_is_shared_whole_or_not_at_all_whatever_the_order(came, bought, rng):
    credits = [Came(n, at, days, rule) for n, (at, days, rule) in enumerate(came)]
    sales = [Sale(str(n), at, amount, "EUR", refunded=back) for n, (at, amount, back) in enumerate(bought)]
    found = shares(credits, sales)
    for sale in sales:
        parts = [one.amount for one in found if one.sale == sale]
        near = any(one.at <= sale.at <= one.at + timedelta(days=one.days) for one in credits)
        assert sum(parts) == (max(sale.amount - sale.refunded, 0) if near else 0)
        assert all(part > 0 for part in parts)
    mixed = (list(credits), list(sales))
    for some in mixed:
        rng.shuffle(some)
    assert shares(*mixed) == found


@given(st.integers(0, 10**12), st.lists(st.integers(0, 1000), min_size=1, max_size=12).filter(any))
def test_no_cent_is_lost_or_made_and_nobody_is_a_cent_off(amount, weights):
    parts = split(amount, weights)
    assert sum(parts) == amount
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - Fraction(amount) * weight / sum(weights)) < 1


@pytest.mark.parametrize(
    ("rule", "parts"),
    [
        ("first", {1: 1000}),
        ("last", {3: 1000}),
        ("even", {1: 334, 2: 333, 3: 333}),
        ("decaying", {1: 143, 2: 286, 3: 571}),
    ],
)
def test_the_rule_of_the_last_visit_before_a_sale_shares_it(rule, parts):
    credits = [Came(n, START + 7 * n * DAY, 30, rule if n == 3 else "even") for n in (1, 2, 3)]
    found = shares(credits, [Sale("A", START + 21 * DAY, 1000, "EUR")])
    assert {one.credit: one.amount for one in found} == parts


# --- kept by facts --------------------------------------------------------------------------------------------------


@pytest.fixture
def came(shop, me, now, settle):
    """Somebody was received: `came(person, reason, days_ago)` gives the visit."""

    def make(person, reason, at):
        day = (at - DAY * 2).replace(hour=7)
        free = at.replace(hour=13, minute=0)
        made = booking.book(shop.shop, reason, person, Wish(free), told=Told(), key=f"{person.pk}:{at}", by=me, now=day)
        Visit.objects.filter(pk=made.pk).update(state="ended", started_at=at, ended_at=at)
        fact = facts.Ended(made.uuid, shop.site.name, reason.code)
        record(person, fact, at=at, by=me, channel="counter", key=f"visit:{made.uuid}:ended", now=at)
        settle()
        return made

    return make


@pytest.fixture
def buys(me, settle):
    def make(person, order, amount, at, *, back=False, site=""):
        name = "purchases.cancelled/1" if back else "purchases.made/1"
        cls = registry.facts[name].type
        total = {"amount": amount, "currency": "EUR"}
        told = {"order_number": f"{order}-r" if back else order, "total": total, "site": site}
        fact = cls(**told, **({"original": order} if back else {}))
        key = f"{'cancelled' if back else 'made'}:{order}:{at}"
        made = record(person, fact, at=at, by=me, channel="web", key=key, now=at)
        settle()
        return made

    return make


def parts() -> dict[str, int]:
    return dict(Share.objects.order_by("order").values_list("order", "amount"))


@pytest.mark.django_db(transaction=True)
def test_a_sale_after_a_visit_is_credited_wherever_it_is_made_and_taken_back_with_its_return(shop, came, buys, now):
    came(shop.elodie, shop.discovery, now + DAY)
    buys(shop.elodie, "A", 5000, now + 3 * DAY)
    buys(shop.elodie, "B", 900, now + 40 * DAY)  # after the thirty days of its reason
    assert parts() == {"A": 5000}
    buys(shop.elodie, "A", 2000, now + 5 * DAY, back=True)
    assert parts() == {"A": 3000}
    [told] = queries.led_to(system_viewer("test"), now, now + 9 * DAY)
    assert (told.site, told.host, told.reason, told.visits, told.sales) == (
        "lyon-2",
        "Claire Martin",
        "discovery",
        1,
        1,
    )
    assert (told.amount, told.elsewhere, told.currency) == (3000, 3000, "EUR")


@pytest.mark.django_db(transaction=True)
def test_what_becomes_known_late_is_shared_as_if_it_had_been_known(shop, came, buys, now):
    came(shop.elodie, shop.discovery, now + DAY)
    buys(shop.elodie, "A", 5000, now + 9 * DAY, site="lyon-2")
    came(shop.elodie, shop.back, now + 3 * DAY)
    shared = dict(Share.objects.values_list("credit__reason", "amount"))
    assert shared == {"discovery": 2500, "return": 2500}
    ended = Fact.objects.filter(kind__name="visits.ended").earliest("at")
    assert Credit.objects.filter(fact=ended.uuid).exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_who_are_one_the_visits_and_the_sales_come_together_and_part_again(
    shop, came, buys, me, now, make_person
):
    other = make_person("E.", "Lebœuf", email="e2@example.org")
    came(shop.elodie, shop.discovery, now + DAY)
    buys(other, "A", 5000, now + 3 * DAY)
    assert parts() == {}
    done = merge_persons(shop.elodie, other, by=me, now=now + 4 * DAY)
    assert parts() == {"A": 5000}
    undo_merge(done, by=me, now=now + 5 * DAY)
    assert parts() == {}
