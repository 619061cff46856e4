// A thread: messages in order, days between them, typing dots, and the scroll position that holds.
import { bubble, setProgress, setStatus } from "./bubble.js";
import { h, icon, part } from "./dom.js";
import { current, isAbout, reactions, shown } from "./history.js";
import { day, sameDay } from "./times.js";

const NEAR_THE_END = 80;

/** The thread of the phone `root`. `act` holds what can be done with messages; `loadEarlier` fetches older ones. */
export function makeThread(root, act, loadEarlier) {
  const box = part(root, "thread");
  const pill = part(root, "new-messages");
  let messages = new Map();
  let elements = new Map(); // message id -> {element, picture}: what did not change is not made again
  let more = false;
  let missed = 0;
  let dots = null;
  let atLast = true;

  const atEnd = () => box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_THE_END;
  const toEnd = () => { box.scrollTop = box.scrollHeight; atLast = true; setMissed(0); };
  const find = (id) => current(messages, id);

  function setMissed(count) {
    missed = count;
    pill.hidden = count === 0;
    pill.textContent = count === 1 ? "1 new message" : `${count} new messages`;
  }

  /** The element of a message: the one there is, with its ticks as they are now, or a new one. */
  function elementOf(message, first, emoji, kept) {
    const { status, seq, problem, share, ...lasting } = message;
    const quoted = message.payload.context?.message_id || message.payload.context?.id;
    const picture = JSON.stringify([lasting, first, emoji, status === "error" && problem, quoted && find(quoted)]);
    const known = elements.get(message.id);
    const element = known?.picture === picture ? known.element : bubble(message, { first, find, act, reactions: emoji });
    setStatus(element, message, act);
    kept.set(message.id, { element, picture });
    return element;
  }

  function draw() {
    const keep = box.scrollTop;
    const end = atEnd();
    const on = reactions(messages);
    const emojiOf = (id) => [...(on.get(id)?.values() || [])];
    const nodes = [more ? h("button", { type: "button", className: "chip", onclick: earlier }, "Show earlier messages") : notice()];
    const kept = new Map();
    let before = null;
    for (const message of shown(messages)) {
      const newDay = !before || !sameDay(before.at, message.at);
      if (newDay) nodes.push(h("p", { className: "chip day" }, day(message.at)));
      const said = event(message);
      if (said) nodes.push(h("p", { className: "chip" }, said));
      else {
        const first = newDay || before.author !== message.author || event(before) || emojiOf(before.id).length > 0;
        nodes.push(elementOf(message, first, emojiOf(message.id), kept));
      }
      before = message;
    }
    elements = kept;
    if (dots) nodes.push(dots);
    box.classList.toggle("nothing", !before && !dots);
    if (!before && !dots) nodes.push(h("p", { className: "chip" }, "Write below, as this customer would. Answers appear here."));
    const focused = focusedPlace();
    arrange(box, nodes);
    focused?.();
    if (end) toEnd();
    else box.scrollTop = keep;
  }

  /** Drawing again must not take the keyboard away: gives back the focus to the same button of the same message. */
  function focusedPlace() {
    const element = document.activeElement?.closest?.(".message");
    if (!element || !box.contains(element)) return null;
    const focused = document.activeElement;
    const index = [...element.querySelectorAll("button, a")].indexOf(focused);
    return () => {
      if (focused.isConnected && focused === document.activeElement) return;
      byMessage(element.dataset.id)?.querySelectorAll("button, a")[index]?.focus({ preventScroll: true });
    };
  }

  const byMessage = (id) => elements.get(id)?.element;

  async function earlier() {
    const height = box.scrollHeight;
    const oldest = shown(messages)[0];
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
  for (const event of ["load", "loadedmetadata"]) box.addEventListener(event, () => { if (atLast) toEnd(); }, true);
  new ResizeObserver(() => { if (atLast) toEnd(); }).observe(box);

  return {
    find,
    newest: () => Math.max(0, ...[...messages.values()].map((message) => message.seq ?? 0)),
    sentSince: (time) => [...messages.values()].some((message) => message.author === "business" && message.status === "sent" && message.type !== "reaction" && message.at > time),
    myReaction: (id) => reactions(messages).get(id)?.get("customer"),

    /** Show this thread instead of the one before. Of the same thread, what the list cannot know yet stays. */
    show(list, hasMore, sameCustomer) {
      const newest = list.at(-1)?.seq ?? 0;
      const unsent = sameCustomer ? [...messages.values()].filter((message) => !(message.seq <= newest)) : [];
      const end = !sameCustomer || atEnd();
      if (!sameCustomer) elements = new Map();
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
      const silent = isAbout(messages.get(message.id));
      if (end || (message.author === "customer" && !silent)) toEnd();
      else if (!known && !silent && message.author === "business" && message.status !== "failed") setMissed(missed + 1);
    },

    setStatus(id, status, problem) {
      const message = messages.get(id);
      if (!message || message.status === status) return;
      message.status = status;
      message.problem = problem;
      draw();
    },

    setProgress(id, share) {
      const element = byMessage(id);
      if (element) setProgress(element, share);
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

/** What happened, when a message is none: WhatsApp says it in the middle of the chat. */
function event({ type, payload }) {
  if (type === "system") return payload.system?.body || "Something changed";
  if (type !== "user_preferences") return null;
  return payload.user_preferences?.value === "stop" ? "You stopped offers and announcements from this business" : "You allowed offers and announcements from this business";
}

/** Make the children of a box these, and leave alone what is in its place already. */
function arrange(box, nodes) {
  nodes.forEach((node, index) => {
    if (box.childNodes[index] !== node) box.insertBefore(node, box.childNodes[index] || null);
  });
  while (box.childNodes.length > nodes.length) box.lastChild.remove();
}

function typingDots() {
  return h("div", { className: "typing-bubble message first", "data-direction": "in", "data-testid": "typing", role: "status", "aria-label": "The business is typing" },
    h("div", { className: "bubble" }, icon("#tail-in", "tail"), h("i"), h("i"), h("i")));
}

function notice() {
  return h("p", { className: "chip notice" }, icon("lock"), h("span", {}, "A simulated chat. Messages go to your bot and stay on this machine."));
}
