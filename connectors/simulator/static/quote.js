// What a message says in a line or two, and the block that quotes it.
import { h, icon } from "./dom.js";
import { formatted } from "./markup.js";
import { sourceOf } from "./files.js";
import { words as templateWords } from "./template.js";

const SIGNS = {
  image: ["image", "Photo"],
  video: ["video", "Video"],
  audio: ["headphones", "Audio"],
  voice: ["mic", "Voice message"],
  document: ["file-text", "Document"],
  sticker: ["sticker", "Sticker"],
  location: ["map-pin", "Location"],
  contacts: ["user-round", "Contact"],
  order: ["shopping-bag", "Order"],
  unsupported: ["chart-bar-big", "Poll"],
};

/** The block that quotes a message, also above the composer. `business` is the name of who answers. */
export function quote(message, business, onclick) {
  const own = message?.author === "customer";
  const author = message ? (own ? "You" : business) : "";
  const [sign, line] = message ? summary(message) : [null, "Message not found"];
  const picture = message && thumbnail(message);
  return h(onclick ? "button" : "div", { className: `quote${own ? " own" : ""}`, type: onclick && "button", onclick },
    h("span", { className: "quote-main" },
      h("span", { className: "quote-author", dir: "auto" }, author),
      h("span", { className: "quote-text", dir: "auto" }, sign && icon(sign), formatted(line))),
    picture);
}

/** A message in a line: the name of a sign for it or null, and its words. */
export function summary(message) {
  const { type, payload, text } = message;
  const part = payload[type] || {};
  if (message.deleted) return ["ban", own(message) ? "You deleted this message" : "This message was deleted"];
  if (type === "interactive") return [null, part.body?.text || text];
  if (type === "template") return [null, templateWords(message)];
  if (type === "contacts") return [SIGNS.contacts[0], nameOf(payload.contacts?.[0]) || SIGNS.contacts[1]];
  if (type === "order") return [SIGNS.order[0], "Cart"];
  const [sign, name] = SIGNS[type === "audio" && part.voice ? "voice" : type] || [null, ""];
  if (!sign) return [null, text || ""];
  return [sign, part.caption || part.filename || part.name || name];
}

const own = (message) => message.author === "customer";

/** The name on a contact's card. */
export const nameOf = (contact) => contact?.name?.formatted_name || contact?.name?.first_name || contact?.phones?.[0]?.phone || "";

function thumbnail(message) {
  const link = ["image", "sticker"].includes(message.type) && !message.deleted && sourceOf(message);
  return link ? h("img", { className: "quote-picture", src: link, alt: "", referrerPolicy: "no-referrer" }) : null;
}
