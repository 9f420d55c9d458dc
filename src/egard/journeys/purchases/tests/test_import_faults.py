"""An import that is killed, and a file that is huge."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time

import pytest
from django.db import connection

from egard.journeys.purchases.models import Value
from egard.journeys.purchases.tests.test_imports import DEEP, HEAD, MAP
from egard.journeys.purchases.tests.test_imports import bring as bring_fixture
from egard.kernel.people.models import Identifier, Person
from egard.kernel.timeline.models import Fact

pytestmark = pytest.mark.django_db
bring = bring_fixture


def _own_database():
    """The environment in which another process finds this test's database."""
    database = connection.settings_dict
    address = f"postgresql://{database['USER']}:{database['PASSWORD']}@/{database['NAME']}?host={database['HOST']}&port={database['PORT']}"
    env = os.environ | {"DATABASE_URL": address, "DJANGO_SETTINGS_MODULE": "egard.site.settings"}
    env["PYTHONPATH"] = os.pathsep.join(sys.path)
    return env


def _facts_and_numbers():
    """In one look: the killed process's last batch may be committed a moment later."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select (select count(*) from timeline_fact),"
            " (select count(*) from people_identifier where kind = 'order_number')"
        )
        return cursor.fetchone()


@pytest.mark.fault
@pytest.mark.django_db(transaction=True)
def test_an_import_killed_anywhere_and_run_again_is_one_import(tmp_path, bring):
    """kill -9 at random moments; then the same file once more gives what one run gives."""
    seed = int(os.environ.get("EGARD_SEED", "0")) or random.randrange(10**6)
    print(f"EGARD_SEED={seed}")
    chance = random.Random(seed)
    text = HEAD + "".join(
        f"{o},2026-01-05 10:{n % 60:02d},{o % 401},A{n % 50},Thing {n % 50},{n % 4},{n % 97}.50\n"
        for n in range(24_000)
        for o in (n * 7919 % 3001,)
    )
    (tmp_path / "orders.csv").write_text(text)
    (tmp_path / "map.yaml").write_text(MAP)
    script = (
        "import django; django.setup()\n"
        "from pathlib import Path\n"
        "from egard.base.clock import utc_now\n"
        "from egard.journeys.purchases import imports; imports.ORDERS = 50\n"
        "from egard.kernel.access.actors import system\n"
        "from egard.kernel.lifecycle.imports import import_file\n"
        f"folder = Path({str(tmp_path)!r})\n"
        "import_file('purchases', folder / 'orders.csv', map_path=folder / 'map.yaml', by=system('x'), now=utc_now())\n"
    )
    env = _own_database()
    reached: list[int] = []
    for _kill in range(12 if DEEP else 3):
        process = subprocess.Popen([sys.executable, "-c", script], env=env)
        held, deadline = Fact.objects.count(), time.monotonic() + 60
        if chance.random() < 0.8:  # else it is killed while it starts or reads
            while Fact.objects.count() == held and process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.005)
        time.sleep(chance.random() * 0.1)
        process.send_signal(signal.SIGKILL)
        process.wait()
        facts, numbers = _facts_and_numbers()
        assert facts == numbers, "half a batch"
        reached.append(facts)
    assert any(0 < count < 3001 for count in reached), f"no kill came in the middle: {reached}"
    # A killed connection may hold its batch for a moment.
    summary = bring(text)
    assert summary.tally.rejected == 0
    assert summary.tally.imported + summary.tally.unchanged == 24_000
    assert Fact.objects.count() == 3001
    assert Person.objects.count() == len({n % 401 for n in range(3001)})
    assert Identifier.objects.filter(kind="order_number").count() == 3001
    wanted = sum((n % 4) * (n % 97 * 100 + 50) for n in range(24_000))
    assert sum(Value.objects.values_list("spent_minor", flat=True)) == wanted
    assert bring(text).tally.facts == 0


@pytest.mark.deep
def test_a_file_of_2_gigabytes_is_tried_in_flat_memory(tmp_path):
    """Read, checked, staged and told apart without a row written; a child process, so that its memory is its own."""
    path, mapped = tmp_path / "orders.csv", tmp_path / "map.yaml"
    mapped.write_text(MAP)
    label = "x" * 150
    with path.open("w") as file:
        file.write(HEAD)
        for n in range(10_000_000):
            file.write(f"{n // 10},2026-01-05 10:30,{n // 10 % 1_000_000},A{n % 5000},{label},1,{n % 97}.50\n")
    assert path.stat().st_size > 1_900_000_000
    script = (
        "import django; django.setup()\n"
        "import resource\n"
        "from pathlib import Path\n"
        "from egard.base.clock import utc_now\n"
        "from egard.kernel.access.actors import system\n"
        "from egard.kernel.lifecycle.imports import import_file\n"
        f"folder = Path({str(tmp_path)!r})\n"
        "told = import_file('purchases', folder / 'orders.csv', map_path=folder / 'map.yaml', by=system('x'),"
        " now=utc_now(), dry_run=True)\n"
        "assert (told.tally.rows, told.tally.imported) == (10_000_000, 10_000_000), told.tally\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env=_own_database(), capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 600, "megabytes"
