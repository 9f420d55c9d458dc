"""What a house says of its sites, of what people come for, and of who receives them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from itertools import pairwise
from typing import Any, Literal
from uuid import UUID

from django.db import transaction
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from egard.base.calendars import BadCalendar, Calendar
from egard.journeys.visits import refusals
from egard.journeys.visits.booking import TOPIC
from egard.journeys.visits.models import Reason, Resource, Rota, Shop, Skill
from egard.kernel.access.actors import Actor
from egard.kernel.access.live import tell
from egard.kernel.access.models import Site, User
from egard.kernel.access.operations import log_change
from egard.kernel.cases.rules.text import Text
from egard.kernel.people.operations import normalise
from egard.kernel.timeline.operations import describe

SHOP_HOURS: dict[str, Any] = {"week": {"mon-sat": ["10:00-19:00"]}}
"""What holds until a house says otherwise."""


class _Told(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Question(_Told):
    """Something that is asked when a visit is booked: free text, one of some choices, or yes or no."""

    key: str = Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")
    label: Text
    kind: Literal["text", "choice", "yes_no"] = "text"
    required: bool = False
    choices: list[Choice] = Field(default=[], max_length=20)

    @model_validator(mode="after")
    def _chooses(self) -> Question:
        if (self.kind == "choice") != bool(self.choices):
            raise ValueError("a question has choices if it is a choice, and only then")
        return self


class Choice(_Told):
    value: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")
    label: Text


class ReasonSaid(_Told):
    """What is said of a reason: see `models.Reason`. Times are minutes."""

    name: Text
    about: Text | None = None
    minutes: int = Field(ge=1, le=1440)
    step_minutes: int = Field(default=15, ge=1, le=1440)
    before: int = Field(default=0, ge=0, le=1440)
    after: int = Field(default=0, ge=0, le=1440)
    notice_minutes: int = Field(default=60, ge=0, le=366 * 1440)
    horizon_days: int = Field(default=60, ge=1, le=366)
    change_minutes: int = Field(default=0, ge=0, le=366 * 1440)
    hosts: int = Field(default=1, ge=1, le=20)
    capacity: int = Field(default=1, ge=1, le=1000)
    room_kind: str = Field(default="", pattern=r"^([a-z][a-z0-9_-]{0,31})?$")
    questions: list[Question] = Field(default=[], max_length=20)
    is_public: bool = True
    credit_days: int = Field(default=30, ge=0, le=366)
    credit_rule: Literal["first", "last", "even", "decaying"] = "even"

    @model_validator(mode="after")
    def _asks_once(self) -> ReasonSaid:
        keys = [question.key for question in self.questions]
        if len(set(keys)) < len(keys):
            raise ValueError("two questions have one key")
        return self


@transaction.atomic
def set_shop(site: Site, *, by: Actor, now: datetime, **told: Any) -> Shop:
    """How a site receives people; what is not said stays. `hours`: `{"week": {"mon-fri": ["09:00-12:30"]}, "holidays":
    "FR", "exceptions": {"2026-12-24": []}}` by the clock of the site. Raises `WrongHours`, `WrongShop`.
    """
    if "hours" in told or not Shop.objects.filter(pk=site.pk).exists():
        told["hours"] = checked_hours(site, told.get("hours", SHOP_HOURS))
    if told.get("phone"):
        told["phone"] = normalise("phone", told["phone"])
    if "welcome" in told:
        try:
            told["welcome"] = [Text.model_validate(one).model_dump() for one in told["welcome"]]
        except ValidationError as error:
            raise refusals.WrongShop(why=describe(error)[0]) from error
    place = [told.get("latitude"), told.get("longitude")]
    if (place[0] is None) != (place[1] is None) or any(
        one is not None and not -most <= one <= most for one, most in zip(place, (90, 180), strict=True)
    ):
        raise refusals.WrongShop(why="latitude, longitude")
    shop, _created = Shop.objects.update_or_create(site=site, defaults=told, create_defaults=told)
    log_change("visits.shop_set", by=by, now=now, subject=site.code)
    tell(TOPIC, f"{TOPIC}:{site.pk}")
    return Shop.objects.select_related("site").get(pk=shop.pk)


@transaction.atomic
def set_reason(code: str, data: Mapping[str, Any], *, by: Actor, now: datetime) -> Reason:
    """What people come for, made or changed under its code; visits that are booked keep what they were booked with.
    Raises `WrongReason`.
    """
    try:
        said = ReasonSaid.model_validate(data)
    except ValidationError as error:
        why, fields = describe(error)
        raise refusals.WrongReason(why=why, fields=fields) from error
    if not code or len(code) > 64 or not code.replace("-", "").replace("_", "").isalnum() or not code.isascii():
        raise refusals.WrongReason(why=f"code {code[:40]!r}")
    told = said.model_dump()
    row, _created = Reason.objects.update_or_create(code=code, defaults={**told, "ended_at": None})
    log_change("visits.reason_set", by=by, now=now, subject=code)
    tell(TOPIC)
    return row


@transaction.atomic
def end_reason(reason: Reason, *, by: Actor, now: datetime) -> None:
    """Nobody books it any more; who has, comes."""
    if Reason.objects.filter(pk=reason.pk, ended_at__isnull=True).update(ended_at=now):
        log_change("visits.reason_ended", by=by, now=now, subject=reason.code)
        tell(TOPIC)


@transaction.atomic
def set_host(
    user: User, site: Site, reasons: Iterable[Reason], *, hours: Mapping[str, Any] | None = None,
    max_per_day: int | None = None, by: Actor, now: datetime,
) -> Rota:  # fmt: skip
    """Somebody receives people at a site for some reasons, by hours of her own within those of the site, or whenever it
    is open (None). No reason: not there any more. Raises `WrongHost`, `WrongHours`.
    """
    if not user.is_active or not user.is_staff:
        raise refusals.WrongHost(why=user.name or user.email)
    if max_per_day is not None and not 0 <= max_per_day <= 200:
        raise refusals.WrongHost(why=f"max_per_day {max_per_day}")
    kept = checked_hours(site, hours) if hours is not None else None
    who, _created = Resource.objects.update_or_create(
        user=user, defaults={"max_per_day": max_per_day, "ended_at": None}
    )
    rota, _created = Rota.objects.update_or_create(resource=who, site=site, defaults={"hours": kept})
    wanted = [reason.pk for reason in reasons]
    Skill.objects.filter(rota=rota).exclude(reason__in=wanted).delete()
    Skill.objects.bulk_create([Skill(rota=rota, reason_id=pk) for pk in wanted], ignore_conflicts=True)
    log_change("visits.host_set", by=by, now=now, subject=str(user.pk), site=site.code)
    tell(TOPIC, f"{TOPIC}:{site.pk}")
    return rota


@transaction.atomic
def set_room(site: Site, name: str, kind: str, *, by: Actor, now: datetime) -> Resource:
    """A room or tool of a site, of a kind that reasons name. Raises `WrongShop`."""
    if not name.strip() or len(name) > 100 or not kind.isascii() or not kind.replace("-", "_").isidentifier():
        raise refusals.WrongShop(why=f"{name[:40]!r}, {kind[:40]!r}")
    row, _created = Resource.objects.update_or_create(
        site=site, name=name.strip(), ended_at=None, defaults={"kind": kind[:32]}
    )
    log_change("visits.room_set", by=by, now=now, subject=site.code, room=name.strip())
    tell(TOPIC, f"{TOPIC}:{site.pk}")
    return row


def checked_hours(site: Site, data: Mapping[str, Any]) -> dict[str, Any]:
    """Hours by the clock of a site, as they are stored. Raises `WrongHours`: an end before a beginning, none at all."""
    try:
        calendar = Calendar.parse({**data, "zone": site.zone})
        for day in (*calendar.week, *calendar.exceptions.values()):
            for one, following in pairwise(day):
                if following.opens < one.closes:
                    raise BadCalendar(why=f"{one}, {following}")
    except BadCalendar as error:
        raise refusals.WrongHours(why=error.why, fields={"hours": error.why}) from error
    return calendar.as_data()


def with_exception(hours: Mapping[str, Any], day: date, openings: Iterable[str]) -> dict[str, Any]:
    """Hours with those of one date replaced; none: closed."""
    return {**hours, "exceptions": {**hours.get("exceptions", {}), day.isoformat(): list(openings)}}


def shop_of(site: UUID) -> Shop | None:
    """How a site receives people."""
    return Shop.objects.select_related("site").filter(pk=site).first()
