"""The clock of a promise under anything: whenever somebody looks, and whoever does what, the record is the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from egard.base.calendars import Calendar, Span, due
from egard.kernel.promises.rules import Happened, Terms, begin, follow, next_moment, overdue, replay, share

OFFICE = Calendar.parse({"zone": "Europe/Paris", "week": {"mon-fri": ["09:00-12:00", "14:00-18:00"]}, "holidays": "FR"})
START = datetime(2026, 3, 27, 8, tzinfo=UTC)  # a Friday morning, before the night of 23 hours
SPANS = st.sampled_from(["5 min", "30 min", "2 h", "24 h", "3 business hours", "1 business day", "2 days"]).map(
    Span.parse
)
TERMS = st.builds(
    Terms,
    calendar=st.sampled_from([OFFICE, Calendar.always("Europe/Paris")]),
    working=st.booleans(),
    warnings=st.lists(SPANS, max_size=3).map(tuple),
    escalations=st.lists(SPANS, max_size=2).map(lambda some: tuple(sorted(some, key=lambda s: due(START, s, OFFICE)))),
)
MINUTES = st.one_of(st.integers(0, 8000), st.sampled_from([0, 1, 30, 120, 240, 1440]))
DEEDS = st.lists(
    st.tuples(MINUTES, st.sampled_from(["paused", "resumed", "extended", "kept", "released", "reopened"]), SPANS),
    max_size=8,
).map(lambda deeds: sorted(deeds, key=lambda deed: deed[0]))
LOOKS = st.lists(MINUTES, max_size=12)


def lived(span, terms, deeds, looks, end=9000):
    """What is written of a promise when somebody does `deeds` and a sweeper looks at the minutes `looks` (in any order:
    its clock may jump), and once at the end.
    """
    made = Happened("made", START, due(START, span, terms.calendar))
    clock, events = begin(made), [made]

    def notice(now):
        nonlocal clock
        clock, found = overdue(clock, terms, now)
        events.extend(found)

    moments = [(minute, None) for minute in looks] + [(minute, (what, more)) for minute, what, more in deeds]
    # A look may come late or early, a deed comes when it comes: looks are only moved between deeds, never past one.
    for minute, deed in sorted(moments, key=lambda one: one[0]):
        now = START + timedelta(minutes=minute)
        notice(now)
        if deed is None or not allowed(clock, deed[0]):
            continue
        event = Happened(deed[0], now)
        if deed[0] == "extended":
            event = replace(event, due_at=due(max(now, clock.due_at), deed[1], terms.calendar))
        clock = follow(clock, event, terms)
        events.append(event)
    notice(START + timedelta(minutes=end))
    return clock, events


def allowed(clock, what):
    if what == "reopened":
        return not clock.is_outstanding
    if what in ("kept", "released"):
        return clock.is_outstanding
    if what == "extended":
        return clock.state in ("open", "paused")
    return clock.state == ("open" if what == "paused" else "paused")


@given(SPANS, TERMS, DEEDS, LOOKS)
def test_however_often_and_whenever_a_sweeper_looks_the_record_is_the_same(span, terms, deeds, looks):
    assert lived(span, terms, deeds, looks) == lived(span, terms, deeds, [])


@given(SPANS, TERMS, LOOKS)
def test_a_clock_that_jumps_back_and_forth_writes_what_one_that_runs_does(span, terms, looks):
    made = Happened("made", START, due(START, span, terms.calendar))
    clock, events = begin(made), [made]
    for minute in [*looks, max(looks, default=0)]:
        clock, found = overdue(clock, terms, START + timedelta(minutes=minute))
        events += found
    once, at_once = overdue(begin(made), terms, START + timedelta(minutes=max(looks, default=0)))
    assert (clock, events[1:]) == (once, at_once)


@given(SPANS, TERMS, DEEDS, LOOKS)
def test_the_clock_is_what_its_events_tell_and_some_things_never_happen(span, terms, deeds, looks):
    clock, events = lived(span, terms, deeds, looks)
    assert replay(events, terms) == clock
    broken = [n for n, event in enumerate(events) if event.what == "broken"]
    assert len(broken) <= 1
    if broken:
        before = replay(events[: broken[0]], terms)
        assert events[broken[0]].at == before.due_at  # dated when it was due, however late it was noticed
        assert clock.state == "broken"
        assert not {event.what for event in events[broken[0] + 1 :]} & {"paused", "resumed", "extended", "warned"}
    else:
        assert clock.state != "broken"
    assert clock.due_at >= clock.first_due_at
    assert clock.state != "kept" or clock.kept_at <= clock.due_at
    moment = next_moment(clock, terms)
    assert moment is None or moment >= START + timedelta(minutes=9000)  # nothing that is past was left out
    assert not clock.is_outstanding or clock.state in ("paused", "open", "broken")


@given(SPANS, TERMS, MINUTES, MINUTES)
def test_a_pause_gives_back_the_counted_time_that_it_took_and_no_more(span, terms, start, length):
    clock = begin(Happened("made", START, due(START, span, terms.calendar)))
    pause, resume = START + timedelta(minutes=start), START + timedelta(minutes=start + length)
    if pause >= clock.due_at:
        return
    after = follow(follow(clock, Happened("paused", pause), terms), Happened("resumed", resume), terms)
    assert after.due_at >= clock.due_at
    assert terms.counted(resume, after.due_at) == terms.counted(pause, clock.due_at)
    assert terms.counted(clock.due_at, after.due_at) <= terms.counted(pause, resume)


@given(st.integers(0, 1000), st.integers(0, 1000))
def test_the_share_kept_is_of_what_was_kept_or_broken(kept, broken):
    found = share(kept, broken)
    assert (found is None) == (kept + broken == 0)
    assert found is None or 0 <= found <= 1
