"""A real IMAP server of a test (Debian: dovecot-imapd): its own configuration, port and mailbox, thrown away after."""

from __future__ import annotations

import getpass
import grp
import imaplib
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest

from egard.site.processes import wait_until

BINARY = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
CONFIG = """
protocols = imap
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/log
ssl = no
disable_plaintext_auth = no
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
first_valid_gid = 1
mail_location = maildir:{folder}/mail
passdb {{
  driver = static
  args = password=secret
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/home
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
"""


class Dovecot:
    """A mailbox served by Dovecot. Who is root serves it as `nobody`: Dovecot opens no mail for root."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="egard-imap-"))
        self.folder.chmod(0o755)
        user = "nobody" if os.getuid() == 0 else getpass.getuser()
        told = pwd.getpwnam(user)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        for name in ("run", "mail", "home"):
            (self.folder / name).mkdir()
            os.chown(self.folder / name, told.pw_uid, told.pw_gid)
        group = grp.getgrgid(told.pw_gid).gr_name
        self.config = self.folder / "dovecot.conf"
        self.config.write_text(
            CONFIG.format(folder=self.folder, user=user, group=group, uid=told.pw_uid, gid=told.pw_gid, port=self.port)
        )
        self.server: subprocess.Popen | None = None
        self.start()

    @property
    def url(self) -> str:
        return f"imap://bonjour:secret@127.0.0.1:{self.port}/INBOX"

    def start(self) -> None:
        assert BINARY
        self.server = subprocess.Popen([BINARY, "-F", "-c", str(self.config)], start_new_session=True)
        assert wait_until(self._answers, seconds=20), (self.folder / "log").read_text()

    def stop(self) -> None:
        """All its processes end, and with them every open connection."""
        if self.server:
            self.server.terminate()
            self.server.wait(20)
            with suppress(ProcessLookupError):  # who was in the middle of an answer
                os.killpg(self.server.pid, signal.SIGKILL)
            self.server = None

    def put(self, *letters: bytes) -> None:
        """Letters come in, as they are."""
        box = imaplib.IMAP4("127.0.0.1", self.port, timeout=60)
        box.login("bonjour", "secret")
        for raw in letters:
            ok, told = box.append("INBOX", "", "", raw)
            assert ok == "OK", told
        box.logout()

    def number_anew(self) -> None:
        """The mailbox was made anew: another UIDVALIDITY, the same letters under the same numbers."""
        self.stop()
        numbers = self.folder / "mail" / "dovecot-uidlist"
        told = numbers.read_text()
        numbers.write_text(re.sub(r" V(\d+)", lambda found: f" V{int(found[1]) + 1}", told, count=1))
        for path in (self.folder / "mail").glob("dovecot.index*"):
            path.unlink()
        self.start()

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _answers(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1) as told:
            return told.recv(4) == b"* OK"
        return False


@pytest.fixture
def dovecot(settings):
    """A mailbox that is fetched from."""
    if BINARY is None:
        pytest.skip("no Dovecot on this machine (Debian: apt install dovecot-imapd)")
    served = Dovecot()
    settings.IMAP_URL = served.url
    yield served
    served.close()
