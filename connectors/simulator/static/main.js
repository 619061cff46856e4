// The page: who is open, what is known, and news as it comes.
import { api, follow } from "./api.js";
import { makeComposer } from "./composer.js";
import { byId } from "./dom.js";
import { makePanel } from "./panel.js";
import { address, drawPeople, setUpForm } from "./people.js";
import { openList } from "./sheet.js";
import { makeThread } from "./thread.js";
import { now, setNow } from "./times.js";

const PAGE = 100;

const customers = new Map();
let current = null;
let shown = null;
let late = false;
let drawing = false;

const open = () => customers.get(current);
let isReady;
const ready = new Promise((resolve) => { isReady = resolve; });
const newId = () => `wamid.${[...crypto.getRandomValues(new Uint8Array(20))].map((byte) => byte.toString(16).padStart(2, "0")).join("").toUpperCase()}`;

const act = {
  say,
  again: (message) => say(message.request, message.id),
  quote: (message) => composer.quote(message),
  show: (id) => thread.scrollTo(id),
  openList: (message) => openList(message, (row) => say({ type: "list_reply", ...row, context: message.id })),
  sendPlace: (message) => {
    const location = { latitude: 51.5033, longitude: -0.1196, name: "Riverside Depot", address: "1 Example Quay" };
    say({ type: "raw", message: { type: "location", location, context: { id: message.id } } });
  },
  closeMenus() {
    document.querySelectorAll(".menu").forEach((menu) => menu.remove());
    document.querySelectorAll(".bubble-menu").forEach((button) => button.setAttribute("aria-expanded", "false"));
  },
};

const thread = makeThread(act, (before) => page(open(), before));
const composer = makeComposer(say);
const panel = makePanel(open);

/** Say something as the open customer: shown at once, confirmed or marked when the answer is there. */
async function say(request, id = newId()) {
  await ready; // whoever is quicker than the page loses nothing
  const customer = open();
  thread.put({ ...draft(request), id, request, author: "customer", status: "pending", at: now() });
  try {
    const { seq } = await api.say(customer.key, { ...request, wamid: id });
    if (current === customer.user_id) {
      const known = thread.find(id);
      thread.put({ id, seq, author: "customer", status: known?.status === "pending" ? "sent" : known?.status });
    }
  } catch {
    if (current === customer.user_id) thread.setStatus(id, "error");
  }
}

/** How a message looks before the simulator has it. */
function draft(request) {
  const context = request.context ? { context: { id: request.context } } : {};
  if (request.type === "raw") return { type: request.message.type, text: "", payload: request.message };
  if (request.type === "reaction") {
    return { type: "reaction", text: request.emoji, payload: { reaction: { message_id: request.message_id, emoji: request.emoji } } };
  }
  return { type: request.type === "text" ? "text" : "interactive", text: request.text ?? request.title, payload: context };
}

async function page(customer, before) {
  const { messages } = await api.messages(customer.key, { limit: PAGE, before });
  return { messages, more: messages.length === PAGE };
}

async function choose(customer) {
  const same = shown === customer.user_id;
  current = customer.user_id;
  history.replaceState(null, "", `/?customer=${encodeURIComponent(customer.key)}`);
  closeDrawers();
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

/** What is on a visible screen has been read. */
function read() {
  const customer = open();
  if (customer?.unread > 0 && document.visibilityState === "visible" && shown === current) {
    api.read(customer.key, thread.newest()).catch(() => {});
  }
}

function draw() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    drawPeople(customers, current, async (customer) => { await choose(customer); composer.focus(); });
    const customer = open();
    const typing = Boolean(customer) && customer.typing_until > now();
    thread.setTyping(typing);
    byId("presence").textContent = typing ? "typing…" : "Business account";
    byId("presence").classList.toggle("typing", typing);
    byId("holder").textContent = customer ? `You are ${customer.name}, ${address(customer)}` : "";
    panel.tick();
  });
}

async function load() {
  const data = await api.customers();
  setNow(data.now);
  customers.clear();
  data.customers.forEach((customer) => customers.set(customer.user_id, customer));
  await panel.load();
  byId("offline").hidden = true;
  const wanted = new URLSearchParams(location.search).get("customer");
  const found = customers.get(current) || data.customers.find((one) => [one.key, one.user_id, one.wa_id].includes(wanted)) || data.customers[0];
  if (found) await choose(found);
  else location.assign("/"); // forgotten: the page makes a first customer again
}

const reload = () => load().catch(() => { byId("offline").hidden = false; setTimeout(reload, 1000); });

const hear = {
  resync: reload,
  clock: (news) => { setNow(news.now); draw(); },
  customer: ({ customer }) => {
    const before = customers.get(customer.user_id);
    customers.set(customer.user_id, customer);
    if (before && before.key !== customer.key && current === customer.user_id) choose(customer);
    draw();
    if (customer.user_id === current) read();
  },
  message: (news) => ofThread(news, () => { thread.put(news.message); read(); }),
  status: (news) => ofThread(news, () => thread.setStatus(news.id, news.status)),
  reset: () => location.assign("/"),
};

/** News of a thread that is still being loaded may be missing in what comes: it is loaded once more. */
function ofThread(news, tell) {
  if (news.user_id === shown) tell();
  else if (news.user_id === current) late = true;
}

function closeDrawers() {
  byId("people").classList.remove("open");
  byId("panel").classList.remove("open");
  byId("veil").hidden = true;
}

for (const button of document.querySelectorAll("[data-open]")) {
  button.onclick = () => {
    byId(button.dataset.open).classList.add("open");
    byId("veil").hidden = false;
    byId(button.dataset.open).querySelector("[data-close]").focus();
  };
}
for (const button of document.querySelectorAll("[data-close]")) button.onclick = closeDrawers;
byId("veil").onclick = closeDrawers;
document.addEventListener("click", act.closeMenus);
document.addEventListener("keydown", (event) => { if (event.key === "Escape") { act.closeMenus(); closeDrawers(); } });
document.addEventListener("visibilitychange", read);
setInterval(draw, 1000);
setUpForm((customer) => { customers.set(customer.user_id, customer); choose(customer).then(composer.focus); });
follow({ opened: reload, news: (news) => hear[news.event]?.(news), lost: () => { byId("offline").hidden = false; } });
