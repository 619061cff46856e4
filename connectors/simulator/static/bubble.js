// One message as an element. `direction` on the page is the phone's view: `out` is what the customer said.
import { h, icon } from "./dom.js";
import { formatted, isOnlyEmoji, isRightToLeft } from "./markup.js";
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
  const quoted = quotedId(message);
  if (quoted) content.append(quote(find(quoted), () => act.show(quoted)));
  content.append(...parts(message));
  content.append(meta(message, own, content));
  content.append(menuButton(message, act));
  const element = h("div", {
    className: `message${first ? " first" : ""}${reactions?.length ? " reacted" : ""}`,
    "data-testid": "bubble",
    "data-direction": own ? "out" : "in",
    "data-author": message.author,
    "data-status": message.status,
    "data-type": message.type,
    "data-id": message.id,
  }, content, choices(message, act));
  if (reactions?.length) content.append(h("span", { className: "reactions", "data-testid": "reaction" }, reactions.join(" ")));
  if (message.status === "error") {
    element.append(h("button", { type: "button", className: "not-sent", onclick: () => act.again(message) },
      icon("circle-alert"), "Not sent. Try again"));
  }
  return element;
}

/** The block that quotes a message, also above the composer. */
export function quote(message, onclick) {
  const own = message?.author === "customer";
  const author = message ? (own ? "You" : document.querySelector(".business-name span").textContent) : "";
  const parts = [
    h("span", { className: "quote-author" }, author),
    h("span", { className: "quote-text", dir: "auto" }, message ? formatted(summary(message)) : "Message not found"),
  ];
  return h(onclick ? "button" : "div", { className: `quote${own ? " own" : ""}`, type: onclick && "button", onclick }, parts);
}

const summary = (message) => {
  const interactive = message.payload.interactive;
  return interactive?.body?.text || message.text;
};

function quotedId(message) {
  const context = message.payload.context;
  return context?.message_id || context?.id;
}

function words(text, className = "") {
  const size = isOnlyEmoji(text) ? " only-emoji" : "";
  return h("div", { className: `words${size} ${className}`.trim(), dir: "auto" }, formatted(text));
}

function parts(message) {
  const part = message.payload[message.type] || {};
  if (message.type === "interactive" && part.body) return interactive(part);
  if (message.type === "image") return [picture(part.link), part.caption && words(part.caption)].filter(Boolean);
  if (message.type === "location") return [place(part)];
  if (message.type === "document") return [documentCard(message, part), part.caption && words(part.caption)].filter(Boolean);
  if (["video", "audio", "sticker"].includes(message.type)) {
    return [file(message.type, part), part.caption && words(part.caption)].filter(Boolean);
  }
  return [words(message.text)];
}

function interactive(part) {
  const header = part.header || {};
  return [
    header.image && picture(header.image.link),
    header.text && h("div", { className: "bubble-title", dir: "auto" }, header.text),
    words(part.body.text),
    part.footer && h("div", { className: "bubble-foot", dir: "auto" }, part.footer.text),
  ].filter(Boolean);
}

function picture(link) {
  if (!link) return attachment("image-off", "Picture");
  const image = h("img", { className: "picture", src: link, alt: "Picture", referrerPolicy: "no-referrer" });
  image.onerror = () => image.replaceWith(attachment("image-off", "The picture could not be loaded", link));
  return image;
}

function file(type, part) {
  return attachment("play", part.filename || type[0].toUpperCase() + type.slice(1), part.link);
}

/** A document: its sheet with the ending on it, its name, its kind and size. It opens when the phone has the file. */
function documentCard(message, part) {
  const name = part.filename || "Document";
  const ending = (/\.([a-z0-9]{1,4})$/iu.exec(name)?.[1] || "file").toUpperCase();
  const facts = [ending, message.media && size(message.media.size)].filter(Boolean).join(" \u00b7 ");
  const link = message.media && message.author === "business" ? `/files/${message.media.id}` : safeLink(part.link);
  return h(link ? "a" : "div", {
    className: "document", href: link, target: link && "_blank", rel: link && "noopener noreferrer",
    "data-testid": "document", "aria-label": link && `Open ${name}, ${facts}`,
  },
  h("span", { className: `paper${ending === "PDF" ? " pdf" : ""}`, "aria-hidden": "true" }, icon("file-text"), h("span", {}, ending)),
  h("span", { className: "document-words" },
    h("span", { className: "document-name", dir: "auto" }, name), h("span", { className: "document-facts" }, facts)));
}

function size(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1e6 ? `${Math.round(bytes / 1000)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

const safeLink = (link) => /^https?:\/\//u.test(link || "") ? link : undefined;

function place(part) {
  const map = `https://www.openstreetmap.org/?mlat=${Number(part.latitude)}&mlon=${Number(part.longitude)}&zoom=16`;
  return attachment("map-pin", part.name || part.address || `${part.latitude}, ${part.longitude}`, map);
}

function attachment(symbol, title, link) {
  const safe = safeLink(link);
  return h(safe ? "a" : "div", { className: "attachment", href: safe, target: safe && "_blank", rel: safe && "noopener noreferrer" },
    icon(symbol), h("span", {}, title));
}

function meta(message, own, content) {
  const [symbol, label] = TICKS[message.status] || TICKS.sent;
  const ticks = own && h("span", { className: "ticks", role: "img", "aria-label": label, title: label }, icon(symbol));
  const last = content.lastElementChild;
  const fits = last.classList.contains("words") && !last.classList.contains("only-emoji") && !isRightToLeft(last.textContent);
  if (fits) last.append(h("span", { className: "room" }));
  return h("div", { className: `meta${fits ? "" : " below"}` },
    h("time", { title: full(message.at), dateTime: new Date(message.at * 1000).toISOString() }, clock(message.at)), ticks);
}

function choices(message, act) {
  const part = message.payload.interactive;
  if (message.author === "customer" || !part?.action) return null;
  const list = h("div", { className: "choices" });
  for (const { reply } of part.action.buttons || []) {
    list.append(choice("reply", reply.title, "reply-button", () =>
      act.say({ type: "button_reply", id: reply.id, title: reply.title, context: message.id })));
  }
  if (part.type === "list") list.append(choice("list", part.action.button, "list-open", () => act.openList(message)));
  if (part.type === "location_request_message") {
    list.append(choice("map-pin", "Send location", "send-location", () => act.sendPlace(message)));
  }
  if (part.type === "cta_url") {
    const { display_text: title, url } = part.action.parameters;
    list.append(h("a", { className: "choice", href: url, target: "_blank", rel: "noopener noreferrer", "data-testid": "link-button" },
      icon("external-link"), title));
  }
  return list.children.length ? list : null;
}

function choice(symbol, title, testId, onclick) {
  return h("button", { type: "button", className: "choice", "data-testid": testId, onclick }, icon(symbol), h("span", {}, title));
}

const EMOJI = ["\u{1F44D}", "\u2764\uFE0F", "\u{1F602}", "\u{1F62E}", "\u{1F622}", "\u{1F64F}"];

function menuButton(message, act) {
  const button = h("button", { type: "button", className: "icon-button bubble-menu", "aria-label": "Reply or react", "aria-expanded": "false" },
    icon("chevron-down"));
  button.onclick = (event) => {
    event.stopPropagation();
    const open = button.getAttribute("aria-expanded") === "true";
    act.closeMenus();
    if (!open) openMenu(button, message, act);
  };
  return button;
}

function openMenu(button, message, act) {
  button.setAttribute("aria-expanded", "true");
  const react = (emoji) => { act.closeMenus(); act.say({ type: "reaction", message_id: message.id, emoji }); };
  const emoji = EMOJI.map((one) => h("button", { type: "button", "aria-label": `React with ${one}`, onclick: () => react(one) }, one));
  const reply = h("button", { type: "button", onclick: () => { act.closeMenus(); act.quote(message); } }, icon("reply"), "Reply");
  const menu = h("div", { className: "menu" }, message.author === "business" && h("div", { className: "menu-emoji" }, emoji), reply);
  button.parentElement.append(menu);
  menu.querySelector("button").focus({ preventScroll: true });
  menu.scrollIntoView({ block: "nearest" });
}
