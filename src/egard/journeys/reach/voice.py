"""Plans as TwiML, in the language of whoever calls, and the signature under what the provider sends."""

from __future__ import annotations

import os
from datetime import datetime
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time
from django.conf import settings
from django.http import QueryDict
from django.utils import translation
from django.utils.translation import gettext as _
from twilio.request_validator import RequestValidator
from twilio.twiml.voice_response import Dial as DialVerb
from twilio.twiml.voice_response import VoiceResponse

from egard.journeys.reach import plans
from egard.journeys.reach.models import Call
from egard.journeys.reach.refusals import NotSigned
from egard.journeys.reach.rules.routing import ToCallBack, ToDeputy, ToWait
from egard.journeys.reach.rules.times import Wait

SHARED_WITH_PROVIDER = "EGARD_VOICE_TOKEN"
"""The variable of the environment that holds the token under which requests are signed."""
RINGS, LISTENS, HOLDS, RECORDS = 20, 8, 15, 120
"""Seconds: a line rings, an answer is waited for, a piece of waiting lasts, a message may have."""
VOICES = {"fr": "fr-FR", "en": "en-GB"}


def require_signature(url: str, told: QueryDict, signature: str) -> None:
    """Raises `NotSigned` unless the provider, with whom we share a token, sent this to this address."""
    token = os.environ.get(SHARED_WITH_PROVIDER, "")
    if not token or not signature or not RequestValidator(token).validate(url, told, signature):
        raise NotSigned


def is_shared() -> bool:
    """Whether a token is shared with the provider: without one every request of theirs is refused."""
    return bool(os.environ.get(SHARED_WITH_PROVIDER))


def render(call: Call, plan: plans.Plan, base: str) -> str:
    """The TwiML of a plan; the answer to it comes to `<base>/<call>/<step>/<what>`."""
    with translation.override(call.language):
        said = VoiceResponse()
        _Speaker(said, call, base).speak(plan)
        return str(said)


class _Speaker:
    def __init__(self, said: VoiceResponse, call: Call, base: str) -> None:
        self.said, self.call, self.base = said, call, base
        self.voice = VOICES.get(call.language, VOICES["fr"])

    def url(self, what: str) -> str:
        return f"{self.base}/{self.call.uuid}/{self.call.step}/{what}"

    def speak(self, plan: plans.Plan) -> None:
        match plan:
            case plans.AskName():
                choices = [_("For %(name)s, press %(key)d.") % {"name": n, "key": k} for k, n in _keyed(plan.names)]
                hello = _wrong(plan.wrong) or [_("Hello.")]
                self.ask("who", [*hello, *choices, _("For somebody else, press 0.")], digits=1)
            case plans.AskNumber():
                again = _("Nobody has this customer number. Type it once more, then the hash key.")
                first = again if plan.wrong else _("Hello. Type your customer number, then the hash key.")
                self.ask("number", [first, _("Without one, press the hash key.")], digits=None)
            case plans.Dial():
                self.dial(plan)
            case plans.Menu():
                self.ask("key", [*_wrong(plan.wrong), *_why(plan), *_offers(plan)], digits=1)
            case plans.Times():
                self.ask("time", _times(plan), digits=1)
            case plans.Hold():
                self.hold(plan)
            case plans.LeaveMessage():
                self.record(plan)
            case plans.CutOff():
                self.ask("again", [_("The line was closed. Press 1 if you were cut off.")], digits=1)
            case plans.Goodbye():
                self.say(_goodbye(plan))
                self.said.hangup()

    def say(self, words: str) -> None:
        if words:
            self.said.say(words, language=self.voice)

    def ask(self, what: str, lines: list[str], *, digits: int | None) -> None:
        told = {"num_digits": digits} if digits else {"finish_on_key": "#"}
        gather = self.said.gather(
            input="dtmf", action=self.url(what), method="POST", timeout=LISTENS, action_on_empty_result=True, **told
        )
        for line in lines:
            gather.say(line, language=self.voice)

    def dial(self, plan: plans.Dial) -> None:
        if plan.own:
            self.say(_("I am putting you through to %(name)s.") % {"name": plan.name})
        else:
            self.say(_("I am putting you through to %(name)s, who stands in.") % {"name": plan.name})
        dial = DialVerb(action=self.url("dial"), method="POST", timeout=RINGS, answer_on_bridge=True)
        dial.number(
            plan.line, status_callback=self.url("leg"), status_callback_event="answered", status_callback_method="POST"
        )
        self.said.append(dial)

    def hold(self, plan: plans.Hold) -> None:
        gather = self.said.gather(input="dtmf", action=self.url("choose"), method="POST", timeout=HOLDS, num_digits=1)
        if plan.aloud:
            gather.say(_expected(plan.wait, plan.name), language=self.voice)
            gather.say(_("To do something else, press any key."), language=self.voice)
        self.said.redirect(self.url("hold"), method="POST")

    def record(self, plan: plans.LeaveMessage) -> None:
        words = {"name": plan.name, "when": spoken(plan.due_at)}
        if plan.name:
            self.say(_("%(name)s has your message and answers by %(when)s.") % words)
        else:
            self.say(_("We have your message and answer by %(when)s.") % words)
        self.say(_("Say what it is about after the tone, or hang up."))
        self.said.record(action=self.url("recorded"), method="POST", max_length=RECORDS, play_beep=True, timeout=5)


def spoken_day(at: datetime) -> str:
    """Its day: Tuesday 10 March."""
    local = at.astimezone(ZoneInfo(settings.TIME_ZONE))
    return format_date(local, "EEEE d MMMM", locale=translation.get_language() or "fr")


def spoken(at: datetime) -> str:
    """A moment as one says it: Tuesday 10 March at 10:15."""
    language = translation.get_language() or "fr"
    local = at.astimezone(ZoneInfo(settings.TIME_ZONE))
    words = {
        "day": spoken_day(at),
        "time": format_time(local, "short", tzinfo=local.tzinfo, locale="en_GB" if language == "en" else language),
    }
    return _("%(day)s at %(time)s") % words


def _keyed(items: tuple) -> list[tuple[int, object]]:
    return list(enumerate(items, 1))


def _wrong(wrong: bool) -> list[str]:
    return [_("This choice does not exist.")] if wrong else []


def _owed(name: str, at: datetime) -> str:
    words = {"name": name, "when": spoken(at)}
    return (_("%(name)s calls you already on %(when)s.") if name else _("We call you already on %(when)s.")) % words


def _why(plan: plans.Menu) -> list[str]:
    if not plan.name:
        return [] if plan.wrong else [_("Hello.")]
    words = {
        "no_answer": _("%(name)s does not answer just now."),
        "gone": _("%(name)s had to leave."),
    }.get(plan.why, _("%(name)s is not free just now."))
    return [words % {"name": plan.name}]


def _offers(plan: plans.Menu) -> list[str]:
    lines = [_owed(plan.name, plan.owed)] if plan.owed else []
    for key, offer in _keyed(plan.offers):
        match offer:
            case ToWait():
                lines.append(_expected(offer.wait, plan.name) + " " + _("To wait, press %(key)d.") % {"key": key})
            case ToDeputy():
                words = {"name": plan.deputy, "key": key}
                lines.append(_("To talk to %(name)s, who stands in and knows your file, press %(key)d.") % words)
            case ToCallBack() if plan.owed:
                lines.append(_("For another time for this call, press %(key)d.") % {"key": key})
            case ToCallBack():
                lines.append(_("To be called back at a time of your choice, press %(key)d.") % {"key": key})
            case _message:
                lines.append(_("To leave a message, press %(key)d.") % {"key": key})
    return [*lines, *_kept(plan.owed)]


def _kept(owed: datetime | None) -> list[str]:
    return [_("To keep your call as it is, hang up or press 9.")] if owed else []


def _expected(wait: Wait, name: str) -> str:
    if wait.low is None or wait.high is None:
        return _("We cannot say how long you would wait for %(name)s.") % {"name": name}
    if wait.high <= 1:
        return _("You would wait less than a minute for %(name)s.") % {"name": name}
    if wait.low == 0:
        words = {"name": name, "high": wait.high}
        return _("You would wait up to %(high)d minutes for %(name)s.") % words
    words = {"name": name, "low": wait.low, "high": wait.high}
    return _("You would wait between %(low)d and %(high)d minutes for %(name)s.") % words


def _times(plan: plans.Times) -> list[str]:
    first = [_("This time was just taken.")] if plan.taken else _wrong(plan.wrong)
    asks = [_owed(plan.name, plan.owed), _("For another time:")] if plan.owed else [_("When shall we call you?")]
    each = [_("%(when)s: press %(key)d.") % {"when": spoken(at), "key": key} for key, at in _keyed(plan.times)]  # type: ignore[arg-type]
    return [*first, *asks, *each, *_kept(plan.owed), _("To go back, press 0.")]


def _goodbye(plan: plans.Goodbye) -> str:
    words = {"name": plan.name, "when": spoken(plan.at) if plan.at else ""}
    if plan.why == "call_back":
        if plan.name:
            return _("%(name)s calls you on %(when)s. That is a promise. Goodbye.") % words
        return _("We call you on %(when)s. That is a promise. Goodbye.") % words
    return {
        "message": _("Thank you. Goodbye."),
        "thanks": _("Thank you. Goodbye."),
        "unknown": _(
            "We do not know your number, and can promise you nothing without it."
            " Please call again with your number shown, or write to us. Goodbye."
        ),
    }.get(plan.why, "")
