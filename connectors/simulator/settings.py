"""The simulator's settings from the environment."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from handoff.settings import Environment, Reader, SettingsError, WhatsAppSettings, var_folder, whatsapp_settings


@dataclass(frozen=True)
class SimulatorSettings:
    """``webhook_url`` is where the connector listens; ``whatsapp`` has the secrets that both sides share;
    ``business_name`` stands at the top of the phone."""

    whatsapp: WhatsAppSettings
    webhook_url: str
    file: Path
    host: str
    port: int
    business_name: str


def simulator_settings(environ: Environment | None = None) -> SimulatorSettings:
    """What the simulator needs.

    Raises:
        SettingsError: everything that is missing or wrong, together.
    """
    read = Reader(environ)
    whatsapp = None
    try:
        whatsapp = whatsapp_settings(environ)
    except SettingsError as error:
        read.problems.extend(error.problems)
    rasa_url = read.url("RASA_URL", f"http://127.0.0.1:{read.port('RASA_PORT', 5005)}")
    webhook_url = read.url("SIMULATOR_WEBHOOK_URL", f"{rasa_url}/webhooks/whatsapp/webhook")
    host = read.optional("BATON_HOST", "127.0.0.1")
    port = read.port("SIMULATOR_PORT", 5090)
    business_name = read.optional("SIMULATOR_BUSINESS_NAME", "Marigold")
    read.finish()
    assert whatsapp is not None
    file = var_folder(environ) / "simulator.db"
    return SimulatorSettings(whatsapp, webhook_url, file, host, port, business_name)
