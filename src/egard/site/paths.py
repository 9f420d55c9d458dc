"""Where this installation keeps its things. No Django here: the supervisor reads it before Django is loaded."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from dotenv import load_dotenv

PACKAGE = Path(__file__).resolve().parent.parent
CHECKOUT = PACKAGE.parent.parent

load_dotenv(Path.cwd() / ".env")

LOOPBACK = {"127.0.0.1", "::1", "localhost"}
"""Addresses to listen on that only this machine reaches."""
SOCKET_PATH_LIMIT = 100
"""Bytes of a Unix socket's path that every system allows (Linux 107, macOS 103), the file's own name included."""


def data_dir() -> Path:
    """`$EGARD_DATA`, by default `./var`; absolute, not necessarily there."""
    return Path(os.environ.get("EGARD_DATA") or "var").expanduser().resolve()


def cluster_dir() -> Path:
    """The embedded PostgreSQL's own data directory."""
    return data_dir() / "postgres"


def socket_dir() -> Path:
    """The directory of the embedded server's socket: beside the data, or a short one where that path is too long."""
    beside = data_dir() / "run"
    if len(os.fsencode(beside / ".s.PGSQL.5432")) <= SOCKET_PATH_LIMIT:
        return beside
    name = hashlib.sha256(os.fsencode(data_dir())).hexdigest()[:16]
    return Path("/tmp") / f"egard-{os.getuid()}-{name}"  # noqa: S108  (not $TMPDIR: every process must find it)


def password_file() -> Path:
    """The embedded server's password: made once, read by our own processes only (mode 0600)."""
    return data_dir() / "postgres.password"


def secret_key() -> str:
    """`$EGARD_SECRET_KEY`, or one generated once under the data directory (mode 0600)."""
    if key := os.environ.get("EGARD_SECRET_KEY"):
        return key
    return secret_file(data_dir() / "secret.key")


def demo_password() -> str:
    """Of this installation's demo logins; made once, readable by its owner only."""
    return secret_file(data_dir() / "demo.password", make=_pronounceable)


def _pronounceable() -> str:
    """Easy to type from one screen to another: 8 syllables of 75, about 50 bits (and sign-in counts the attempts)."""
    syllables = [secrets.choice("bcdfgjklmnprstv") + secrets.choice("aeiou") for _ in range(8)]
    return "-".join(f"{first}{second}" for first, second in zip(syllables[::2], syllables[1::2], strict=True))


def secret_file(path: Path, *, make: Callable[[], str] = lambda: secrets.token_urlsafe(48)) -> str:
    """The secret kept in `path`; made on first use, by exactly one of several processes."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        written = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        try:
            descriptor = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(make())
            with suppress(FileExistsError):
                os.link(written, path)  # whole or not at all, and never over another's
        finally:
            written.unlink(missing_ok=True)
    return path.read_text().strip()


def examples_dir() -> Path:
    """The shipped examples: beside the package in a wheel, at the top of a checkout."""
    packed = PACKAGE / "site" / "examples"
    return packed if packed.is_dir() else CHECKOUT / "examples"
