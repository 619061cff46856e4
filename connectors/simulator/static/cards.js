// Cards in a bubble: a place, a contact, an order from the catalogue, and where a link leads.
import { h, icon } from "./dom.js";
import { map } from "./map.js";
import { nameOf } from "./quote.js";

/** A place: a drawn map with a pin, its name and address. It opens a real map only when it is pressed. */
export function place(location) {
  const [latitude, longitude] = [Number(location.latitude), Number(location.longitude)];
  const link = `https://www.openstreetmap.org/?mlat=${latitude}&mlon=${longitude}&zoom=16`;
  const title = location.name || (location.address ? "" : "Current position");
  return h("a", { className: "place", href: link, target: "_blank", rel: "noopener noreferrer", "data-testid": "place" },
    map(latitude, longitude),
    h("span", { className: "place-words" },
      title && h("span", { className: "place-name", dir: "auto" }, title),
      h("span", { className: "place-address", dir: "auto" }, location.address || `${latitude.toFixed(4)}, ${longitude.toFixed(4)}`)));
}

/** A contact's card, or several; `open` shows what is on them. */
export function contactCard(contacts, open) {
  const [first, ...others] = contacts;
  const name = nameOf(first) || "Contact";
  const more = others.length ? ` and ${others.length} other contact${others.length > 1 ? "s" : ""}` : "";
  return h("div", { className: "contact", "data-testid": "contact" },
    h("div", { className: "contact-main" },
      h("span", { className: "avatar", "aria-hidden": "true" }, icon("user-round")),
      h("span", { className: "contact-words" },
        h("span", { className: "contact-name", dir: "auto" }, name + more),
        first?.phones?.[0]?.phone && h("span", { className: "contact-phone" }, first.phones[0].phone))),
    h("button", { type: "button", className: "card-button", onclick: open }, others.length ? "View all" : "View contact"));
}

/** What stands on contacts' cards, for the sheet. */
export function contactDetails(contacts) {
  return contacts.map((contact) => h("dl", { className: "details" },
    detail("Name", nameOf(contact)),
    contact.org?.company && detail("Company", contact.org.company),
    (contact.phones || []).map((one) => detail(one.type ? `Phone (${one.type.toLowerCase()})` : "Phone", one.phone)),
    (contact.emails || []).map((one) => detail("E-mail", one.email)),
    (contact.urls || []).map((one) => detail("Website", one.url)),
    (contact.addresses || []).map((one) => detail("Address", [one.street, one.zip, one.city, one.country].filter(Boolean).join(", ")))));
}

const detail = (name, value) => h("div", {}, h("dt", {}, name), h("dd", { dir: "auto" }, value));

/** An order: how many things for how much; `open` shows them. */
export function orderCard(order, open) {
  const items = order.product_items || [];
  const count = items.reduce((sum, one) => sum + Number(one.quantity), 0);
  return h("div", { className: "contact", "data-testid": "order" },
    h("div", { className: "contact-main" },
      h("span", { className: "order-face", "aria-hidden": "true" }, icon("shopping-bag")),
      h("span", { className: "contact-words" },
        h("span", { className: "contact-name" }, `${count} item${count === 1 ? "" : "s"}`),
        h("span", { className: "contact-phone" }, `${total(items)} (estimated)`))),
    h("button", { type: "button", className: "card-button", onclick: open }, "View sent cart"));
}

export function orderDetails(order) {
  const items = order.product_items || [];
  return [h("dl", { className: "details" },
    items.map((one) => detail(`${one.quantity} \u00d7 ${one.product_retailer_id}`, price(one.quantity * one.item_price, one.currency))),
    detail("Estimated total", total(items)))];
}

function total(items) {
  return price(items.reduce((sum, one) => sum + one.quantity * one.item_price, 0), items[0]?.currency || "EUR");
}

export function price(amount, currency) {
  try {
    return new Intl.NumberFormat(undefined, { style: "currency", currency }).format(amount);
  } catch {
    return `${amount} ${currency}`;
  }
}

/** Where the first link of a text leads, as the card that WhatsApp puts above it. Nothing is fetched for it. */
export function linkCard(text) {
  const found = /https?:\/\/[^\s<>"]+/u.exec(text)?.[0];
  if (!found || !URL.canParse(found)) return null;
  const { hostname, pathname } = new URL(found);
  return h("a", { className: "link-card", href: found, target: "_blank", rel: "noopener noreferrer", "data-testid": "link-card" },
    h("span", { className: "link-sign", "aria-hidden": "true" }, icon("link")),
    h("span", { className: "link-words" },
      h("span", { className: "link-title" }, hostname.replace(/^www\./u, "")),
      h("span", { className: "link-path" }, pathname === "/" ? hostname : pathname)));
}
