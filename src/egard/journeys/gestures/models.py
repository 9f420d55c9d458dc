"""Gestures, the vouchers that some of them are, the budgets that bear them, and the versions of the catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from egard.base.ids import new_id
from egard.journeys.gestures.rules import FORMS, RESPONSIBILITIES, STATES
from egard.kernel.access.models import Site, Team, User
from egard.kernel.people.models import Person

if TYPE_CHECKING:
    from uuid import UUID

_CURRENCY = r"^[A-Z]{3}$"


class Catalogue(models.Model):
    """A version of what may be given, kept for ever: publishing a file makes a row. The highest `number` holds."""

    id = models.AutoField(primary_key=True)
    version = models.CharField(max_length=64, unique=True, help_text="SHA-256 of what it says")
    number = models.PositiveIntegerField(unique=True)
    source = models.TextField()
    definition = models.TextField(help_text="JSON, as rules read it")
    published_at = models.DateTimeField()
    by = models.CharField(max_length=64)

    class Meta:
        db_table = "gestures_catalogue"


class Budget(models.Model):
    """What a team may spend on gestures in a period (`2026-11`, `2026-Q4`, `2026`). What it holds stands in the ledger,
    on the account `budget:<team>:<period>`; `amount` is what was put in.
    """

    id = models.BigAutoField(primary_key=True)
    uuid = models.UUIDField(unique=True, default=new_id, editable=False)
    team = models.ForeignKey(Team, models.PROTECT, related_name="+", db_index=False)
    period = models.CharField(max_length=7)
    since = models.DateTimeField()
    until = models.DateTimeField(help_text="not included")
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    made_at = models.DateTimeField()
    by = models.CharField(max_length=64)

    if TYPE_CHECKING:
        team_id: UUID

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=("team", "period", "currency"), name="gestures_budget_once"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="gestures_budget_not_negative"),
            models.CheckConstraint(condition=Q(until__gt=F("since")), name="gestures_budget_lasts"),
            models.CheckConstraint(condition=Q(currency__regex=_CURRENCY), name="gestures_budget_currency"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=("until", "team"), name="gestures_budget_running"),
        ]

    @property
    def code(self) -> str:
        """Of its account in the ledger."""
        return f"budget:{self.team_id}:{self.period}"


class Gesture(models.Model):
    """Something given to a person by somebody, or asked for and waiting for a second person.

    Amounts are minor units of `currency`: `desired` is what was asked, `amount` what it is worth to the client, `cost`
    what it costs the house. `granted_by` gave it (or asked), `second_by` agreed or did not; nobody is both.
    """

    id = models.BigAutoField(primary_key=True)
    uuid = models.UUIDField(unique=True, default=new_id, editable=False)
    person = models.ForeignKey(Person, models.PROTECT, related_name="+", db_index=False)
    subject = models.CharField(max_length=200, blank=True, db_collation="C", help_text="what it is about: case:<uuid>")
    kind = models.CharField(max_length=64, help_text="its name in the catalogue")
    form = models.CharField(max_length=16)
    catalogue = models.ForeignKey(Catalogue, models.PROTECT, related_name="+", db_index=False)
    desired = models.BigIntegerField()
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    cost = models.BigIntegerField()
    state = models.CharField(max_length=8)
    waits_for = models.CharField(max_length=16, blank=True, help_text="authority, budget, no_budget")
    reason = models.CharField(max_length=500, blank=True, help_text="why it was given, in words")
    decision = models.CharField(max_length=500, blank=True, help_text="why it was agreed, refused or taken back")
    responsibility = models.CharField(max_length=8, blank=True)
    severity = models.PositiveSmallIntegerField(default=0, help_text="1 to 3; 0: not said")
    proof = models.BooleanField(default=False, help_text="a proof was seen")
    together = models.UUIDField(help_text="the same for what was given in one act")
    place = models.PositiveSmallIntegerField(default=0, help_text="0: what was chosen; then what came with it")
    granted_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)
    second_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)
    by = models.CharField(max_length=64, help_text="user:…, key:…: who gave it or asked")
    team = models.ForeignKey(Team, models.PROTECT, null=True, related_name="+", db_index=False)
    site = models.ForeignKey(Site, models.PROTECT, null=True, related_name="+", db_index=False)
    budget = models.ForeignKey(Budget, models.PROTECT, null=True, related_name="+", db_index=False)
    channel = models.CharField(max_length=32, blank=True)
    key = models.CharField(max_length=200, db_collation="C", unique=True)
    repairs = models.UUIDField(null=True, help_text="the broken promise that it makes up for")
    promise = models.UUIDField(null=True, help_text="what is promised with it: a delivery, a letter, an answer")
    transfer = models.UUIDField(null=True, help_text="what the budget paid")
    steps = models.PositiveSmallIntegerField(default=0, help_text="what the client does to have the use of it")
    recorded_at = models.DateTimeField()
    granted_at = models.DateTimeField(null=True)
    decided_at = models.DateTimeField(null=True)
    reversed_at = models.DateTimeField(null=True)
    used_at = models.DateTimeField(null=True, help_text="when the client first had the use of it; none of a credit")
    ends_at = models.DateTimeField(null=True, help_text="of a credit or a voucher: until when it can be used")
    warned_at = models.DateTimeField(null=True, help_text="when the client was told that it ends soon")

    if TYPE_CHECKING:
        person_id: int
        granted_by_id: UUID | None
        second_by_id: UUID | None
        team_id: UUID | None
        site_id: UUID | None

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=("together", "place"), name="gestures_together"),
            models.CheckConstraint(condition=Q(state__in=STATES), name="gestures_state_known"),
            models.CheckConstraint(condition=Q(form__in=FORMS), name="gestures_form_known"),
            models.CheckConstraint(
                condition=Q(amount__gte=0, cost__gte=0, desired__gte=F("amount")), name="gestures_amounts"
            ),
            models.CheckConstraint(condition=Q(currency__regex=_CURRENCY), name="gestures_currency"),
            models.CheckConstraint(
                condition=Q(responsibility__in=("", *RESPONSIBILITIES)), name="gestures_responsibility_known"
            ),
            models.CheckConstraint(condition=Q(severity__lte=3), name="gestures_severity_known"),
            models.CheckConstraint(
                condition=Q(second_by__isnull=True) | Q(granted_by__isnull=True) | ~Q(second_by=F("granted_by")),
                name="gestures_four_eyes",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=("granted", "reversed")) | Q(granted_at__isnull=False),
                name="gestures_granted_dated",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=("person", "-id"), name="gestures_person"),
            models.Index(fields=("subject",), condition=~Q(subject=""), name="gestures_subject"),
            models.Index(fields=("recorded_at", "id"), condition=Q(state="waiting", place=0), name="gestures_waiting"),
            models.Index(fields=("-granted_at", "-id"), name="gestures_granted"),
            models.Index(fields=("granted_by", "-granted_at"), name="gestures_granted_by"),
            models.Index(fields=("team", "recorded_at"), name="gestures_team"),
            models.Index(
                fields=("ends_at",),
                condition=Q(ends_at__isnull=False, warned_at__isnull=True, state="granted"),
                name="gestures_ending",
            ),
            models.Index(fields=("repairs",), condition=Q(repairs__isnull=False), name="gestures_repairs"),
        ]


class Voucher(models.Model):
    """A right to an amount, for whoever shows its code, or for `person` where the till finds her. What is left of it
    stands in the ledger, on the account `voucher:<uuid>`.
    """

    id = models.BigAutoField(primary_key=True)
    uuid = models.UUIDField(unique=True, default=new_id, editable=False)
    code = models.CharField(max_length=16, unique=True, db_collation="C")
    gesture = models.OneToOneField(Gesture, models.PROTECT, null=True, related_name="voucher")
    person = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+", db_index=False)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    channels = ArrayField(models.CharField(max_length=32), default=list, help_text="where it works; empty: anywhere")
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, help_text="used up, expired or revoked")
    ended_as = models.CharField(max_length=8, blank=True)
    ended_by = models.CharField(max_length=64, blank=True)
    ended_why = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="gestures_voucher_amount"),
            models.CheckConstraint(condition=Q(expires_at__gt=F("made_at")), name="gestures_voucher_lasts"),
            models.CheckConstraint(
                condition=Q(ended_as__in=("", "used", "expired", "revoked")), name="gestures_voucher_ended"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=("person", "-id"), name="gestures_voucher_person"),
            models.Index(fields=("expires_at",), condition=Q(ended_at__isnull=True), name="gestures_voucher_running"),
        ]

    @property
    def account(self) -> str:
        """The code of its account in the ledger."""
        return f"voucher:{self.uuid}"


class Redemption(models.Model):
    """One use of a voucher, whole or in part. Undone, it stays, and the amount is on the voucher again."""

    id = models.BigAutoField(primary_key=True)
    uuid = models.UUIDField(unique=True, default=new_id, editable=False)
    voucher = models.ForeignKey(Voucher, models.PROTECT, related_name="redemptions")
    amount = models.BigIntegerField()
    at = models.DateTimeField()
    channel = models.CharField(max_length=32, blank=True)
    site = models.ForeignKey(Site, models.PROTECT, null=True, related_name="+", db_index=False)
    reference = models.CharField(max_length=100, blank=True, help_text="the order or ticket")
    by = models.CharField(max_length=64)
    key = models.CharField(max_length=200, db_collation="C", unique=True)
    transfer = models.UUIDField()
    undone_at = models.DateTimeField(null=True)
    undone_by = models.CharField(max_length=64, blank=True)
    undone_why = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="gestures_redemption_amount"),
        ]


class WrongCode(models.Model):
    """Somebody tried a code that no voucher has; kept for ten minutes, without the code."""

    id = models.BigAutoField(primary_key=True)
    actor = models.CharField(max_length=64, db_collation="C")
    place = models.BinaryField(max_length=32, help_text="keyed hash of where it was typed")
    at = models.DateTimeField()

    class Meta:
        db_table = "gestures_wrong_code"
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=("actor", "at"), name="gestures_wrong_actor"),
            models.Index(fields=("place", "at"), name="gestures_wrong_place"),
        ]


# The tables of the parts that have a folder of their own: Django looks for them here.
from egard.journeys.gestures.audits.models import AuditAct, AuditDraw, AuditPlan, AuditTaken, FeedbackRead, Finding  # noqa: E402
from egard.journeys.gestures.claimants.models import Claimant, Orders  # noqa: E402
from egard.journeys.gestures.outcomes.models import Outcome  # noqa: E402

__all__ = [
    "AuditAct",
    "AuditDraw",
    "AuditPlan",
    "AuditTaken",
    "Budget",
    "Catalogue",
    "Claimant",
    "FeedbackRead",
    "Finding",
    "Gesture",
    "Orders",
    "Outcome",
    "Redemption",
    "Voucher",
    "WrongCode",
]
