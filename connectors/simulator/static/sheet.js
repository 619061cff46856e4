// The sheet of a list message: sections, rows to choose from, and a button that sends the choice.
import { byId, h, icon } from "./dom.js";

/** Open the list of a message; `send` gets the chosen row. */
export function openList(message, send) {
  const backdrop = byId("sheet");
  const action = message.payload.interactive.action;
  const opener = document.activeElement;
  const others = [byId("thread"), byId("composer")];
  let chosen = null;

  const close = () => {
    backdrop.hidden = true;
    backdrop.replaceChildren();
    others.forEach((element) => { element.inert = false; });
    if (opener?.isConnected) opener.focus();
  };
  const button = h("button", { type: "button", className: "sheet-send", disabled: true, "data-testid": "list-send", onclick: () => { close(); send(chosen); } }, "Send");

  const body = h("div", { className: "sheet-body" });
  for (const section of action.sections) {
    if (section.title) body.append(h("p", { className: "sheet-section" }, section.title));
    for (const row of section.rows) {
      const radio = h("input", { type: "radio", name: "row", value: row.id, onchange: () => { chosen = row; button.disabled = false; } });
      body.append(h("label", { className: "sheet-row", "data-testid": "list-row", "data-row": row.id },
        h("span", { className: "sheet-row-words" },
          h("span", { className: "sheet-row-title", dir: "auto" }, row.title),
          row.description && h("span", { className: "sheet-row-about", dir: "auto" }, row.description)),
        radio));
    }
  }
  const title = h("h2", { id: "sheet-title" }, action.button);
  const cross = h("button", { type: "button", className: "icon-button", "aria-label": "Close", onclick: close }, icon("x"));
  const sheet = h("div", { className: "sheet", role: "dialog", "aria-modal": "true", "aria-labelledby": "sheet-title" },
    h("div", { className: "sheet-head" }, title, cross), body, h("div", { className: "sheet-foot" }, button));
  backdrop.replaceChildren(sheet);
  backdrop.hidden = false;
  others.forEach((element) => { element.inert = true; });
  backdrop.onclick = (event) => { if (event.target === backdrop) close(); };
  backdrop.onkeydown = (event) => {
    if (event.key === "Escape") close();
    if (event.key === "Enter" && chosen && event.target.type === "radio") button.click();
  };
  body.querySelector("input").focus();
}
