"""Workers that are killed in the middle of what they do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress

from django.db import connection

from egard.site.processes import wait_until

MAKER = """
import os, signal, sys
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "egard.site.settings")
from django.conf import settings
settings.DATABASES["default"]["NAME"] = sys.argv[1]
import django
django.setup()
exec(compile(sys.argv[2], "work", "exec"))
signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who fell
for line in sys.stdin:
    pid = os.fork()
    if not pid:
        run(line.strip())
        os._exit(0)
    print(pid, flush=True)
"""


class Workers:
    """`work` is a script that defines `run(word)`. One process reads it, with all that it imports, and makes a worker
    out of itself for each word, before it ever spoke with the database: a worker is at its work within milliseconds.
    """

    def __init__(self, work: str) -> None:
        pipe = subprocess.PIPE
        command = [sys.executable, "-c", MAKER, str(connection.settings_dict["NAME"]), work]
        self.maker = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)
        self.alive: set[int] = set()

    def begin(self, word: str) -> int:
        """Set one to work; its process."""
        assert self.maker.stdin
        assert self.maker.stdout
        self.maker.stdin.write(f"{word}\n")
        self.maker.stdin.flush()
        pid = int(self.maker.stdout.readline())
        self.alive.add(pid)
        return pid

    def kill(self, pid: int) -> None:
        """SIGKILL, and nothing of it is left."""
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        assert wait_until(lambda: _is_gone(pid), seconds=10, step=0.005)
        self.alive.remove(pid)

    def close(self) -> None:
        for pid in list(self.alive):
            self.kill(pid)
        self.maker.kill()
        self.maker.communicate()


def _is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False
