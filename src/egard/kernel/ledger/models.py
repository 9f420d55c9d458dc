"""Accounts, transfers and lots. Written by this package alone; amounts are whole numbers of a unit's smallest piece."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q

from egard.base.ids import new_id
from egard.kernel.access.models import Team
from egard.kernel.ledger.rules import AMOUNT_MAX, KINDS, LIMITS, PHASES, POSTING
from egard.kernel.people.models import Person

if TYPE_CHECKING:
    from uuid import UUID


class Account(models.Model):
    """Something whose value is kept count of. What it is never changes, and it is never deleted: two triggers."""

    id = models.BigAutoField(primary_key=True)
    uuid = models.UUIDField(unique=True, default=new_id, editable=False)
    code = models.CharField(max_length=200, db_collation="C", help_text="a readable path: budget:<team>:2026-03")
    unit = models.CharField(max_length=32, db_collation="C", help_text="an ISO currency, or a declared unit")
    kind = models.CharField(max_length=9)
    limit = models.CharField(max_length=11, default="none")
    ceiling = models.BigIntegerField(null=True)
    lots = models.BooleanField(default=False, help_text="each credit makes a lot, each debit consumes some")
    name = models.CharField(max_length=200, blank=True)
    person = models.ForeignKey(Person, models.PROTECT, null=True, related_name="accounts", db_index=False)
    team = models.ForeignKey(Team, models.PROTECT, null=True, related_name="+", db_index=False)
    opened_at = models.DateTimeField()
    by = models.CharField(max_length=64)

    if TYPE_CHECKING:
        person_id: int | None
        team_id: UUID | None

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=("code", "unit"), name="ledger_account_once"),
            models.CheckConstraint(condition=Q(kind__in=KINDS), name="ledger_account_kind"),
            models.CheckConstraint(condition=Q(limit__in=LIMITS), name="ledger_account_limit"),
            models.CheckConstraint(
                condition=Q(limit="ceiling", ceiling__gte=0) | (~Q(limit="ceiling") & Q(ceiling__isnull=True)),
                name="ledger_account_ceiling",
            ),
            # Lots are what its balance is made of: it has one, and never less than nothing.
            models.CheckConstraint(
                condition=Q(lots=False) | (Q(kind__in=("liability", "income", "equity")) & ~Q(limit="none")),
                name="ledger_account_lots",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=("person",), condition=Q(person__isnull=False), name="ledger_account_person"),
            models.Index(fields=("team",), condition=Q(team__isnull=False), name="ledger_account_team"),
            models.Index(fields=("unit", "code"), name="ledger_account_unit"),
        ]

    def __str__(self) -> str:
        return self.name or self.code

    @property
    def is_limited(self) -> bool:
        return self.limit != "none"


class Sum(models.Model):
    """What an account was debited and credited so far: the sums of its transfers, kept so that limits hold.

    One row where there is a limit, which whoever moves something holds until the commit. Where there is none, several
    (`stripe`), of which each connection takes one, so that a house account that is in every transfer makes nobody wait;
    their sums count, and one row alone may show less than nothing pending.
    """

    pk = models.CompositePrimaryKey("account_id", "stripe")
    account = models.ForeignKey(Account, models.PROTECT, related_name="sums", db_index=False)
    stripe = models.SmallIntegerField()
    unit = models.CharField(max_length=32, db_collation="C")
    grows_by_credit = models.BooleanField()
    limited = models.BooleanField()
    ceiling = models.BigIntegerField(null=True)
    lots = models.BooleanField()
    debits_posted = models.BigIntegerField(default=0)
    credits_posted = models.BigIntegerField(default=0)
    debits_pending = models.BigIntegerField(default=0)
    credits_pending = models.BigIntegerField(default=0)

    if TYPE_CHECKING:
        account_id: int

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(
                condition=Q(limited=False) | (Q(debits_pending__gte=0) & Q(credits_pending__gte=0)),
                name="ledger_sum_pending",
            ),
            models.CheckConstraint(
                condition=Q(limited=False)
                | Q(grows_by_credit=True, credits_posted__gte=F("debits_posted") + F("debits_pending"))
                | Q(grows_by_credit=False, debits_posted__gte=F("credits_posted") + F("credits_pending")),
                name="ledger_sum_never_below_zero",
            ),
            models.CheckConstraint(
                condition=Q(ceiling__isnull=True)
                | Q(
                    grows_by_credit=True,
                    ceiling__gte=F("credits_posted") + F("credits_pending") - F("debits_posted"),
                )
                | Q(
                    grows_by_credit=False,
                    ceiling__gte=F("debits_posted") + F("debits_pending") - F("credits_posted"),
                ),
                name="ledger_sum_ceiling",
            ),
            models.CheckConstraint(
                condition=Q(debits_posted__gte=0) & Q(credits_posted__gte=0), name="ledger_sum_posted"
            ),
        ]


class Transfer(models.Model):
    """So much from one account to another. Append only; what resolves or reverses it is another transfer.

    `at` is the moment in which it is dated, `recorded_at` when it was written. No foreign key of the two accounts is
    checked for each row (it would lock a hot account's row each time): they are never deleted, and their sums are
    changed in the same statement, which finds both or writes nothing.
    """

    id = models.BigAutoField(primary_key=True)
    uuid = models.UUIDField(unique=True, default=new_id, editable=False)
    debit = models.ForeignKey(Account, models.DO_NOTHING, related_name="+", db_index=False, db_constraint=False)
    credit = models.ForeignKey(Account, models.DO_NOTHING, related_name="+", db_index=False, db_constraint=False)
    amount = models.BigIntegerField()
    phase = models.CharField(max_length=7)
    resolves = models.ForeignKey("self", models.PROTECT, null=True, related_name="+", db_index=False)
    reverses = models.ForeignKey("self", models.PROTECT, null=True, related_name="+", db_index=False)
    source = models.CharField(max_length=64, db_collation="C", blank=True)
    key = models.CharField(max_length=200, db_collation="C", help_text="unique within its source")
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    by = models.CharField(max_length=64)
    subject = models.CharField(max_length=200, blank=True, db_collation="C", help_text="what it is about: case:<uuid>")
    reason = models.CharField(max_length=500, blank=True)
    priority = models.IntegerField(default=0)
    expires_at = models.DateTimeField(null=True, help_text="of a pending one")
    lot_expires_at = models.DateTimeField(null=True, help_text="of the lot that it makes")

    if TYPE_CHECKING:
        debit_id: int
        credit_id: int
        resolves_id: int | None
        reverses_id: int | None

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=("source", "key"), name="ledger_transfer_once"),
            # Whoever posts, voids or expires at the same moment: a pending transfer is resolved once.
            models.UniqueConstraint(
                fields=("resolves",), condition=Q(resolves__isnull=False), name="ledger_transfer_resolved_once"
            ),
            models.CheckConstraint(condition=Q(phase__in=PHASES), name="ledger_transfer_phase"),
            models.CheckConstraint(
                condition=Q(phase__in=("posted", "pending"), resolves__isnull=True)
                | Q(phase__in=("post", "void", "expire"), resolves__isnull=False),
                name="ledger_transfer_resolves",
            ),
            models.CheckConstraint(condition=Q(amount__gt=0, amount__lte=AMOUNT_MAX), name="ledger_transfer_amount"),
            models.CheckConstraint(condition=~Q(debit=F("credit")), name="ledger_transfer_of_two"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # Statements and balances of a day read these alone.
            models.Index(
                fields=("debit", "at", "id"),
                include=("amount",),
                condition=Q(phase__in=POSTING),
                name="ledger_transfer_debits",
            ),
            models.Index(
                fields=("credit", "at", "id"),
                include=("amount",),
                condition=Q(phase__in=POSTING),
                name="ledger_transfer_credits",
            ),
            models.Index(fields=("reverses",), condition=Q(reverses__isnull=False), name="ledger_transfer_reversals"),
            models.Index(fields=("subject",), condition=~Q(subject=""), name="ledger_transfer_subject"),
            # What a closing adds up: rows come in the order of their dates, nearly.
            BrinIndex(fields=("at",), name="ledger_transfer_dates"),
        ]


class Pending(models.Model):
    """A pending transfer that nobody resolved yet; whoever resolves it takes the row away."""

    transfer = models.OneToOneField(Transfer, models.PROTECT, primary_key=True, related_name="+")
    expires_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=("expires_at",), condition=Q(expires_at__isnull=False), name="ledger_pending_expiry"),
        ]


class Lot(models.Model):
    """What is left of one credit of an account that is kept in lots."""

    id = models.BigAutoField(primary_key=True)
    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    transfer = models.OneToOneField(Transfer, models.PROTECT, related_name="+")
    amount = models.BigIntegerField()
    remaining = models.BigIntegerField()
    reserved = models.BigIntegerField(default=0)
    priority = models.IntegerField(default=0)
    expires_at = models.DateTimeField(null=True)
    freed_at = models.DateTimeField(help_text="when something came to it last")

    if TYPE_CHECKING:
        account_id: int

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(
                condition=Q(reserved__gte=0, remaining__gte=F("reserved"), amount__gte=F("remaining")),
                name="ledger_lot_bounds",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=("account",), condition=Q(remaining__gt=0), name="ledger_lot_left"),
            models.Index(
                fields=("expires_at",),
                condition=Q(expires_at__isnull=False, remaining__gt=F("reserved")),
                name="ledger_lot_expiry",
            ),
        ]


class LotUse(models.Model):
    """So much of a lot was consumed by a transfer, held by a pending one, or (below zero) given back by a reversal."""

    id = models.BigAutoField(primary_key=True)
    lot = models.ForeignKey(Lot, models.PROTECT, related_name="+", db_index=False)
    transfer = models.ForeignKey(Transfer, models.PROTECT, related_name="+", db_index=False)
    amount = models.BigIntegerField()

    if TYPE_CHECKING:
        lot_id: int
        transfer_id: int

    class Meta:
        db_table = "ledger_lot_use"
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=("transfer", "lot"), name="ledger_lot_use_once"),
            models.CheckConstraint(condition=~Q(amount=0), name="ledger_lot_use_amount"),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=("lot",), name="ledger_lot_use_lot")]


class Closing(models.Model):
    """The books are closed before a moment: nothing is dated in there any more. It stays as it is, by a trigger."""

    id = models.AutoField(primary_key=True)
    until = models.DateTimeField(unique=True, help_text="not included")
    closed_at = models.DateTimeField()
    summed_at = models.DateTimeField(null=True, help_text="when the sums of all accounts were written beside it")
    by = models.CharField(max_length=64)
    note = models.CharField(max_length=500, blank=True)


class ClosingSum(models.Model):
    """What an account had been debited and credited when the books were closed: where its next balance begins."""

    pk = models.CompositePrimaryKey("account_id", "closing_id")
    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    closing = models.ForeignKey(Closing, models.PROTECT, related_name="+", db_index=False)
    debits = models.BigIntegerField()
    credits = models.BigIntegerField()

    class Meta:
        db_table = "ledger_closing_sum"
