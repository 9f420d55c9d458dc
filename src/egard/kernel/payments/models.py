"""Cards, payments, what was asked of a provider and what it said; differences; and the sandbox's own store. Written by
this package alone; amounts in minor units.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.db import models
from django.db.models import F, Q

from egard.base.ids import new_id
from egard.base.money import Money
from egard.kernel.ledger.models import Account, Transfer
from egard.kernel.payments.rules import COMMANDS, OPEN, OUTCOMES, STATES
from egard.kernel.people.models import Person

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models.fields.related_descriptors import RelatedManager


class Instrument(models.Model):
    """A card that a person left with the provider: a token and what one may show. We never see its number."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    person = models.ForeignKey(Person, models.PROTECT, related_name="+", db_index=False)
    provider = models.CharField(max_length=32)
    token = models.CharField(max_length=200, blank=True)
    brand = models.CharField(max_length=32, blank=True)
    last4 = models.CharField(max_length=4, blank=True)
    expires = models.CharField(max_length=7, blank=True, help_text="2029-04")
    key = models.CharField(max_length=200, unique=True, db_collation="C")
    added_at = models.DateTimeField()
    by = models.CharField(max_length=64)
    removed_at = models.DateTimeField(null=True)

    if TYPE_CHECKING:
        person_id: int

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=("person", "-added_at"), name="payments_instrument_person"),
        ]

    def __str__(self) -> str:
        return f"{self.brand} •••• {self.last4}" if self.last4 else ""


class Payment(models.Model):
    """Money of a person: authorized, captured, given back. A snapshot of what the provider said of its commands.

    `into` is the account that is credited when it is captured; `hold` the pending transfer of its authorization.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    person = models.ForeignKey(Person, models.PROTECT, related_name="+", db_index=False)
    instrument = models.ForeignKey(Instrument, models.PROTECT, related_name="+", db_index=False)
    provider = models.CharField(max_length=32)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=10, default="asked")
    captured = models.BigIntegerField(default=0)
    refunded = models.BigIntegerField(default=0)
    at_once = models.BooleanField(help_text="captured as soon as it is authorized")
    into = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    hold = models.ForeignKey(Transfer, models.PROTECT, null=True, related_name="+", db_index=False)
    reference = models.CharField(max_length=100, blank=True, help_text="the provider's own")
    challenge_url = models.CharField(max_length=500, blank=True)
    code = models.CharField(max_length=64, blank=True, help_text="why it was declined")
    subject = models.CharField(max_length=200, blank=True, db_collation="C", help_text="what it is about: case:<uuid>")
    key = models.CharField(max_length=200, unique=True, db_collation="C")
    created_at = models.DateTimeField()
    lapses_at = models.DateTimeField(null=True)
    by = models.CharField(max_length=64)

    if TYPE_CHECKING:
        asked: RelatedManager[Command]
        commands: list[Command]
        person_id: int
        instrument_id: UUID
        into_id: int
        hold_id: int | None

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(condition=Q(state__in=STATES), name="payments_state_known"),
            models.CheckConstraint(
                condition=Q(amount__gt=0, captured__gte=0, captured__lte=F("amount")), name="payments_captured"
            ),
            models.CheckConstraint(condition=Q(refunded__gte=0, refunded__lte=F("captured")), name="payments_refunded"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=("-created_at",), name="payments_latest"),
            models.Index(fields=("person", "-created_at"), name="payments_person"),
            models.Index(fields=("subject",), condition=~Q(subject=""), name="payments_subject"),
            models.Index(fields=("reference",), condition=~Q(reference=""), name="payments_reference"),
        ]

    @property
    def money(self) -> Money:
        return Money(self.amount, self.currency)


class Command(models.Model):
    """Something asked of the provider: written before it is asked, and until it has answered it is asked for.

    `id` is the key under which the provider knows it. A refund holds its money back (`hold`) from the moment it is
    asked. `to`: `card`, or `wallet`, for which no provider is needed.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    payment = models.ForeignKey(Payment, models.PROTECT, related_name="asked", db_index=False)
    what = models.CharField(max_length=9)
    amount = models.BigIntegerField()
    to = models.CharField(max_length=6, default="card")
    key = models.CharField(max_length=200, unique=True, db_collation="C")
    outcome = models.CharField(max_length=9, blank=True)
    code = models.CharField(max_length=64, blank=True)
    reference = models.CharField(max_length=100, blank=True)
    out_of = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+", db_index=False)
    hold = models.ForeignKey(Transfer, models.PROTECT, null=True, related_name="+", db_index=False)
    reason = models.CharField(max_length=500, blank=True)
    asked_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    tries = models.PositiveIntegerField(default=0)
    try_at = models.DateTimeField(null=True, help_text="when it is asked for again; empty: the last word is known")
    by = models.CharField(max_length=64)

    if TYPE_CHECKING:
        payment_id: UUID
        out_of_id: int | None
        hold_id: int | None

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(condition=Q(what__in=COMMANDS, outcome__in=OUTCOMES), name="payments_command_known"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="payments_command_amount"),
            # Whoever asks at the same moment: one authorization, one capture, one voiding is under way or done.
            models.UniqueConstraint(
                fields=("payment", "what"),
                condition=~Q(what="refund") & ~Q(outcome="declined"),
                name="payments_command_once",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=("payment", "asked_at"), name="payments_command_payment"),
            models.Index(fields=("try_at",), condition=Q(try_at__isnull=False), name="payments_command_waits"),
        ]


class Observation(models.Model):
    """A word of a provider, as it came: once, however often it is said. Append only. Without `command`, of a deed that
    we do not know.
    """

    id = models.BigAutoField(primary_key=True)
    provider = models.CharField(max_length=32)
    word = models.CharField(max_length=100, db_collation="C")
    command = models.ForeignKey(Command, models.PROTECT, null=True, related_name="words", db_index=False)
    what = models.CharField(max_length=9)
    outcome = models.CharField(max_length=9)
    code = models.CharField(max_length=64, blank=True)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    reference = models.CharField(max_length=100, blank=True)
    at = models.DateTimeField(help_text="by the provider's clock")
    recorded_at = models.DateTimeField()
    how = models.CharField(max_length=6, help_text="answer, asked, event")
    applied = models.BooleanField(help_text="it told something new")

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=("provider", "word"), name="payments_observation_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=("command", "id"), name="payments_observation_of"),
        ]


class Place(models.Model):
    """How far a provider's log of events was read."""

    provider = models.CharField(max_length=32, primary_key=True)
    after = models.CharField(max_length=100, blank=True)
    read_at = models.DateTimeField()


class Reconciliation(models.Model):
    """One comparing of what a provider says it moved with what our books say, of a period."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    provider = models.CharField(max_length=32)
    since = models.DateTimeField()
    until = models.DateTimeField(help_text="not included")
    done_at = models.DateTimeField()
    compared = models.PositiveIntegerField()
    differences = models.PositiveIntegerField()
    by = models.CharField(max_length=64)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=("-done_at",), name="payments_reconciled")]


class Difference(models.Model):
    """Something on which the provider and our books differ. It stays until somebody settles it, or both agree again."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    provider = models.CharField(max_length=32)
    kind = models.CharField(max_length=12, help_text="unknown_here, missing_there, amount, ledger, overdue")
    reference = models.CharField(max_length=100)
    command = models.ForeignKey(Command, models.PROTECT, null=True, related_name="+", db_index=False)
    currency = models.CharField(max_length=3)
    ours = models.BigIntegerField(null=True)
    theirs = models.BigIntegerField(null=True)
    found_at = models.DateTimeField()
    found_in = models.ForeignKey(Reconciliation, models.PROTECT, related_name="found", db_index=False)
    settled_at = models.DateTimeField(null=True)
    settled_by = models.CharField(max_length=64, blank=True)
    note = models.CharField(max_length=500, blank=True)

    if TYPE_CHECKING:
        command_id: UUID | None

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=("provider", "kind", "reference"),
                condition=Q(settled_at__isnull=True),
                name="payments_difference_once",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=("-found_at",), name="payments_difference_latest"),
        ]


class SandboxCard(models.Model):
    """A card in the sandbox's own store (see `sandbox`): nothing refers to it, as to a provider on another machine."""

    token = models.CharField(max_length=64, primary_key=True)
    kind = models.CharField(max_length=16)
    key = models.CharField(max_length=200, unique=True)

    class Meta:
        db_table = "payments_sandbox_card"


class SandboxDeed(models.Model):
    """What the sandbox did, in its own store, by its own commits."""

    id = models.BigAutoField(primary_key=True)
    key = models.CharField(max_length=200, unique=True)
    what = models.CharField(max_length=9)
    token = models.CharField(max_length=64)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    of = models.CharField(max_length=100, blank=True, help_text="the authorization that is captured, the capture that…")
    outcome = models.CharField(max_length=9, blank=True)
    code = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField()
    lapses_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "payments_sandbox_deed"


class SandboxEvent(models.Model):
    """A word that the sandbox has to say: in the order in which it says it, which need not be that of the deeds."""

    id = models.BigAutoField(primary_key=True)
    key = models.CharField(max_length=200)
    outcome = models.CharField(max_length=9)
    code = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField()

    class Meta:
        db_table = "payments_sandbox_event"


UNANSWERED = Q(outcome__in=OPEN)
