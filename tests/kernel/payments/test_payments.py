"""Money taken and given back through a provider that answers well, badly, late, twice and not at all."""

from __future__ import annotations

import contextlib
import itertools

import pytest
from django.db import DatabaseError, transaction
from hypothesis import given
from hypothesis import strategies as st
from tests.kernel.payments.conftest import later, moved

from egard.base.money import Money
from egard.base.refusal import Refusal
from egard.kernel.ledger.models import Pending
from egard.kernel.ledger.operations import void
from egard.kernel.ledger.queries import account, balance
from egard.kernel.lifecycle.operations import erase_person, export_person, merge_persons
from egard.kernel.payments import books, carrying, operations, port, queries, reconciling, refusals, rules, wallet
from egard.kernel.payments.models import Command, Difference, Instrument, Observation, Payment
from egard.kernel.payments.observing import observe
from egard.kernel.payments.sandbox import CARDS, Sandbox
from egard.kernel.timeline.models import Fact

pytestmark = pytest.mark.django_db


def owed() -> int:
    """What the provider owes us, by the ledger."""
    return balance(account("payments:sandbox", "EUR")).posted


def test_a_good_card_is_charged_and_the_ledger_says_so(charge):
    paid = charge("approve", 20)
    assert (paid.state, paid.captured, paid.refunded) == ("captured", 20_00, 0)
    assert owed() == balance(account("payments:received", "EUR")).posted == 20_00
    assert moved(paid) == [("capture", 20_00)]
    assert not Pending.objects.exists()
    assert Fact.objects.filter(person=paid.person, key__startswith="payments.captured:").count() == 1


def test_a_bad_card_is_declined_and_nothing_moves(charge):
    paid = charge("decline")
    assert (paid.state, paid.code, paid.captured) == ("declined", "insufficient_funds", 0)
    assert moved(paid) == []
    assert not Pending.objects.exists()


def test_what_is_only_authorized_is_held_then_taken_in_part_or_let_go(charge, me, now):
    first, second = charge(capture=False), charge(capture=False)
    assert first.state == second.state == "authorized"
    assert balance(account("payments:received", "EUR")).pending_in == 40_00
    operations.capture(first, amount=Money(15_00, "EUR"), key="c1", by=me, now=now)
    with pytest.raises(refusals.NotAuthorized):
        operations.void(first, key="v1", by=me, now=now)  # a capture is under way
    assert carrying.settle(first, now=now).captured == 15_00
    operations.void(second, key="v2", by=me, now=now)
    assert carrying.settle(second, now=now).state == "voided"
    with pytest.raises(refusals.NotAuthorized):
        operations.capture(second, key="c2", by=me, now=now)
    assert balance(account("payments:received", "EUR")).pending_in == 0
    assert owed() == 15_00


@pytest.mark.parametrize(("passed", "state"), [(True, "captured"), (False, "declined")])
def test_a_challenge_waits_for_the_person(charge, now, passed, state):
    paid = charge("challenge")
    assert paid.state == "challenge"
    command = Command.objects.get(payment=paid)
    Sandbox().answer_challenge(str(command.pk), passed=passed, now=now)
    carrying.listen(now=now)
    assert carrying.settle(paid, now=now).state == state
    assert moved(paid) == ([("capture", 20_00)] if passed else [])


def test_a_challenge_that_nobody_answers_is_over_after_an_hour(charge, now):
    paid = charge("challenge")
    carrying.settle(paid, now=later(now, minutes=59))
    assert paid.state == "challenge"
    assert carrying.settle(paid, now=later(now, hours=2)).state == "declined"
    assert paid.code == "challenge_expired"


@pytest.mark.parametrize("kind", ["timeout", "away", "disorder"])
def test_who_does_not_answer_is_asked_again_and_pays_once(charge, now, kind):
    paid = charge(kind)
    assert paid.state == "asked"
    for minute in itertools.count(1):
        carrying.settle(paid, now=later(now, minutes=minute))
        if paid.state == "captured" or minute > 10:
            break
    assert (paid.state, paid.captured) == ("captured", 20_00)
    assert moved(paid) == [("capture", 20_00)]
    assert owed() == 20_00


@pytest.mark.parametrize("kind", ["twice", "disorder", "timeout", "approve"])
def test_events_twice_late_and_in_any_order_tell_the_same(charge, now, kind):
    """What it says later by its log alone comes to the same, however often it says it."""
    paid = charge(kind)
    for minute in range(1, 5):
        carrying.listen(now=later(now, minutes=minute))
        carrying.settle(paid, now=later(now, minutes=minute))
    assert (paid.state, paid.captured) == ("captured", 20_00)
    assert owed() == 20_00
    words = list(Observation.objects.filter(command__payment=paid, applied=True).values_list("outcome", flat=True))
    assert words.count("approved") == 2  # its authorization and its capture


def test_an_authorization_lapses_and_what_it_held_is_free(charge, me, now):
    paid = charge("lapse", capture=False)
    other = charge("lapse", capture=False)
    after = later(now, minutes=11)
    carrying.heal(now=after)
    paid.refresh_from_db()
    assert paid.state == "lapsed"
    assert balance(account("payments:received", "EUR")).pending_in == 0
    with pytest.raises(refusals.NotAuthorized):
        operations.capture(paid, key="late", by=me, now=after)
    assert other.state == "authorized"


def test_a_capture_that_comes_too_late_is_declined_and_lets_go(charge, me, now):
    paid, after = charge("lapse", capture=False), later(now, minutes=11)
    operations.capture(paid, key="late", by=me, now=after)
    assert carrying.settle(paid, now=after).state == "lapsed"
    assert not Pending.objects.exists()


def test_what_was_taken_though_it_was_said_to_have_lapsed_is_in_the_books(charge, refund, me, now):
    """Words come in any order: a capture was under way when it was heard that there was nothing left to capture."""
    paid = charge(capture=False)
    operations.capture(paid, amount=Money(15_00, "EUR"), key="c", by=me, now=now)
    asked = Command.objects.get(payment=paid, what="authorize")
    lapsed = port.Word("x:lapsed", str(asked.pk), "authorize", "lapsed", Money(20_00, "EUR"), paid.reference, now)
    observe("sandbox", lapsed, how="event", now=now)
    paid.refresh_from_db()
    assert paid.state == "lapsed"
    assert carrying.settle(paid, now=now).state == "captured"
    assert (paid.captured, owed(), moved(paid)) == (15_00, 15_00, [("capture", 15_00)])
    carrying.listen(now=later(now, minutes=1))  # nothing stands in the way of what comes after
    assert not list(reconciling.payments_add_up())
    assert not list(reconciling.books_agree())
    refund(paid)
    assert (paid.refunded, owed()) == (15_00, 0)


def test_one_word_that_the_books_refuse_keeps_no_other_from_being_heard(charge, refund, me, now):
    paid = charge("timeout")
    carrying.settle(paid, now=later(now, minutes=1))
    carrying.settle(paid, now=later(now, minutes=2))
    asked = refund(paid, told=False)
    void(asked.hold, key="by hand", by=me, now=now)  # somebody let go of it in the books
    other = charge("timeout")
    with contextlib.suppress(Refusal):
        carrying.settle(paid, now=later(now, minutes=3))
    carrying.listen(now=later(now, minutes=4))
    other.refresh_from_db()
    assert other.state == "authorized"
    run = reconciling.reconcile(since=later(now, hours=-1), until=later(now, hours=1), by=me, now=later(now, hours=2))
    assert ("unknown_here", str(asked.pk)) in set(run.found.values_list("kind", "reference"))


def test_money_goes_back_on_the_card_in_parts_and_never_more_than_came(charge, refund):
    paid = charge("approve", 20)
    assert refund(paid, 5).outcome == "approved"
    with pytest.raises(refusals.TooMuch) as much:
        refund(paid, 16)
    assert much.value.context["left"] == "€15.00"
    assert refund(paid).amount == 15_00
    with pytest.raises(refusals.TooMuch):
        refund(paid, 1)
    assert paid.refunded == 20_00
    assert moved(paid) == [("capture", 20_00), ("refund", 5_00), ("refund", 15_00)]
    assert owed() == 0


def test_a_refund_that_the_card_refuses_frees_what_it_held_and_can_go_to_the_wallet(charge, refund, anne, now):
    paid = charge("norefund", 20)
    refused = refund(paid, 20)
    assert (refused.outcome, refused.code, paid.refunded) == ("declined", "card_closed", 0)
    assert refund(paid, 20, to="wallet").outcome == "approved"
    (purse,) = wallet.purses(anne, now=now)
    assert (purse.currency, purse.available) == ("EUR", 20_00)
    assert moved(paid) == [("capture", 20_00)]
    assert owed() == 20_00
    assert balance(account("payments:received", "EUR")).posted == 0


def test_a_wallet_pays_all_of_it_or_nothing_also_of_somebody_who_was_merged(charge, refund, make_person, me, now):
    anne, nan = make_person("Anne"), make_person("Nan")
    for person in (anne, nan):
        refund(charge("approve", 20, person=person), 20, to="wallet")
    merge_persons(anne, nan, by=me, now=now)
    del anne.absorbed
    shop = books.received("EUR", by=me, now=now)
    with pytest.raises(Refusal) as short:
        wallet.pay(anne, Money(41_00, "EUR"), into=shop, key="p1", by=me, now=now)
    assert short.value.code == "ledger.insufficient"
    assert len(wallet.pay(anne, Money(30_00, "EUR"), into=shop, key="p2", by=me, now=now)) == 2
    wallet.pay(anne, Money(30_00, "EUR"), into=shop, key="p2", by=me, now=now)
    for whose, euros in ((anne, 5), (make_person("Paul"), 30)):
        with pytest.raises(Refusal) as reused:
            wallet.pay(whose, Money(euros * 100, "EUR"), into=shop, key="p2", by=me, now=now)
        assert reused.value.code == "ledger.key_reused"
    (purse,) = wallet.purses(anne, now=now)
    assert purse.available == 10_00


def test_one_key_is_one_payment_and_one_refund(charge, refund, anne, me, now):
    paid = charge("approve", 20, key="p1")
    again = operations.charge(anne, paid.instrument, Money(20_00, "EUR"), key="p1", by=me, now=now)
    assert again.pk == paid.pk
    with pytest.raises(refusals.KeyReused):
        operations.charge(anne, paid.instrument, Money(21_00, "EUR"), key="p1", by=me, now=now)
    first = refund(paid, 5, key="r1")
    assert refund(paid, 5, key="r1").pk == first.pk
    with pytest.raises(refusals.KeyReused):
        refund(paid, 6, key="r1")
    assert moved(paid) == [("capture", 20_00), ("refund", 5_00)]


def test_what_is_asked_in_a_transaction_that_fails_was_never_asked(charge, me, now, carry_out):
    paid = charge("approve", 20)

    def broken():
        with transaction.atomic():
            operations.refund(paid, key="r1", by=me, now=now)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        broken()
    carry_out(at=later(now, minutes=5))
    assert moved(paid) == [("capture", 20_00)]


def test_the_job_carries_out_what_nobody_waited_for(charge, carry_out, now):
    paid = charge("timeout", told=False)
    carry_out(at=now)
    carry_out(at=later(now, minutes=3))  # authorized; its capture is asked, and not answered
    carry_out(at=later(now, minutes=6))
    paid.refresh_from_db()
    assert paid.state == "captured"


def test_a_command_whose_job_was_lost_gets_another(charge, now, carry_out):
    from django.db import connection

    paid = charge("approve", told=False)
    with connection.cursor() as cursor:
        cursor.execute("delete from procrastinate_jobs")
    after = later(now, minutes=2)
    carrying.heal(now=after)
    carry_out(at=after)
    paid.refresh_from_db()
    assert paid.state == "captured"


def test_a_contradiction_is_kept_and_changes_nothing(charge, now):
    paid = charge("approve")
    command = Command.objects.get(payment=paid, what="capture")
    said = port.Word("x:declined", str(command.pk), "capture", "declined", Money(20_00, "EUR"), paid.reference, now)
    observe("sandbox", said, how="event", now=now)
    paid.refresh_from_db()
    assert (paid.state, Observation.objects.get(word="x:declined").applied) == ("captured", False)
    with pytest.raises(DatabaseError), transaction.atomic():
        Observation.objects.filter(word="x:declined").update(outcome="approved")


def test_the_night_lists_what_differs_once_and_settles_what_agrees_again(charge, refund, everything, me, now):
    paid, since, until = charge("approve", 20), later(now, hours=-1), later(now, hours=1)
    run = reconciling.reconcile(since=since, until=until, by=me, now=now)
    before = run.differences
    # Somebody gave money back on the provider's own pages.
    Sandbox().refund(paid.reference, Money(3_00, "EUR"), key="by-hand", now=now)
    run = reconciling.reconcile(since=since, until=until, by=me, now=now)
    assert run.differences == before + 1
    reconciling.reconcile(since=since, until=until, by=me, now=now)
    found = Difference.objects.get(reference="by-hand")
    assert (found.kind, found.ours, found.theirs, found.settled_at) == ("unknown_here", None, 3_00, None)
    assert found in queries.differences(everything).items
    settled = reconciling.settle_difference(found.pk, note="the shop did it", by=me, now=now)
    assert reconciling.settle_difference(found.pk, note="again", by=me, now=now).note == settled.note
    assert found not in queries.differences(everything).items


def test_the_night_hears_what_we_never_heard(charge, refund, me, now):
    """The provider gave the money back, and all its answers were lost."""
    paid = charge("approve", 20)
    asked = refund(paid, 20, told=False)
    Sandbox().refund(paid.reference, Money(20_00, "EUR"), key=str(asked.pk), now=now)
    reconciling.reconcile(since=later(now, hours=-1), until=later(now, hours=1), by=me, now=now)
    paid.refresh_from_db()
    assert paid.refunded == 20_00
    assert not Difference.objects.filter(reference=str(asked.pk)).exists()
    assert list(reconciling.books_agree()) == list(reconciling.payments_add_up()) == []


def test_the_check_of_a_live_database_says_what_does_not_add_up(charge):
    paid = charge("approve", 20)
    Payment.objects.filter(pk=paid.pk).update(captured=19_00)
    assert [line for line in reconciling.payments_add_up() if str(paid.pk) in line]


@pytest.mark.parametrize(
    ("amount", "code"),
    [
        (Money(0, "EUR"), "payments.bad_amount"),
        (Money(-1, "EUR"), "payments.bad_amount"),
        (Money(0.5, "EUR"), "payments.bad_amount"),
        (Money(10**30, "EUR"), "payments.bad_amount"),
        (Money(5, "EURO"), "payments.bad_amount"),
    ],
)
def test_what_is_no_amount_is_refused(charge, anne, me, now, amount, code):
    card = operations.save_instrument(anne, "sandbox_approve", key="card-1", by=me, now=now)
    with pytest.raises(Refusal) as refused:
        operations.charge(anne, card, amount, key="x", by=me, now=now)
    assert refused.value.code == code


def test_cards_are_kept_without_their_number_and_only_for_whose_they_are(anne, make_person, me, now):
    card = operations.save_instrument(anne, "sandbox_approve", key="one", by=me, now=now)
    assert operations.save_instrument(anne, "sandbox_approve", key="one", by=me, now=now) == card
    assert len(card.last4) == 4
    with pytest.raises(refusals.BadInstrument):
        operations.save_instrument(anne, "4111111111111111", key="two", by=me, now=now)
    with pytest.raises(refusals.OtherPerson):
        operations.charge(make_person("Yann"), card, Money(5, "EUR"), key="x", by=me, now=now)
    operations.remove_instrument(card, by=me, now=now)
    with pytest.raises(refusals.InstrumentGone):
        operations.charge(anne, card, Money(5, "EUR"), key="x", by=me, now=now)
    carrying.forget(instrument=str(card.pk), now=now)
    assert Instrument.objects.get(pk=card.pk).token == ""


def test_a_card_that_was_forgotten_pays_nothing_and_still_takes_money_back(charge, refund, me, now):
    paid, late = charge("approve", 20), charge("approve", 20, told=False)
    for row in (paid, late):
        operations.remove_instrument(row.instrument, by=me, now=now)
        carrying.forget(instrument=str(row.instrument_id), now=now)
    late.instrument.refresh_from_db()
    assert (carrying.settle(late, now=now).state, late.code) == ("declined", "refused")
    assert moved(late) == []
    assert refund(paid, 20).outcome == "approved"


def test_her_copy_tells_her_payments_and_erasure_leaves_the_amounts(charge, refund, everything, anne, me, now):
    paid = charge("approve", 20)
    refund(paid, 5, reason="a broken dish")
    told = export_person(everything, anne, now=now)["payments"]
    assert told["cards"][0]["brand"] == "Sandbox"
    assert told["payments"][0]["captured"] == 20_00
    erase_person(anne, by=me, now=now)
    paid.refresh_from_db()
    assert (paid.captured, paid.refunded) == (20_00, 5_00)
    card = Instrument.objects.get(pk=paid.instrument_id)
    assert (card.last4, card.removed_at is not None) == ("", True)
    assert not Command.objects.filter(payment=paid).exclude(reason="").exists()


words = st.sampled_from(["challenge", "approved", "declined", "lapsed"])


@given(st.lists(words, max_size=6), st.randoms())
def test_whatever_is_repeated_changes_nothing_and_an_answer_is_never_taken_back(said, chance):
    def heard(some):
        outcome, history = "", []
        for word in some:
            if rules.follows(outcome, word):
                outcome = word
                history.append(word)
        return outcome, history

    final, history = heard(said)
    assert heard([*said, *said])[0] == final
    assert not ("approved" in history and "declined" in history)
    if {"approved", "declined"} & set(said) and len({"approved", "declined"} & set(said)) == 1:
        shuffled = said[:]
        chance.shuffle(shuffled)
        assert heard(shuffled)[0] == final


def test_every_card_of_the_sandbox_has_its_test():
    assert set(CARDS) == {
        *("approve", "decline", "challenge", "timeout", "away", "twice", "disorder", "lapse", "norefund")
    }
