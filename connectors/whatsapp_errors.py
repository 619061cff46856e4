"""What Meta's error codes mean: will trying again help, when, and how to say it to an agent.

One table for both ways an error comes: in the answer to a call, and later in a ``failed`` status. Decisions are made
on the code alone; Meta's wording and HTTP status vary. Source: Meta's page of Cloud API error codes.
"""

from __future__ import annotations

from dataclasses import dataclass

HALTED_SECONDS = 30.0  # between two looks whether whoever runs the service has acted


@dataclass(frozen=True)
class Verdict:
    """``retry``: trying again may help, after ``delay`` seconds at first and ``tries`` times at most. ``operator``:
    nothing goes out until whoever runs the service has acted. ``explanation`` is for the agent."""

    retry: bool
    explanation: str
    delay: float | None = None
    tries: int | None = None
    operator: bool = False


def _never(explanation: str) -> Verdict:
    return Verdict(False, explanation)


def _later(delay: float, explanation: str, tries: int | None = None) -> Verdict:
    return Verdict(True, explanation, delay, tries)


def _halted(explanation: str) -> Verdict:
    """Nothing is wrong with the message: it waits, with all that follow it, until the cause is gone."""
    return Verdict(True, explanation, HALTED_SECONDS, operator=True)


_TOKEN = _halted("WhatsApp did not accept our access token. Whoever runs this service must renew it.")
_PERMISSION = _halted("Our WhatsApp account lacks the permission for this. Whoever runs this service must grant it.")
_OUR_BUG = _never("WhatsApp could not read the message as we sent it. This is an error in the service.")
_TEMPLATE = _never("WhatsApp did not accept the template or what was filled into it.")
_ACCOUNT = _halted("WhatsApp has restricted our account. Whoever runs this service must look into it.")
_PAYMENT = _halted("WhatsApp stopped our messages because of a payment problem on our account.")
_NUMBER = _halted("Our WhatsApp number is not set up completely. Whoever runs this service must look into it.")
_BUSY = _later(2.0, "WhatsApp was too busy to take the message.")

_VERDICTS: dict[int, Verdict] = {
    0: _TOKEN,
    1: _later(5.0, "WhatsApp reported an unknown error."),
    2: _later(5.0, "WhatsApp was down for a moment."),
    3: _PERMISSION,
    4: _later(60.0, "We sent WhatsApp too many requests."),
    10: _PERMISSION,
    33: _NUMBER,
    100: _OUR_BUG,
    104: _TOKEN,
    190: _TOKEN,
    368: _ACCOUNT,
    80007: _later(60.0, "We sent WhatsApp too many requests."),
    130403: _never("We have blocked this customer."),
    130429: _later(2.0, "We sent messages faster than WhatsApp allows for our number."),
    130472: _never("WhatsApp is holding back marketing messages to this customer for an experiment."),
    130497: _never("WhatsApp does not let our account write to this country."),
    130501: _never("WhatsApp does not allow this kind of message in groups."),
    # A message that WhatsApp never takes holds up all that follow it: two minutes of tries tell an outage from that.
    131000: _later(2.0, "Something went wrong at WhatsApp.", tries=8),
    131005: _PERMISSION,
    131008: _OUR_BUG,
    131009: _OUR_BUG,
    131016: _BUSY,
    131021: _never("The message was addressed to our own number."),
    131026: _never(
        "WhatsApp could not deliver to this customer: the number may not be on WhatsApp, or their app is too old."
    ),
    131030: _never("Our test number may only write to the few numbers that are on its list."),
    131031: _ACCOUNT,
    131037: _NUMBER,
    131042: _PAYMENT,
    131044: _PAYMENT,
    131045: _NUMBER,
    131047: _never(
        "More than 24 hours have passed since the customer last wrote; WhatsApp then allows an approved template only."
    ),
    131048: _never("WhatsApp has limited our number because of complaints about spam."),
    131049: _never("WhatsApp is holding back marketing messages to this customer for now."),
    131050: _never("The customer has asked for no more marketing messages."),
    131051: _never("WhatsApp does not support this kind of message."),
    131052: _never("WhatsApp could not fetch the file that the customer sent; ask them to send it again."),
    131053: _never("WhatsApp could not take the file that we sent: its kind, its size or its address."),
    131055: _OUR_BUG,
    # One message every 6 seconds to the same customer, after a burst of at most 45.
    131056: _later(6.0, "We sent this customer more messages than WhatsApp allows in a short time."),
    131057: _later(60.0, "WhatsApp is upgrading our number."),
    131060: _never("WhatsApp could not make this message available; ask the customer to send it again."),
    131062: _never("WhatsApp needs the customer's phone number for this message, and we do not have it."),
    131063: _TEMPLATE,
    131064: _TEMPLATE,
    132000: _TEMPLATE,
    132001: _TEMPLATE,
    132005: _TEMPLATE,
    132007: _TEMPLATE,
    132008: _TEMPLATE,
    132012: _TEMPLATE,
    132015: _never("WhatsApp has paused this template because of poor feedback."),
    132016: _never("WhatsApp has disabled this template for good."),
    132018: _TEMPLATE,
    132068: _never("WhatsApp has blocked this form."),
    132069: _later(3600.0, "WhatsApp has slowed this form down."),
    133000: _later(60.0, "Our WhatsApp number was not fully deregistered."),
    133004: _later(5.0, "WhatsApp's registration server was down for a moment."),
    133006: _NUMBER,
    133010: _NUMBER,
    133015: _later(300.0, "Our WhatsApp number was deleted a moment ago."),
    134011: _never("WhatsApp's payment terms have not been accepted for our account."),
    135000: _later(5.0, "WhatsApp reported an error without a reason.", tries=2),
    137000: _never("The customer's identity on WhatsApp has changed and must be confirmed before we write."),
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
        return _later(5.0, words) if again else _never(words)
    if transient and not verdict.retry:
        return _later(5.0, verdict.explanation)
    return verdict
