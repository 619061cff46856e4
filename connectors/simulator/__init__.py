"""A WhatsApp Cloud API that runs on this machine, with a phone in the browser and a control API for tests."""
