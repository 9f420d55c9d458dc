"""When a visit can begin: against a reckoning minute by minute, by the clock on the wall."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egard.journeys.visits.rules.scenario import BadScenario, offered

DEEP = os.environ.get("EGARD_DEEP") == "1"
MINUTE = timedelta(minutes=1)
PARIS = ZoneInfo("Europe/Paris")


# --- another reckoning: sets of minutes ---------------------------------------------------------------------------


def wall(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


@cache
def day_of(zone: str, day: date) -> list[tuple[int, int]]:
    """Each minute of a day, with what the clock on the wall shows."""
    at, found = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC), []
    while (local := at.astimezone(ZoneInfo(zone))).date() <= day:
        found.append((int(at.timestamp()) // 60, local.hour * 60 + local.minute))
        at += MINUTE
    return found


def openings_of(adviser: dict, day: date, zone: ZoneInfo) -> list[set[int]]:
    """The minutes (of the epoch) at which she is there on a date, walked from midnight to midnight; a minute counts
    from the first at which the wall shows the opening or more, to the first at which it shows the closing or more.
    """
    dated = [one["hours"] for one in adviser["exceptions"] if one["date"] == day.isoformat()]
    hours = dated[0] if dated else [
        (one["from"], one["to"]) for one in adviser["weekly"] if day.strftime("%a").lower() in one["days"]
    ]  # fmt: skip
    found: set[int] = set()
    for opens, closes in hours:
        is_open = False
        for minute, shown in day_of(zone.key, day):
            if shown >= wall(closes):
                break
            is_open = is_open or shown >= wall(opens)
            if is_open:
                found.add(minute)
    runs: list[set[int]] = []
    for minute in sorted(found):
        if runs and minute - 1 in runs[-1]:
            runs[-1].add(minute)
        else:
            runs.append({minute})
    return runs


def minute_of(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) // 60


def by_minutes(told: dict) -> list[str]:
    reason, site = told["reason"], ZoneInfo(told["zone"])
    now = datetime.fromisoformat(told["now"])
    first, last = date.fromisoformat(told["from"]), date.fromisoformat(told["to"])
    found: set[int] = set()
    for adviser in told["advisers"]:
        if told["with"] not in (None, adviser["name"]) or (
            reason["skill"] and reason["skill"] not in adviser["skills"]
        ):
            continue
        zone = ZoneInfo(adviser["zone"])
        live = [
            one for one in adviser["bookings"]
            if one["state"] in ("booked", "pending") or (one["state"] == "held" and one["until"] > told["now"])
        ]  # fmt: skip
        taken: set[int] = set()
        for one in live:
            taken |= set(range(
                minute_of(one["start"]) - one["before"] - reason["after"],
                minute_of(one["end"]) + one["after"] + reason["before"],
            ))  # fmt: skip
        for start, end in adviser["busy"]:
            taken |= set(range(minute_of(start) - reason["after"], minute_of(end) + reason["before"]))
        visits = [datetime.fromisoformat(one["start"]).astimezone(zone).date() for one in live]
        for n in range(-3, (last - first).days + 4):
            for opening in openings_of(adviser, first + timedelta(days=n), zone):
                left, begins = opening - taken, None
                for minute in sorted(left):
                    if minute - 1 not in left:
                        begins = minute
                    at = datetime.fromtimestamp(minute * 60, UTC)
                    if (
                        (minute - begins) % reason["step_minutes"] == 0
                        and first <= at.astimezone(site).date() <= last
                        and at >= now + reason["notice_minutes"] * MINUTE
                        and all(minute + k in left for k in range(reason["minutes"]))
                        and (adviser["max_per_day"] is None
                             or visits.count(at.astimezone(zone).date()) < adviser["max_per_day"])
                    ):  # fmt: skip
                        found.add(minute)
    return [datetime.fromtimestamp(m * 60, UTC).isoformat().replace("+00:00", "Z") for m in sorted(found)]


# --- shops by chance, across the nights when the clock changes ----------------------------------------------------

NIGHTS = [
    ("Europe/Paris", date(2026, 3, 29)),
    ("Europe/Paris", date(2026, 10, 25)),
    ("America/New_York", date(2026, 3, 8)),
    ("America/Sao_Paulo", date(2018, 11, 4)),  # midnight itself was skipped
    ("Australia/Lord_Howe", date(2026, 4, 5)),  # by half an hour
    ("Asia/Kathmandu", date(2026, 6, 1)),
]
DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def shop(rng: random.Random) -> dict:
    zone, night = rng.choice(NIGHTS)
    first = night - timedelta(days=rng.randrange(3))
    start = datetime(first.year, first.month, first.day, tzinfo=UTC)

    def clock(low: int = 0, high: int = 1440) -> int:
        return rng.choice([low, high, rng.randrange(low, high + 1), rng.randrange(low, high + 1) // 30 * 30])

    def shown(minutes: int) -> str:
        return f"{minutes // 60:02}:{minutes % 60:02}"

    def hours() -> tuple[str, str]:
        opens = min(max(clock(0, 1439), 0), 1439)
        return shown(opens), shown(max(clock(opens + 1, 1440), opens + 1))

    def moment() -> datetime:
        return start + rng.randrange(-1440, 4 * 1440) * MINUTE

    def text(at: datetime) -> str:
        return at.isoformat().replace("+00:00", "Z")

    def booking() -> dict:
        at = moment()
        state = rng.choice(["booked", "booked", "pending", "held", "cancelled"])
        return {
            "start": text(at), "end": text(at + rng.choice([1, 15, 30, 45, 97]) * MINUTE),
            "before": rng.choice([0, 0, 5, 20]), "after": rng.choice([0, 0, 10]), "state": state,
            "until": text(moment()) if state == "held" else None,
        }  # fmt: skip

    def adviser(n: int) -> dict:
        busy = []
        for _ in range(rng.randrange(3)):
            at = moment()
            busy.append([text(at), text(at + rng.randrange(1, 300) * MINUTE)])
        return {
            "name": f"A{n}",
            "zone": rng.choice([zone, zone, "Europe/London"]),
            "skills": rng.choice([[], ["loans"], ["loans", "phones"]]),
            "weekly": [
                {"days": rng.sample(DAYS, rng.randrange(1, 8)), "from": a, "to": b}
                for a, b in (hours() for _ in range(rng.randrange(4)))
            ],
            "exceptions": [
                {"date": (first + timedelta(days=d)).isoformat(), "hours": [hours() for _ in range(rng.randrange(3))]}
                for d in rng.sample(range(-1, 4), rng.randrange(3))
            ],
            "busy": busy,
            "bookings": [booking() for _ in range(rng.randrange(5))],
            "max_per_day": rng.choice([None, None, 0, 1, 2]),
        }

    count = rng.randrange(4)
    return {
        "zone": zone,
        "now": text(moment()),
        "from": first.isoformat(),
        "to": (first + timedelta(days=rng.randrange(3))).isoformat(),
        "reason": {
            "minutes": rng.choice([1, 15, 30, 45, 50, 61]),
            "step_minutes": rng.choice([5, 7, 15, 30, 60]),
            "before": rng.choice([0, 0, 5, 15]),
            "after": rng.choice([0, 0, 10]),
            "notice_minutes": rng.choice([0, 0, 60, 1440]),
            "skill": rng.choice([None, "loans", "phones"]),
        },
        "advisers": [adviser(n) for n in range(count)],
        "with": rng.choice([None, f"A{rng.randrange(count)}"]) if count else None,
    }


def test_what_is_offered_is_what_a_reckoning_minute_by_minute_finds_on_the_nights_when_the_clock_changes():
    for seed in range(10_000 if DEEP else 60):
        told = shop(random.Random(seed))
        found = [at.isoformat().replace("+00:00", "Z") for at in offered(told)]
        assert found == by_minutes(told), f"seed {seed}: {json.dumps(told)}"


@settings(max_examples=500 if DEEP else 25, deadline=None)
@given(st.integers(0, 2**32), st.data())
def test_what_was_offered_is_offered_no_more_once_taken_and_the_order_of_what_is_told_changes_nothing(seed, data):
    told = shop(random.Random(seed))
    found = offered(told)
    shuffled = json.loads(json.dumps(told))
    data.draw(st.randoms(use_true_random=False)).shuffle(shuffled["advisers"])
    for one in shuffled["advisers"]:
        for part in ("weekly", "exceptions", "busy", "bookings"):
            one[part].reverse()
    assert offered(shuffled) == found
    if not found:
        return
    at = data.draw(st.sampled_from(found))
    reason = told["reason"]
    for one in told["advisers"]:  # everybody is taken at that moment: nobody is free then, nor within the buffers
        one["bookings"].append({
            "start": at.isoformat(), "end": (at + reason["minutes"] * MINUTE).isoformat(),
            "before": reason["before"], "after": reason["after"], "state": "booked",
        })  # fmt: skip
    apart = (reason["minutes"] + reason["before"] + reason["after"]) * MINUTE
    assert all(abs(other - at) >= apart for other in offered(told))


# --- examples one can check by hand -------------------------------------------------------------------------------


def one_adviser(**changes) -> dict:
    adviser = {"name": "Anne", "zone": "Europe/Paris", "skills": ["loans"],
               "weekly": [{"days": ["mon"], "from": "09:00", "to": "11:00"}], "exceptions": [], "busy": [],
               "bookings": [], "max_per_day": None}  # fmt: skip
    reason = {"minutes": 30, "step_minutes": 30, "before": 0, "after": 0, "notice_minutes": 0, "skill": "loans"}
    told = {"zone": "Europe/Paris", "now": "2026-05-01T00:00:00Z", "from": "2026-05-04", "to": "2026-05-04",
            "reason": reason, "advisers": [adviser], "with": None}  # fmt: skip
    for name, value in changes.items():
        if name in adviser:
            adviser[name] = value
        elif name in reason:
            reason[name] = value
        else:
            told[name] = value
    return told


def local(told: dict) -> list[str]:
    return [f"{at.astimezone(PARIS):%H:%M}" for at in offered(told)]


def test_a_booking_with_its_buffers_moves_the_grid_to_where_the_free_time_begins_again():
    taken = {"start": "2026-05-04T07:30:00Z", "end": "2026-05-04T07:50:00Z", "before": 0, "after": 5, "state": "booked"}
    assert local(one_adviser()) == ["09:00", "09:30", "10:00", "10:30"]
    assert local(one_adviser(bookings=[taken])) == ["09:00", "09:55", "10:25"]
    assert local(one_adviser(bookings=[taken], before=5)) == ["09:00", "10:00", "10:30"]
    assert local(one_adviser(bookings=[taken], after=5)) == ["09:55", "10:25"]


def test_hours_that_touch_are_one_opening_and_a_day_that_is_full_offers_nothing_more():
    halves = [{"days": ["mon"], "from": "09:00", "to": "09:45"}, {"days": ["mon"], "from": "09:45", "to": "10:30"}]
    assert local(one_adviser(weekly=halves)) == ["09:00", "09:30", "10:00"]
    taken = {"start": "2026-05-04T07:00:00Z", "end": "2026-05-04T07:30:00Z", "state": "booked"}
    assert local(one_adviser(bookings=[taken], max_per_day=1)) == []
    assert local(one_adviser(bookings=[taken], max_per_day=2)) == ["09:30", "10:00", "10:30"]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"weekly": [{"days": ["mon"], "from": "17:00", "to": "09:00"}]}, "ends before it starts"),
        ({"weekly": [{"days": ["mon"], "from": "09:00", "to": "25:00"}]}, "pattern"),
        ({"exceptions": [{"date": "2026-05-04", "hours": []}, {"date": "2026-05-04", "hours": []}]}, "one date"),
        ({"busy": [["2026-05-04T09:00:00Z", "2026-05-04T08:00:00Z"]]}, "ends before it starts"),
        ({"bookings": [{"start": "2026-05-04T09:00:00Z", "end": "2026-05-04T09:00:00Z"}]}, "ends before it starts"),
        ({"minutes": 0}, "greater than or equal to 1"),
        ({"to": "2036-05-04"}, "at most 366 days"),
        ({"to": "2026-05-03"}, "before the first"),
        ({"zone": "Europe/Lutece"}, "zone"),
        ({"with": "Bruno"}, "nobody"),
        ({"now": "2026-05-01T00:00:00"}, "timezone"),
    ],
)  # fmt: skip
def test_a_shop_that_cannot_be_is_refused_in_words(changes, why):
    with pytest.raises(BadScenario, match=why):
        offered(one_adviser(**changes))


def test_the_command_answers_in_json_without_a_database_and_refuses_what_is_no_scenario(tmp_path):
    def run(content: str):
        file = tmp_path / "shop.json"
        file.write_text(content)
        asked = [sys.executable, "-P", "-m", "egard.site.cli", "visits", "slots", str(file), "--json"]
        at = {**os.environ, "EGARD_DATA": str(tmp_path / "none")}
        return subprocess.run(asked, capture_output=True, text=True, check=False, env=at)

    done = run(json.dumps(one_adviser(minutes=60, step_minutes=60)))
    assert json.loads(done.stdout) == {"slots": ["2026-05-04T07:00:00Z", "2026-05-04T08:00:00Z"]}
    assert not (tmp_path / "none").exists()
    for content in ("[]", "[" * 100_000, json.dumps(one_adviser(minutes="ten"))):
        done = run(content)
        assert done.returncode == 1, done
        assert "shop.json" in done.stderr + done.stdout
