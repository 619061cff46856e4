// The open thread: messages in order, days between them, typing dots, and the scroll position that holds.
import { bubble } from "./bubble.js";
import { byId, h, icon } from "./dom.js";
import { day, sameDay } from "./times.js";

const NEAR_THE_END = 80;

/** `act` holds what can be done with messages; `loadEarlier` fetches older ones. */
export function makeThread(act, loadEarlier) {
  const box = byId("thread");
  const pill = byId("new-messages");
  let messages = new Map();
  let more = false;
  let missed = 0;
  let dots = null;
  let atLast = true;

  const atEnd = () => box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_THE_END;
  const toEnd = () => { box.scrollTop = box.scrollHeight; atLast = true; setMissed(0); };
  const find = (id) => messages.get(id);

  function setMissed(count) {
    missed = count;
    pill.hidden = count === 0;
    pill.textContent = count === 1 ? "1 new message" : `${count} new messages`;
  }

  /** In order of `seq`; what is not confirmed yet comes last. Failed messages never reached the phone. */
  function visible() {
    return [...messages.values()]
      .filter((message) => message.type !== "reaction" && message.status !== "failed")
      .sort((one, other) => (one.seq ?? Infinity) - (other.seq ?? Infinity) || one.at - other.at);
  }

  function reactions() {
    const found = new Map();
    for (const message of messages.values()) {
      const { message_id: target, emoji } = message.payload.reaction || {};
      if (message.type !== "reaction" || message.status === "failed") continue;
      const ofTarget = found.get(target) || found.set(target, new Map()).get(target);
      if (emoji) ofTarget.set(message.author, emoji);
      else ofTarget.delete(message.author);
    }
    return (id) => [...new Set(found.get(id)?.values() || [])];
  }

  function draw() {
    const keep = box.scrollTop;
    const end = atEnd();
    const on = reactions();
    const nodes = [more ? h("button", { type: "button", className: "chip", onclick: earlier }, "Show earlier messages") : notice()];
    let before = null;
    for (const message of visible()) {
      const newDay = !before || !sameDay(before.at, message.at);
      if (newDay) nodes.push(h("p", { className: "chip day" }, day(message.at)));
      const first = newDay || before.author !== message.author || on(before.id).length > 0;
      nodes.push(bubble(message, { first, find, act, reactions: on(message.id) }));
      before = message;
    }
    if (dots) nodes.push(dots);
    box.classList.toggle("nothing", !before && !dots);
    if (!before && !dots) nodes.push(h("p", { className: "chip" }, "Write below, as this customer would. Answers appear here."));
    const focused = focusedPlace();
    box.replaceChildren(...nodes);
    focused?.();
    if (end) toEnd();
    else box.scrollTop = keep;
  }

  /** Drawing again must not take the keyboard away: gives back the focus to the same button of the same message. */
  function focusedPlace() {
    const element = document.activeElement?.closest?.(".message");
    if (!element || !box.contains(element)) return null;
    const index = [...element.querySelectorAll("button, a")].indexOf(document.activeElement);
    return () => byMessage(element.dataset.id)?.querySelectorAll("button, a")[index]?.focus({ preventScroll: true });
  }

  const byMessage = (id) => [...box.querySelectorAll(".message")].find((one) => one.dataset.id === id);

  async function earlier() {
    const height = box.scrollHeight;
    const oldest = visible()[0];
    const page = await loadEarlier(oldest?.seq);
    more = page.more;
    messages = new Map([...page.messages.map((message) => [message.id, message]), ...messages]);
    draw();
    box.scrollTop = box.scrollHeight - height;
  }

  pill.onclick = toEnd;
  box.addEventListener("scroll", () => {
    atLast = atEnd();
    if (atLast) setMissed(0);
  });
  // A picture that comes late makes its bubble taller, and so does a window that gets smaller.
  box.addEventListener("load", () => { if (atLast) toEnd(); }, true);
  new ResizeObserver(() => { if (atLast) toEnd(); }).observe(box);

  return {
    find,
    newest: () => Math.max(0, ...[...messages.values()].map((message) => message.seq ?? 0)),

    /** Show this thread instead of the one before. Of the same thread, what the list cannot know yet stays. */
    show(list, hasMore, sameCustomer) {
      const newest = list.at(-1)?.seq ?? 0;
      const unsent = sameCustomer ? [...messages.values()].filter((message) => !(message.seq <= newest)) : [];
      const end = !sameCustomer || atEnd();
      messages = new Map(list.map((message) => [message.id, message]));
      for (const message of unsent) if (!messages.has(message.id)) messages.set(message.id, message);
      more = hasMore;
      draw();
      if (end) toEnd();
    },

    put(message) {
      const known = messages.has(message.id);
      const end = atEnd();
      messages.set(message.id, { ...messages.get(message.id), ...message });
      draw();
      if (end || message.author === "customer") toEnd();
      else if (!known && message.type !== "reaction") setMissed(missed + 1);
    },

    setStatus(id, status) {
      const message = messages.get(id);
      if (!message || message.status === status) return;
      message.status = status;
      draw();
    },

    setTyping(on) {
      if (on === Boolean(dots)) return;
      dots = on ? typingDots() : null;
      draw();
    },

    scrollTo(id) {
      const element = byMessage(id);
      if (!element) return;
      element.scrollIntoView({ block: "center" });
      element.classList.add("flash");
      setTimeout(() => element.classList.remove("flash"), 900);
    },
  };
}

function typingDots() {
  return h("div", { className: "typing-bubble message first", "data-direction": "in", "data-testid": "typing", role: "status", "aria-label": "The business is typing" },
    h("div", { className: "bubble" }, icon("#tail-in", "tail"), h("i"), h("i"), h("i")));
}

function notice() {
  return h("p", { className: "chip notice" }, icon("lock"), h("span", {}, "A simulated chat. Messages go to your bot and stay on this machine."));
}
