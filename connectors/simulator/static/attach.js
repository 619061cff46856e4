// The paperclip: what a customer can send besides words, and the small forms for it.
import { address } from "./people.js";
import { price } from "./cards.js";
import { h, icon, part } from "./dom.js";
import { kindOf, refusal, size } from "./files.js";
import { map } from "./map.js";
import { sendButton } from "./sheet.js";
import { STICKERS, stickerFile } from "./stickers.js";

const PLACES = [
  { name: "Riverside Depot", address: "1 Example Quay, London", latitude: 51.5033, longitude: -0.1196 },
  { name: "Tulip Street 12", address: "1012 AB Amsterdam", latitude: 52.3745, longitude: 4.8979 },
  { name: "Jardim Central", address: "Rua Nova 40, Lisboa", latitude: 38.7139, longitude: -9.1394 },
];

const CATALOGUE = "700001";
const PRODUCTS = [
  { product_retailer_id: "TEA-BLU", title: "Blue teapot", item_price: 34, currency: "GBP" },
  { product_retailer_id: "MUG-STO", title: "Mug", item_price: 11.5, currency: "GBP" },
  { product_retailer_id: "MAT-DOO", title: "Door mat", item_price: 29, currency: "GBP" },
];

const CHOICES = [
  ["image", "Photos & videos", "photo"],
  ["file", "Document", "document"],
  ["headphones", "Audio", "audio"],
  ["map-pin", "Location", "location"],
  ["user-round", "Contact", "contact"],
  ["sticker", "Sticker", "sticker"],
  ["shopping-bag", "Catalogue", "catalogue"],
  ["chart-bar-big", "Poll", "poll"],
];

/** What can be attached on the phone `root`. `act.say` sends; `open` opens a sheet; `customer` is who sends. */
export function makeAttach(root, { act, open, customer, composer, complain }) {
  const say = (request) => act.say({ ...request, ...composer.takeContext() });
  const pick = { photo: part(root, "pick-photo"), document: part(root, "pick-document"), audio: part(root, "pick-audio") };

  function choose() {
    let close = null;
    const forms = {
      photo: () => pick.photo.click(), document: () => pick.document.click(), audio: () => pick.audio.click(),
      location: () => sendPlace(), contact: sendContact, sticker: sendSticker, catalogue: sendOrder, poll: () => say({ type: "unsupported", kind: "poll_creation" }),
    };
    const body = h("div", { className: "attach-grid" }, CHOICES.map(([symbol, title, name]) =>
      h("button", { type: "button", className: `attach-choice ${name}`, "data-testid": `attach-${name}`, onclick: () => { close(); forms[name](); } },
        h("span", { className: "attach-sign", "aria-hidden": "true" }, icon(symbol)), h("span", {}, title))));
    close = open({ title: "Attach", body });
  }

  /** Pictures and films are looked at first and get a caption; documents too, so that nothing is sent by mistake. */
  function addFiles(files, asDocument = false) {
    const good = files.filter((file) => {
      const problem = refusal(asDocument ? "document" : kindOf(file), file);
      if (problem) complain(problem);
      return !problem;
    });
    if (good.length) preview(good, asDocument);
  }

  function preview(files, asDocument) {
    const sound = !asDocument && files.every((file) => kindOf(file) === "audio"); // which has no caption
    const caption = h("input", { className: "caption", placeholder: "Add a caption", maxLength: 1024, "aria-label": "Caption", "data-testid": "caption", dir: "auto" });
    const addresses = [];
    const shown = files.map((file) => shownFile(file, asDocument, addresses));
    const send = sendButton(files.length > 1 ? `Send ${files.length}` : "Send", { onclick: () => {
      const about = composer.takeContext();
      files.forEach((file, index) => {
        const kind = asDocument ? "document" : kindOf(file);
        const words = index === 0 && caption.value.trim() && kind !== "audio" ? { caption: caption.value.trim() } : {};
        act.say({ type: kind, [kind]: { ...words, ...(kind === "document" ? { filename: file.name } : {}) }, file, ...about });
      });
      close();
    } });
    caption.onkeydown = (event) => { if (event.key === "Enter") send.click(); };
    const close = open({ title: asDocument ? "Send a document" : "Preview", body: [h("div", { className: "previews" }, shown), !sound && h("div", { className: "sheet-form" }, caption)].filter(Boolean), foot: send, focus: sound ? send : caption,
      closed: () => addresses.forEach((one) => URL.revokeObjectURL(one)) });
  }

  function sendPlace(context) {
    const about = context ? { context } : {};
    const fields = ["Name", "Address", "Latitude", "Longitude"].map((name) => h("input", { "aria-label": name, placeholder: name, "data-testid": `place-${name.toLowerCase()}` }));
    const [name, street, latitude, longitude] = fields;
    const send = (location) => { close(); if (context) act.say({ type: "location", location, ...about }); else say({ type: "location", location }); };
    const known = PLACES.map((one) => h("button", { type: "button", className: "sheet-row", "data-testid": "place-choice", onclick: () => send(one) },
      h("span", { className: "mini-map" }, map(one.latitude, one.longitude)),
      h("span", { className: "sheet-row-words" }, h("span", { className: "sheet-row-title" }, one.name), h("span", { className: "sheet-row-about" }, one.address))));
    const here = h("button", { type: "button", className: "sheet-row", "data-testid": "place-here", onclick: () => send({ latitude: 51.5074, longitude: -0.1278 }) },
      h("span", { className: "attach-sign here", "aria-hidden": "true" }, icon("map-pin")),
      h("span", { className: "sheet-row-words" }, h("span", { className: "sheet-row-title" }, "Current position"), h("span", { className: "sheet-row-about" }, "Only the two numbers, as a pin does")));
    const button = sendButton("Send this place", { disabled: true, onclick: () => send({
      latitude: Number(latitude.value), longitude: Number(longitude.value), ...(name.value && { name: name.value }), ...(street.value && { address: street.value }) }) });
    const within = (field, most) => field.value.trim() !== "" && Math.abs(Number(field.value)) <= most;
    fields.forEach((field) => { field.oninput = () => { button.disabled = !within(latitude, 90) || !within(longitude, 180); }; });
    const close = open({ title: "Send location", body: [here, ...known, h("p", { className: "sheet-section" }, "Another place"), h("div", { className: "sheet-form two" }, fields)], foot: button, focus: here });
  }

  function sendContact() {
    const me = customer();
    const [name, phone] = [h("input", { "aria-label": "Name", placeholder: "Name", value: "Sam Lee", "data-testid": "contact-name" }),
      h("input", { "aria-label": "Phone number", placeholder: "Phone number", value: "+44 7700 900456", inputMode: "tel", "data-testid": "contact-phone" })];
    const button = sendButton("Send contact", { onclick: () => {
      const digits = phone.value.replace(/\D/gu, "");
      const [first, ...rest] = name.value.trim().split(/\s+/u);
      close();
      say({ type: "contacts", contacts: [{ name: { formatted_name: name.value.trim() || phone.value, first_name: first || phone.value, ...(rest.length && { last_name: rest.join(" ") }) },
        phones: [{ phone: phone.value, type: "CELL", ...(digits && { wa_id: digits }) }] }] });
    } });
    const close = open({ title: "Send contact", body: h("div", { className: "sheet-form" }, name, phone, h("p", { className: "hint" }, `You are ${me.name}, ${address(me)}.`)), foot: button });
  }

  function sendSticker() {
    const body = h("div", { className: "sticker-grid" }, STICKERS.map((one) => h("button", { type: "button", className: "sticker-choice", "aria-label": one.name, "data-testid": "sticker-choice",
      onclick: async () => { const file = await stickerFile(one); close(); say({ type: "sticker", sticker: {}, file }); } }, one.drawing(96))));
    const close = open({ title: "Stickers", body });
  }

  function sendOrder() {
    const counts = PRODUCTS.map(() => 0);
    const words = h("input", { placeholder: "Message to the business (optional)", "aria-label": "Message", "data-testid": "order-text" });
    const button = sendButton("Send cart", { disabled: true, onclick: () => {
      const items = PRODUCTS.map(({ title, ...product }, index) => ({ ...product, quantity: counts[index] })).filter((one) => one.quantity);
      close();
      say({ type: "order", order: { catalog_id: CATALOGUE, ...(words.value && { text: words.value }), product_items: items } });
    } });
    const rows = PRODUCTS.map((product, index) => counter(product, (count) => { counts[index] = count; button.disabled = !counts.some(Boolean); }));
    const close = open({ title: "Catalogue", body: [...rows, h("div", { className: "sheet-form" }, words)], foot: button });
  }

  part(root, "attach").onclick = choose;
  for (const [name, field] of Object.entries(pick)) {
    field.onchange = () => { addFiles([...field.files], name === "document"); field.value = ""; };
  }
  dropFiles(part(root, "ground"), addFiles);
  return { addFiles, sendPlace };
}

function shownFile(file, asDocument, addresses) {
  const kind = asDocument ? "document" : kindOf(file);
  if (kind === "image" || kind === "video") {
    const address = URL.createObjectURL(file);
    addresses.push(address);
    return kind === "image" ? h("img", { src: address, alt: file.name }) : h("video", { src: address, muted: true, controls: true });
  }
  return h("div", { className: "document" }, h("span", { className: "paper", "aria-hidden": "true" }, icon("file-text")),
    h("span", { className: "document-words" }, h("span", { className: "document-name" }, file.name), h("span", { className: "document-facts" }, size(file.size))));
}

function counter(product, changed) {
  let count = 0;
  const shown = h("output", { "aria-label": `Number of ${product.title}` }, "0");
  const step = (by) => { count = Math.min(99, Math.max(0, count + by)); shown.textContent = count; changed(count); };
  return h("div", { className: "sheet-row" },
    h("span", { className: "sheet-row-words" }, h("span", { className: "sheet-row-title" }, product.title), h("span", { className: "sheet-row-about" }, price(product.item_price, product.currency))),
    h("span", { className: "counter" },
      h("button", { type: "button", "aria-label": `One ${product.title} less`, onclick: () => step(-1) }, "\u2212"), shown,
      h("button", { type: "button", "aria-label": `One ${product.title} more`, "data-testid": "one-more", onclick: () => step(1) }, "+")));
}

/** Files that are dropped on the chat. */
function dropFiles(ground, addFiles) {
  const has = (event) => [...(event.dataTransfer?.types || [])].includes("Files");
  ground.addEventListener("dragover", (event) => { if (has(event)) { event.preventDefault(); ground.classList.add("drop"); } });
  ground.addEventListener("dragleave", (event) => { if (!ground.contains(event.relatedTarget)) ground.classList.remove("drop"); });
  ground.addEventListener("drop", (event) => {
    ground.classList.remove("drop");
    if (!has(event)) return;
    event.preventDefault();
    addFiles([...event.dataTransfer.files]);
  });
}
