// The line where the customer writes: Enter sends, Shift+Enter starts a new line; drafts are kept per customer.
import { quote } from "./bubble.js";
import { byId } from "./dom.js";

/** `say` sends a message. */
export function makeComposer(say) {
  const form = byId("composer");
  const input = byId("message-input");
  const quoting = byId("quoting");
  const drafts = new Map();
  let owner = null;
  let quoted = null;

  function grow() {
    input.style.height = "auto";
    input.style.height = `${Math.min(input.scrollHeight, 132)}px`;
    form.classList.toggle("empty", input.value.trim() === "");
  }

  function setQuote(message) {
    quoted = message;
    quoting.hidden = !message;
    if (message) {
      quoting.querySelector(".quote").replaceWith(quote(message));
      input.focus();
    }
  }

  form.onsubmit = (event) => {
    event.preventDefault();
    const text = input.value.trim();
    if (!text) return;
    say({ type: "text", text, ...(quoted ? { context: quoted.id } : {}) });
    input.value = "";
    setQuote(null);
    grow();
    input.focus();
  };
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      form.requestSubmit();
    }
    if (event.key === "Escape") setQuote(null);
  });
  input.addEventListener("input", grow);
  quoting.querySelector("button").onclick = () => setQuote(null);
  grow();

  return {
    quote: setQuote,
    /** Write as this customer; what the one before had not sent yet is kept for them. */
    belongTo(customer) {
      if (owner === customer.user_id) return;
      if (owner) {
        drafts.set(owner, input.value);
        input.value = drafts.get(customer.user_id) || "";
      }
      owner = customer.user_id;
      input.placeholder = customer.name.length > 20 ? "Message" : `Message as ${customer.name}`;
      setQuote(null);
      grow();
    },
    focus: () => { if (matchMedia("(hover: hover)").matches) input.focus(); },
  };
}
