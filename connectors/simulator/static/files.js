// Where the bytes of a message are, what kind of file it is, and how large.

const MB = 1024 * 1024;
const LINK = /^https?:\/\//u;

/** What a customer may send as what: the start of the MIME type, and WhatsApp's limit in bytes. */
const KINDS = { image: 5 * MB, video: 16 * MB, audio: 16 * MB };

/** The address of a message's file: what was just picked here, what the simulator has, else the link that was sent. */
export function sourceOf(message) {
  return message.local || fileOf(message.media) || safeLink((message.payload[message.type] || {}).link);
}

/** The address of a file that the simulator has. */
export const fileOf = (media) => media?.id ? `/control/media/${encodeURIComponent(media.id)}` : undefined;

/** Only addresses of the web are ever followed. */
export const safeLink = (link) => LINK.test(link || "") ? link : undefined;

/** As what WhatsApp sends a picked file: pictures, films and sound that it can show, and everything else as a document. */
export function kindOf(file) {
  const [kind] = file.type.split("/");
  const shown = { image: /^image\/(jpeg|png)$/u, video: /^video\/(mp4|3gpp)$/u, audio: /^audio\/(aac|mp4|mpeg|amr|ogg)/u }[kind];
  return shown?.test(file.type) ? kind : "document";
}

/** What is wrong with a file of this kind, or nothing. */
export function refusal(kind, file) {
  const limit = KINDS[kind] ?? 100 * MB;
  if (file.size === 0) return `${file.name} is empty.`;
  return file.size > limit ? `${file.name} is larger than ${size(limit)}, which is the most that WhatsApp takes.` : "";
}

export function size(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1e6 ? `${Math.round(bytes / 1000)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
