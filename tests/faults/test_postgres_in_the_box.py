"""The embedded server starts, stops and recovers by itself, whatever was killed."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from egard.base.refusal import Refusal
from egard.site import binaries, paths, postgres, processes

pytestmark = pytest.mark.fault

HOLD = """
import sys
from egard.site.postgres import embedded
with embedded():
    print("up", flush=True)
    sys.stdin.readline()
print("left", flush=True)
"""


@pytest.fixture
def data(monkeypatch):
    """A place for data whose name has a space, and nothing left running on it afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="egard box "))
    monkeypatch.setenv("EGARD_DATA", str(folder / "var"))
    monkeypatch.setenv("EGARD_POSTGRES_FSYNC", "off")  # only a loss of power would tell
    monkeypatch.delenv("DATABASE_URL", raising=False)
    yield folder / "var"
    postgres.Server().stop()
    shutil.rmtree(folder)


def connect(**more):
    return psycopg.connect(
        host=str(paths.socket_dir()),
        dbname="egard",
        user="egard",
        password=paths.password_file().read_text(),
        autocommit=True,
        **more,
    )


def server_pid():
    return postgres.Server().running()


def holder():
    """Another process that uses the embedded database until told to leave."""
    process = subprocess.Popen([sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "up\n"
    return process


def leave(process):
    process.stdin.write("\n")
    process.stdin.flush()
    assert process.stdout.readline() == "left\n"
    assert process.wait(10) == 0


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """A data directory that was made and stopped, to copy: made once."""
    folder = tmp_path_factory.mktemp("made") / "var"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EGARD_DATA", str(folder))
        patch.setenv("EGARD_POSTGRES_FSYNC", "off")
        patch.delenv("DATABASE_URL", raising=False)
        with postgres.embedded():
            pass
    return folder


@pytest.fixture
def made(data, cluster):
    subprocess.run(["cp", "-a", str(cluster), str(data)], check=True)
    return data


def test_it_is_made_once_starts_again_in_a_moment_and_speaks_unicode(data, monkeypatch):
    monkeypatch.delenv("EGARD_POSTGRES_FSYNC")
    with postgres.embedded(), connect() as connection:
        connection.execute("CREATE TABLE kept (word text)")
        connection.execute("INSERT INTO kept VALUES ('Été')")
        lowered, checksums = connection.execute("SELECT lower('ÉTÉ'), current_setting('data_checksums')").fetchone()
        assert (lowered, checksums) == ("été", "on")
        assert connection.execute("SELECT current_setting('fsync')").fetchone() == ("on",)
        order = connection.execute("SELECT word FROM (VALUES ('b'), ('É'), ('a'), ('B')) v(word) ORDER BY 1").fetchall()
        assert [row[0] for row in order] == ["B", "a", "b", "É"]
    assert server_pid() is None
    began = time.monotonic()
    with postgres.embedded(), connect() as connection:
        took = time.monotonic() - began
        assert connection.execute("SELECT word FROM kept").fetchall() == [("Été",)]
    assert took < 3


def test_nobody_else_can_reach_it(made):
    with postgres.embedded():
        with connect() as connection:
            assert connection.execute("SELECT current_setting('listen_addresses')").fetchone() == ("",)
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(host=str(paths.socket_dir()), dbname="egard", user="egard", password="guess")
        for private in (paths.socket_dir(), paths.cluster_dir()):
            assert stat.S_IMODE(private.stat().st_mode) == 0o700
        assert stat.S_IMODE(paths.password_file().stat().st_mode) == 0o600
        assert not stat.S_IMODE(made.stat().st_mode) & 0o007


def test_its_log_tells_of_errors_and_keeps_no_personal_data(made):
    with postgres.embedded():
        with connect() as connection:
            connection.execute("CREATE TABLE town (email text UNIQUE)")
            for _ in range(2):
                with suppress(psycopg.errors.UniqueViolation):
                    connection.execute("INSERT INTO town VALUES ('anne@example.org')")
            connection.execute("DROP TABLE town")
        log = (made / "postgres.log").read_text()
    assert "duplicate key value violates unique constraint" in log
    assert "Key (" not in log
    assert "anne@example.org" not in log


def test_two_commands_share_it_and_the_last_one_stops_it(made):
    first = holder()
    pid = server_pid()
    second = holder()
    assert server_pid() == pid
    leave(first)
    assert server_pid() == pid
    leave(second)
    assert server_pid() is None


def test_a_killed_command_leaves_a_server_that_the_next_one_uses_and_stops(made):
    killed = holder()
    pid = server_pid()
    killed.kill()
    killed.wait()
    assert server_pid() == pid
    leave(holder())
    assert server_pid() is None


def test_after_a_kill_of_everything_what_was_acknowledged_is_there(made):
    user = holder()
    with connect() as connection:
        connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 1000) n")
    everything = [user.pid, *processes.working_in(paths.cluster_dir(), "postgres")]
    for pid in everything:
        processes.send(pid, signal.SIGKILL)  # the server's own die by themselves once their first one is gone
    user.wait()
    assert paths.cluster_dir().joinpath("postmaster.pid").exists()
    with postgres.embedded(), connect() as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (1000,)


def test_a_kill_of_the_first_server_process_alone_is_survived(made):
    user = holder()
    with connect() as busy:
        busy.execute("CREATE TABLE kept AS SELECT 1 n")
        os.kill(server_pid(), signal.SIGKILL)
        with postgres.embedded(), connect() as connection:
            assert connection.execute("SELECT n FROM kept").fetchone() == (1,)
    leave(user)


def test_a_server_that_cannot_be_seen_from_here_is_left_alone_and_no_second_one_started(made, monkeypatch):
    user = holder()
    with connect() as busy:
        pid_file = paths.cluster_dir() / "postmaster.pid"
        before = pid_file.read_text()
        with monkeypatch.context() as elsewhere:  # as from another container: its processes have no number here
            elsewhere.setattr(postgres, "HELD_SECONDS", 0.2)
            elsewhere.setattr(processes, "name_of", lambda pid: "")
            with pytest.raises(Refusal, match="another container"):
                postgres.Server().begin()
        assert pid_file.read_text() == before
        assert busy.execute("SELECT 1").fetchone() == (1,)
        with connect() as another:
            assert another.execute("SELECT 1").fetchone() == (1,)
    leave(user)
    with processes.FileLock(made / "postgres.running") as lock:
        assert lock.take(wait=False)


def test_the_number_of_a_dead_server_given_to_another_program_is_not_mistaken_for_it(made):
    with postgres.embedded():
        pid_file = paths.cluster_dir() / "postmaster.pid"
        lines = pid_file.read_text()
    with subprocess.Popen(["sleep", "30"]) as other:
        pid_file.write_text("\n".join([str(other.pid), *lines.splitlines()[1:]]) + "\n")
        pid_file.chmod(0o600)
        shutil.chown(pid_file, paths.cluster_dir().stat().st_uid)
        with postgres.embedded(), connect() as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        assert other.poll() is None
        other.kill()


def test_a_truncated_pid_file_is_no_obstacle(made):
    with postgres.embedded():
        pass
    pid_file = paths.cluster_dir() / "postmaster.pid"
    pid_file.write_text("")
    with postgres.embedded(), connect() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.parametrize("after_seconds", [0.05, 0.3, 0.6])
def test_a_kill_while_the_data_directory_is_made_leaves_nothing_half_made(data, after_seconds):
    maker = subprocess.Popen([sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    assert processes.wait_until(lambda: (data / "postgres.new").exists() or paths.cluster_dir().exists(), seconds=10)
    time.sleep(after_seconds)
    maker.kill()
    maker.wait()
    with postgres.embedded(), connect() as connection:
        assert connection.execute("SELECT current_database()").fetchone() == ("egard",)
    assert not (data / "postgres.new").exists()


def test_data_of_a_version_that_is_not_here_are_refused_in_words(made):
    with postgres.embedded():
        pass
    version = paths.cluster_dir() / "PG_VERSION"
    version.write_text("9\n")
    with pytest.raises(Refusal, match="No PostgreSQL 9 was found"), postgres.embedded():
        pass
    assert server_pid() is None


def test_a_folder_that_is_no_data_directory_is_refused_and_left_alone(data):
    paths.cluster_dir().mkdir(parents=True)
    (paths.cluster_dir() / "letter.txt").write_text("mine")
    with pytest.raises(Refusal, match="not a PostgreSQL data directory"), postgres.embedded():
        pass
    assert (paths.cluster_dir() / "letter.txt").read_text() == "mine"


def test_a_data_directory_too_deep_for_a_socket_works(data, monkeypatch):
    deep = data / ("d" * 60) / ("e" * 60)
    monkeypatch.setenv("EGARD_DATA", str(deep))
    with postgres.embedded(), connect() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert not paths.socket_dir().is_relative_to(deep)
    shutil.rmtree(paths.socket_dir())


def test_another_server_is_used_where_named_and_nothing_is_started(data, monkeypatch):
    other = data.parent / "other"
    monkeypatch.setenv("EGARD_DATA", str(other))
    user = holder()
    url = f"postgresql://egard:{paths.password_file().read_text()}@/egard?host={paths.socket_dir()}".replace(" ", "%20")
    monkeypatch.setenv("EGARD_DATA", str(data))
    monkeypatch.setenv("DATABASE_URL", url)
    with postgres.embedded():
        assert not data.exists()
    monkeypatch.setenv("EGARD_DATA", str(other))
    leave(user)
    with pytest.raises(Refusal, match="does not answer"), postgres.embedded():
        pass


@pytest.mark.parametrize(("major", "advice"), [(14, "Upgrade that server"), (19, "an older server")])
def test_a_server_too_old_or_too_new_is_refused_in_words(major, advice):
    with pytest.raises(Refusal, match=advice):
        postgres.check_major(major)
    for good in range(binaries.OLDEST, binaries.NEWEST + 1):
        postgres.check_major(good)


def test_a_machine_without_postgresql_is_told_what_to_install(data, monkeypatch, tmp_path):
    monkeypatch.setenv("EGARD_POSTGRES_BIN", str(tmp_path))
    with pytest.raises(Refusal, match="apt install postgresql"), postgres.embedded():
        pass


@pytest.mark.skipif(binaries.machine_binaries() is None, reason="this machine has no PostgreSQL of its own")
def test_the_machines_own_postgresql_serves_as_well(data, monkeypatch):
    own = binaries.machine_binaries()
    monkeypatch.setenv("EGARD_POSTGRES_BIN", str(own.folder))
    with postgres.embedded(), connect() as connection:
        assert connection.info.server_version // 10000 == own.major
        assert connection.execute("SELECT lower('É')").fetchone() == ("é",)
    # The wheel's newer one may not touch these data: the older one is found again for them.
    monkeypatch.delenv("EGARD_POSTGRES_BIN")
    with postgres.embedded(), connect() as connection:
        assert connection.info.server_version // 10000 == own.major


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the database as somebody else")
def test_as_root_it_runs_as_an_ordinary_user_even_below_a_closed_home(data):
    data.parent.chmod(0o700)
    with postgres.embedded():
        assert processes.PROC.joinpath(str(server_pid())).stat().st_uid != 0
        assert stat.S_IMODE(data.parent.stat().st_mode) == 0o701
