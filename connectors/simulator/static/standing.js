// Beside the phone: what the business may send to its customer now, and what the customer can do besides writing.
import { api } from "./api.js";
import { byId, h } from "./dom.js";
import { full, now, span } from "./times.js";

const digits = (length) => Array.from({ length }, () => Math.floor(Math.random() * 10)).join("");

/** `current` gives the customer; `attempt` runs a change; `became` is told how a customer with a new number is found. */
export function makeStanding(current, attempt, became) {
  const numbers = byId("new-number");
  let drawn = "";

  const does = (what, done) => attempt(() => api.say(current().key, what), done);

  const ACTS = [
    { name: "Change number\u2026", act: () => { numbers.hidden = !numbers.hidden; if (!numbers.hidden) numbers.elements.phone.focus(); } },
    { name: "New user id", act: () => {
      const customer = current();
      const id = `GB.${digits(16)}`;
      became(customer, customer.wa_id || id);
      does({ type: "user_id_change", user_id: id }, `${customer.name} has a new user id.`);
    } },
    { name: (customer) => (customer.wa_id ? "Take a username" : ""), act: () => {
      const { user_id, username, name } = current();
      const made = username || `${name.toLowerCase().normalize("NFKD").replace(/[^a-z0-9]+/gu, "") || "customer"}.example`;
      attempt(() => api.addCustomer({ user_id, username: made, wa_id: null }), `@${made} hides the phone number from the business.`);
    } },
    { name: "New security code", act: () => does({ type: "identity_change" }, "The business is told of the new security code.") },
    { name: (customer) => (customer.marketing_stopped ? "Allow offers" : "Stop offers"), act: () => does({ type: "user_preferences", value: current().marketing_stopped ? "resume" : "stop" }) },
    { name: (customer) => (customer.blocks ? "Unblock the business" : "Block the business"), act: () => attempt(() => api.addCustomer({ user_id: current().user_id, blocks: !current().blocks })) },
  ];

  numbers.onsubmit = (event) => {
    event.preventDefault();
    const customer = current();
    const phone = numbers.elements.phone.value.replace(/\D/gu, "");
    attempt(async () => {
      became(customer, phone);
      await api.say(customer.key, { type: "number_change", wa_id: phone });
      numbers.hidden = true;
      numbers.reset();
    }, `${customer.name} has a new number.`);
  };
  byId("cancel-number").onclick = () => { numbers.hidden = true; };

  /** Draw it for the customer of the phone that is used. */
  return () => {
    const customer = current();
    const lines = customer ? allowed(customer) : [];
    const buttons = customer ? ACTS.map(({ name }) => (typeof name === "string" ? name : name(customer))) : [];
    const picture = JSON.stringify([customer?.user_id, lines, buttons]);
    if (picture === drawn) return;
    drawn = picture;
    byId("allowed-title").textContent = customer ? `What may be sent to ${customer.name}` : "";
    byId("acts-title").textContent = customer ? `What ${customer.name} can do besides writing` : "";
    byId("allowed").replaceChildren(...lines.map(([what, answer, warns, title]) =>
      h("div", {}, h("dt", {}, what), h("dd", { className: warns ? "on" : "", title }, answer))));
    const focused = [...byId("acts").children].indexOf(document.activeElement);
    byId("acts").replaceChildren(...buttons.map((name, index) => h("button", { type: "button", className: "button", hidden: !name, onclick: ACTS[index].act }, name)));
    byId("acts").children[focused]?.focus();
  };
}

/** What may be sent to a customer now: [what, answer, whether it is refused, the exact time]. */
function allowed(customer) {
  const left = customer.window_ends_at - now();
  const until = full(customer.window_ends_at);
  const window = left > 0 ? `for ${span(left)}` : "no, the 24 hours are over";
  return [
    ["Free messages", customer.blocks ? "no, blocked" : window, customer.blocks || left <= 0, `The 24 hours end ${until}`],
    ["Templates", customer.blocks ? "not delivered, blocked" : "yes", customer.blocks],
    ["Offers", customer.marketing_stopped ? "no, stopped" : customer.blocks ? "not delivered" : "yes, as templates", customer.marketing_stopped || customer.blocks],
  ];
}
