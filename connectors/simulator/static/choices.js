// The rows under a bubble of the business: what the customer may press.
import { h, icon } from "./dom.js";
import { safeLink } from "./files.js";
import { filled } from "./template.js";

/** The rows of a message, or null. `act` does what they say. */
export function choices(message, act) {
  if (message.author === "customer" || message.deleted) return null;
  const rows = message.type === "template" ? ofTemplate(message, act) : ofInteractive(message, act);
  return rows.length ? h("div", { className: "choices" }, rows) : null;
}

function ofInteractive(message, act) {
  const part = message.payload.interactive;
  const action = part?.action;
  if (!action) return [];
  const parameters = action.parameters || {};
  const rows = (action.buttons || []).map(({ reply }) => row("reply", reply.title, "reply-button", () =>
    act.say({ type: "button_reply", id: reply.id, title: reply.title, context: message.id })));
  if (part.type === "list") rows.push(row("list", action.button, "list-open", () => act.openList(message)));
  if (part.type === "location_request_message") rows.push(row("map-pin", "Send location", "send-location", () => act.sendPlace(message)));
  if (part.type === "request_contact_info") rows.push(row("user-round", "Share phone number", "share-number", () => act.shareNumber(message)));
  if (part.type === "flow") rows.push(row("clipboard-list", parameters.flow_cta || "Open", "flow-open", () => act.openFlow(message, parameters)));
  if (part.type === "cta_url") rows.push(link(parameters.display_text, parameters.url));
  return rows;
}

function ofTemplate(message, act) {
  const make = {
    quick_reply: ({ text, payload }) => row("reply", text, "quick-reply", () => act.pressQuickReply(message, text, payload)),
    url: ({ text, url }) => link(text, url),
    phone_number: ({ text }) => row("phone", text, "call-button", act.call),
    copy_code: ({ text, code }) => copy(text || "Copy code", code),
    otp: ({ text, code }) => copy(text || "Copy code", code),
    request_contact_info: ({ text }) => row("user-round", text, "share-number", () => act.shareNumber(message)),
    flow: ({ text, token }) => row("clipboard-list", text, "flow-open", () => act.openFlow(message, { flow_cta: text, flow_token: token })),
  };
  return filled(message).buttons.map((button) => make[button.type]?.(button)).filter(Boolean);
}

function row(symbol, title, testId, onclick) {
  return h("button", { type: "button", className: "choice", "data-testid": testId, onclick }, icon(symbol), h("span", { dir: "auto" }, title));
}

function link(title, url) {
  return h("a", { className: "choice", href: safeLink(url), target: "_blank", rel: "noopener noreferrer", "data-testid": "link-button" },
    icon("external-link"), h("span", { dir: "auto" }, title));
}

/** Copies, and says so for a moment. */
function copy(title, code) {
  const words = h("span", {}, title);
  const button = h("button", { type: "button", className: "choice", "data-testid": "copy-code", "aria-live": "polite" }, icon("copy"), words);
  button.onclick = async () => {
    try {
      await navigator.clipboard.writeText(code || "");
      words.textContent = "Copied";
    } catch {
      words.textContent = `The code is ${code}`;
    }
    setTimeout(() => { words.textContent = title; }, 1500);
  };
  return button;
}
