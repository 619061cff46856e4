// What is inside a bubble, for each type of message.
import { contactCard, contactDetails, linkCard, orderCard, orderDetails, place } from "./cards.js";
import { h, icon } from "./dom.js";
import { fileOf, safeLink, sourceOf } from "./files.js";
import { formatted, largeEmoji } from "./markup.js";
import { attachment, documentCard, film, picture, sticker } from "./pictures.js";
import { filled } from "./template.js";
import { player } from "./voice.js";

const LONG = 900; // characters; what is longer is folded, as on a real phone

/** The elements of a message. `act` opens what opens; `unfolded` knows which long texts are shown whole. */
export function parts(message, act) {
  if (message.deleted) return [gone(message)];
  const part = message.payload[message.type] || {};
  const make = MAKERS[message.type];
  const made = make ? make(message, part, act) : [words(message, message.text, act)];
  return made.flat().filter(Boolean);
}

const captioned = (message, part, act, element) => [element, part.caption && words(message, part.caption, act)];

const MAKERS = {
  text: (message, part, act) => {
    const text = message.edited ?? message.text;
    return [part.preview_url && linkCard(text), words(message, text, act)];
  },
  image: (message, part, act) => captioned(message, withEdit(message, part), act, picture(sourceOf(message), part.caption, act.view)),
  video: (message, part, act) => captioned(message, withEdit(message, part), act, film(sourceOf(message), part.caption, act.view)),
  document: (message, part, act) => captioned(message, withEdit(message, part), act, documentCard(message, part)),
  audio: (message, part, act) => [player(message, Boolean(part.voice), () => act.heard(message))],
  sticker: (message) => [sticker(message)],
  location: (message, part) => [place(part)],
  contacts: (message, part, act) => {
    const contacts = message.payload.contacts || [];
    return [contactCard(contacts, () => act.details("Contact", contactDetails(contacts)))];
  },
  order: (message, part, act) => [orderCard(part, () => act.details("Sent cart", orderDetails(part))), part.text && words(message, part.text, act)],
  interactive: (message, part, act) => {
    if (part.nfm_reply) return [flowAnswer(part.nfm_reply)];
    return part.body ? interactive(message, part, act) : [words(message, message.text, act)];
  },
  template: (message, part, act) => template(message, filled(message), act),
  call: () => [h("div", { className: "call-card" }, h("span", { className: "call-sign", "aria-hidden": "true" }, icon("phone-missed")),
    h("span", { className: "contact-words" }, h("span", { className: "contact-name" }, "Voice call"), h("span", { className: "contact-phone" }, "No answer")))],
  unsupported: () => [attachment("chart-bar-big", "Poll. Businesses cannot see it.")],
};

/** A caption that was edited is shown as it is now. */
const withEdit = (message, part) => message.edited === undefined ? part : { ...part, caption: message.edited };

function gone(message) {
  const text = message.author === "customer" ? "You deleted this message" : "This message was deleted";
  return h("div", { className: "words gone" }, icon("ban"), h("span", {}, text));
}

/** Text; what is very long ends with "Read more". */
function words(message, text, act, className = "") {
  const emoji = largeEmoji(text);
  const size = emoji ? ` only-emoji count-${emoji}` : "";
  const folded = text.length > LONG && !act.unfolded.has(message.id);
  const box = h("div", { className: `words${size} ${className}`.trim(), dir: "auto" }, formatted(folded ? cut(text) : text));
  if (folded) {
    const more = h("button", { type: "button", className: "read-more", "data-testid": "read-more", onclick: () => {
      act.unfolded.add(message.id);
      more.parentElement.replaceChildren(...formatted(text));
    } }, "Read more");
    box.append("\u2026 ", more);
  }
  return box;
}

/** The start of a text, not in the middle of a word or of an emoji. */
function cut(text) {
  const start = text.slice(0, LONG);
  const space = start.search(/\s\S*$/u);
  return (space > LONG / 2 ? start.slice(0, space) : [...start].slice(0, -1).join("")).trimEnd();
}

function interactive(message, part, act) {
  return [top(part.header, act), words(message, part.body.text, act), part.footer?.text && foot(part.footer.text)];
}

function template(message, shown, act) {
  return [shown.header && templateTop(shown.header, act), shown.body && words(message, shown.body, act), shown.footer && foot(shown.footer)];
}

/** The header of a template: a title, a file, or a place. */
function templateTop(header, act) {
  const address = fileOf(header.media) || safeLink(header.link);
  if (header.type === "image") return picture(address, "", act.view);
  if (header.type === "video") return film(address, "", act.view);
  if (header.type === "document") return documentCard({}, { filename: header.filename, link: header.link }, header.media);
  if (header.type === "location") return place(header.location || header);
  return title(header.text);
}

const title = (text) => text && h("div", { className: "bubble-title", dir: "auto" }, text);

/** The header of an interactive message. */
function top(header, act) {
  if (!header) return null;
  const file = header[header.type] || {};
  const address = fileOf(file) || safeLink(file.link);
  if (header.type === "image") return picture(address, "", act.view);
  if (header.type === "video") return film(address, "", act.view);
  if (header.type === "document") return documentCard({}, file, file.id ? { id: file.id } : undefined);
  return title(header.text);
}

const foot = (text) => h("div", { className: "bubble-foot", dir: "auto" }, text);

function flowAnswer(reply) {
  return h("div", { className: "flow-answer", "data-testid": "flow-answer" }, icon("clipboard-list"), h("span", {}, "Response sent"), h("span", { className: "off-page" }, reply.body || ""));
}
