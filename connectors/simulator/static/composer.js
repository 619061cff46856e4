// The line where the customer writes: Enter sends, Shift+Enter starts a new line; drafts are kept per customer.
import { h, icon, part } from "./dom.js";
import { quote } from "./quote.js";

/** The composer of the phone `root`. `act.say` sends; `addFiles` gets files that are pasted. */
export function makeComposer(root, act, addFiles) {
  const form = part(root, "composer");
  const input = part(root, "input");
  const quoting = part(root, "quoting");
  const note = part(root, "composer-note");
  const drafts = new Map();
  let owner = null;
  let about = null; // {message, edits}: what is quoted, or edited

  function grow() {
    input.style.height = "auto";
    input.style.height = `${Math.min(input.scrollHeight, 132)}px`;
    form.classList.toggle("empty", input.value.trim() === "");
  }

  function setAbout(message, edits = false) {
    if (about?.edits && !edits) input.value = "";
    about = message ? { message, edits } : null;
    quoting.hidden = !message;
    if (message) {
      const shown = quote(message, act.business());
      if (edits) shown.querySelector(".quote-author").textContent = "Edit message";
      quoting.querySelector(".quote").replaceWith(shown);
      input.focus();
    }
    grow();
  }

  function submit(text) {
    if (!about?.edits) act.say({ type: "text", text, ...context() });
    else if (text !== (about.message.edited ?? about.message.text)) act.say({ type: "edit", message_id: about.message.id, text });
  }

  const context = () => (about && !about.edits ? { context: about.message.id } : {});

  form.onsubmit = (event) => {
    event.preventDefault();
    const text = input.value.trim();
    if (!text) return;
    submit(text);
    input.value = "";
    setAbout(null);
    input.focus();
  };
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      form.requestSubmit();
    }
    if (event.key === "Escape" && about) { event.stopPropagation(); setAbout(null); }
  });
  input.addEventListener("input", grow);
  input.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files || [])];
    if (!files.length) return;
    event.preventDefault();
    addFiles(files);
  });
  quoting.querySelector("button").onclick = () => { setAbout(null); input.focus(); };
  grow();

  return {
    quote: (message) => setAbout(message),
    edit(message, text) {
      setAbout(message, true);
      input.value = text;
      grow();
    },
    /** What the next message answers, taken once. */
    takeContext() {
      const taken = context();
      if (!about?.edits) setAbout(null);
      return taken;
    },
    /** A sentence above the line, until it is closed, another comes, or something is sent. */
    say(text) {
      note.hidden = !text;
      const close = h("button", { type: "button", className: "icon-button", "aria-label": "Close", onclick: () => { note.hidden = true; input.focus(); } }, icon("x"));
      note.replaceChildren(h("span", {}, text), close);
    },
    /** Write as this customer; what the one before had not sent yet is kept for them. */
    belongTo(customer) {
      if (owner === customer.user_id) return;
      if (owner) {
        drafts.set(owner, about?.edits ? "" : input.value);
        input.value = drafts.get(customer.user_id) || "";
      }
      owner = customer.user_id;
      input.placeholder = customer.name.length > 20 ? "Message" : `Message as ${customer.name}`;
      about = null;
      setAbout(null);
    },
    focus: () => { if (matchMedia("(hover: hover)").matches) input.focus(); },
  };
}
