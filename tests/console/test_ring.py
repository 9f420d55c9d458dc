"""The promise ring: what it shows at each moment, above all at the edges, and what it says."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from egard.base.ring import RISK_MAX, Ring, counted, look, risk_from, share_left, time_left
from egard.console import ring as rings

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 3, 9, 10, 0, tzinfo=UTC)  # a Monday, 11:00 in Paris
SECOND = timedelta(seconds=1)


def running(made=NOW, due=NOW + timedelta(hours=10), **more) -> Ring:
    return Ring(what="answer", state="running", made_at=made, due_at=due, **more)


def plain(line: str) -> str:
    """A line without what keeps a number and its unit together."""
    return re.sub(r"(?<=\d)\u00a0", " ", line)


def paris(day: int, hour: int, month: int = 3) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=PARIS).astimezone(UTC)


lengths = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=400))
# Around the edges: made, the beginning of risk, due, each with a second to either side.
edges = st.sampled_from(["made", "risk", "due"]).flatmap(
    lambda edge: st.sampled_from(
        [-SECOND, timedelta(microseconds=-1), timedelta(0), timedelta(microseconds=1), SECOND]
    ).map(lambda off: (edge, off))
)


@given(lengths, edges)
def test_a_promise_is_whole_when_made_at_risk_near_its_end_and_broken_at_its_due_moment(length, edge):
    ring = running(due=NOW + length)
    place, off = edge
    at = {"made": NOW, "risk": ring.due_at - risk_from(ring), "due": ring.due_at}[place] + off
    assert 0 <= share_left(ring, at) <= 1
    if at >= ring.due_at:
        assert (look(ring, at), share_left(ring, at)) == ("broken", 0)
    else:
        assert look(ring, at) == ("risk" if ring.due_at - at <= risk_from(ring) else "running")
    assert risk_from(ring) <= RISK_MAX


@given(lengths, st.lists(lengths, min_size=2, max_size=2))
def test_a_ring_never_fills_again(length, moments):
    ring = running(due=NOW + length)
    early, later = sorted(moments)
    assert share_left(ring, NOW + early) >= share_left(ring, NOW + later)
    assert time_left(ring, NOW + early) >= time_left(ring, NOW + later)


@given(st.sampled_from([-SECOND, timedelta(0), SECOND, timedelta(days=3)]))
def test_kept_at_the_due_moment_is_kept_and_a_second_later_is_late(off):
    due = NOW + timedelta(hours=1)
    ring = Ring(what="answer", state="kept", made_at=NOW, due_at=due, ended_at=due + off)
    assert look(ring, NOW + timedelta(days=9)) == ("late" if off > timedelta(0) else "kept")


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=30)))
def test_a_paused_promise_keeps_what_it_had_however_long_it_waits(waited):
    ring = Ring(
        what="answer",
        state="paused",
        made_at=NOW,
        due_at=NOW + timedelta(hours=10),
        paused_at=NOW + timedelta(hours=4),
    )
    at = NOW + timedelta(hours=4) + waited
    assert (look(ring, at), time_left(ring, at), share_left(ring, at)) == ("paused", timedelta(hours=6), 0.6)


WEEK = tuple(
    (paris(day, start), paris(day, start + 4)) for day in (9, 10, 11, 12, 13) for start in (8, 14)
)  # 8-12 and 14-18, Monday to Friday


@given(st.integers(0, 5 * 24 * 60).map(lambda minutes: paris(9, 0) + timedelta(minutes=minutes)))
def test_only_opening_hours_count(at):
    ring = running(made=paris(9, 8), due=paris(13, 18), open=WEEK, working=True)
    minutes = sum(1 for n in range(5 * 24 * 60) if any(a <= paris(9, 0) + n * 60 * SECOND < b for a, b in WEEK)
                  and paris(9, 0) + n * 60 * SECOND >= at)  # fmt: skip
    assert time_left(ring, at) == timedelta(minutes=minutes)
    assert share_left(ring, paris(12, 19)) == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("made", "due", "hours"),
    [(paris(28, 12), paris(29, 12), 23), (paris(24, 12, 10), paris(25, 12, 10), 25), (paris(9, 12), paris(10, 12), 24)],
)
def test_the_night_that_changes_the_clock_is_as_long_as_it_is(made, due, hours):
    ring = running(made=made, due=due)
    assert time_left(ring, made) == timedelta(hours=hours)
    assert share_left(ring, made + timedelta(hours=hours) / 2) == 0.5
    assert plain(rings.said(ring, made).line) == f"answer by tomorrow 12:00, {hours} hours left"


def test_no_time_at_all_is_no_division_by_zero():
    ring = running(due=NOW, open=((NOW + SECOND, NOW + 2 * SECOND),))
    assert (share_left(ring, NOW), counted(ring, NOW, NOW)) == (0, timedelta(0))


def test_an_ended_promise_without_its_moment_is_not_drawn():
    for state in ("kept", "broken", "released", "paused"):
        with pytest.raises(ValueError, match=r"\w"):
            Ring(what="answer", state=state, made_at=NOW, due_at=NOW)


def ended(state: str, at: datetime) -> Ring:
    return Ring(what="answer", state=state, made_at=NOW - timedelta(days=1), due_at=NOW, ended_at=at)


WORKING = running(made=paris(9, 8), due=paris(10, 10), open=WEEK, working=True)
SAID = [
    (WORKING, paris(9, 17),
     "answer by tomorrow 10:00, 3 working hours left", "avant demain 10:00, encore 3 heures d’ouverture"),
    (running(made=paris(9, 8), due=paris(13, 18), open=WEEK, working=True), paris(9, 9),
     "answer by Friday 18:00, 4 working days left", "avant vendredi 18:00, encore 4 jours d’ouverture"),
    (running(made=paris(9, 20), due=paris(13, 18), open=WEEK[1:], working=True), paris(9, 20),
     "answer by Friday 18:00, 4 working days left", "avant vendredi 18:00, encore 4 jours d’ouverture"),
    (running(due=NOW + timedelta(hours=1, seconds=59)), NOW,
     "answer by 12:00, 60 minutes left", "avant 12:00, encore 60 minutes"),
    (running(due=NOW + timedelta(minutes=5)), NOW + timedelta(minutes=4),
     "answer by 11:05, at risk: 1 minute left", "avant 11:05, à risque\u00a0: encore 1 minute"),
    (running(due=NOW + timedelta(minutes=5)), NOW + timedelta(minutes=4, seconds=1),
     "answer by 11:05, at risk: less than a minute left", "avant 11:05, à risque\u00a0: encore moins d’une minute"),
    (running(due=datetime(2027, 5, 1, 8, tzinfo=UTC)), NOW,
     "answer by 1 May 2027, 10:00, 417 days left", "avant le 1er mai 2027 à 10:00, encore 417 jours"),
    (running(due=NOW), NOW,
     "answer · not kept, it was due today 11:00", "· promesse non tenue, échéance aujourd’hui 11:00"),
    (ended("kept", NOW), NOW + timedelta(days=1), "answer · kept yesterday 11:00", "· promesse tenue hier 11:00"),
    (ended("kept", NOW + timedelta(hours=2)), NOW + timedelta(hours=3),
     "answer · kept late, today 13:00 (2 hours late)",
     "· promesse tenue en retard, aujourd’hui 13:00 (2 heures de retard)"),
    (ended("released", NOW), NOW, "answer · released today 11:00", "· promesse levée aujourd’hui 11:00"),
    (Ring(what="answer", state="paused", made_at=NOW, due_at=NOW + timedelta(hours=9), paused_at=NOW), NOW,
     "answer · paused, 9 hours left", "· promesse suspendue, encore 9 heures"),
]  # fmt: skip


@pytest.mark.parametrize(("ring", "now", "english", "french"), SAID)
def test_a_promise_is_said_in_both_languages(ring, now, english, french):
    assert plain(rings.said(ring, now).line) == english
    with translation.override("fr"):
        assert plain(rings.said(ring, now).line) == f"answer {french}"


@pytest.mark.parametrize(
    ("look", "left", "dash"), [("running", 0.5, "50.0 100"), ("running", 7, "100.0 100"), ("broken", 0, "78 100")]
)
def test_the_ring_empties_as_time_runs(look, left, dash):
    assert f'stroke-dasharray="{dash}"' in rings.sign(look, left)


def test_every_look_has_a_shape_of_its_own():
    looks = ["running", "risk", "paused", "kept", "late", "broken", "released"]
    shapes = {re.sub(r'class="[^"]*"', "", rings.sign(one, 0.5)) for one in looks}
    assert len(shapes) == len(looks)


def test_the_exact_time_is_on_hover_and_read_aloud():
    drawn = rings.drawn(WORKING, paris(9, 17), "row")
    assert 'title="Tuesday 10 March 2026, 10:00:00 CET"' in drawn
    assert '<span class="visually-hidden"> (Tuesday 10 March 2026, 10:00:00 CET)</span>' in drawn


def test_what_a_promise_is_called_cannot_break_the_page():
    named = Ring(what="<script>", state="running", made_at=NOW, due_at=NOW + timedelta(hours=1))
    drawn = rings.drawn(named, NOW)
    assert "<script>" not in drawn


def test_a_mail_says_it_with_a_character_in_place_of_the_drawing():
    assert rings.text(WORKING, paris(9, 17)).startswith("◔ answer by tomorrow")
    assert rings.text(ended("kept", NOW), NOW).startswith("✓ ")
    assert rings.text(ended("broken", NOW), NOW).startswith("✕ ")


def test_only_what_moves_within_two_days_carries_a_clockwork():
    assert "data-ring" in rings.drawn(WORKING, paris(9, 17))
    assert "data-ring" not in rings.drawn(running(due=NOW + timedelta(days=3)), NOW)
    assert "data-ring" not in rings.drawn(ended("kept", NOW), NOW)
