"""Rasa's logs of every step of every turn are no part of an evaluation."""

from __future__ import annotations

import logging
import warnings


def quiet() -> None:
    """Warnings and errors of Rasa only, and no advice of its libraries."""
    from rasa.utils.log_utils import configure_structlog

    configure_structlog(logging.WARNING)
    logging.getLogger("rasa").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore")
