"""The `egard` command as a person and as a program use it: answers, words, exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from uuid import UUID

import click
import pytest

from egard.site import cli, postgres
from egard.site.commands import keys


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """An installation of its own, its database up for as long as this module runs."""
    data = tmp_path_factory.mktemp("place") / "var"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EGARD_DATA", str(data))
        patch.setenv("EGARD_LANGUAGE", "en")
        patch.setenv("EGARD_POSTGRES_FSYNC", "off")
        for name in ("DATABASE_URL", "EGARD_TEST_TEMPLATE"):
            patch.delenv(name, raising=False)
        with postgres.embedded():
            yield data


@pytest.fixture
def egard(place):
    environment = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "EGARD_TEST_TEMPLATE")}
    environment |= {"EGARD_DATA": str(place), "EGARD_LANGUAGE": "en"}

    def run(*arguments, typed=None):
        return subprocess.run(
            [sys.executable, "-P", "-m", "egard.site.cli", *arguments],
            input=typed,
            stdin=subprocess.DEVNULL if typed is None else None,
            capture_output=True,
            text=True,
            env=environment,
            check=False,
        )

    return run


def answer(done):
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_help_names_every_command_and_loads_no_framework():
    code = (
        "import sys; sys.argv = ['egard', '--help']\nfrom egard.site.cli import main\n"
        "try: main()\nexcept SystemExit as end: assert not end.code\n"
        "assert not {'django.db', 'psycopg', 'granian'} & set(sys.modules), 'heavy'"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    for name in ("serve", "web", "worker", "migrate", "demo", "user", "apikey", "people", "check"):
        assert f"\n  {name} " in done.stdout
    assert "prepare" not in done.stdout


def test_every_command_has_help():
    for name in cli.COMMANDS:
        if cli._module(name):
            command = cli.egard.get_command(None, name)
            assert command.help, name


def test_a_key_is_shown_once_and_only_its_hash_is_kept(egard, place):
    key = answer(egard("apikey", "create", "--name", "till", "--scopes", "people.read,people.edit", "--json"))["key"]
    assert key.startswith("egard_")
    assert answer(egard("apikey", "create", "--name", "till", "--scopes", "all", "--json"))["key"] != key


@pytest.mark.parametrize("expires", ["90d", "2999-01-31", "2999-01-31T10:00:00Z"])
def test_a_key_ends_at_a_day_to_come(expires):
    moment = keys.Moment().convert(expires, None, None)
    assert moment > datetime.now(UTC)


@pytest.mark.parametrize("expires", ["2020-01-01", "tomorrow", "2027-02-30", "2999-01-31T10:00:00", "100000d", ""])
def test_a_day_that_is_past_or_none_is_wrong_usage(expires):
    with pytest.raises(click.BadParameter):
        keys.Moment().convert(expires, None, None)


def test_a_refusal_is_words_for_people_and_a_problem_for_programs(egard):
    words = egard("apikey", "create", "--name", "till", "--scopes", "everything")
    assert (words.returncode, words.stdout) == (1, "")
    assert "“everything” is not a permission" in words.stderr
    problem = egard("apikey", "create", "--name", "till", "--scopes", "everything", "--json")
    assert problem.returncode == 1
    assert json.loads(problem.stdout)["code"] == "access.unknown_scope"


def test_a_refusal_before_anything_is_loaded_is_a_problem_too(tmp_path):
    done = subprocess.run(
        [sys.executable, "-P", "-m", "egard.site.cli", "migrate", "--json"],
        capture_output=True,
        text=True,
        check=False,
        env={
            **os.environ,
            "EGARD_DATA": str(tmp_path / "var"),
            "EGARD_POSTGRES_BIN": str(tmp_path),
            "DATABASE_URL": "",
        },
    )
    assert done.returncode == 1
    assert json.loads(done.stdout)["code"] == "site.no_postgres"


@pytest.mark.parametrize(
    "arguments",
    [
        ("check",),
        ("people", "export", "customer_number:17850"),
        ("import", "people", "clients.csv"),
        ("apikey", "create", "--name", "till", "--scopes", "all"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_a_command_run_elsewhere_refuses_and_makes_no_second_installation(tmp_path, arguments):
    environment = {k: v for k, v in os.environ.items() if k not in ("EGARD_DATA", "DATABASE_URL")}
    for chosen, folder in (((), "var"), (("--data", "nowhere"), "nowhere")):
        done = subprocess.run(
            [sys.executable, "-P", "-m", "egard.site.cli", *chosen, *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            env=environment,
        )
        assert done.returncode == 1
        assert f"There is no Egard data in {tmp_path / folder}. " in done.stderr
        assert f"egard --data DIR {arguments[0]}" in done.stderr
        assert list(tmp_path.iterdir()) == []


def test_the_folder_of_the_data_may_be_named_before_any_command(egard, place, tmp_path):
    named = egard("--data", str(tmp_path / "nowhere"), "check", "--json")
    assert json.loads(named.stdout)["code"] == "site.no_data"
    assert json.loads(egard("--data", str(place), "check", "--json").stdout)["database"] == "embedded"


def test_wrong_usage_is_exit_2(egard):
    assert egard("apikey", "create").returncode == 2
    assert egard("nothing").returncode == 2
    assert egard("serve", "--port", "70000").returncode == 2


def test_a_user_is_made_from_a_password_on_the_standard_input(egard):
    made = answer(
        egard(
            *(
                "user",
                "create",
                "Paul@example.org",
                "--role",
                "adviser",
                "--scope",
                "site",
                "--password-stdin",
                "--json",
            ),
            typed="un bon mot de passe\n",
        )
    )
    assert UUID(made["id"])
    again = egard("user", "create", "paul@example.org", "--role", "adviser", "--password-stdin", typed="x" * 20 + "\n")
    assert again.returncode == 1
    assert "already exists" in again.stderr


def test_who_forgot_her_password_gets_another_one(egard):
    create = ("user", "create", "ada@example.org", "--role", "adviser", "--password-stdin")
    assert egard(*create, typed="un bon mot de passe\n").returncode == 0
    new = ("user", "password", "Ada@example.org", "--password-stdin")
    assert answer(egard(*new, "--json", typed="une autre phrase\n"))["email"] == "ada@example.org"
    weak = egard(*new, typed="court\n")
    assert weak.returncode == 1
    assert "cannot be used" in weak.stderr
    nobody = egard("user", "password", "nobody@example.org", "--password-stdin", typed="une autre phrase\n")
    assert nobody.returncode == 1
    assert "Nobody signs in" in nobody.stderr


def test_an_unknown_role_makes_no_user(egard):
    refused = egard(
        "user", "create", "zoe@example.org", "--role", "pilot", "--password-stdin", typed="un bon mot de passe\n"
    )
    assert refused.returncode == 1
    made = egard(
        "user", "create", "zoe@example.org", "--role", "adviser", "--password-stdin", typed="un bon mot de passe\n"
    )
    assert made.returncode == 0, made.stderr


def test_nobody_to_ask_for_a_password_is_said(egard):
    done = egard("user", "create", "eve@example.org", "--role", "adviser")
    assert done.returncode == 1
    assert "--password-stdin" in done.stderr


def test_what_is_held_on_a_person_is_exported_then_erased(egard, place):
    make = (
        "from egard.site.commands import product\n"
        "with product():\n"
        "    from egard.base.clock import utc_now\n"
        "    from egard.kernel.access.actors import system\n"
        "    from egard.kernel.people.operations import create_person\n"
        "    person = create_person(given_name='Anne', family_name='Le Gall',\n"
        "        identifiers=[('customer_number', '17850')], by=system('test'), now=utc_now())\n"
        "    print(person.uuid)\n"
    )
    uuid = subprocess.run(
        [sys.executable, "-c", make],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "EGARD_DATA": str(place)},
    ).stdout.strip()
    held = answer(egard("people", "export", "customer_number:17850", "--json"))
    assert held["people"]["family_name"] == "Le Gall"
    seen = answer(egard("people", "sights", uuid, "--json"))["sights"]
    assert [(s["actor"], s["kind"], s["channel"]) for s in seen] == [("system:command", "export", "command")]
    assert egard("people", "erase", uuid).returncode == 130  # nobody there to say yes
    assert answer(egard("people", "erase", uuid, "--yes", "--json")) == {"id": uuid, "erased": True}
    gone = egard("people", "export", "customer_number:17850")
    assert gone.returncode == 1
    assert "0 people" in gone.stderr
    assert egard("people", "export", "not-an-id").returncode == 2


def test_check_says_that_all_is_well(egard):
    assert answer(egard("migrate", "--json"))["applied"] == []
    said = answer(egard("check", "--json"))
    assert said["ok"] is True
    assert said["database"] == "embedded"
    assert 15 <= said["postgresql"] <= 18


def test_two_people_are_merged_and_parted_from_the_shell(place, egard):
    make = (
        "import django; django.setup()\n"
        "from egard.base.clock import utc_now\n"
        "from egard.kernel.access.actors import system\n"
        "from egard.kernel.people.operations import create_person\n"
        "for name, number in (('Anne', 'M1'), ('Nan', 'M2')):\n"
        "    ways = [('customer_number', number), ('phone', '0639980001')]\n"
        "    create_person(given_name=name, identifiers=ways, by=system('test'), now=utc_now())\n"
    )
    with postgres.embedded():
        subprocess.run(
            [sys.executable, "-c", make], check=True, env=os.environ | {"DJANGO_SETTINGS_MODULE": "egard.site.settings"}
        )
    [pair] = answer(egard("people", "duplicates", "--json"))["pairs"]
    assert pair["reasons"] == ["identifier phone", "other_name"]
    done = answer(
        egard("people", "merge", "customer_number:M1", "customer_number:M2", "--reason", "one phone", "--json")
    )
    assert (done["survivor"], done["absorbed"]) == (pair["survivor"], pair["absorbed"])
    again = egard("people", "merge", "customer_number:M1", done["absorbed"], "--json")
    assert (again.returncode, json.loads(again.stdout)["code"]) == (1, "people.already_merged")
    assert answer(egard("people", "unmerge", done["id"], "--json"))["id"] == done["id"]
    assert answer(egard("people", "duplicates", "--json"))["pairs"] == []  # whoever parts them says that they are two


def test_check_says_in_plain_words_what_is_wrong_with_the_books(place, egard):
    spoil = (
        "import django; django.setup()\n"
        "from django.db import connection\n"
        "from egard.base.clock import utc_now\n"
        "from egard.kernel.access.actors import system\n"
        "from egard.kernel.ledger.operations import open_account, transfer\n"
        "who = {'by': system('test'), 'now': utc_now()}\n"
        "house = open_account('house', unit='EUR', kind='equity', **who)\n"
        "purse = open_account('purse', unit='EUR', kind='liability', limit='no_negative', **who)\n"
        "transfer(debit=house, credit=purse, amount=500, key='one', **who)\n"
        "connection.cursor().execute('update ledger_sum set credits_posted = 700 where limited')\n"
    )
    with postgres.embedded():
        subprocess.run(
            [sys.executable, "-c", spoil],
            check=True,
            env=os.environ | {"DJANGO_SETTINGS_MODULE": "egard.site.settings"},
        )
    said = egard("check", "--json")
    assert said.returncode == 1
    found = {one["name"]: one["found"] for one in json.loads(said.stdout)["checks"]}
    assert found["ledger.sums"] == ["In EUR, €5.00 is debited and €7.00 is credited: they must be equal."]
    assert found["ledger.entries"] == ["purse (EUR): its credits add up to €5.00, and €7.00 is kept."]
    assert not found["ledger.pending"]
