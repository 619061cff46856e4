"""Who a message is for, and whether WhatsApp takes it to them."""

from __future__ import annotations

from connectors.simulator.drafts import Draft
from connectors.simulator.errors import GraphError
from connectors.simulator.model import Customer
from connectors.simulator.world import World


class Recipients:
    """The rules that depend on the customer."""

    def __init__(self, world: World) -> None:
        self.world = world

    def find(self, phone: str | None, user_id: str | None, number: str) -> Customer:
        """The customer with this phone or user id; a new one, if that is set.

        Raises:
            GraphError: 131030 not on the list of test recipients, 131026 not on WhatsApp, or known to another number
                of the business.
        """
        settings = self.world.settings
        if settings.allowed_recipients is not None and phone not in settings.allowed_recipients:
            raise GraphError(131030, "The recipient is not in the list of test recipients.")
        customer = self.world.find(phone or user_id)
        if customer is None and settings.unknown_customer == "refuse":
            raise GraphError(131026, "The recipient is not on WhatsApp.")
        if customer is None:
            name = f"+{phone}" if phone else str(user_id)
            return self.world.make_customer(name, phone, user_id, number=number)
        if customer.number != number:
            raise GraphError(131026, f"This customer of the simulator writes to the number {customer.number} only.")
        return customer

    def refusal(self, customer: Customer, draft: Draft, phone: str | None) -> GraphError | None:
        """Why this customer does not get this message; None when they do.

        Raises:
            GraphError: 131062, what only a phone number may get was sent to a user id.
        """
        if draft.needs_phone and phone is None:
            raise GraphError(131062, "Authentication templates go to phone numbers only.")
        if customer.blocks_business:
            return GraphError(131026, "The message cannot be delivered.")
        if draft.is_marketing and customer.marketing_stopped:
            return GraphError(131050, "The user has chosen to stop marketing messages.")
        open_still = self.world.now() < self.world.window_ends_at(customer)
        if open_still or draft.template is not None or not self.world.settings.enforce_window:
            return None
        return GraphError(131047, "More than 24 hours have passed since the customer last wrote.")
