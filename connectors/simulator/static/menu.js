// The menu of a bubble: react, reply, copy, forward, and for the customer's own messages edit and delete.
import { h, icon } from "./dom.js";
import { now } from "./times.js";

const EMOJI = ["\u{1F44D}", "\u2764\uFE0F", "\u{1F602}", "\u{1F62E}", "\u{1F622}", "\u{1F64F}"];
const EDIT_SECONDS = 15 * 60;
const DELETE_SECONDS = 2 * 24 * 3600;

/** The button of the menu. `reaction` gives the customer's own reaction to the message. */
export function menuButton(message, act) {
  const button = h("button", { type: "button", className: "icon-button bubble-menu", "aria-label": "Reply or react", "aria-haspopup": "true", "aria-expanded": "false" },
    icon("chevron-down"));
  button.onclick = (event) => {
    event.stopPropagation();
    const open = button.getAttribute("aria-expanded") === "true";
    act.closeMenus();
    if (!open) openMenu(button, message, act);
  };
  return button;
}

const PRESS_MS = 450;
const RELEASE_MS = 50;
const PRESS_SLACK = 10; // pixels that a finger may move without meaning to scroll

/** Where there is no mouse, pressing a bubble long opens its menu. */
export function openOnLongPress(content, button) {
  let press = null;
  const stop = () => { clearTimeout(press?.timer); press = null; };
  content.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "touch" || event.target.closest("button, a, input, .menu")) return;
    press = { x: event.clientX, y: event.clientY, timer: setTimeout(() => { stop(); ignoreRelease(); navigator.vibrate?.(10); button.click(); }, PRESS_MS) };
  });
  content.addEventListener("pointermove", (event) => {
    if (press && Math.hypot(event.clientX - press.x, event.clientY - press.y) > PRESS_SLACK) stop();
  });
  for (const end of ["pointerup", "pointercancel", "pointerleave"]) content.addEventListener(end, stop);
  content.addEventListener("contextmenu", (event) => { if (event.pointerType === "touch") event.preventDefault(); });
}

/** The finger that opened the menu is still down: letting it go presses nothing, whatever is under it by then. */
function ignoreRelease() {
  const ignore = (event) => { event.stopPropagation(); event.preventDefault(); };
  document.addEventListener("pointerup", () => {
    document.addEventListener("click", ignore, { capture: true, once: true });
    setTimeout(() => document.removeEventListener("click", ignore, true), RELEASE_MS);
  }, { capture: true, once: true });
}

function openMenu(button, message, act) {
  button.setAttribute("aria-expanded", "true");
  const menu = h("div", { className: "menu", role: "group", "aria-label": "What to do with this message" },
    message.author === "business" && reactions(message, act), rows(message, act));
  menu.onclick = (event) => event.stopPropagation();
  button.parentElement.append(menu);
  menu.onkeydown = (event) => {
    if (event.key === "Escape") { act.closeMenus(); button.focus(); }
    if (event.key === "ArrowDown" || event.key === "ArrowUp") step(menu, event);
  };
  menu.querySelector("button").focus({ preventScroll: true });
  menu.scrollIntoView({ block: "nearest" });
}

function step(menu, event) {
  event.preventDefault();
  const buttons = [...menu.querySelectorAll("button")];
  const next = buttons.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
  buttons.at(next % buttons.length).focus();
}

function reactions(message, act) {
  const mine = act.myReaction(message.id);
  return h("div", { className: "menu-emoji" }, EMOJI.map((one) => h("button", {
    type: "button", className: one === mine ? "mine" : "", "aria-pressed": one === mine ? "true" : "false",
    "aria-label": one === mine ? `Take back ${one}` : `React with ${one}`,
    onclick: () => { act.closeMenus(); act.say({ type: "reaction", message_id: message.id, emoji: one === mine ? "" : one }); },
  }, one)));
}

function rows(message, act) {
  const own = message.author === "customer";
  const sent = !["pending", "error"].includes(message.status);
  const age = now() - message.at;
  const text = message.type === "text" ? message.edited ?? message.text : message.payload[message.type]?.caption;
  const can = {
    reply: sent,
    copy: Boolean(text),
    forward: sent && (message.type === "text"),
    edit: own && sent && Boolean(text) && age < EDIT_SECONDS,
    remove: own && sent && age < DELETE_SECONDS,
  };
  const row = (symbol, title, work) => h("button", { type: "button", onclick: () => { act.closeMenus(); work(); } }, icon(symbol), title);
  return [
    can.reply && row("reply", "Reply", () => act.quote(message)),
    can.copy && row("copy", "Copy", () => navigator.clipboard?.writeText(text)),
    can.forward && row("forward", "Forward to the business", () => act.say({ type: "text", text, forwarded: true })),
    can.edit && row("pencil", "Edit", () => act.edit(message, text)),
    can.remove && row("trash-2", "Delete for everyone", () => act.say({ type: "revoke", message_id: message.id })),
  ];
}
