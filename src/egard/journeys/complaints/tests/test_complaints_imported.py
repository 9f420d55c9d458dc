"""Real complaints from a file: each is a case, once, and nothing is said of it that the file does not say."""

from __future__ import annotations

import csv
import gzip
import shutil
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from egard.journeys.complaints import queries
from egard.journeys.complaints.models import Complaint
from egard.kernel.cases.history import rebuilt
from egard.kernel.lifecycle.imports import import_file
from egard.kernel.promises.models import Promise

ROOT = Path(__file__).resolve().parents[5]
MAP = ROOT / "examples" / "maps" / "cfpb-complaints.yaml"
SHIPPED = ROOT / "examples" / "data" / "cfpb-complaints.csv.gz"
WHOLE = ROOT.parent / "shared" / "data" / "cfpb-complaints" / "complaints.csv.gz"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)

pytestmark = pytest.mark.django_db(transaction=True)
absent = pytest.mark.skipif(not WHOLE.exists(), reason=f"the real file is not beside the repository ({WHOLE.name})")


@pytest.mark.parametrize("source", [SHIPPED, pytest.param(WHOLE, marks=absent)], ids=["extract", "whole"])
def test_real_complaints_are_kept_as_those_of_nobody_known(source, tmp_path, me, everything):
    path = tmp_path / source.name
    shutil.copy(source, path)
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    told = import_file("complaints", path, map_path=MAP, by=me, now=NOW).data()
    assert (told["rows"], told["imported"], told["rejected"], told["complaints"]) == (
        len(rows),
        len(rows),
        0,
        len(rows),
    )
    open_ones = sum(row["Company response to consumer"] == "In progress" for row in rows)
    assert Counter(Complaint.objects.values_list("case__status", flat=True))["open"] == open_ones
    assert Counter(Complaint.objects.values_list("channel", flat=True))["post"] == sum(
        row["Submitted via"] == "Postal mail" for row in rows
    )
    said = {
        (row.case.snapshot["data"].get("words", ""), f"{row.received_at:%Y-%m-%d}")
        for row in Complaint.objects.select_related("case")
    }
    assert said >= {
        (
            row["Consumer complaint narrative"].strip(),
            "-".join(part.zfill(2) for part in row["Date received"].split("/")),
        )
        for row in rows[:50]
    }
    # Open ones were promised an answer that never came; of the others the file does not say when it did.
    states = Counter(Promise.objects.values_list("state", flat=True))
    assert set(states) <= {"released", "broken"}
    assert states["broken"] == 2 * open_ones
    assert queries.figures(everything, now=NOW).once.n == 0
    for row in Complaint.objects.select_related("case")[:20]:
        assert rebuilt(row.case_id) == row.case.snapshot
    before = list(Complaint.objects.order_by("pk").values_list("pk", "case__version"))
    again = import_file("complaints", path, map_path=MAP, by=me, now=NOW).data()
    assert (again["imported"], again["unchanged"], again["complaints"]) == (0, len(rows), len(rows))
    assert before == list(Complaint.objects.order_by("pk").values_list("pk", "case__version"))


def test_a_row_that_contradicts_itself_comes_back_with_its_reason(tmp_path, me):
    path, map_path = tmp_path / "c.csv", tmp_path / "map.yaml"
    path.write_text(
        "n,received,answered,closed,what,words,category,outcome,contact,channel,mail\n"
        "1,2026-03-02,2026-03-04,2026-03-05,,My kettle leaks,product,satisfied,,shop,\n"
        "2,2026-03-02,2026-03-01,,,Too early,product,,,shop,\n"
        "3,2026-03-02,,,,Odd,nosuch,,,shop,\n"
        "4,2026-03-02,,,,Odd,product,nosuch,,shop,\n"
        ",2026-03-02,,,,Odd,product,,,shop,\n"
        "1,2026-03-03,,,,Another story,product,,,shop,\n"
        "5,2026-03-02,2026-03-04,2026-03-05,,Hers,product,satisfied,,shop,anne@example.org\n"
    )
    fields = {"number": "n", "received_at": "received", "answered_at": "answered", "closed_at": "closed",
              "subject": "what", "person.email": "mail",
              **{name: name for name in ("words", "category", "outcome", "contact", "channel")}}  # fmt: skip
    lines = "".join(f"  {field}: {column}\n" for field, column in fields.items())
    map_path.write_text(f"kind: complaints\nanonymous: keep\ncolumns:\n{lines}")
    told = import_file("complaints", path, map_path=map_path, by=me, now=NOW).data()
    assert (told["imported"], told["people"]) == (2, 1)
    assert told["reasons"] == {
        "complaints.before_received": 1,
        "import.bad_case_field": 1,
        "complaints.unknown_outcome": 1,
        "import.empty": 1,
        "import.case_changed": 1,
    }
    states = Counter(Promise.objects.values_list("kind", "state"))
    assert states[("complaints.answer", "kept")] == 2
    assert Complaint.objects.get(case__person__isnull=False).case.person.identifiers.get().value == "anne@example.org"
