// The page: the phones on it, what is known of customers, and news as it comes.
import { api, follow } from "./api.js";
import { byId } from "./dom.js";
import { makePanel } from "./panel.js";
import { drawPeople, numbersOf, setUpForm } from "./people.js";
import { makePhone } from "./phone.js";
import { setNow } from "./times.js";

const MOST_PHONES = 3;

const customers = new Map();
const phones = [];
let active = null;
let drawing = false;

const panel = makePanel({ customer: () => active?.owner(), became: follows });

function addPhone() {
  const phone = makePhone({ customers, activate, remove });
  phones.push(phone);
  byId("phones").append(phone.seat);
  arrange();
  return phone;
}

function remove(phone) {
  if (phones.length === 1) return;
  phones.splice(phones.indexOf(phone), 1);
  phone.seat.remove();
  if (active === phone) activate(phones[0]);
  arrange();
  active.focus();
}

function activate(phone) {
  if (active === phone) return;
  active = phone;
  arrange();
}

/** How many phones there are shows in the page's layout, and who has them in its address. */
function arrange() {
  byId("stage").dataset.phones = phones.length;
  phones.forEach((phone) => phone.seat.classList.toggle("active", phone === active));
  byId("add-phone").disabled = phones.length >= MOST_PHONES || phones.length >= customers.size;
  const keys = phones.map((phone) => phone.owner()?.key).filter(Boolean);
  if (keys.length) history.replaceState(null, "", `/?${keys.map((key) => `customer=${encodeURIComponent(key)}`).join("&")}`);
  draw();
}

/** Give the active phone to a customer, or go to the phone that they have already. */
async function choose(customer, phone = active) {
  closeDrawers();
  const has = phones.find((one) => one.userId() === customer.user_id);
  if (has && has !== phone) return activate(has);
  const given = phone.choose(customer);
  arrange();
  await given;
  return draw();
}

/** One more phone, for the customer who wrote last of those who have none. */
async function anotherPhone() {
  const taken = new Set(phones.map((phone) => phone.userId()));
  const free = [...customers.values()].filter((one) => !taken.has(one.user_id)).sort((one, other) => (other.last?.at ?? 0) - (one.last?.at ?? 0));
  if (!free.length) return;
  const phone = addPhone();
  activate(phone);
  await choose(free[0], phone);
  phone.focus();
}

function draw() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    const held = new Set(phones.map((phone) => phone.userId()));
    drawPeople(customers, { current: active?.userId(), held }, async (customer) => { await choose(customer); active.focus(); });
    phones.forEach((phone) => phone.draw());
    panel.tick();
  });
}

const renamed = new Map(); // user id -> what the customer is found by now

function follows(customer, key) {
  renamed.set(customer.user_id, key);
}

const find = (key) => [...customers.values()].find((one) => [one.key, one.user_id, one.wa_id].includes(key));

async function load() {
  const data = await api.customers();
  setNow(data.now);
  customers.clear();
  data.customers.forEach((customer) => customers.set(customer.user_id, customer));
  await panel.load();
  offline(false);
  if (!phones.length) activate(addPhone());
  const wanted = new URLSearchParams(location.search).getAll("customer");
  const first = data.customers[0];
  if (!first) return location.assign("/"); // forgotten: the page makes a first customer again
  while (phones.length < Math.min(wanted.length, MOST_PHONES)) addPhone();
  await Promise.all(phones.map((phone, index) => {
    const known = customers.get(phone.userId()) || find(renamed.get(phone.userId())) || find(wanted[index]);
    const free = known || data.customers.find((one) => !phones.some((other) => other.userId() === one.user_id)) || first;
    return phone.choose(free);
  }));
  return arrange();
}

const reload = () => load().catch(() => { offline(true); setTimeout(reload, 1000); });
const offline = (on) => { phones.forEach((phone) => phone.setOffline(on)); };

const hear = {
  resync: reload,
  clock: (news) => { setNow(news.now); draw(); },
  customer: ({ customer }) => {
    const before = customers.get(customer.user_id);
    customers.set(customer.user_id, customer);
    const phone = phones.find((one) => one.userId() === customer.user_id);
    if (phone && before && before.key !== customer.key) choose(customer, phone);
    if (!before) arrange();
    draw();
    phone?.read();
  },
  message: (news) => phones.forEach((phone) => phone.message(news)),
  changed: (news) => phones.forEach((phone) => phone.message(news)),
  status: (news) => phones.forEach((phone) => phone.status(news)),
  reset: () => location.assign("/"),
};

function closeDrawers() {
  byId("people").classList.remove("open");
  byId("panel").classList.remove("open");
  byId("veil").hidden = true;
}

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-open]");
  if (opener) {
    byId(opener.dataset.open).classList.add("open");
    byId("veil").hidden = false;
    byId(opener.dataset.open).querySelector("[data-close]").focus();
  } else if (event.target.closest("[data-close]")) closeDrawers();
  phones.forEach((phone) => phone.closeMenus());
});
byId("veil").onclick = closeDrawers;
byId("add-phone").onclick = anotherPhone;
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  phones.forEach((phone) => phone.closeMenus());
  closeDrawers();
});
document.addEventListener("visibilitychange", () => phones.forEach((phone) => phone.read()));
setInterval(draw, 1000);
setUpForm(() => numbersOf(customers, panel.numbers()), (customer) => { customers.set(customer.user_id, customer); choose(customer).then(() => active.focus()); });
follow({ opened: reload, news: (news) => hear[news.event]?.(news), lost: () => offline(true) });
