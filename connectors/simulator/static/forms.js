// What a customer answers with: the form of a flow, the phone number that the business asked for, and a call.
import { h, icon } from "./dom.js";
import { sendButton } from "./sheet.js";

const RINGS_SECONDS = 8;

/** The form of a flow. The simulator does not have the flow's screens: one writes what they would send, field by field. */
export function openFlow(open, message, parameters, say) {
  const given = Object.keys(parameters.flow_action_payload?.data || {});
  const names = given.length ? given : ["rating", "comment"];
  const rows = h("div", { className: "flow-rows" });
  const add = (name = "") => rows.append(h("div", { className: "flow-row" },
    h("input", { value: name, placeholder: "Field", "aria-label": "Field", "data-testid": "flow-name" }),
    h("input", { placeholder: "Answer", "aria-label": name ? `Answer for ${name}` : "Answer", "data-testid": "flow-value", dir: "auto" })));
  names.forEach(add);
  const send = sendButton("Send", { onclick: () => {
    const response = Object.fromEntries([...rows.children].map((row) => [...row.children].map((field) => field.value.trim())).filter(([name]) => name));
    close();
    say({ type: "flow_reply", response: { ...(parameters.flow_token ? { flow_token: parameters.flow_token } : {}), ...response }, context: message.id });
  } });
  const more = h("button", { type: "button", className: "text-button", onclick: () => { add(); rows.lastChild.firstChild.focus(); } }, "Add a field");
  const close = open({
    title: parameters.flow_cta || "Form",
    body: h("div", { className: "sheet-form" }, h("p", { className: "hint" }, "The simulator does not know this flow's screens. Write what they would send."), rows, more),
    foot: send, focus: rows.querySelector("[data-testid=flow-value]"),
  });
}

/** The customer's own number as a contact card, in answer to a request for it. */
export function shareNumber(customer, message, say) {
  const digits = customer.phone || "447700900999"; // who was made with a username alone has this one
  say({
    type: "contacts",
    contacts: [{ origin: "contact_request", name: { formatted_name: customer.name, first_name: customer.name }, phones: [{ phone: `+${digits}`, wa_id: digits, type: "CELL" }] }],
    context: message.id,
  });
}

/** A call that nobody answers. `start` tells WhatsApp of it and gives back a function that ends it. */
export function openCall(root, business, start) {
  const state = h("p", { className: "call-state", role: "status" }, "Calling\u2026");
  const end = h("button", { type: "button", className: "call-end", "aria-label": "End call", "data-testid": "call-end" }, icon("phone"));
  const screen = h("div", { className: "call-screen", role: "dialog", "aria-modal": "true", "aria-label": `Call to ${business}`, "data-testid": "call-screen" },
    h("span", { className: "avatar business", "aria-hidden": "true" }, icon("store")), h("p", { className: "call-name" }, business), state, end);
  const opener = document.activeElement;
  let ended = false;
  const stop = start().then((stopIt) => { if (!ended) state.textContent = "Ringing\u2026"; return stopIt; },
    (problem) => { state.textContent = `The call failed: ${problem.message}`; return () => {}; });
  const close = async () => {
    if (ended) return;
    ended = true;
    clearTimeout(timer);
    state.textContent = "No answer";
    (await stop)();
    screen.remove();
    if (opener?.isConnected) opener.focus();
  };
  const timer = setTimeout(close, RINGS_SECONDS * 1000);
  end.onclick = close;
  screen.onkeydown = (event) => { if (event.key === "Escape") { event.stopPropagation(); close(); } };
  root.append(screen);
  end.focus();
}
