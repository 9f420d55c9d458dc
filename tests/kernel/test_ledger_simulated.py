"""The ledger under clients that are killed with SIGKILL, from a seed: what was acknowledged is there, and once."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from django.db import connection

DEEP = os.environ.get("EGARD_DEEP") == "1"


def server() -> str:
    """This test's own database, as the command is told of it."""
    held = connection.settings_dict
    values = {"dbname": held["NAME"], "user": held["USER"], "password": held["PASSWORD"]}
    values |= {"host": held["HOST"], "port": held["PORT"]}
    return " ".join(f"{name}='{value}'" for name, value in values.items() if value)


@pytest.mark.fault
@pytest.mark.django_db(transaction=True)
def test_whoever_is_killed_whenever_the_books_are_right():
    seeds = 1000 if DEEP else 20
    done = subprocess.run(
        [sys.executable, "-m", "egard.site.cli", "simulate", "ledger", "--seed", "1", "--seeds", str(seeds), "--json"],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"DATABASE_URL": server()},
    )
    assert done.stdout, done.stderr[-3000:]
    told = json.loads(done.stdout)
    assert (done.returncode, told["ok"], told["violations"]) == (0, True, []), done.stderr[-3000:]
    assert told["operations"] == seeds * 75
    assert told["kills"] >= seeds * 2
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from ledger_transfer")
        assert cursor.fetchone()[0] == 0, "it works in tables of its own"
        cursor.execute("select count(*) from pg_namespace where nspname = 'egard_simulation'")
        assert cursor.fetchone()[0] == 0, "and takes them away"
