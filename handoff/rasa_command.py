"""Rasa's own command line, which starts in half the time: `python -m handoff.rasa_command run`.

Rasa loads scikit-learn's classifiers through skops. When skops is imported it looks up 750 types in every module that
is loaded by then; after TensorFlow that takes 12 seconds, before it 2.
"""

from __future__ import annotations


def main() -> None:
    import skops.io  # noqa: F401, I001
    from rasa.__main__ import main as rasa

    rasa()


if __name__ == "__main__":
    main()
