"""How often one address may send a wrong key: counted in the memory of each web process.

Keys are 256 random bits, so nobody guesses one; the limit spares the database. A key that was valid a moment ago goes
on working from the same address: one broken program behind a shared address does not lock the others out.
"""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable

TRIES_MAX = 30
WINDOW_SECONDS = 60.0
KNOWN_SECONDS = 300.0
REMEMBERED_MAX = 10_000
"""Addresses, and keys, remembered at most; the oldest is forgotten first."""


class WrongKeys:
    """Wrong keys by address, in fixed windows."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._windows: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def note(self, address: str) -> None:
        now = self._clock()
        with self._lock:
            began, count = self._windows.pop(address, (now, 0))
            if now - began >= WINDOW_SECONDS:
                began, count = now, 0
            self._windows[address] = (began, count + 1)
            _shorten(self._windows)

    def wait_seconds(self, address: str) -> int:
        """Whole seconds until the address may try again; 0 when it may now."""
        with self._lock:
            began, count = self._windows.get(address, (0.0, 0))
        left = began + WINDOW_SECONDS - self._clock()
        return math.ceil(left) if count >= TRIES_MAX and left > 0 else 0


class Recent:
    """Things seen in the last `KNOWN_SECONDS`."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._seen: OrderedDict[Hashable, float] = OrderedDict()

    def holds(self, thing: Hashable) -> bool:
        with self._lock:
            at = self._seen.get(thing)
        return at is not None and self._clock() - at < KNOWN_SECONDS

    def add(self, thing: Hashable) -> None:
        with self._lock:
            self._seen.pop(thing, None)
            self._seen[thing] = self._clock()
            _shorten(self._seen)

    def forget(self, thing: Hashable) -> None:
        with self._lock:
            self._seen.pop(thing, None)


def _shorten(kept: OrderedDict) -> None:
    while len(kept) > REMEMBERED_MAX:
        kept.popitem(last=False)
