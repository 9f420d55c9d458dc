"""serve, web, worker: what runs for long."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading

import click

from egard.site import paths

JOBS_STOP_SECONDS = 8
"""How long a job may still run once told to stop; one that is longer is taken again at the next start."""
LARGEST_WEB = 4
"""Web processes at most by default: the embedded server's connections are for so many."""

host_option = click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
port_option = click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=8000,
    envvar="EGARD_PORT",
    show_default=True,
    help="Port.",
)


def choose_data(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    """Everything below reads the environment: child processes and commands run from a terminal alike."""
    if value:
        os.environ["EGARD_DATA"] = value
    os.environ["EGARD_DATA"] = str(paths.data_dir())


data_option = click.option(
    "--data",
    type=click.Path(file_okay=False),
    callback=choose_data,
    expose_value=False,
    is_eager=True,
    help="Folder of the data (default: $EGARD_DATA, else ./var).",
)


@click.command()
@host_option
@port_option
@data_option
@click.option("--empty", is_flag=True, help="Do not load the demo.")
def serve(host: str, port: int, empty: bool) -> int:
    """Serve everything on this machine; Ctrl-C ends everything that it started."""
    from egard.site.supervisor import Supervisor

    return Supervisor(host=host, port=port, demo=not empty).run()


@click.command()
@host_option
@port_option
@data_option
@click.option("--processes", "count", type=click.IntRange(1, 64), envvar="EGARD_WEB_PROCESSES", help="How many.")
@click.option("--gate", type=int, hidden=True, help="Serve once this descriptor is closed.")
def web(host: str, port: int, count: int | None, gate: int | None) -> None:
    """Serve pages and API; the database is brought up to date by `egard migrate` before."""
    from egard.site.web import run

    run(host=host, port=port, count=count or max(1, min(LARGEST_WEB, (os.cpu_count() or 1) // 2)), gate=gate)


@click.command()
@data_option
def worker() -> None:
    """Run reactions, jobs and schedules, and watch over promises, until told to stop."""
    from egard.site.commands import load_django

    supervised()
    os.environ["EGARD_PROCESS"] = "worker"
    stop = threading.Event()
    for signum in (signal.SIGTERM, *(() if "EGARD_SUPERVISOR" in os.environ else (signal.SIGINT,))):
        signal.signal(signum, lambda signum, frame: stop.set())
    load_django()
    from egard.kernel.jobs.worker import run_jobs
    from egard.kernel.messages.checking import begin_warming
    from egard.kernel.promises.worker import run_sweeper
    from egard.kernel.timeline.worker import run_worker

    begin_warming()
    jobs = threading.Thread(target=run_jobs, args=(stop,), name="jobs", daemon=True)
    sweeper = threading.Thread(target=run_sweeper, args=(stop,), name="sweeper", daemon=True)
    jobs.start()
    sweeper.start()
    run_worker(stop)
    jobs.join(JOBS_STOP_SECONDS)
    sweeper.join(JOBS_STOP_SECONDS)


@click.command(hidden=True)
@data_option
@click.option("--tell", type=int, required=True)
@click.option("--demo", is_flag=True)
@click.option("--public", is_flag=True, help="The server can be reached from other machines.")
def prepare(tell: int, demo: bool, public: bool) -> None:
    """Bring database and static files up to date, for `egard serve`."""
    from egard.site import prepare as steps
    from egard.site.commands import load_django

    supervised()
    load_django()
    if applied := steps.migrate():
        print(f"Brought the database up to date ({len(applied)} migrations).", file=sys.stderr, flush=True)
    steps.declare()
    if email := steps.ensure_first_administrator():
        print(f"Made the first administrator, {email}.", file=sys.stderr, flush=True)
    steps.ensure_static()
    if public:
        steps.suspend_demo()
    logins = steps.ensure_demo(loopback=True) if demo else []
    with os.fdopen(tell, "w") as told:
        json.dump({"logins": logins, "public_url": demo and steps.has_public_url()}, told)


def supervised() -> None:
    """A child of `egard serve` ends with it, and leaves the terminal's Ctrl-C to it."""
    if parent := os.environ.get("EGARD_SUPERVISOR"):
        from egard.site.processes import follow

        follow(int(parent))
        signal.signal(signal.SIGINT, signal.SIG_IGN)
