"""`egard import` as a person and as a program use it: words, JSON, exit codes."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from egard.kernel.people.models import Person
from egard.kernel.timeline.models import Fact
from egard.site import cli
from egard.site.commands import imports

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def bring(tmp_path, monkeypatch):
    """Runs the command on a small file, over the test's own database."""
    from contextlib import nullcontext

    monkeypatch.setattr(imports, "product", nullcontext)

    def run(kind, text, *options):
        path = tmp_path / "clients.csv"
        path.write_text(text)
        # As `main` does: the answer's number is the exit code, refusals come out as they are.
        return CliRunner().invoke(cli.egard, ["import", kind, str(path), *options], standalone_mode=False)

    return run


LIST = "identifiers.email,given_name\nanne@example.org,Anne\n"


def test_all_rows_in_is_exit_0_with_words_on_what_was_recognised(bring):
    done = bring("people", LIST)
    assert done.return_value == 0
    assert "CSV; encoding utf-8; cells set apart by commas" in done.output
    assert "1 rows: 1 imported, 0 known already, 0 rejected." in done.output
    assert Person.objects.get().given_name == "Anne"


def test_some_rows_rejected_is_exit_3_and_json_says_where_they_are(bring, tmp_path):
    done = bring("people", LIST + "nobody,Bob\n", "--json")
    assert done.return_value == 3
    told = json.loads(done.output)
    assert {key: told[key] for key in ("rows", "imported", "unchanged", "rejected", "people", "facts", "reasons")} == {
        "rows": 2,
        "imported": 1,
        "unchanged": 0,
        "rejected": 1,
        "people": 1,
        "facts": 0,
        "reasons": {"people.bad_identifier": 1},
    }
    assert told["detected"]["separator"] == ","
    assert told["rejects_file"] == str(tmp_path / "clients.csv.rejects.csv")


def test_a_dry_run_writes_nothing(bring):
    done = bring("people", LIST, "--dry-run")
    assert done.return_value == 0
    assert "1 would be imported" in done.output
    assert not Person.objects.exists()


def test_news_are_for_reactions_only_when_asked(bring, tmp_path):
    mapped = tmp_path / "map.yaml"
    mapped.write_text(
        "columns: {kind: {constant: purchases.made/1}, key: k, at: t, person.email: e, data.order_number: k,"
        " data.total.amount: {constant: '5'}, data.total.currency: {constant: EUR}}"
    )
    bring("events", "k,t,e\n1,2026-01-01,a@example.org\n", "--map", str(mapped))
    bring("events", "k,t,e\n2,2026-01-01,a@example.org\n", "--map", str(mapped), "--live")
    assert dict(Fact.objects.values_list("key", "history")) == {"1": True, "2": False}


def test_what_is_refused_names_its_code(bring):
    assert bring("people", "x,y\n1,2\n").exception.code == "import.no_fields"
    assert bring("unicorns", LIST).exception.code == "import.unknown_kind"
    assert bring("people", LIST, "--map", "nowhere.yaml").exception.code == "import.bad_map"


def test_a_map_that_ships_is_found_by_its_name(bring):
    done = bring("purchases", "a,b\n1,2\n", "--map", "online-retail.yaml")
    assert done.exception.code == "tables.missing_columns"


def test_wrong_usage_is_told_by_click(bring):
    from click import UsageError

    assert isinstance(bring("people", LIST, "--batch", "0").exception, UsageError)
