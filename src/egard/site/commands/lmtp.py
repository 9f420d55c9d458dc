"""lmtp: letters handed over by the mail server of the house."""

from __future__ import annotations

import asyncio
import logging
import signal

import click
from aiosmtpd.lmtp import LMTP

from egard.site.commands import product


@click.command()
@click.option("--listen", help="host:port (default: EGARD_LMTP, else 127.0.0.1:8024).")
def lmtp(listen: str | None) -> None:
    """Take in letters by LMTP (RFC 2033), from the mail server of the house; nobody else should reach this address."""
    product()
    from django.conf import settings

    host, _colon, port = (listen or settings.LMTP_ADDRESS).rpartition(":")
    if not port.isdigit():
        raise click.UsageError("--listen is host:port, such as 127.0.0.1:8024")
    asyncio.run(_serve(host.strip("[]") or "127.0.0.1", int(port)))


async def _serve(host: str, port: int) -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for one in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(one, stop.set)
    server = await loop.create_server(session, host, port)
    click.echo(f"letters are taken in at {host}:{server.sockets[0].getsockname()[1]}")
    async with server:
        await stop.wait()


def session() -> LMTP:
    """One connection of the house's mail server; what is too large is refused before it is read."""
    from django.conf import settings

    return LMTP(Handler(), data_size_limit=settings.MAIL_MAX_BYTES, hostname="egard", enable_SMTPUTF8=True)


class Handler:
    """Says yes only when a letter is in the database; what fails is brought again by the server that has it."""

    async def handle_DATA(self, server: object, session: object, envelope: object) -> str:
        recipients = [str(one) for one in getattr(envelope, "rcpt_tos", [])]
        head = "".join(f"Delivered-To: {one}\r\n" for one in recipients if "\n" not in one and "\r" not in one)
        sender = str(getattr(envelope, "mail_from", "") or "")
        content = getattr(envelope, "original_content", None) or getattr(envelope, "content", b"")
        raw = f"Return-Path: <{sender}>\r\n{head}".encode() + content
        try:
            await asyncio.to_thread(take_in, raw)
        except Exception:
            logging.getLogger("egard.messages").exception("a letter could not be taken in")
            answer = "451 4.3.0 cannot take it in now, bring it again"
        else:
            answer = "250 2.0.0 taken in"
        return "\r\n".join([answer] * max(1, len(recipients)))


def take_in(raw: bytes) -> None:
    from django.db import close_old_connections

    from egard.base.clock import utc_now
    from egard.kernel.messages.arriving import receive_email

    close_old_connections()
    try:
        receive_email(raw, source="lmtp", now=utc_now())
    finally:
        close_old_connections()
