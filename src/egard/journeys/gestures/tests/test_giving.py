"""Giving: decided at once within one's authority, by two above it, paid, told, and taken back."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from egard.base.money import Money
from egard.base.refusal import Refusal
from egard.journeys.gestures import figures, queries, refusals, shown, worklists
from egard.journeys.gestures.models import Gesture, Voucher
from egard.journeys.gestures.operations import approve, erase, grant, refuse, reverse
from egard.journeys.gestures.tests.giving import EUR, furnish
from egard.kernel.access.actors import NotAllowed
from egard.kernel.access.queries import system_viewer
from egard.kernel.delegations.models import Use
from egard.kernel.ledger import queries as ledger
from egard.kernel.ledger.models import Transfer
from egard.kernel.ledger.operations import open_account, transfer
from egard.kernel.ledger.operations import reverse as reverse_transfer
from egard.kernel.ledger.sweeping import sweep
from egard.kernel.lifecycle.operations import erase_person, export_person
from egard.kernel.messages.models import Outgoing
from egard.kernel.payments.wallet import pay
from egard.kernel.promises.models import Promise
from egard.kernel.promises.operations import keep, promise
from egard.kernel.timeline.models import Fact
from egard.kernel.timeline.queries import timeline

pytestmark = pytest.mark.django_db


@pytest.fixture
def house(make_user, me, now):
    return furnish(make_user, me, now)


@pytest.fixture
def anne(make_person):
    return make_person("Anne", "Lebœuf", email="anne@example.org", language="en")


@pytest.fixture
def give(house, anne, now):
    def make(kind="credit", amount=500, *, viewer=None, key="k", at=now, **more):
        return grant(viewer or house.adviser, anne, kind, amount, key=key, now=at, **more)

    return make


def wallet_of(person):
    return ledger.balance(ledger.account(f"wallet:{person.uuid}", EUR)).available


def test_a_small_gesture_is_decided_credited_recorded_and_told_in_one_act(give, house, anne, now):
    budget = house.budget(10_000)
    made = give(reason="The dish was cold", responsibility="ours", severity=2)
    assert (made.state, made.amount, made.cost, made.steps) == ("granted", 500, 500, 0)
    assert queries.act(system_viewer("test"), made)[0].first_used_at is None  # it is hers, and nothing of it is spent
    assert wallet_of(anne) == 500
    assert ledger.balance(ledger.account(budget.code, EUR)).available == 9_500
    entry = timeline(system_viewer("test"), anne).items[0]
    assert str(entry.headline) == "Gesture: Credit on the next order (€5.00)"
    message = Outgoing.objects.get(person=anne)
    assert "Credit on the next order: €5.00" in message.text
    assert "Valid until 10 March 2027" in message.text
    assert Use.objects.get().amount == 500


def test_sent_twice_it_is_given_once_and_another_one_under_its_key_is_refused(give, anne, now):
    first, again = give(), give(at=now + timedelta(seconds=1))
    assert first.pk == again.pk
    assert wallet_of(anne) == 500
    with pytest.raises(refusals.KeyReused):
        give(amount=600)
    assert give(key="k2").pk != first.pk


def test_the_same_again_comes_with_an_apology_a_biscuit_and_five_euros_in_one_act(give, anne, now, me):
    made = give("redelivery", 1390)
    rows = queries.act(system_viewer("test"), made)
    assert [(row.kind, row.amount, row.form) for row in rows] == [
        ("redelivery", 1390, "redelivery"),
        ("apology", 0, "letter"),
        ("cookie", 300, "gift"),
        ("credit", 500, "credit"),
    ]
    assert Outgoing.objects.count() == Fact.objects.filter(kind__name="gestures.granted").count() == 1
    owed = Promise.objects.filter(person=anne, kind="gestures.deliver").order_by("id")
    assert [one.subject for one in owed] == [f"gesture:{row.uuid}" for row in rows[:3]]
    keep(owed[0], by=me, now=now + timedelta(hours=3))
    made.refresh_from_db()
    assert made.used_at == now + timedelta(hours=3)
    assert Use.objects.get().amount == 1390 + 300 + 500


@pytest.mark.parametrize(
    ("kind", "amount", "code"),
    [
        ("credit", None, "gestures.no_amount"),
        ("credit", 0, "gestures.no_amount"),
        ("credit", -500, "gestures.no_amount"),
        ("credit", 4.5, "gestures.no_amount"),
        ("credit", 450, "gestures.bad_amount"),
        ("credit", 10**15, "gestures.bad_amount"),
        ("credit", Money(500, "USD"), "gestures.wrong_currency"),
        ("credit", 20_000, "gestures.proof_needed"),
        ("yacht", 500, "gestures.unknown_kind"),
    ],
)
def test_amounts_that_nobody_means_are_refused_in_words_and_nothing_is_given(give, kind, amount, code):
    with pytest.raises(Refusal) as refused:
        give(kind, amount)
    assert refused.value.code == code
    assert refused.value.detail
    assert not Gesture.objects.exists()
    assert not Use.objects.exists()


def test_a_proof_is_asked_above_an_amount_and_never_below(give):
    assert give("credit", 5_000).proof is False
    assert give("credit", 20_000, key="2", proof=True).state == "waiting"


def test_above_what_one_decides_alone_it_waits_with_a_promise_and_the_client_is_told_nothing(give, house, anne, now):
    made = give("credit", 9_000)
    assert (made.state, made.waits_for, made.granted_at) == ("waiting", "authority", None)
    assert not Outgoing.objects.exists()
    promised = Promise.objects.get(kind="gestures.approval")
    assert promised.team == house.team
    agreed = approve(house.lead, made.uuid, reason="She is right", now=now + timedelta(minutes=5))
    assert (agreed.state, agreed.second_by, agreed.granted_by) == ("granted", house.nadia, house.camille)
    assert wallet_of(anne) == 9_000
    promised.refresh_from_db()
    assert promised.state == "kept"
    assert Outgoing.objects.get(person=anne)
    for less in (None, 6_000):  # again, or to another amount: it is decided
        with pytest.raises(refusals.NotWaiting):
            approve(house.lead, made.uuid, amount=less, now=now + timedelta(minutes=6))


def test_nobody_agrees_to_her_own_request_nor_beyond_her_own_authority(house, anne, now):
    own = grant(house.lead, anne, "refund", 200_000 - 100, proof=True, key="a", now=now)
    assert own.state == "granted"
    beyond = grant(house.lead, anne, "refund", 150_000, proof=True, key="b", now=now)
    assert beyond.state == "waiting"  # with the first it is more than one act
    with pytest.raises(refusals.OwnRequest):
        approve(house.lead, beyond.uuid, now=now)
    with pytest.raises(NotAllowed):
        approve(house.adviser, beyond.uuid, now=now)
    asked = grant(house.adviser, anne, "credit", 9_000, key="c", now=now)
    with pytest.raises(Refusal) as refused:  # what the person was given lately counts together
        approve(house.lead, asked.uuid, now=now)
    assert refused.value.code.startswith("delegations.")
    asked.refresh_from_db()
    assert asked.state == "waiting"


def test_less_may_be_agreed_to_and_what_was_desired_stays_beside_it(give, house, anne, now):
    made = give("credit", 9_000)
    with pytest.raises(refusals.BadAmount):
        approve(house.lead, made.uuid, amount=9_100, now=now)
    agreed = approve(house.lead, made.uuid, amount=6_000, now=now)
    assert (agreed.desired, agreed.amount, agreed.cost) == (9_000, 6_000, 6_000)
    assert wallet_of(anne) == 6_000


def test_a_refusal_says_why_to_colleagues_and_nothing_to_the_client(give, house, anne, now):
    made = give("credit", 9_000)
    with pytest.raises(refusals.BadText):
        refuse(house.lead, made.uuid, reason=" ", now=now)
    refused = refuse(house.lead, made.uuid, reason="She was refunded yesterday", now=now)
    assert (refused.state, refused.decision) == ("refused", "She was refunded yesterday")
    assert not Outgoing.objects.exists()
    assert Promise.objects.get(kind="gestures.approval").state == "kept"


def test_the_queue_is_paged_in_its_own_order_and_misses_nothing(give, house, now):
    for n, days in enumerate((3, 0, 2, 0, 1)):  # those that came by an import are written later than they were asked
        give("credit", 9_000 + 100 * n, key=str(n), at=now - timedelta(days=days))
    told, cursor = [], None
    while True:
        page = worklists.rows(house.lead, filters={}, now=now, limit=2, cursor=cursor)
        told += [row.title.partition(" ")[0] for row in page.items]
        if (cursor := page.next) is None:
            break
    assert told == ["€90.00", "€92.00", "€94.00", "€91.00", "€93.00"]


def test_parts_of_a_gesture_count_together_so_that_it_is_not_split_under_the_limit(give, now):
    assert give("credit", 3_000).state == "granted"
    assert give("credit", 3_000, key="2").state == "waiting"
    assert give("credit", 2_000, key="3").state == "granted"


def test_a_budget_that_is_empty_makes_it_wait_and_is_never_overspent(give, house, anne, now):
    budget = house.budget(700)
    assert give(amount=500).state == "granted"
    waiting = give(amount=500, key="2")
    assert (waiting.state, waiting.waits_for) == ("waiting", "budget")
    assert Use.objects.count() == 1  # what waits counts on nobody's authority
    with pytest.raises(refusals.BudgetSpent) as refused:
        approve(house.lead, waiting.uuid, now=now)
    assert refused.value.detail == (
        "It would cost €5.00, and €2.00 is left in the budget of Service. Raise the budget first, or give less."
    )
    house.budget(1_500)
    assert approve(house.lead, waiting.uuid, now=now).state == "granted"
    assert ledger.balance(ledger.account(budget.code, EUR)).available == 500


def test_a_credit_is_used_when_it_is_spent_not_when_it_is_given_nor_when_it_lapses(give, house, anne, now, me):
    kept, lapsed = give(), give(key="2")
    till = open_account("till", unit=EUR, kind="income", by=me, now=now)
    spent_at = now + timedelta(days=20)
    spent = pay(anne, Money(300, EUR), into=till, key="order", by=me, now=spent_at)
    after = now + timedelta(days=400)
    sweep(now=after)  # both end after a year
    used = {row.pk: row.first_used_at for row in queries.gestures(house.lead, {}).items}
    assert used == {kept.pk: spent_at, lapsed.pk: None}
    months = now + timedelta(days=40)
    effort = figures.figures(house.lead, now=months).effort[0]
    assert (effort.steps, effort.used.hits, effort.used.n) == (0, 1, 2)
    reverse_transfer(spent[0], reason="the order was cancelled", key="back", by=me, now=spent_at)
    assert figures.figures(house.lead, now=months).effort[0].used.hits == 0


def test_once_the_house_has_budgets_a_team_without_one_gives_nothing_alone(give, house, anne, now, make_user, me):
    assert give(key="before").state == "granted"  # nobody has a budget: the delegation is the bound
    house.budget(10_000, period="2026-04")  # the next month's: none runs now
    waiting = give(key="after")
    assert (waiting.state, waiting.waits_for, waiting.budget) == ("waiting", "no_budget", None)
    found = queries.proposals(house.adviser, anne, queries.About(severity=1), now=now)
    assert {one.waits for one in found.proposals if one.cost} == {"no_budget"}
    assert {one.waits for one in found.proposals if not one.cost} <= {""}
    budget = house.budget(2_000)
    agreed = approve(house.lead, waiting.uuid, now=now)
    assert (agreed.state, agreed.budget) == ("granted", budget)
    assert ledger.balance(ledger.account(budget.code, EUR)).available == 1_500


def test_what_was_given_is_taken_back_with_the_budget_and_the_room_to_decide(give, house, anne, now):
    budget = house.budget(10_000)
    made = give("redelivery", 1390)
    back = reverse(house.adviser, made.uuid, reason="The wrong client", now=now + timedelta(minutes=1))
    assert back.state == "reversed"
    assert wallet_of(anne) == 0
    assert ledger.balance(ledger.account(budget.code, EUR)).available == 10_000
    assert Use.objects.get().given_back_at is not None
    assert set(Promise.objects.filter(kind="gestures.deliver").values_list("state", flat=True)) == {"released"}
    with pytest.raises(refusals.NotGranted):
        reverse(house.adviser, made.uuid, reason="again", now=now + timedelta(minutes=2))


def test_what_the_client_has_had_stays_given(give, house, now, me):
    made = give("redelivery", 1390)
    keep(Promise.objects.get(subject=f"gesture:{made.uuid}"), by=me, now=now)
    with pytest.raises(refusals.UsedAlready):
        reverse(house.lead, made.uuid, reason="too late", now=now)
    made.refresh_from_db()
    assert made.state == "granted"


def test_no_more_is_given_back_than_was_paid_where_that_is_known(give, house, monkeypatch):
    monkeypatch.setattr(queries, "paid", lambda *about: 1000)
    with pytest.raises(refusals.BadAmount) as refused:
        give("refund", 1001, viewer=house.lead)
    assert "€10.00" in refused.value.detail
    assert give("refund", 1000, viewer=house.lead).state == "granted"
    monkeypatch.setattr(queries, "paid", lambda *about: None)
    assert give("refund", 2000, viewer=house.lead, key="2").state == "granted"
    monkeypatch.setattr(queries, "paid", None)  # of what is not the price nobody asks it
    assert give("credit", 1500, key="3").state == "granted"


def test_taking_back_holds_things_in_the_order_of_giving_and_using(give, house, now):
    """Else whoever takes back and whoever gives to the same client, or uses the voucher, wait for each other."""
    house.budget(10_000)
    made = give("voucher", 500)
    with CaptureQueriesContext(connection) as seen:
        reverse(house.adviser, made.uuid, reason="The wrong client", now=now)
    held = [one["sql"].split("FROM")[1].split()[0] for one in seen if "FOR UPDATE" in one["sql"]]
    assert held.index('"gestures_voucher"') < held.index('"gestures_gesture"')
    back = Transfer.objects.filter(reverses__isnull=False).order_by("id").values_list("key", flat=True)
    assert [key.split(":", 1)[1] for key in back] == ["budget:back", "worth:back"]


def test_what_was_used_of_one_credit_is_not_taken_back_from_another(give, house, anne, now, me):
    first, other = give(amount=500, key="1"), give(amount=1000, key="2")
    shop = open_account("test:shop", unit=EUR, kind="income", by=me, now=now)
    purse = ledger.account(f"wallet:{anne.uuid}", EUR)
    transfer(debit=purse, credit=shop, amount=200, key="spent", by=me, now=now)  # of the first: it is the oldest
    with pytest.raises(refusals.UsedAlready):
        reverse(house.adviser, first.uuid, reason="The wrong client", now=now)
    assert wallet_of(anne) == 1_300
    assert reverse(house.adviser, other.uuid, reason="The wrong client", now=now).state == "reversed"
    assert wallet_of(anne) == 300


def test_a_credit_that_has_ended_is_not_taken_back_from_what_she_still_has(give, house, anne, now):
    ended = give(amount=500, key="1")
    later = ended.ends_at + timedelta(days=1)
    give(amount=1000, key="2", at=ended.ends_at - timedelta(days=1))
    with pytest.raises(refusals.UsedAlready):
        reverse(house.lead, ended.uuid, reason="The wrong client", now=later)
    assert ledger.balance(ledger.account(f"wallet:{anne.uuid}", EUR), now=later).available == 1_000


def test_a_gesture_makes_up_for_a_broken_promise_to_the_same_person_alone(give, house, anne, make_person, now, me):
    broken = promise(anne, "complaints.answer", due_at=now + timedelta(hours=1), key="p", by=me, now=now)
    later = now + timedelta(hours=2)
    with pytest.raises(refusals.NothingToRepair):
        give(repairs=broken.uuid)  # not broken yet
    keep(broken, by=me, now=later)
    found = queries.broken_promise(house.lead, anne, now=later)
    assert found == broken
    made = give(repairs=broken.uuid, key="2", at=later)
    assert made.repairs == broken.uuid
    assert queries.broken_promise(house.lead, anne, now=later) is None
    assert "make up for" in str(timeline(system_viewer("test"), anne).items[0].headline)
    assert "We broke our promise" in Outgoing.objects.get(person=anne).subject
    with pytest.raises(refusals.NothingToRepair):
        grant(house.adviser, make_person("Paul"), "credit", 500, repairs=broken.uuid, key="3", now=later)


def test_a_case_of_somebody_else_is_no_subject(give):
    for subject in (f"case:{uuid4()}", "case:x", "order:12"):
        with pytest.raises(refusals.OtherSubject):
            give(subject=subject)


def test_a_program_decides_nothing_of_worth_but_a_letter(anne, now):
    program = system_viewer("test")
    assert grant(program, anne, "credit", 500, key="1", now=now).waits_for == "authority"
    assert grant(program, anne, "apology", key="2", now=now).state == "granted"


def test_who_is_erased_leaves_figures_and_takes_words_with_her(give, house, anne, now, me, everything):
    give(reason="Anne is afraid of dogs")
    copy = export_person(everything, anne, now=now)["gestures"]
    assert copy["gestures"][0]["reason"] == "Anne is afraid of dogs"
    house.budget(10_000)
    taken = give("voucher", 500, key="2")
    reverse(house.adviser, taken.uuid, reason="Anne has a dog now", now=now)
    erase_person(anne, by=me, now=now)
    erase(anne, now=now)  # once more changes nothing
    assert list(Gesture.objects.order_by("pk").values_list("reason", "amount")) == [("", 500), ("", 500)]
    assert not Voucher.objects.exclude(ended_why="").exists()
    assert not Transfer.objects.filter(reason__contains="Anne").exists()


def test_her_gestures_follow_a_merge(give, house, anne, make_person, now, me):
    from egard.kernel.lifecycle.operations import merge_persons
    from egard.kernel.people import queries as people

    give()
    survivor = make_person("Anna", "Lebœuf")
    merge_persons(survivor, anne, by=me, now=now)
    survivor = people.person(house.lead, survivor.uuid)
    assert shown.counts(house.lead, survivor) == [("Gestures", 1)]
    assert [credit.amount for credit in queries.wallet(house.lead, survivor, now=now).credits] == [500]
