"""Promises: what is owed by a moment, and what becomes of it, whoever looks and whenever."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from owing import HOUR, MINUTE, facts, fresh, told

from egard.kernel.messages.late import tell_promises
from egard.kernel.promises import queries, refusals, sweeping
from egard.kernel.promises.calendars import UnknownCalendar, WrongCalendar, WrongTime, terms_of
from egard.kernel.promises.models import CalendarVersion, Notice, Promise, PromiseEvent
from egard.kernel.promises.operations import (
    ensure_calendars,
    extend,
    keep,
    note_told,
    pause,
    release,
    reopen,
    resume,
    set_calendar,
)
from egard.kernel.promises.rules import Happened, replay
from egard.kernel.promises.writing import clock_of
from egard.kernel.registry import Escalation, PromiseListener, registry

pytestmark = pytest.mark.django_db


def test_a_promise_is_made_and_kept_in_time(owed, me, now):
    row = owed()
    assert (row.state, row.due_at, row.first_due_at) == ("open", now + 2 * HOUR, now + 2 * HOUR)
    kept = keep(row, by=me, now=now + HOUR, channel="phone")
    assert (kept.state, kept.kept_at, kept.kept_channel) == ("kept", now + HOUR, "phone")
    assert keep(row.uuid, by=me, now=now + 9 * HOUR).kept_at == now + HOUR  # again changes nothing
    assert told(row) == [("made", now), ("kept", now + HOUR)]
    assert facts(row.person) == ["promises.made", "promises.kept"]
    sweeping.sweep(now=now + 9 * HOUR)
    assert fresh(row).state == "kept"


def test_at_the_very_moment_it_is_kept_and_a_moment_later_it_is_broken_for_ever(owed, me, now):
    first, second = owed(), owed(key="two")
    assert keep(first, by=me, now=first.due_at).state == "kept"
    late = keep(second, by=me, now=second.due_at + timedelta(microseconds=1))
    assert (late.state, late.kept_at > late.due_at) == ("broken", True)
    assert [what for what, _at in told(second)] == ["made", "broken", "kept"]
    assert told(second)[1] == ("broken", second.due_at)


def test_the_same_key_is_the_same_promise_and_another_promise_is_refused(owed, make_person, me, now):
    row = owed()
    again = owed(person=row.person, at=now + HOUR)
    assert (again.pk, again.due_at) == (row.pk, row.due_at)
    for other in ({"within": "3 h"}, {"subject": "toy:1"}, {"kind": "promises.call_back"}):
        with pytest.raises(refusals.PromiseKeyReused):
            owed(person=row.person, **other)
    assert owed(person=make_person("Bruno")).pk != row.pk
    moment = now + HOUR
    exact = owed(person=row.person, key="two", within=None, due_at=moment)
    assert owed(person=row.person, key="two", within=None, due_at=moment, at=now + 2 * HOUR).pk == exact.pk


def test_what_is_no_promise_is_refused_and_leaves_nothing(owed, make_person, now):
    anne = make_person("Anne")
    for wrong, refusal in (
        ({"kind": "promises.nothing"}, refusals.UnknownKind),
        ({"within": "two hours"}, WrongTime),
        ({"due_at": now + HOUR}, refusals.NoMoment),
        ({"within": None, "due_at": now}, refusals.AlreadyDue),
        ({"within": "1 business day", "calendar": "moon"}, UnknownCalendar),
        ({"key": ""}, refusals.BadText),
        ({"note": "x" * 501}, refusals.BadText),
        ({"note": "a\x00b"}, refusals.BadText),
        ({"within": "30 years", "at": now.replace(year=2190)}, refusals.TooLong),
    ):
        with pytest.raises(refusal):
            owed(person=anne, **wrong)
    assert not Promise.objects.exists()


def test_a_pause_keeps_what_was_left_by_the_promises_own_calendar(owed, me, now):
    """Tuesday 9:12 in Paris; the office is open from 9 to 18."""
    row = owed(within="4 business hours")
    assert row.due_at == now + 4 * HOUR
    paused = pause(row, reason="waits for her papers", by=me, now=now + HOUR)
    assert (paused.state, paused.left) == ("paused", 3 * HOUR)
    assert pause(row, reason="again", by=me, now=now + 2 * HOUR).paused_at == now + HOUR
    sweeping.sweep(now=now + timedelta(days=3))
    assert fresh(row).state == "paused"
    # Resumed on Friday at 17:12: 48 minutes that day, the rest on Monday.
    resumed = resume(row, by=me, now=now + timedelta(days=3, hours=8))
    assert resumed.due_at == now + timedelta(days=6, hours=2)
    assert resumed.first_due_at == now + 4 * HOUR
    assert resume(row, by=me, now=now + timedelta(days=4)).due_at == resumed.due_at


def test_a_pause_while_it_is_closed_changes_nothing(owed, me, now):
    row = owed(within="2 business days")
    pause(row, reason="night", by=me, now=now + 11 * HOUR)
    assert resume(row, by=me, now=now + 22 * HOUR).due_at == row.due_at


def test_an_extension_has_a_reason_and_the_first_moment_stays_visible(owed, me, now):
    row = owed()
    with pytest.raises(refusals.BadText):
        extend(row, within="4 h", reason=" ", by=me, now=now + HOUR)
    with pytest.raises(refusals.NotLater):
        extend(row, within="30 min", reason="sooner", by=me, now=now + HOUR)
    with pytest.raises(refusals.NoMoment):
        extend(row, reason="when?", by=me, now=now + HOUR)
    longer = extend(row, within="4 h", reason="the expert is away", by=me, now=now + HOUR)
    assert (longer.due_at, longer.first_due_at) == (now + 5 * HOUR, now + 2 * HOUR)
    assert extend(row, due_at=longer.due_at, reason="again", by=me, now=now + HOUR).version == longer.version
    assert keep(row, by=me, now=now + 4 * HOUR).state == "kept"


def test_what_was_due_can_be_kept_late_or_released_but_not_paused_or_extended(owed, me, now):
    row, after = owed(), now + 3 * HOUR
    for change in (
        lambda: pause(row, reason="late", by=me, now=after),
        lambda: resume(row, by=me, now=after),
        lambda: extend(row, within="4 h", reason="late", by=me, now=after),
    ):
        with pytest.raises(refusals.NotRunning):
            change()
    released = release(row, reason="she came by", by=me, now=after)
    assert (released.state, released.ended_at) == ("broken", after)
    with pytest.raises(refusals.Ended):
        keep(row, by=me, now=after)
    with pytest.raises(refusals.Ended):
        pause(row, reason="no", by=me, now=after)


def test_what_was_kept_by_mistake_is_owed_again_and_breaks_at_its_moment(owed, me, now):
    row = owed()
    keep(row, by=me, now=now + HOUR)
    reopen(row, by=me, now=now + 3 * HOUR)
    assert reopen(row, by=me, now=now + 3 * HOUR).state == "broken"
    assert told(row)[-1] == ("broken", row.due_at)


def test_the_row_is_what_its_events_tell(owed, me, now):
    row = owed(within="4 business hours", warnings=["1 business hour"])
    pause(row, reason="a", by=me, now=now + HOUR)
    extend(row, within="9 business hours", reason="b", by=me, now=now + 2 * HOUR)
    resume(row, by=me, now=now + 5 * HOUR)
    sweeping.sweep(now=now + timedelta(days=1, hours=1))
    keep(row, by=me, now=now + timedelta(days=9))
    stored = fresh(row)
    events = [Happened(e.what, e.at, e.due_at, e.level) for e in PromiseEvent.objects.filter(promise=row).order_by("n")]
    assert clock_of(stored) == replay(events, terms_of(stored))
    assert stored.version == len(events)


def test_history_cannot_be_rewritten(owed):
    row = owed()
    for change in ({"at": row.due_at}, {"reason": "other"}):
        with pytest.raises(IntegrityError, match="append only"), transaction.atomic():
            PromiseEvent.objects.filter(promise=row).update(**change)
    with pytest.raises(IntegrityError, match="append only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("delete from promises_event")


def test_a_new_version_of_a_calendar_holds_for_new_promises_only(owed, me, now):
    ensure_calendars(now=now)
    set_calendar("shop", {"zone": "Europe/Paris", "week": {"mon-fri": ["09:00-18:00"]}}, name="Shop", by=me, now=now)
    old = owed(within="10 business hours", calendar="shop")
    set_calendar("shop", {"zone": "Europe/Paris", "week": {"tue": ["09:00-10:00"]}}, by=me, now=now)
    same = set_calendar("shop", {"zone": "Europe/Paris", "week": {"tue": ["09:00-10:00"]}}, by=me, now=now)
    assert (same.version, same.name) == (2, "Shop")
    new = owed(key="two", within="10 business hours", calendar="shop")
    assert old.due_at == now + timedelta(days=1, hours=1)
    assert new.due_at > now + timedelta(days=60)
    pause(old, reason="x", by=me, now=now + HOUR)
    assert resume(old, by=me, now=now + HOUR).due_at == old.due_at  # by its own version still
    with pytest.raises(WrongCalendar, match="never open"):
        set_calendar("shop", {"zone": "Europe/Paris", "week": {}}, by=me, now=now)
    with pytest.raises(IntegrityError), transaction.atomic():
        CalendarVersion.objects.filter(code="shop").update(version=9)
    assert ("shop", 2) in [(c.code, c.version) for c in queries.calendars(viewer_for_all())]


def viewer_for_all():
    from egard.kernel.access.queries import system_viewer

    return system_viewer("test")


# --- who is warned, who is told, who listens -----------------------------------------------------------------------


def test_the_owner_is_warned_and_the_others_are_told_when_it_is_overdue(owed, team_of, now):
    team, site, agent, lead, other = team_of
    steps = [Escalation("30 min", ("owner", "lead")), Escalation("2 h", ("role:supervisor",))]
    row = owed(owner=agent, team=team, site=site, warnings=["30 min"], escalation=steps)
    for minutes in range(0, 300, 7):
        sweeping.sweep(now=now + minutes * MINUTE)
    assert told(row)[1:] == [
        ("warned", row.due_at - 30 * MINUTE),
        ("broken", row.due_at),
        ("escalated", row.due_at + 30 * MINUTE),
        ("escalated", row.due_at + 2 * HOUR),
    ]
    notices = set(Notice.objects.values_list("event__what", "event__level", "user_id"))
    assert notices == {
        ("warned", 1, agent.pk),
        ("escalated", 1, agent.pk),
        ("escalated", 1, lead.pk),
        ("escalated", 2, lead.pk),
        ("escalated", 2, other.pk),
    }
    note_told(list(Notice.objects.filter(user=agent)), now=now + 5 * HOUR)
    assert Notice.objects.filter(told_at=None).count() == 3


def test_what_is_overdue_leaves_as_one_message_each_and_once(owed, team_of, mailbox, carry_out, me, now):
    team, _site, agent, lead, _other = team_of
    steps = [Escalation("30 min", ("owner", "lead"))]
    rows = [owed(key=str(n), owner=agent, team=team, escalation=steps, note="Anne’s secret") for n in range(12)]
    sweeping.sweep(now=now + 3 * HOUR)
    keep(rows[0], by=me, now=now + 3 * HOUR)
    for _ in range(2):
        tell_promises(now=now + 3 * HOUR)
    carry_out(at=now + 3 * HOUR)
    assert sorted(letter["To"] for letter in mailbox.letters) == sorted([agent.email, lead.email])
    letter = mailbox.letters[0]
    text = letter.get_body(("plain",)).get_content()
    assert letter["Subject"] in ("11 promises overdue", "11 promesses en retard")
    assert text.count("\n- ") + text.count("\n– ") == 10
    assert "Anne" not in text


def test_after_the_answer_nobody_is_told_anything(owed, team_of, me, now):
    team, _site, agent, _lead, _other = team_of
    row = owed(owner=agent, team=team, warnings=["30 min"], escalation=[Escalation("30 min", ("lead",))])
    keep(row, by=me, now=row.due_at + 20 * MINUTE)
    sweeping.sweep(now=row.due_at + timedelta(days=2))
    assert [what for what, _at in told(row)] == ["made", "warned", "broken", "kept"]
    assert not Notice.objects.exists()


def test_a_warning_before_the_promise_was_made_does_not_come(owed, now):
    row = owed(within="1 h", warnings=["2 h", "10 min"])
    sweeping.sweep(now=now + 55 * MINUTE)
    assert told(row)[1:] == [("warned", now + 50 * MINUTE)]


def test_an_extension_warns_again_and_nothing_that_came_comes_twice(owed, me, now):
    row = owed(within="1 h", warnings=["10 min"])
    sweeping.sweep(now=now + 55 * MINUTE)
    extend(row, within="1 h", reason="r", by=me, now=now + 55 * MINUTE)
    sweeping.sweep(now=now + 110 * MINUTE)
    sweeping.sweep(now=now + 111 * MINUTE)
    warned = [at for what, at in told(row) if what == "warned"]
    assert warned == [now + 50 * MINUTE, now + 105 * MINUTE]


def test_listeners_hear_each_event_of_their_subjects_in_the_same_transaction(owed, monkeypatch, me, now):
    heard, locked = [], []

    def lock(subjects, wait):
        locked.append((tuple(subjects), wait))
        return [subject for subject in subjects if wait or "busy" not in subject]

    listener = PromiseListener("toy:", lambda row, event: heard.append((row.subject, event.what, row.state)), lock)
    monkeypatch.setattr(registry, "promise_listeners", [listener])
    row, busy, other = owed(subject="toy:1/a"), owed(key="2", subject="toy:busy"), owed(key="3", subject="x:1")
    sweeping.sweep(now=now + 3 * HOUR)
    assert (fresh(row).state, fresh(busy).state, fresh(other).state) == ("broken", "open", "broken")
    keep(busy, by=me, now=now + 3 * HOUR)
    assert heard == [
        ("toy:1/a", "made", "open"),
        ("toy:busy", "made", "open"),
        ("toy:1/a", "broken", "broken"),
        ("toy:busy", "broken", "broken"),
        ("toy:busy", "kept", "broken"),
    ]
    assert locked[-1] == (("toy:busy",), True)


def test_a_listener_that_fails_holds_up_its_own_promise_only(owed, monkeypatch, now):
    def handler(row, event):
        if row.key == "3" and event.what == "broken":
            raise RuntimeError("not today")

    rows = [owed(key=str(n), subject="toy:1") for n in range(8)]
    monkeypatch.setattr(registry, "promise_listeners", [PromiseListener("toy:", handler)])
    sweeping.sweep(now=now + 3 * HOUR)
    assert [fresh(row).state for row in rows] == ["broken"] * 3 + ["open"] + ["broken"] * 4
    monkeypatch.setattr(registry, "promise_listeners", [])
    sweeping.sweep(now=now + 4 * HOUR)
    assert told(rows[3])[-1] == ("broken", rows[3].due_at)
