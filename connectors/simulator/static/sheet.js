// Sheets that rise over the phone: a list message's rows, and the small forms of what a customer can send.
import { h, icon, newName, part } from "./dom.js";

/** Opens sheets on the phone `root`; gives back `open({title, body, foot, focus})`, which gives back `close`. */
export function makeSheets(root) {
  const backdrop = part(root, "sheet");
  const others = [part(root, "head"), part(root, "thread"), part(root, "composer")];

  return function open({ title, body, foot, focus, closed = () => {} }) {
    const opener = document.activeElement;
    const name = newName("sheet");
    const close = () => {
      backdrop.hidden = true;
      backdrop.replaceChildren();
      others.forEach((element) => { element.inert = false; });
      closed();
      if (opener?.isConnected) opener.focus();
    };
    const cross = h("button", { type: "button", className: "icon-button", "aria-label": "Close", onclick: close }, icon("x"));
    backdrop.replaceChildren(h("div", { className: "sheet", role: "dialog", "aria-modal": "true", "aria-labelledby": name },
      h("div", { className: "sheet-head" }, h("h2", { id: name }, title), cross),
      h("div", { className: "sheet-body" }, body),
      foot && h("div", { className: "sheet-foot" }, foot)));
    backdrop.hidden = false;
    others.forEach((element) => { element.inert = true; });
    backdrop.onclick = (event) => { if (event.target === backdrop) close(); };
    backdrop.onkeydown = (event) => { if (event.key === "Escape") { event.stopPropagation(); close(); } };
    (focus || backdrop.querySelector("input, textarea, .sheet-body button") || cross).focus();
    return close;
  };
}

/** The button at the foot of a sheet. */
export function sendButton(title, properties = {}) {
  return h("button", { type: "button", className: "sheet-send", "data-testid": "sheet-send", ...properties }, title);
}

/** The list of a message: sections, rows to choose from, and a button that sends the chosen one. */
export function openList(open, message, send) {
  const action = message.payload.interactive.action;
  const group = newName("row");
  let chosen = null;
  const button = sendButton("Send", { disabled: true, "data-testid": "list-send", onclick: () => { close(); send(chosen); } });
  const row = (one) => h("label", { className: "sheet-row", "data-testid": "list-row", "data-row": one.id },
    h("span", { className: "sheet-row-words" },
      h("span", { className: "sheet-row-title", dir: "auto" }, one.title),
      one.description && h("span", { className: "sheet-row-about", dir: "auto" }, one.description)),
    h("input", { type: "radio", name: group, value: one.id, onchange: () => { chosen = one; button.disabled = false; },
      onkeydown: (event) => { if (event.key === "Enter" && chosen) button.click(); } }));
  const body = action.sections.flatMap((section) => [
    section.title && h("p", { className: "sheet-section", dir: "auto" }, section.title), ...section.rows.map(row),
  ]).filter(Boolean);
  const close = open({ title: action.button, body, foot: button });
}
