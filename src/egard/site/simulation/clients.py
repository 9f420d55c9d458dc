"""Client processes that are killed: each works off its steps, says what it did, and is begun again where it died."""

from __future__ import annotations

import json
import os
import random
import selectors
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Work = Callable[[int, int, Callable[[int, Any], None]], None]
"""`work(client, first, say)`: its steps from `first` on, `say(step, outcome)` after each."""
LONGEST_SECONDS = 120.0


@dataclass
class Client:
    number: int
    steps: int
    pid: int = 0
    pipe: int = -1
    text: bytes = b""
    outcomes: dict[int, Any] = field(default_factory=dict)

    @property
    def is_done(self) -> bool:
        return len(self.outcomes) == self.steps


def run(clients: list[Client], work: Work, *, kills: int, rng: random.Random) -> int:
    """Until every step of every client was answered; how many were killed. The caller has no connection open.

    Raises `RuntimeError` where a client dies by itself, or all take longer than `LONGEST_SECONDS`.
    """
    total = sum(client.steps for client in clients)
    moments = sorted(rng.randrange(total) for _n in range(kills))
    killed, end = 0, time.monotonic() + LONGEST_SECONDS
    try:
        with selectors.DefaultSelector() as selector:
            for client in clients:
                _begin(client, work, selector)
            while any(client.pid for client in clients):
                if time.monotonic() > end:
                    raise RuntimeError("the clients do not come to an end")
                for key, _events in selector.select(timeout=1):
                    _hear(key.data, selector)
                said = sum(len(client.outcomes) for client in clients)
                while moments and said >= moments[0]:
                    moments.pop(0)
                    killed += _kill(clients, work, selector, rng)
    finally:
        for client in clients:
            if client.pid:
                os.kill(client.pid, signal.SIGKILL)
                os.waitpid(client.pid, 0)
    return killed


def _begin(client: Client, work: Work, selector: selectors.BaseSelector) -> None:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        code = 1
        try:
            work(client.number, len(client.outcomes), lambda step, outcome: _say(writing, step, outcome))
            code = 0
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            os._exit(code)  # nothing of the parent's is to be tidied up here
    os.close(writing)
    client.pid, client.pipe, client.text = pid, reading, b""
    selector.register(reading, selectors.EVENT_READ, client)


def _say(pipe: int, step: int, outcome: Any) -> None:
    os.write(pipe, json.dumps([step, outcome]).encode() + b"\n")  # one write: a line is there whole, or not at all


def _hear(client: Client, selector: selectors.BaseSelector) -> None:
    """What a client said; at its end, how it ended."""
    text = os.read(client.pipe, 65536)
    if text:
        _note(client, text)
        return
    status = _ended(client, selector)
    if status != 0 or not client.is_done:
        raise RuntimeError(f"client {client.number} ended by itself ({status})")


def _note(client: Client, text: bytes) -> None:
    *lines, client.text = (client.text + text).split(b"\n")
    for line in lines:
        step, outcome = json.loads(line)
        client.outcomes[step] = outcome


def _ended(client: Client, selector: selectors.BaseSelector) -> int:
    selector.unregister(client.pipe)
    os.close(client.pipe)
    _pid, status = os.waitpid(client.pid, 0)
    client.pid = 0
    return status


def _kill(clients: list[Client], work: Work, selector: selectors.BaseSelector, rng: random.Random) -> int:
    """Kill one that works, at any moment of its step, and begin it again behind what it had said."""
    working = [client for client in clients if client.pid and not client.is_done]
    if not working:
        return 0
    client = rng.choice(working)
    time.sleep(rng.random() * 0.004)
    os.kill(client.pid, signal.SIGKILL)
    while text := os.read(client.pipe, 65536):
        _note(client, text)
    _ended(client, selector)
    if not client.is_done:
        _begin(client, work, selector)
    return 1
