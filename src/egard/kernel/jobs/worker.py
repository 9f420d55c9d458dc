"""Carrying out jobs, beside the reactions of `egard worker`: a loop of procrastinate's in a thread of its own.

Any number may run. A worker that dies in the middle of a job stops breathing; whoever still runs, or starts next,
puts its job back after `STALLED_SECONDS`.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from datetime import timedelta
from typing import Any

from django.db import close_old_connections, connection, connections
from procrastinate import App, PsycopgConnector, RetryDecision
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job as Queued
from procrastinate.retry import BaseRetryStrategy
from psycopg import Error

from egard.base.clock import utc_now
from egard.kernel.jobs.operations import QUEUE, TryAgain
from egard.kernel.registry import Job, registry

log = logging.getLogger("egard.jobs")
CONCURRENCY = 3
"""Jobs at once in one worker, each with a connection; the queue itself takes two, and one that listens."""
BREATH_SECONDS = 3.0
STALLED_SECONDS = 12.0
REST_SECONDS = 3.0
"""The longest sleep without a notification; a job that is tried again comes without one."""
AWAY_SECONDS = 2.0
APPLICATION_NAME = "egard-jobs"


class Waits(BaseRetryStrategy):
    """The declared waits of a job, or the moment that it asks for itself (`TryAgain`)."""

    def __init__(self, job: Job) -> None:
        self.job = job

    def get_retry_decision(self, *, exception: BaseException, job: Queued) -> RetryDecision | None:
        if isinstance(exception, TryAgain):
            return RetryDecision(retry_at=exception.at)
        if job.attempts >= len(self.job.waits):
            return None
        return RetryDecision(retry_at=utc_now() + timedelta(seconds=self.job.waits[job.attempts]))


def run_jobs(stop: threading.Event) -> None:
    """Until `stop` is set: carry out what is due. A lost database is waited for, never a reason to die."""
    logging.getLogger("procrastinate").setLevel(logging.CRITICAL)  # it quotes arguments; failures are logged below
    while not stop.is_set():
        try:
            asyncio.run(_work(stop))
        except (Error, ConnectorException, OSError) as error:
            log.warning("the database is away: %s", error)
        stop.wait(AWAY_SECONDS)


def queue_app() -> App:
    """Procrastinate's application with every declared job, on connections of its own."""
    parameters = connection.get_connection_params()
    for name in ("pool", "cursor_factory", "context", "prepare_threshold"):
        parameters.pop(name, None)
    parameters["application_name"] = APPLICATION_NAME
    app = App(connector=PsycopgConnector(kwargs=parameters, min_size=1, max_size=2, timeout=5))
    for job in registry.jobs.values():
        task = app.task(name=job.name, queue=QUEUE, retry=Waits(job), priority=job.priority)(_carrying_out(job))
        if job.every:
            app.periodic(cron=job.every, periodic_id=job.name)(task)
    return app


def _carrying_out(job: Job) -> Any:
    def run(timestamp: int | None = None, **arguments: Any) -> None:
        """`timestamp` comes with what runs by a schedule."""
        close_old_connections()
        try:
            job.run(now=utc_now(), **arguments)
        except TryAgain:
            raise
        except Exception:
            log.exception("the job %s failed", job.name)
            raise
        finally:
            connections.close_all()  # the thread may never be used again

    return run


async def _work(stop: threading.Event) -> None:
    app = queue_app()
    async with app.open_async():
        work = asyncio.create_task(
            app.run_worker_async(
                concurrency=CONCURRENCY,
                install_signal_handlers=False,
                fetch_job_polling_interval=REST_SECONDS,
                update_heartbeat_interval=BREATH_SECONDS,
                stalled_worker_timeout=STALLED_SECONDS,
                delete_jobs="successful",
            )
        )
        beside = [asyncio.create_task(_until(stop)), asyncio.create_task(_put_back(app))]
        try:
            await asyncio.wait([work, *beside], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (work, *beside):
                task.cancel()  # the worker finishes what it has in hand
            results = await asyncio.gather(work, *beside, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            raise result


async def _until(stop: threading.Event) -> None:
    while not stop.is_set():
        await asyncio.sleep(0.2)


async def _put_back(app: App) -> None:
    """Jobs of workers that died are to be done again."""
    while True:
        for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS):
            log.warning("a worker died in the middle of %s: it is taken again", job.task_name)
            await app.job_manager.retry_job(job)
        await asyncio.sleep(BREATH_SECONDS)
