"""What Meta's error codes mean: will trying again help, when, and how to say it to an agent.

One table for both ways an error comes: in the answer to a call, and later in a ``failed`` status. Decisions are made
on the code alone; Meta's wording and HTTP status vary. Source: Meta's page of Cloud API error codes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Mapping

from handoff.channel import APP, NUMBER, DeliveryError, Remedy

MEDIA_NOT_TAKEN = 131053
STALE = 131009
UNKNOWN_TRIES = 4
HALTED_SECONDS = 30.0  # between two looks whether whoever runs the service has acted


@dataclass(frozen=True)
class Verdict:
    """``remedy``: exactly one thing to do. RETRY comes after ``delay`` seconds at first (or ``base``^n, growing by
    failure) and ``tries`` times at most. ``slows``: what else has to wait. ``explanation`` is for the agent."""

    remedy: Remedy
    explanation: str
    delay: float | None = None
    tries: int | None = None
    base: float | None = None
    slows: str | None = None

    @property
    def retry(self) -> bool:
        return self.remedy in (Remedy.RETRY, Remedy.PARK)

    @property
    def operator(self) -> bool:
        return self.remedy in (Remedy.PARK, Remedy.ALARM)

    def as_error(self, code: int, retry_after: float | None = None) -> DeliveryError:
        return DeliveryError(
            self.explanation, retry=self.retry, code=code, retry_after=retry_after or self.delay, tries=self.tries,
            operator=self.operator, slows=self.slows, base=self.base,
        )  # fmt: skip


def _tell(explanation: str) -> Verdict:
    return Verdict(Remedy.TELL_AGENT, explanation)


def _alarm(explanation: str) -> Verdict:
    return Verdict(Remedy.ALARM, explanation)


def _later(
    delay: float, explanation: str, tries: int | None = None, slows: str | None = None, base: float | None = None
) -> Verdict:
    return Verdict(Remedy.RETRY, explanation, delay, tries, base, slows)


def _park(explanation: str, slows: str = NUMBER) -> Verdict:
    """Nothing is wrong with the message: it waits, with all that follow it, until the cause is gone."""
    return Verdict(Remedy.PARK, explanation, HALTED_SECONDS, slows=slows)


_TOKEN = _park("WhatsApp did not accept our access token. Whoever runs this service must renew it.", slows=NUMBER)
_PERMISSION = _park("Our WhatsApp account lacks the permission for this. Whoever runs this service must grant it.")
_OUR_BUG = _alarm("WhatsApp could not read the message as we sent it. This is an error in the service.")
_FILLED_WRONG = _alarm("WhatsApp did not accept what was filled into the template. This is an error in the service.")
_REGISTRATION = _alarm("WhatsApp did not register our number. Whoever runs this service must look into it.")
_ACCOUNT = _park("WhatsApp has restricted our account. Whoever runs this service must look into it.")
_PAYMENT = _park("WhatsApp stopped our messages because of a payment problem on our account.")
_NUMBER = _park("Our WhatsApp number is not set up completely. Whoever runs this service must look into it.")
_BUSY = _later(2.0, "WhatsApp was too busy to take the message.")

_VERDICTS: dict[int, Verdict] = {
    0: _TOKEN,
    1: _later(5.0, "WhatsApp reported an unknown error.", tries=2),
    2: _later(5.0, "WhatsApp was down for a moment."),
    3: _PERMISSION,
    4: _later(60.0, "We sent WhatsApp too many requests.", slows=APP),
    10: _PERMISSION,
    33: _NUMBER,
    100: _OUR_BUG,
    104: _TOKEN,
    190: _TOKEN,
    368: _ACCOUNT,
    80007: _later(60.0, "We sent WhatsApp too many requests.", slows=APP),
    130403: _tell("We have blocked this customer."),
    130429: _later(2.0, "We sent messages faster than WhatsApp allows for our number.", slows=NUMBER),
    130472: _tell("WhatsApp is holding back marketing messages to this customer for an experiment."),
    130497: _tell("WhatsApp does not let our account write to this country."),
    130501: _tell("WhatsApp does not allow this kind of message in groups."),
    # A message that WhatsApp never takes holds up all that follow it: two minutes of tries tell an outage from that.
    131000: _later(2.0, "Something went wrong at WhatsApp.", tries=8),
    131005: _PERMISSION,
    131008: _OUR_BUG,
    131009: _OUR_BUG,
    131016: _BUSY,
    131021: _tell("The message was addressed to our own number."),
    131026: _tell(
        "WhatsApp could not deliver to this customer: the number may not be on WhatsApp, or their app is too old."
    ),
    131030: _tell("Our test number may only write to the few numbers that are on its list."),
    131031: _ACCOUNT,
    131037: _NUMBER,
    131042: _PAYMENT,
    131044: _PAYMENT,
    131045: _NUMBER,
    131047: _tell(
        "More than 24 hours have passed since the customer last wrote; WhatsApp then allows an approved template only."
    ),
    131048: _alarm("WhatsApp has limited our number because of complaints about spam."),
    131049: _tell("WhatsApp is holding back marketing messages to this customer for now."),
    131050: _tell("The customer has asked for no more marketing messages."),
    131051: _tell("WhatsApp does not support this kind of message."),
    131052: _tell("WhatsApp could not fetch the file that the customer sent; ask them to send it again."),
    # once more: an address may have been away for a moment; an uploaded file is what it is (see `once_for_a_link`)
    131053: _later(5.0, "WhatsApp could not take the file that we sent: its kind, its size or its address.", tries=2),
    131055: _OUR_BUG,
    # One message every 6 seconds to the same customer, after a burst of at most 45.
    131056: _later(1.0, "We sent this customer more messages than WhatsApp allows in a short time.", base=4.0),
    131057: _later(60.0, "WhatsApp is upgrading our number.", slows=NUMBER),
    131060: _tell("WhatsApp could not make this message available; ask the customer to send it again."),
    131062: _tell("WhatsApp needs the customer's phone number for this message, and we do not have it."),
    131063: _alarm("WhatsApp does not let our account send marketing templates this way."),
    131064: _alarm("WhatsApp has limited our templates because one was filed under the wrong category."),
    132000: _FILLED_WRONG,
    132001: _tell("WhatsApp has no approved template of this name in this language. Choose another one."),
    132005: _tell("The template is too long with what was filled in. Write less."),
    132007: _tell("What was filled into the template breaks WhatsApp's rules for its content."),
    132008: _FILLED_WRONG,
    132012: _FILLED_WRONG,
    132015: _tell("WhatsApp has paused this template because of poor feedback."),
    132016: _tell("WhatsApp has disabled this template for good."),
    132018: _FILLED_WRONG,
    132068: _tell("WhatsApp has blocked this form."),
    132069: _later(3600.0, "WhatsApp has slowed this form down."),
    133000: _later(60.0, "Our WhatsApp number was not fully deregistered."),
    133004: _later(5.0, "WhatsApp's registration server was down for a moment."),
    133005: _REGISTRATION,
    133006: _NUMBER,
    133008: _REGISTRATION,
    133009: _REGISTRATION,
    133010: _NUMBER,
    133015: _later(300.0, "Our WhatsApp number was deleted a moment ago."),
    133016: _REGISTRATION,
    134011: _PAYMENT,
    135000: _later(5.0, "WhatsApp reported an error without a reason.", tries=2),
    137000: _tell("The customer's identity on WhatsApp has changed and must be confirmed before we write."),
}


def classify(code: int, *, status: int | None = None, transient: bool | None = None) -> Verdict:
    """What an error means. Never raises.

    Args:
        code: Meta's error code.
        status: the HTTP status it came with, None for a ``failed`` status. It decides for codes that are not known.
        transient: Meta's ``is_transient``, when it was given.
    """
    verdict = _VERDICTS.get(code) or (_PERMISSION if 200 <= code <= 299 else None)
    if verdict is None:
        again = transient or (status is not None and (status >= 500 or status == 429))
        words = f"WhatsApp reported error {code}."
        return _later(5.0, words, tries=UNKNOWN_TRIES) if again else _tell(words)
    if transient and not verdict.retry:
        return _later(5.0, verdict.explanation, tries=UNKNOWN_TRIES)
    return verdict


def late_failure(code: int | None) -> DeliveryError:
    """What a ``failed`` status says with this code. Never raises."""
    if code is None:
        return DeliveryError("WhatsApp did not say why.", retry=False)
    if code == STALE:  # told afterwards, this is about a reaction: nobody has to mend anything
        return DeliveryError("The message to react to is gone or too old.", retry=False, code=code)
    return classify(code).as_error(code)


def once_for_a_link(verdict: Verdict, code: int, payload: Mapping[str, Any]) -> Verdict:
    """The verdict on a file: only one that WhatsApp fetches from an address may come when it is asked again."""
    part = payload.get(str(payload.get("type")))
    if code != MEDIA_NOT_TAKEN or (isinstance(part, Mapping) and part.get("link")):
        return verdict
    return _tell(verdict.explanation)


def is_of_no_use(code: int, payload: Mapping[str, Any]) -> bool:
    """A reaction to a message that is gone or too old: nobody misses it, and nobody has to hear of it."""
    return code == STALE and payload.get("type") == "reaction"
