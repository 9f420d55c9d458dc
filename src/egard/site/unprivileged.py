"""PostgreSQL refuses to run as root: whom to run it as then, and what that user must be able to reach."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from egard.site.binaries import DatabaseRefused

NAME = "egard"
Say = Callable[[str], None]


@dataclass(frozen=True)
class Account:
    """A user of the system to run the database as."""

    name: str
    uid: int
    gid: int


def server_account(cluster: Path) -> Account | None:
    """The account to run `cluster` as; None for our own.

    As root: the owner of a cluster that exists, else a system user made for it (`postgres` or `nobody` where none
    can be made). Raises DatabaseRefused where the cluster belongs to somebody else and we are not root.
    """
    owner = cluster.stat().st_uid if cluster.exists() else None
    if os.geteuid() != 0:
        if owner is not None and owner != os.geteuid():
            name = _name(owner)
            raise DatabaseRefused(why=f"{cluster} belongs to the user {name}: run this command as {name}.")
        return None
    if owner:
        return Account(_name(owner), owner, cluster.stat().st_gid)
    account = _own_account()
    if owner == 0:  # copied back by root, from a backup for instance
        give(cluster, account)
    return account


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _own_account() -> Account:
    if not _known(NAME) and (useradd := shutil.which("useradd") or shutil.which("useradd", path="/usr/sbin:/sbin")):
        options = ["--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
        subprocess.run([useradd, *options, "--shell", "/bin/false", NAME], capture_output=True, check=False)
    for name in (NAME, "postgres", "nobody"):
        if account := _known(name):
            return account
    raise DatabaseRefused(
        why="PostgreSQL does not run as root, and no other user could be made: create one (useradd -r egard), "
        "or run Egard as an ordinary user."
    )


def _known(name: str) -> Account | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return Account(name, entry.pw_uid, entry.pw_gid)


def give(path: Path, account: Account | None) -> None:
    """Make `account` the owner of `path` and of everything in it."""
    if account is None:
        return
    os.chown(path, account.uid, account.gid, follow_symlinks=False)
    if path.is_dir() and not path.is_symlink():
        for entry in path.iterdir():
            give(entry, account)


def open_way(path: Path, account: Account | None, *, ours: Path, say: Say) -> None:
    """Let `account` pass through every folder above `path`: search only, never list or read.

    Below `ours` (the data directory) by the group, elsewhere by everybody's search bit; the latter is said.
    """
    if account is None:
        return
    opened: list[str] = []
    for parent in reversed(path.parents):
        mode = parent.stat()
        if _may(mode, account, stat.S_IXUSR):
            continue
        if parent == ours or ours in parent.parents:
            os.chown(parent, -1, account.gid)
            parent.chmod(stat.S_IMODE(mode.st_mode) | stat.S_IXGRP)
        else:
            parent.chmod(stat.S_IMODE(mode.st_mode) | stat.S_IXOTH)
            opened.append(str(parent))
    if opened:
        folders = ", ".join(opened)
        say(f"Let other users pass through {folders} (chmod o+x): the database runs as {account.name}, not as root.")


def open_programs(folder: Path, account: Account | None, *, ours: Path, say: Say) -> None:
    """Let `account` run the programs of `folder` and read what they need beside it (an install under umask 077)."""
    if account is None:
        return
    open_way(folder / "postgres", account, ours=ours, say=say)
    prefix = folder.parent
    libraries = prefix.parent.with_name(f"{prefix.parent.name}.libs")  # where a wheel keeps the libraries it brings
    needed = [prefix, *([libraries] if libraries.is_dir() else [])]
    if all(_may(path.stat(), account, stat.S_IRUSR | stat.S_IXUSR) for path in (*needed, folder / "postgres")):
        return
    for path in (entry for tree in needed for entry in (tree, *tree.rglob("*"))):
        if path.is_symlink():
            continue
        mode = stat.S_IMODE(path.stat().st_mode)
        path.chmod(mode | stat.S_IROTH | (stat.S_IXOTH if path.is_dir() or mode & stat.S_IXUSR else 0))
    say(f"Let other users read PostgreSQL's programs in {prefix}: the database runs as {account.name}, not as root.")


def _may(entry: os.stat_result, account: Account, wanted: int) -> bool:
    """Whether the account has the bits that `wanted` names for an owner."""
    shift = 0 if entry.st_uid == account.uid else 3 if entry.st_gid == account.gid else 6
    return (entry.st_mode << shift) & wanted == wanted
