"""The short way of making and ending a promise writes what the long way writes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from egard.base.quickread import quick_run
from egard.kernel.promises import operations as promises
from egard.kernel.promises import quick
from egard.kernel.promises.models import Promise, PromiseEvent

pytestmark = pytest.mark.django_db
OWN = {"id", "uuid", "key", "promise_id"}


def rows(key: str) -> tuple[dict, list[dict]]:
    promise = Promise.objects.filter(key=key).values().get()
    events = PromiseEvent.objects.filter(promise_id=promise["id"]).order_by("n").values()
    return {k: v for k, v in promise.items() if k not in OWN}, [
        {k: v for k, v in event.items() if k not in OWN} for event in events
    ]


def done(statement) -> bool:
    return bool(quick_run(*statement)[0][0])


@pytest.mark.parametrize("within", ["2 h", "1 business day", "10 business days", "2 months", "30 min"])
@pytest.mark.parametrize("what", ["kept", "released"])
def test_both_ways_leave_the_same_rows(within, what, make_person, me, now):
    person, kind = make_person("Zélie"), "cases.step"
    same = {"subject": "toy:x/a", "note": "A", "channel": "phone", "by": me, "now": now}
    long = promises.promise(person, kind, within=within, key="long", **same)
    short = quick.make(
        kind,
        within=within,
        code="",
        person_id=person.pk,
        owner_id=None,
        team_id=None,
        site_id=None,
        key="short",
        **same,
    )
    assert done(short[2])
    assert short[:2] == (Promise.objects.get(key="short").uuid, long.due_at)
    assert rows("short") == rows("long")
    later, reason = now + timedelta(minutes=20), "" if what == "kept" else "no longer"
    if what == "kept":
        promises.keep(long, by=me, now=later, channel="phone")
    else:
        promises.release(long, reason=reason, by=me, now=later)
    channel = "phone" if what == "kept" else ""
    assert done(quick.end(short[0], what, by=me, now=later, channel=channel, reason=reason))
    assert rows("short") == rows("long")


def test_where_more_is_to_be_said_the_short_way_leaves_it_to_the_long_one(make_person, me, now):
    person = make_person("Zélie")
    asked = {"code": "", "owner_id": None, "team_id": None, "site_id": None, "subject": "", "note": "", "channel": ""}
    asked |= {"person_id": person.pk, "within": "2 h", "by": me, "now": now}
    assert quick.make("cases.case", key="shown", **asked) is None, "it stands on her timeline"
    assert quick.make("nope", key="unknown", **asked) is None
    uuid, due_at, statement = quick.make("cases.step", key="k", **asked)
    assert done(statement)
    assert not done(quick.make("cases.step", key="k", **asked)[2]), "its key is there"
    late = due_at + timedelta(seconds=1)
    assert not done(quick.end(uuid, "kept", by=me, now=late)), "it broke, and nobody noticed"
    promises.pause(uuid, reason="waits", by=me, now=now)
    assert not done(quick.end(uuid, "kept", by=me, now=now))
    asked["within"] = "1 business day"
    before = quick.make("cases.step", key="old", **asked)
    promises.set_calendar("office", {"zone": "Europe/Paris", "week": {"mon-sat": ["08:00-20:00"]}}, by=me, now=now)
    assert not done(before[2]), "there is a newer calendar"
    quick.forget()
    assert done(quick.make("cases.step", key="old", **asked)[2])
    assert Promise.objects.get(uuid=uuid).version == 2
