// WhatsApp's own markup (*bold*, _italic_, ~strike~, `code`) and links, as nodes; nothing is parsed as HTML.
import { h } from "./dom.js";

const PARTS = new RegExp(
  [
    "(?<link>https?:\\/\\/[^\\s<>\"]+)",
    "```(?<block>[\\s\\S]+?)```",
    "`(?<code>[^`\\n]+)`",
    "(?<![\\p{L}\\p{N}*])\\*(?<bold>(?=\\S)[^*\\n]*?\\S)\\*(?![\\p{L}\\p{N}*])",
    "(?<![\\p{L}\\p{N}_])_(?<italic>(?=\\S)[^_\\n]*?\\S)_(?![\\p{L}\\p{N}_])",
    "(?<![\\p{L}\\p{N}~])~(?<strike>(?=\\S)[^~\\n]*?\\S)~(?![\\p{L}\\p{N}~])",
  ].join("|"),
  "gu",
);

/** The nodes for a text. */
export function formatted(text) {
  const nodes = [];
  let end = 0;
  for (const match of text.matchAll(PARTS)) {
    nodes.push(text.slice(end, match.index));
    const [part, used] = element(match);
    nodes.push(part);
    end = match.index + used;
  }
  nodes.push(text.slice(end));
  return nodes.filter((node) => node !== "");
}

function element(match) {
  const { link, block, code, bold, italic, strike } = match.groups;
  if (link) {
    const address = link.replace(/[.,;:!?)\]'*_~]+$/u, "");
    return [h("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, address), address.length];
  }
  if (block || code) return [h("code", {}, block || code), match[0].length];
  if (bold) return [h("strong", {}, formatted(bold)), match[0].length];
  if (italic) return [h("em", {}, formatted(italic)), match[0].length];
  return [h("s", {}, formatted(strike)), match[0].length];
}

const EMOJI = /^(?:\p{Extended_Pictographic}|\p{Regional_Indicator}{2}|[0-9#*]\u{FE0F}?\u{20E3})/u;
const MOST_LARGE = 3;
const letters = new Intl.Segmenter();
const RIGHT_TO_LEFT = /^[^\p{L}]*[\p{Script=Hebrew}\p{Script=Arabic}]/u;

/** How many emoji a text is that has nothing else and is shown large; else 0. */
export function largeEmoji(text) {
  if (text.length > 60) return 0;
  const found = [...letters.segment(text.trim())];
  return found.length > 0 && found.length <= MOST_LARGE && found.every(({ segment }) => EMOJI.test(segment)) ? found.length : 0;
}

export const isRightToLeft = (text) => RIGHT_TO_LEFT.test(text);
