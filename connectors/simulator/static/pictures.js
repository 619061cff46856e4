// Pictures, films, stickers and documents in a bubble, and the dark screen on which a picture or a film opens.
import { h, icon } from "./dom.js";
import { fileOf, safeLink, size, sourceOf } from "./files.js";
import { length } from "./times.js";

/** A picture: it opens large. `address` may be missing or lead nowhere. */
export function picture(address, caption, open) {
  if (!address) return attachment("image-off", "Picture");
  const image = h("img", { className: "picture", src: address, alt: caption || "Picture", referrerPolicy: "no-referrer" });
  const button = h("button", { type: "button", className: "frame", "aria-label": caption ? `Open the picture: ${caption}` : "Open the picture",
    onclick: () => open(h("img", { src: address, alt: caption || "Picture", referrerPolicy: "no-referrer" })) }, image);
  image.onerror = () => button.replaceWith(attachment("image-off", "The picture could not be loaded", address));
  return button;
}

/** A film: its first frame with a sign on it and its length; it plays large. */
export function film(address, caption, open) {
  if (!address) return attachment("video-off", "Video");
  const video = h("video", { className: "picture", src: address, muted: true, preload: "metadata", playsInline: true, tabIndex: -1 });
  const time = h("span", { className: "film-time" }, icon("video"));
  const button = h("button", { type: "button", className: "frame film", "data-testid": "video", "aria-label": caption ? `Play the video: ${caption}` : "Play the video",
    onclick: () => open(h("video", { src: address, controls: true, autoplay: true, playsInline: true })) },
  video, h("span", { className: "film-play" }, icon("#play-solid")), time);
  video.onloadedmetadata = () => { if (Number.isFinite(video.duration)) time.append(length(video.duration)); };
  video.onerror = () => button.replaceWith(attachment("video-off", "The video could not be loaded", address));
  return button;
}

export function sticker(message) {
  const address = sourceOf(message);
  if (!address) return attachment("sticker", "Sticker");
  const image = h("img", { className: "sticker", src: address, alt: "Sticker", referrerPolicy: "no-referrer" });
  image.onerror = () => image.replaceWith(attachment("image-off", "The sticker could not be loaded", address));
  return image;
}

/** A document: its sheet with the ending on it, its name, its kind and size. It opens when the phone has the file. */
export function documentCard(message, part, media = message.media) {
  const name = part.filename || "Document";
  const ending = (/\.([a-z0-9]{1,4})$/iu.exec(name)?.[1] || "file").toUpperCase();
  const facts = [ending, media?.size && size(media.size)].filter(Boolean).join(" \u00b7 ");
  const link = message.local || fileOf(media) || safeLink(part.link);
  return h(link ? "a" : "div", {
    className: "document", href: link, target: link && "_blank", rel: link && "noopener noreferrer",
    "data-testid": "document", title: link && "Open",
  },
  h("span", { className: `paper${ending === "PDF" ? " pdf" : ""}`, "aria-hidden": "true" }, icon("file-text"), h("span", {}, ending)),
  h("span", { className: "document-words" },
    h("span", { className: "document-name", dir: "auto" }, name), " ", h("span", { className: "document-facts" }, facts)));
}

/** A line with a sign, for what cannot be shown. */
export function attachment(symbol, title, link) {
  const safe = safeLink(link);
  return h(safe ? "a" : "div", { className: "attachment", href: safe, target: safe && "_blank", rel: safe && "noopener noreferrer" },
    icon(symbol), h("span", {}, title));
}

/** Opens an element on a dark screen over the phone; Escape or the cross closes it. */
export function makeViewer(root) {
  return (element) => {
    const opener = document.activeElement;
    const screen = h("div", { className: "viewer", role: "dialog", "aria-modal": "true", "aria-label": element.alt || "Video", "data-testid": "viewer" });
    const close = () => { screen.remove(); if (opener?.isConnected) opener.focus(); };
    const cross = h("button", { type: "button", className: "icon-button", "aria-label": "Close", onclick: close }, icon("x"));
    screen.append(cross, element);
    screen.onclick = (event) => { if (event.target === screen) close(); };
    screen.onkeydown = (event) => {
      if (event.key === "Escape") { event.stopPropagation(); close(); }
      if (event.key === "Tab" && element.tagName === "IMG") event.preventDefault();
    };
    root.append(screen);
    cross.focus();
  };
}
