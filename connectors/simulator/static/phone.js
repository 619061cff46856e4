// One phone: its customer, its thread, and everything that they do with it. There may be several on the page.
import { api } from "./api.js";
import { makeAttach } from "./attach.js";
import { makeComposer } from "./composer.js";
import { icon, part } from "./dom.js";
import { openCall, openFlow, shareNumber } from "./forms.js";
import { newId, send } from "./outgoing.js";
import { address, numbersOf } from "./people.js";
import { makeViewer } from "./pictures.js";
import { makeRecorder } from "./recorder.js";
import { makeSheets, openList } from "./sheet.js";
import { makeThread } from "./thread.js";
import { now } from "./times.js";

const PAGE = 100;
const ARRIVAL_SECONDS = 1;

/** A phone from the page's template. `customers` is what is known of all; `activate` is told when it is used, `remove`
 * when it is put away. */
export function makePhone({ customers, activate, remove }) {
  const seat = document.getElementById("phone-template").content.firstElementChild.cloneNode(true);
  const root = part(seat, "phone");
  let current = null; // the user id of the customer it belongs to
  let shown = null; // whose messages are in the thread
  let late = false;
  let isReady;
  const ready = new Promise((resolve) => { isReady = resolve; });

  const owner = () => customers.get(current);
  const business = () => part(root, "business").textContent;
  const open = makeSheets(root);
  const view = makeViewer(root);

  const act = {
    say,
    business,
    unfolded: new Set(),
    view,
    again: (message) => say(message.request, message.id),
    quote: (message) => composer.quote(message),
    edit: (message, text) => composer.edit(message, text),
    show: (id) => thread.scrollTo(id),
    myReaction: (id) => thread.myReaction(id),
    details: (title, body) => open({ title, body }),
    openList: (message) => openList(open, message, (row) => say({ type: "list_reply", ...row, context: message.id })),
    sendPlace: (message) => attach.sendPlace(message.id),
    shareNumber: (message) => shareNumber(owner(), message, say),
    openFlow: (message, parameters) => openFlow(open, message, parameters, say),
    pressQuickReply: (message, text, payload) => say({ type: "button", text, payload, context: message.id }),
    heard: (message) => {
      if (message.author === "business" && message.payload.audio?.voice) api.played(owner().key, message.id).catch(() => {});
    },
    call: () => openCall(root, business(), startCall),
    closeMenus() {
      document.querySelectorAll(".menu").forEach((menu) => menu.remove());
      document.querySelectorAll(".bubble-menu").forEach((button) => button.setAttribute("aria-expanded", "false"));
    },
  };

  const thread = makeThread(root, act, (before) => page(owner(), before));
  const composer = makeComposer(root, act, (files) => attach.addFiles(files));
  const attach = makeAttach(root, { act, open, customer: owner, composer, complain: composer.say });
  const recorder = makeRecorder(root, (file) => say({ type: "audio", audio: { voice: true }, file, voice: true, ...composer.takeContext() }), composer.say);

  /** Say something as this phone's customer: shown at once, confirmed or marked when the answer is there. */
  async function say(request, id = newId()) {
    await ready; // whoever is quicker than the page loses nothing
    composer.say("");
    const customer = owner();
    const mine = (work) => { if (current === customer.user_id) work(); };
    await send(customer, request, id, {
      put: (message) => mine(() => thread.put(message)),
      setStatus: (...news) => mine(() => thread.setStatus(...news)),
      setProgress: (...news) => mine(() => thread.setProgress(...news)),
      confirm: (confirmed, seq) => mine(() => {
        const known = thread.find(confirmed);
        thread.put({ id: confirmed, seq, status: known?.status === "pending" ? "sent" : known?.status });
      }),
    });
  }

  async function startCall() {
    const customer = owner();
    const { id } = await api.say(customer.key, { type: "call" });
    const { messages } = await api.messages(customer.key, { limit: 20 });
    const callId = messages.find((one) => one.id === id)?.payload.call?.id;
    return () => api.say(customer.key, { type: "call", event: "terminate", call_id: callId });
  }

  async function page(customer, before) {
    const { messages } = await api.messages(customer.key, { limit: PAGE, before });
    return { messages, more: messages.length === PAGE };
  }

  /** Give the phone to a customer. */
  async function choose(customer) {
    const same = shown === customer.user_id;
    if (!same) recorder.cancel();
    current = customer.user_id;
    late = false;
    const { messages, more } = await page(customer);
    if (current !== customer.user_id) return;
    shown = current;
    thread.show(messages, more, same);
    composer.belongTo(customer);
    isReady();
    draw();
    read();
    if (late) await choose(customer);
  }

  /** What is on a visible screen has been read; but not what was sent this moment, which may still fail to arrive. */
  function read() {
    const customer = owner();
    const visible = document.visibilityState === "visible" && seat.offsetParent !== null;
    if (customer?.unread > 0 && visible && shown === current && !thread.sentSince(now() - ARRIVAL_SECONDS)) api.read(customer.key, thread.newest()).catch(() => {});
  }

  function draw() {
    const customer = owner();
    const typing = Boolean(customer) && customer.typing_until > now();
    thread.setTyping(typing);
    const presence = part(root, "presence");
    presence.textContent = typing ? "typing\u2026" : "Business account";
    presence.classList.toggle("typing", typing);
    const to = customer && numbersOf(customers).length > 1 ? `, to number ${customer.number}` : "";
    part(seat, "holder").textContent = customer ? `You are ${customer.name}, ${address(customer)}${to}` : "";
    read();
    root.setAttribute("aria-label", customer ? `Phone of ${customer.name}` : "Phone");
  }

  /** News of a thread that is still being loaded may be missing in what comes: it is loaded once more. */
  function hear(news, tell) {
    if (news.user_id === shown) tell();
    else if (news.user_id === current) late = true;
  }

  part(root, "call").onclick = act.call;
  part(seat, "remove").onclick = () => remove(phone);
  part(seat, "remove").append(icon("x"));
  seat.addEventListener("pointerdown", () => activate(phone), true);
  seat.addEventListener("focusin", () => activate(phone));

  const phone = {
    seat, root, owner, choose, draw, read,
    userId: () => current,
    focus: composer.focus,
    closeMenus: act.closeMenus,
    message: (news) => hear(news, () => { thread.put(news.message); read(); }),
    status: (news) => hear(news, () => { thread.setStatus(news.id, news.status); read(); }),
    setOffline: (on) => { part(root, "offline").hidden = !on; },
  };
  return phone;
}
