"""Working ahead: what is next is made in a thread while the current one is used, reading beside waiting."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Generator, Iterable
from queue import Empty, Full, Queue
from typing import Any, TypeVar

T = TypeVar("T")
_END = object()


def ahead(items: Iterable[T], *, count: int = 2) -> Generator[T]:
    """The same items, at most `count` of them made in advance. What making them raises is raised here, in its place."""
    queue: Queue[Any] = Queue(maxsize=count)
    stop = threading.Event()

    def put(item: Any) -> bool:
        while not stop.is_set():
            try:
                queue.put(item, timeout=0.2)
            except Full:
                continue
            return True
        return False

    def work() -> None:
        try:
            for item in items:
                if not put((item, None)):
                    return
            put((_END, None))
        except BaseException as error:
            put((_END, error))

    thread = threading.Thread(target=contextvars.copy_context().run, args=(work,), name="egard-ahead", daemon=True)
    thread.start()
    try:
        while True:
            try:
                item, error = queue.get(timeout=1.0)
            except Empty:
                continue
            if error is not None:
                raise error
            if item is _END:
                return
            yield item
    finally:
        stop.set()
        thread.join()
