"""The action server, its settings checked first: `python -m actions --port 5055`. Takes rasa-sdk's own options."""

from __future__ import annotations

import os
import sys


def main() -> None:
    from handoff.settings import SettingsError, check, shop_settings

    try:
        check(os.environ, shop_settings)
    except SettingsError as error:
        sys.exit(str(error))
    from handoff.logs import no_advice_to_developers

    no_advice_to_developers()
    from rasa_sdk.__main__ import main as serve

    if "--actions" not in sys.argv:
        sys.argv += ["--actions", "actions"]  # rasa-sdk serves nothing at all without it, and does not say so
    serve()


if __name__ == "__main__":
    main()
