"""One structured line for each thing that happens, for processes that are not Rasa: JSON, or coloured for a person."""

from __future__ import annotations

import logging
import os
import sys
import warnings

import structlog

NOISY = ("httpx", "httpcore", "pywa", "sanic.root", "alembic")


def configure_logging() -> None:
    """Log to standard error, at ``LOG_LEVEL`` (INFO without it)."""
    level = logging.getLevelName(os.environ.get("LOG_LEVEL", "INFO").upper())
    level = level if isinstance(level, int) else logging.INFO
    logging.basicConfig(level=level, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
    for noisy in NOISY:
        logging.getLogger(noisy).setLevel(logging.WARNING)
    people_read_it = sys.stderr.isatty()
    style = structlog.dev.ConsoleRenderer() if people_read_it else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            style,
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(level),
    )


def no_advice_to_developers() -> None:
    """What libraries tell those who develop with them is nothing that an operator could act on."""
    import pyparsing  # noqa: F401  # both turn these warnings on
    import sanic.app  # noqa: F401

    warnings.filterwarnings("ignore", category=DeprecationWarning)
    logging.getLogger("rasa_sdk.executor").setLevel(logging.WARNING)  # a line for each action
