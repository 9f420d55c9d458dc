"""How the embedded server is made and tuned. Given on its command line, so that no file can say otherwise."""

from __future__ import annotations

import locale
import os
from pathlib import Path

MB = 1024 * 1024
MAX_CONNECTIONS = 60
"""One web process takes up to 12, a worker 2, one each to listen; the rest is for commands and a person's psql."""


def memory_bytes() -> int:
    """The memory that this machine, or the container that we are in, gives us."""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        limit = int(Path("/sys/fs/cgroup/memory.max").read_text())
    except (OSError, ValueError):  # no such control group, or the word "max"
        return physical
    return min(physical, limit)


def command_line(major: int, *, sockets: Path, durable: bool) -> list[str]:
    """The arguments of `postgres` for this machine."""
    memory = memory_bytes()
    settings = {
        "listen_addresses": "",  # the socket only: nothing to reach from outside, no port to collide with
        "unix_socket_directories": _quoted_list(sockets),
        "unix_socket_permissions": "0700",
        "max_connections": str(MAX_CONNECTIONS),
        # An eighth, as the product shares a small machine; pages are touched, and so taken, only when used.
        "shared_buffers": _mb(max(64 * MB, min(memory // 8, 1024 * MB))),
        "effective_cache_size": _mb(max(128 * MB, memory // 2)),  # the system's own cache, for the planner
        "work_mem": "8MB",  # a search over a million people sorts in memory; 60 connections stay affordable
        "maintenance_work_mem": _mb(max(64 * MB, min(memory // 16, 512 * MB))),  # indexes after an import
        "max_wal_size": "2GB",  # an import of millions of rows without a checkpoint every few seconds
        "min_wal_size": "80MB",
        "checkpoint_timeout": "15min",
        "random_page_cost": "1.1",  # solid state disks; the default of 4 is for turning ones
        "jit": "off",  # our queries are short: compiling one costs more than it saves
        "autovacuum_naptime": "30s",  # fresh statistics soon after an import
        "timezone": "UTC",
        "log_timezone": "UTC",
        "lc_messages": "C",
        "log_line_prefix": "%m [%p] ",
        # Personal data stay out of a file that no erasure reaches: no "Key (email)=(…)", no statement with its values.
        "log_error_verbosity": "terse",
        "log_min_error_statement": "panic",
        "password_encryption": "scram-sha-256",
        "idle_in_transaction_session_timeout": "15min",  # a hung client must not stop the fact log's readers
        "max_logical_replication_workers": "0",  # nothing subscribes to another server: one process fewer
        "cluster_name": "egard",
    }
    if major >= 18:
        settings["io_method"] = "sync"  # as 15 to 17 do, and three processes fewer at rest
    if not durable:  # a test's: a kill of processes still loses nothing, and a hundred race at once
        settings |= {"fsync": "off", "full_page_writes": "off", "max_connections": "160"}
    return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]


def initdb_options(major: int) -> list[str]:
    """Order and letters of a new data directory, alike on every version and system.

    By code point, as an upgrade of a system's locale must not spoil an index; letters as Unicode has them, by
    PostgreSQL itself from 17, before by the system's C.UTF-8 where there is one.
    """
    options = ["--encoding=UTF8", "--auth=scram-sha-256", "--data-checksums", "--locale=C"]
    if major >= 17:
        return [*options, "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return [*options, "--lc-ctype=C.UTF-8"] if _system_has("C.UTF-8") else options


def _system_has(name: str) -> bool:
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        locale.setlocale(locale.LC_CTYPE, name)
    except locale.Error:
        return False
    finally:
        locale.setlocale(locale.LC_CTYPE, before)
    return True


def _mb(size_bytes: int) -> str:
    return f"{size_bytes // MB}MB"


def _quoted_list(path: Path) -> str:
    """One element of a list setting: quoted, as a folder's name may hold a comma or a space."""
    return '"' + str(path).replace('"', '""') + '"'
