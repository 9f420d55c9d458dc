"""Where people are received and by whom, for what they come, and their visits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import BigIntegerRangeField, DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value

from egard.base.ids import new_id
from egard.journeys.visits.rules import STATES, TAKING
from egard.kernel.access.models import Site, User
from egard.kernel.people.models import Person

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

_ONE = Func(F("resource"), F("resource"), Value("[]"), function="int8range", output_field=BigIntegerRangeField())
"""The range that holds one number only: an exclusion compares ranges, also without an extension for numbers."""
_TIME = Func(F("since"), F("until"), Value("[)"), function="tstzrange", output_field=DateTimeRangeField())


class Shop(models.Model):
    """How a site receives people: its hours, where it lies, what its staff goes through with each visitor."""

    site = models.OneToOneField(Site, models.CASCADE, primary_key=True, related_name="+")
    hours = models.JSONField(help_text="of the week, holidays and dated exceptions, as base.calendars reads them")
    address = models.CharField(max_length=300, blank=True)
    phone = models.CharField(max_length=20, blank=True, help_text="E.164")
    latitude = models.FloatField(null=True, help_text="degrees, WGS 84")
    longitude = models.FloatField(null=True)
    is_public = models.BooleanField(default=True, help_text="visits are booked on line")
    welcome = models.JSONField(default=list, help_text="what to do when somebody comes, each in both languages")
    brief_minutes = models.PositiveSmallIntegerField(default=45, help_text="so long before opening the brief is sent")
    grace_minutes = models.PositiveSmallIntegerField(default=10, help_text="so late she keeps her turn")
    missed_minutes = models.PositiveSmallIntegerField(default=30, help_text="so long after the hour she did not come")
    reflex_after = models.PositiveSmallIntegerField(default=10, help_text="welcomes in a row, then it is a reminder")

    if TYPE_CHECKING:
        site_id: UUID

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(
                condition=Q(latitude__isnull=True, longitude__isnull=True)
                | Q(latitude__range=(-90, 90), longitude__range=(-180, 180)),
                name="visits_shop_somewhere",
            ),
        ]


class Reason(models.Model):
    """What people come for, and what that takes."""

    id = models.BigAutoField(primary_key=True)
    code = models.SlugField(max_length=64, unique=True)
    name = models.JSONField(help_text="in both languages")
    about = models.JSONField(null=True, help_text="what it is, for who books; in both languages")
    minutes = models.PositiveSmallIntegerField()
    step_minutes = models.PositiveSmallIntegerField(default=15, help_text="how far apart two may begin")
    before = models.PositiveSmallIntegerField(default=0, help_text="minutes that stay free before")
    after = models.PositiveSmallIntegerField(default=0, help_text="and after")
    notice_minutes = models.PositiveIntegerField(default=60, help_text="no visit is booked sooner from now")
    horizon_days = models.PositiveSmallIntegerField(default=60, help_text="nor further away")
    change_minutes = models.PositiveIntegerField(default=0, help_text="until so long before one changes it on line")
    hosts = models.PositiveSmallIntegerField(default=1, help_text="so many receive it together")
    capacity = models.PositiveSmallIntegerField(default=1, help_text="so many visitors at once")
    room_kind = models.SlugField(max_length=32, blank=True, help_text="the kind of room or tool that it needs")
    questions = models.JSONField(default=list, help_text="asked when it is booked, shown in the shop")
    is_public = models.BooleanField(default=True, help_text="booked on line")
    credit_days = models.PositiveSmallIntegerField(default=30, help_text="a sale so much later is shared with it")
    credit_rule = models.CharField(max_length=8, default="even", help_text="how several share one sale")
    ended_at = models.DateTimeField(null=True, help_text="no longer booked since")

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(
                condition=Q(minutes__range=(1, 1440), step_minutes__range=(1, 1440), before__lte=1440, after__lte=1440)
                & Q(horizon_days__range=(1, 366), hosts__range=(1, 20), capacity__range=(1, 1000)),
                name="visits_reason_sound",
            ),
            models.CheckConstraint(
                condition=Q(credit_rule__in=("first", "last", "even", "decaying")), name="visits_reason_credit_known"
            ),
        ]


class Resource(models.Model):
    """What a visit takes time of: somebody of staff (`user`), or a room or tool of a site (`kind`, `name`)."""

    id = models.BigAutoField(primary_key=True)
    uuid = models.UUIDField(unique=True, default=new_id, editable=False)
    user = models.OneToOneField(User, models.PROTECT, null=True, related_name="+")
    site = models.ForeignKey(Site, models.CASCADE, null=True, related_name="+", db_index=False)
    kind = models.SlugField(max_length=32, blank=True)
    name = models.CharField(max_length=100, blank=True)
    max_per_day = models.PositiveSmallIntegerField(null=True, help_text="so many visits a day at most")
    feed = models.CharField(max_length=1000, blank=True, help_text="address of her other calendar (ICS)")
    feed_read_at = models.DateTimeField(null=True)
    feed_error = models.CharField(max_length=200, blank=True)
    ended_at = models.DateTimeField(null=True, help_text="receives nobody since")

    if TYPE_CHECKING:
        user_id: UUID | None
        site_id: UUID | None

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(
                condition=Q(user__isnull=False, site__isnull=True, kind="")
                | Q(user__isnull=True, site__isnull=False) & ~Q(kind="") & ~Q(name=""),
                name="visits_resource_person_or_room",
            ),
            models.UniqueConstraint(
                fields=("site", "name"), condition=Q(site__isnull=False, ended_at__isnull=True), name="visits_room_once"
            ),
        ]


class Rota(models.Model):
    """When somebody receives at a site: hours of the week and dated exceptions by the clock of the site, within its
    own. Without hours: whenever it is open.
    """

    id = models.BigAutoField(primary_key=True)
    resource = models.ForeignKey(Resource, models.CASCADE, related_name="rotas", db_index=False)
    site = models.ForeignKey(Site, models.CASCADE, related_name="+")
    hours = models.JSONField(null=True)

    if TYPE_CHECKING:
        resource_id: int
        site_id: UUID

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=("resource", "site"), name="visits_rota_once"),
        ]


class Skill(models.Model):
    """Who receives whom where: an adviser for a reason at a site."""

    id = models.BigAutoField(primary_key=True)
    rota = models.ForeignKey(Rota, models.CASCADE, related_name="skills", db_index=False)
    reason = models.ForeignKey(Reason, models.CASCADE, related_name="+")

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=("rota", "reason"), name="visits_skill_once"),
        ]


class Engaged(models.Model):
    """When somebody is taken by what another calendar of hers says; replaced as a whole whenever that is read."""

    id = models.BigAutoField(primary_key=True)
    resource = models.ForeignKey(Resource, models.CASCADE, related_name="+", db_index=False)
    since = models.DateTimeField()
    until = models.DateTimeField()

    if TYPE_CHECKING:
        resource_id: int

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(condition=Q(until__gt=F("since")), name="visits_engaged_lasts"),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=("resource", "until"), name="visits_engaged_of")]


class Sitting(models.Model):
    """Time at a site that is given to one visitor, or to several together."""

    id = models.BigAutoField(primary_key=True)
    site = models.ForeignKey(Site, models.PROTECT, related_name="+", db_index=False)
    reason = models.ForeignKey(Reason, models.PROTECT, related_name="+", db_index=False)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    before = models.PositiveSmallIntegerField(default=0)
    after = models.PositiveSmallIntegerField(default=0)
    capacity = models.PositiveSmallIntegerField(default=1)
    taken = models.PositiveSmallIntegerField(help_text="seats; none: the time is free again")

    if TYPE_CHECKING:
        site_id: UUID
        reason_id: int

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="visits_sitting_lasts"),
            models.CheckConstraint(condition=Q(taken__lte=F("capacity")), name="visits_sitting_holds"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=("site", "reason", "starts_at"),
                condition=Q(capacity__gt=1, taken__gt=0),
                name="visits_sitting_shared",
            ),
        ]


class Occupied(models.Model):
    """Time of a host or a room that is given away, with what stays free around it: nobody is promised twice."""

    id = models.BigAutoField(primary_key=True)
    resource = models.ForeignKey(Resource, models.PROTECT, related_name="+", db_index=False)
    sitting = models.ForeignKey(Sitting, models.CASCADE, related_name="occupied")
    since = models.DateTimeField()
    until = models.DateTimeField(help_text="not included")
    lapses_at = models.DateTimeField(null=True, help_text="held until then only")

    if TYPE_CHECKING:
        resource_id: int
        sitting_id: int

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(condition=Q(until__gt=F("since")), name="visits_occupied_lasts"),
            ExclusionConstraint(
                name="visits_occupied_alone",
                expressions=[(_ONE, RangeOperators.OVERLAPS), (_TIME, RangeOperators.OVERLAPS)],
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=("resource", "until"), name="visits_occupied_of"),
            models.Index(fields=("lapses_at",), condition=Q(lapses_at__isnull=False), name="visits_occupied_lapses"),
        ]


class Visit(models.Model):
    """Somebody comes: held while she fills in the form, booked, arrived, started, ended; or cancelled, missed, lapsed.

    Who walks in has no time of her own: `sitting` is set when she is received.
    """

    id = models.BigAutoField(primary_key=True)
    uuid = models.UUIDField(unique=True, default=new_id, editable=False)
    reference = models.CharField(max_length=8, unique=True, db_collation="C", help_text="read out, or scanned")
    site = models.ForeignKey(Site, models.PROTECT, related_name="+", db_index=False)
    reason = models.ForeignKey(Reason, models.PROTECT, related_name="+", db_index=False)
    sitting = models.ForeignKey(Sitting, models.PROTECT, null=True, related_name="visits")
    person = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+", db_index=False)
    host = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False, help_text="receives")
    seats = models.PositiveSmallIntegerField(default=1)
    state = models.CharField(max_length=9)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    lapses_at = models.DateTimeField(null=True, help_text="held until then")
    name = models.CharField(max_length=200, blank=True, help_text="as she gave it for this visit")
    answers = models.JSONField(default=dict, help_text="to the questions of its reason, by their keys")
    note = models.CharField(max_length=500, blank=True)
    told_by = models.CharField(max_length=8, blank=True, help_text="email, sms, or nothing")
    told_to = models.CharField(max_length=320, blank=True, help_text="as she gave it; else where she is reached")
    language = models.CharField(max_length=8)
    channel = models.CharField(max_length=32, help_text="where it was booked")
    walked_in = models.BooleanField(default=False)
    revision = models.PositiveIntegerField(default=0, help_text="SEQUENCE of its calendar entry")
    key = models.CharField(max_length=200, unique=True, db_collation="C")
    made_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    by = models.CharField(max_length=64)
    arrived_at = models.DateTimeField(null=True)
    welcomed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)
    coming_at = models.DateTimeField(null=True, help_text="when the host said that she comes for her")
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True, help_text="over, cancelled, missed")
    why = models.CharField(max_length=300, blank=True, help_text="why it was cancelled or moved")
    outcome = models.CharField(max_length=32, blank=True)
    next_step = models.CharField(max_length=500, blank=True)
    steps = models.JSONField(default=list, help_text="of the welcome, those done")
    promise = models.UUIDField(null=True, help_text="of being received on time")

    if TYPE_CHECKING:
        site_id: UUID
        reason_id: int
        sitting_id: int | None
        person_id: int | None
        host_id: UUID | None
        made_at: datetime  # type: ignore[no-redef]

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(condition=Q(state__in=STATES), name="visits_visit_state_known"),
            models.CheckConstraint(
                condition=~Q(state="held") | Q(lapses_at__isnull=False), name="visits_visit_held_until"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=TAKING) | Q(walked_in=True) | Q(sitting__isnull=False), name="visits_visit_sits"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=("site", "starts_at"), name="visits_visit_day"),
            models.Index(fields=("host", "starts_at"), name="visits_visit_host"),
            models.Index(fields=("person", "-starts_at"), name="visits_visit_person"),
            models.Index(fields=("lapses_at",), condition=Q(state="held"), name="visits_visit_lapses"),
            models.Index(fields=("starts_at",), condition=Q(state__in=("booked", "arrived")), name="visits_visit_open"),
            models.Index(
                fields=("welcomed_by", "-arrived_at"),
                condition=Q(welcomed_by__isnull=False),
                name="visits_visit_welcomed",
            ),
        ]


# The tables of the parts that have a file or folder of their own: Django looks for them here.
from egard.journeys.visits import models_told as _told  # noqa: E402, F401
from egard.journeys.visits.briefs.models import Brief, BriefRead  # noqa: E402, F401
from egard.journeys.visits.credits.models import Credit, Share  # noqa: E402, F401
