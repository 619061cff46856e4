// The list of customers beside the phone, and the form for a new one.
import { api } from "./api.js";
import { byId, h } from "./dom.js";
import { brief, now } from "./times.js";

const SHOWN = 200;

let drawn = "";

export const initials = (name) => name.replace(/[^\p{L}\p{N} ]/gu, "").trim().split(/\s+/u).slice(0, 2)
  .map((word) => [...word][0] || "").join("").toUpperCase() || "?";

export const address = (customer) => customer.wa_id ? `+${customer.wa_id}` : customer.username ? `@${customer.username}` : customer.user_id;

/** Draw the list; `current` is whose phone is used, `held` all who have one; `choose` opens a customer. */
export function drawPeople(customers, { current, held }, choose) {
  const sorted = [...customers.values()].sort((one, other) => (other.last?.at ?? 0) - (one.last?.at ?? 0));
  const shown = sorted.slice(0, SHOWN);
  const picture = JSON.stringify([current, [...held], sorted.length, shown.map((one) => [one, one.typing_until > now(), one.last && brief(one.last.at)])]);
  if (picture === drawn) return;
  drawn = picture;
  const focused = document.activeElement?.dataset?.key;
  const rows = shown.map((customer) => h("li", {}, row(customer, { current: customer.user_id === current, held: held.size > 1 && held.has(customer.user_id) }, choose)));
  if (sorted.length > SHOWN) rows.push(h("li", { className: "more-rows" }, `${sorted.length - SHOWN} more, by time of their last message`));
  byId("rows").replaceChildren(...rows);
  if (focused) [...byId("rows").querySelectorAll(".row")].find((one) => one.dataset.key === focused)?.focus();
  const unread = sorted.filter((one) => !held.has(one.user_id)).reduce((sum, one) => sum + one.unread, 0);
  for (const badge of document.querySelectorAll("[data-part=others-unread]")) {
    badge.hidden = unread === 0;
    badge.textContent = unread;
  }
}

function row(customer, { current, held }, choose) {
  const typing = customer.typing_until > now();
  const last = customer.last;
  const said = last ? lastWords(last) : address(customer);
  return h("button", {
    type: "button", className: held ? "row held" : "row", "data-testid": "customer-row", "data-key": customer.key,
    "aria-current": current ? "true" : undefined, onclick: () => choose(customer),
  },
  h("span", { className: "avatar", "aria-hidden": "true" }, initials(customer.name)),
  h("span", { className: "row-main" },
    h("div", { className: "row-name", dir: "auto" }, customer.name),
    h("div", { className: `row-last${typing ? " typing" : ""}` }, typing ? "typing…" : said)),
  h("span", { className: "row-side" },
    last && h("span", {}, brief(last.at)),
    customer.unread > 0 && h("span", { className: "badge", "data-testid": "unread", "aria-label": `${customer.unread} unread` }, customer.unread)));
}

const WORDLESS = {
  audio: "Audio", image: "Photo", video: "Video", sticker: "Sticker", document: "Document", location: "Location", contacts: "Contact", order: "Cart",
  call: "Voice call", unsupported: "Poll", edit: "Edited a message", revoke: "Deleted a message", system: "Changed something", user_preferences: "Chose about offers",
};

/** The last message in a line; what has no words of its own is named. */
function lastWords({ author, text, type }) {
  const words = /^\[.*\]$/u.test(text) ? WORDLESS[type] ?? text : text;
  return `${author === "customer" ? "You: " : ""}${words.replace(/\s+/gu, " ")}`;
}

/** The ids of the business's numbers that customers write to, and others that are known. */
export const numbersOf = (customers, others = []) => [...new Set([...[...customers.values()].map((one) => one.number), ...others])].sort();

/** Make the form for a new customer work; `numbers` gives the business's, `added` gets the customer. */
export function setUpForm(numbersNow, added) {
  const form = byId("new-customer");
  const error = form.querySelector(".form-error");
  const toggle = (open) => {
    form.hidden = !open;
    error.hidden = true;
    const numbers = numbersNow();
    byId("number-field").hidden = numbers.length < 2;
    form.elements.number.replaceChildren(...numbers.map((number) => h("option", { value: number }, number)));
    form.elements.number.disabled = numbers.length < 2;
    if (open) form.elements.name.focus();
    else form.reset();
  };
  byId("add-customer").onclick = () => toggle(form.hidden);
  byId("cancel-customer").onclick = () => toggle(false);
  form.onsubmit = async (event) => {
    event.preventDefault();
    const given = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, value.trim()]).filter(([, value]) => value));
    if (given.wa_id) given.wa_id = given.wa_id.replace(/\D/gu, "");
    if (given.username) {
      given.username = given.username.replace(/^@/u, "");
      delete given.wa_id;
    }
    try {
      const customer = await api.addCustomer(given);
      toggle(false);
      added(customer);
    } catch (problem) {
      error.hidden = false;
      error.textContent = `Not added: ${problem.message}`;
    }
  };
}
