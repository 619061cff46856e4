"""Rasa's own command line, quicker to start and quieter: `python -m handoff.rasa_command run`."""

from __future__ import annotations

import warnings


def main() -> None:
    # Rasa loads scikit-learn's classifiers through skops. When skops is imported it looks up 750 types in every module
    # that is loaded by then: after TensorFlow that takes 12 seconds, before it 2.
    import skops.io  # noqa: F401, I001

    # Sanic switches deprecation warnings on for the whole process. They concern Rasa's dependencies, whose versions
    # Rasa pins, and fill the log at each start.
    import sanic.app  # noqa: F401

    warnings.filterwarnings("ignore", category=DeprecationWarning)
    from rasa.__main__ import main as rasa

    rasa()


if __name__ == "__main__":
    main()
