"""A phone, and the provider behind it, that speak the protocol of the webhook: for tests, demos and trying out.

It signs as the provider does, follows the TwiML that it is told, and reports what becomes of a line that is rung.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from xml.etree import ElementTree

from twilio.request_validator import RequestValidator

from egard.base.ids import new_id

Post = Callable[[str, Mapping[str, str], Mapping[str, str]], tuple[int, str]]
"""`post(url, form, headers)` gives the status and the text of the answer."""


class Refused(Exception):
    """The webhook refused; `status` says how."""

    def __init__(self, status: int, text: str) -> None:
        self.status = status
        super().__init__(f"{status}: {text}")


@dataclass(frozen=True, slots=True)
class Heard:
    """What an answer tells the phone: the words, and where what comes of it is sent."""

    words: str = ""
    language: str = ""
    gather: str = ""
    redirect: str = ""
    line: str = ""
    dial: str = ""
    leg: str = ""
    record: str = ""
    over: bool = False


@dataclass
class Phone:
    """One call: `Phone(post, token, "+33611223344").call()`."""

    post: Post
    token: str
    number: str = ""
    root: str = "http://testserver"
    sid: str = field(default_factory=lambda: "CA" + new_id().hex)
    heard: Heard = field(default_factory=Heard)

    def call(self) -> Heard:
        return self._go(f"{self.root}/api/v1/calls", {"CallStatus": "ringing"})

    def press(self, keys: str = "") -> Heard:
        """Keys of the phone; none: nothing is pressed until the question ends."""
        if not keys and self.heard.redirect:
            return self._go(self.heard.redirect, {})
        return self._go(self.heard.gather, {"Digits": keys})

    def answered(self) -> None:
        """Whose line rings takes the call."""
        form = {"CallSid": "CA" + new_id().hex, "ParentCallSid": self.sid, "CallStatus": "in-progress"}
        self.send(self.heard.leg, form)

    def line_ended(self, status: str = "completed", *, seconds: int = 0, caller_stays: bool = True) -> Heard:
        """What became of the line: `completed`, `busy`, `no-answer`, `failed`."""
        form = {"DialCallStatus": status, "CallStatus": "in-progress" if caller_stays else "completed"}
        if status == "completed":
            form["DialCallDuration"] = str(seconds)
        return self._go(self.heard.dial, form)

    def say(self, recording: str) -> Heard:
        """Leave a message, which the provider keeps at an address."""
        return self._go(self.heard.record, {"RecordingUrl": recording})

    def hang_up(self) -> None:
        self.send(f"{self.root}/api/v1/calls/status", {"CallSid": self.sid, "CallStatus": "completed"})

    def send(self, url: str, form: Mapping[str, str]) -> str:
        """One signed request. Raises `Refused`."""
        signature = RequestValidator(self.token).compute_signature(url, dict(form))
        status, text = self.post(url, form, {"X-Twilio-Signature": signature})
        if status != 200:
            raise Refused(status, text)
        return text

    def _go(self, url: str, more: Mapping[str, str]) -> Heard:
        form = {"CallSid": self.sid, "From": self.number or "anonymous", "CallStatus": "in-progress", **more}
        self.heard = read(self.send(url, form))
        return self.heard


def read(twiml: str) -> Heard:
    """An answer, understood."""
    root = ElementTree.fromstring(twiml)  # noqa: S314  (what our own server says)
    words = [one.text or "" for one in root.iter("Say")]
    found = {tag: next(root.iter(tag), None) for tag in ("Say", "Gather", "Redirect", "Dial", "Number", "Record")}

    def said(tag: str, name: str) -> str:
        node = found[tag]
        return "" if node is None else node.get(name, "")

    def text(tag: str) -> str:
        node = found[tag]
        return "" if node is None else (node.text or "")

    return Heard(
        words=" ".join(words),
        language=said("Say", "language"),
        gather=said("Gather", "action"),
        redirect=text("Redirect"),
        line=text("Number"),
        dial=said("Dial", "action"),
        leg=said("Number", "statusCallback"),
        record=said("Record", "action"),
        over=root.find("Hangup") is not None,
    )
