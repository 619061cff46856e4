"""Rasa's own command line, as Baton starts it: `python -m handoff.rasa_command run ...`.

Three things differ. It starts in half the time: Rasa loads scikit-learn's classifiers through skops, which at its
import looks up 750 types in every module that is loaded by then; after TensorFlow that takes 12 seconds, before it 2.
It sends no telemetry and no crash reports. And a server that cannot work as it is set up says why in one message
instead of a stack trace.
"""

from __future__ import annotations

import os
import sys

from handoff.services import QUIET


def main() -> None:
    for name, value in QUIET.items():  # crash reports follow the setting for telemetry
        os.environ.setdefault(name, value)
    if sys.argv[1:2] == ["run"] and "actions" not in sys.argv:
        _check_settings()
    import skops.io  # noqa: F401

    from handoff.logs import no_advice_to_developers

    no_advice_to_developers()
    from rasa.__main__ import main as rasa

    from handoff.bot import ModelUnfit
    from handoff.settings import SettingsError

    try:
        rasa()
    except (ModelUnfit, SettingsError) as error:
        sys.exit(str(error))


def _check_settings() -> None:
    from handoff.settings import SettingsError, bridge_settings, check, media_settings, whatsapp_settings

    try:
        check(os.environ, whatsapp_settings, bridge_settings, media_settings)
    except SettingsError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
