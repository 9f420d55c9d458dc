"""Work that another system wrote down becomes cases here: every row, to the minute, and once."""

from __future__ import annotations

import csv
import gzip
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

import pytest
from django.db import connection

from egard.kernel.access.actors import system
from egard.kernel.access.queries import system_viewer
from egard.kernel.cases import operations, outside
from egard.kernel.cases.history import events_of, rebuilt
from egard.kernel.cases.models import Case, CaseEvent
from egard.kernel.lifecycle.imports import import_file
from egard.kernel.promises.models import Notice, Promise, PromiseEvent
from egard.kernel.promises.rules import Happened, replay
from egard.kernel.promises.sweeping import sweep
from egard.kernel.promises.writing import clock_of, terms_of

ROOT = Path(__file__).resolve().parents[3]
FILE = ROOT.parent / "shared" / "data" / "itsm-incidents-uci498" / "incident_event_log.csv.gz"
MAP = ROOT / "examples" / "maps" / "itsm-incidents.yaml"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
BY = system("test")
HEAD = "number,incident_state,opened_at,sys_updated_at,contact_type,category,priority,assignment_group\n"

pytestmark = pytest.mark.django_db(transaction=True)


def brought_in(path, **more):
    return import_file("cases", path, map_path=MAP, by=BY, now=NOW, **more)


def file_of(tmp_path, *rows, name="log.csv"):
    path = tmp_path / name
    path.write_text(HEAD + "".join(f"{row},Phone,Category 1,3 - Moderate,Group 7\n" for row in rows))
    return path


def in_the_database():
    return {
        table: connection.cursor().execute(f"select array_agg(xmin::text || ctid::text) from {table}").fetchone()
        for table in ("cases_case", "cases_event", "promises_promise", "promises_event")
    }


def counted():
    """From the file, by a few lines that share nothing with the product."""
    found = dict.fromkeys(("cases", "closures", "reopenings", "reassignments", "pauses", "paused_minutes"), 0)
    with gzip.open(FILE, "rt", encoding="utf-8", newline="") as file:
        for _number, rows in groupby(csv.DictReader(file), key=lambda row: row["number"]):
            found["cases"] += 1
            state = group = since = None
            for row in rows:
                at = datetime.strptime(row["sys_updated_at"], "%d/%m/%Y %H:%M").replace(tzinfo=UTC)
                to, team = row["incident_state"], row["assignment_group"]
                found["closures"] += to == "Closed" and state != "Closed"
                found["reopenings"] += state in ("Resolved", "Closed") and to not in ("Resolved", "Closed")
                found["reassignments"] += group is not None and "?" not in (group, team) and group != team
                if to == "Awaiting User Info" and since is None:
                    since, found["pauses"] = at, found["pauses"] + 1
                elif to != "Awaiting User Info" and since is not None:
                    found["paused_minutes"] += int((at - since).total_seconds()) // 60
                    since = None
                state, group = to, team
    return found


@pytest.mark.skipif(not FILE.exists(), reason=f"the real log is not beside the repository ({FILE.name})")
def test_a_real_help_desk_is_replayed_to_the_minute_and_a_second_time_changes_nothing(tmp_path):
    path = tmp_path / FILE.name
    path.write_bytes(FILE.read_bytes())
    summary = brought_in(path)
    told = summary.data()
    assert {name: told[name] for name in counted()} == counted()
    assert (told["rows"], told["imported"], told["rejected"]) == (29_893, 29_893, 0)
    assert Case.objects.count() == told["cases"] == 5167
    assert CaseEvent.objects.filter(kind="closed").count() == told["closures"]
    states = dict(Promise.objects.values_list("state").order_by("state").distinct("state").values_list("state", "kind"))
    assert states == {"broken": "cases.replayed", "kept": "cases.replayed"}
    assert PromiseEvent.objects.filter(what="paused").count() > 900
    assert not Notice.objects.exists()
    for case in Case.objects.order_by("?")[:60]:
        assert rebuilt(case.pk) == case.snapshot
    for promise in Promise.objects.order_by("?").prefetch_related("events")[:100]:
        events = [Happened(e.what, e.at, e.due_at, e.level) for e in sorted(promise.events.all(), key=lambda e: e.n)]
        assert replay(events, terms_of(promise)) == clock_of(promise)
    before = in_the_database()
    again = brought_in(path).data()
    assert (again["imported"], again["unchanged"]) == (0, 29_893)
    assert {name: again[name] for name in counted()} == counted()
    assert in_the_database() == before


def test_a_replayed_case_is_what_the_same_acts_give_on_a_live_one(tmp_path):
    """The bulk way and the way of every day meet: steps, clocks, due moments, to the second."""
    rows = (
        "INC1,New,2/5/2016 09:00,2/5/2016 09:10",
        "INC1,Active,2/5/2016 09:00,2/5/2016 11:00",
        "INC1,Awaiting User Info,2/5/2016 09:00,3/5/2016 08:00",
        "INC1,Active,2/5/2016 09:00,6/5/2016 08:00",
        "INC1,Resolved,2/5/2016 09:00,20/5/2016 08:00",
        "INC1,Active,2/5/2016 09:00,21/5/2016 08:00",
        "INC1,Closed,2/5/2016 09:00,23/5/2016 08:00",
    )
    brought_in(file_of(tmp_path, *rows))
    past = Case.objects.get()

    def at(day, hour, minute=0):
        return datetime(2016, 5, day, hour, minute, tzinfo=UTC)

    viewer, more = system_viewer("test"), {"number": "INC1", "category": "Category 1", "priority": "3 - Moderate"}
    live = operations.open_case(viewer, "incident", data=more, channel="phone", now=at(2, 9)).uuid
    operations.edit_data(viewer, live, {"status": "new", "group": "Group 7"}, now=at(2, 9, 10))
    for name, when in (("open", at(2, 11)), ("paused", at(3, 8)), ("open", at(6, 8)), ("resolved", at(20, 8))):
        sweep(now=when)
        operations.edit_data(viewer, live, {"status": name}, now=when)
        if name in ("open", "resolved"):
            outside.tell_case(viewer, live, name, key=f"{name}{when}", now=when)
    operations.edit_data(viewer, live, {"status": "open"}, now=at(21, 8))
    operations.redo_step(viewer, live, "solve", reason="again", now=at(21, 8))
    operations.edit_data(viewer, live, {"status": "closed"}, now=at(23, 8))
    operations.close_case(viewer, live, override="all the same", now=at(23, 8))
    one, other = past.snapshot, Case.objects.get(uuid=live).snapshot
    for part in ("status", "data", "stages", "opened_at", "closed_at"):
        assert one[part] == other[part], part
    assert {k: (s["state"], s["n"], s["at"]) for k, s in one["steps"].items()} == {
        k: (s["state"], s["n"], s["at"]) for k, s in other["steps"].items()
    }
    mine, theirs = (Promise.objects.get(subject=f"case:{uuid}/answer") for uuid in (past.uuid, live))
    assert mine.state == theirs.state == "broken"  # nobody answered within three days, the days of waiting left out
    assert mine.first_due_at == datetime(2016, 5, 6, 16, tzinfo=UTC)  # the fifth was Ascension Day
    assert (mine.due_at, mine.kept_at) == (theirs.due_at, theirs.kept_at)


def test_a_case_of_which_a_row_is_refused_comes_back_whole_with_the_reason(tmp_path):
    path = file_of(
        tmp_path,
        "INC1,New,2/5/2016 09:00,2/5/2016 09:10",
        "INC1,Asleep,2/5/2016 09:00,2/5/2016 09:20",
        "INC2,New,2/5/2016 09:00,2/5/2016 10:10",
        "INC3,New,2/5/2016 09:00,2/5/2016 10:10",
        "INC3,Active,2/5/2016 09:00,1/5/2016 10:10",
        "INC4,New,2/5/2016 09:00,32/5/2016 10:10",
        "INC2,Closed,2/5/2016 09:00,2/5/2016 12:10",
    )
    summary = brought_in(path)
    told = summary.data()
    with summary.rejects.open(encoding="utf-8-sig", newline="") as file:
        found = {(row["line"], row["reason"]) for row in csv.DictReader(file)}
    assert found == {
        ("2", "import.case_incomplete"),
        ("3", "import.bad_status"),
        ("5", "import.back_in_time"),
        ("6", "import.back_in_time"),
        ("7", "no_such_date"),
    }
    assert (told["rows"], told["imported"], told["rejected"], told["cases"], told["closures"]) == (7, 2, 5, 1, 1)
    assert [case.snapshot["data"]["number"] for case in Case.objects.all()] == ["INC2"]


def test_a_case_that_is_here_keeps_its_history_whatever_a_later_file_says(tmp_path):
    first = file_of(tmp_path, "INC1,New,2/5/2016 09:00,2/5/2016 09:10")
    brought_in(first)
    case = Case.objects.get()
    operations.write_note(system_viewer("test"), case.uuid, "We look at it", now=NOW)
    assert brought_in(first).data()["unchanged"] == 1  # worked on since, and known all the same
    later = file_of(tmp_path, "INC1,Closed,2/5/2016 09:00,2/5/2016 09:10", name="later.csv")
    told = brought_in(later).data()
    assert (told["rejected"], told["reasons"]) == (1, {"import.case_changed": 1})
    assert [one["kind"] for one in events_of(case.pk)][-1] == "noted"


def test_a_dry_run_counts_and_writes_nothing(tmp_path):
    path = file_of(tmp_path, "INC1,New,2/5/2016 09:00,2/5/2016 09:10", "INC1,Closed,2/5/2016 09:00,2/5/2016 10:10")
    told = brought_in(path, dry_run=True).data()
    assert (told["cases"], told["closures"], told["imported"]) == (1, 1, 2)
    assert not Case.objects.exists()
    assert not Promise.objects.exists()
