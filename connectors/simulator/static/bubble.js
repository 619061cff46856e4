// One message as an element. `direction` on the page is the phone's view: `out` is what the customer said.
import { choices } from "./choices.js";
import { h, icon } from "./dom.js";
import { isRightToLeft } from "./markup.js";
import { menuButton, openOnLongPress } from "./menu.js";
import { parts } from "./parts.js";
import { quote } from "./quote.js";
import { clock, full } from "./times.js";

const TICKS = {
  pending: ["clock", "Waiting"],
  sent: ["check", "Sent"],
  delivered: ["check-check", "Delivered"],
  read: ["check-check", "Read"],
  error: ["circle-alert", "Not sent"],
};

/** The element for a message. `find` gives a message by its id; `act` holds what can be done with one. */
export function bubble(message, { first, find, act, reactions }) {
  const own = message.author === "customer";
  const content = h("div", { className: "bubble" }, icon(own ? "#tail-out" : "#tail-in", "tail"));
  const quoted = !message.deleted && quotedId(message);
  if (message.payload.context?.forwarded && !message.deleted) content.append(h("div", { className: "forwarded" }, icon("forward"), "Forwarded"));
  if (quoted) content.append(quote(find(quoted), act.business(), () => act.show(quoted)));
  content.append(...parts(message, act));
  content.append(meta(message, own, content));
  if (!message.deleted) {
    const button = menuButton(message, act);
    content.append(button);
    openOnLongPress(content, button);
  }
  const element = h("div", {
    className: `message${first ? " first" : ""}${reactions?.length ? " reacted" : ""}`,
    "data-testid": "bubble",
    "data-direction": own ? "out" : "in",
    "data-author": message.author,
    "data-type": message.type,
    "data-id": message.id,
  }, content, choices(message, act));
  if (reactions?.length) content.append(reaction(message, reactions, act));
  setStatus(element, message, act);
  return element;
}

/** What customer and business put on a bubble; pressing it takes the customer's own back. */
function reaction(message, reactions, act) {
  const mine = act.myReaction(message.id);
  const shown = [...new Set(reactions)].join(" ");
  const takeBack = () => act.say({ type: "reaction", message_id: message.id, emoji: "" });
  return h(mine ? "button" : "span", { type: mine && "button", className: "reactions", "data-testid": "reaction",
    "aria-label": mine ? `Reactions: ${shown}. Take yours back` : `Reactions: ${shown}`, role: mine ? undefined : "img",
    onclick: mine && takeBack }, shown, reactions.length > 1 && reactions[0] === reactions[1] && h("span", { className: "reaction-count" }, "2"));
}

/** Show how far a message has come, and nothing else: a voice note goes on playing. */
export function setStatus(element, message, act) {
  if (element.dataset.status === message.status) return;
  element.dataset.status = message.status;
  const ticks = element.querySelector(".ticks");
  const [symbol, label] = TICKS[message.status] || TICKS.sent;
  ticks?.replaceChildren(icon(symbol));
  ticks?.setAttribute("aria-label", label);
  ticks?.setAttribute("title", label);
  element.querySelector(".not-sent")?.remove();
  if (message.status === "error") {
    element.append(h("button", { type: "button", className: "not-sent", title: message.problem, onclick: () => act.again(message) },
      icon("circle-alert"), "Not sent. Try again"));
    if (message.problem) element.append(h("p", { className: "not-sent why" }, message.problem));
  } else element.querySelector(".why")?.remove();
}

/** Show how much of a file is on its way, from 0 to 1; what is done is not shown. */
export function setProgress(element, share) {
  let line = element.querySelector(".progress");
  if (share >= 1) return line?.remove();
  if (!line) {
    line = h("progress", { className: "progress", max: 1, "aria-label": "Upload" });
    element.querySelector(".meta").before(line);
  }
  line.value = share;
  return undefined;
}

function quotedId(message) {
  const context = message.payload.context;
  return context?.message_id || context?.id;
}

function meta(message, own, content) {
  const ticks = own && !message.deleted && h("span", { className: "ticks", role: "img" });
  const last = content.lastElementChild;
  const fits = ["words", "bubble-foot"].some((kind) => last.classList.contains(kind)) && !last.classList.contains("only-emoji") && !isRightToLeft(last.textContent);
  const edited = message.edited !== undefined && !message.deleted;
  if (fits) last.append(h("span", { className: `room${edited ? " wide" : ""}` }));
  return h("div", { className: `meta${fits ? "" : " below"}` },
    edited && h("span", { className: "edited" }, "Edited"),
    h("time", { title: full(message.at), dateTime: new Date(message.at * 1000).toISOString() }, clock(message.at)), ticks);
}
