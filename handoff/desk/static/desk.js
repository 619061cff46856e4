// The desk's own script. Every act works without it, as a form; this makes it live:
// news over server-sent events, the keyboard, messages shown at once, and a page that does not jump.
"use strict";

const $ = (selector, root = document) => root.querySelector(selector);
const openId = () => $("#desk").dataset.selected || "";

/* ---- looking again: the server says what changed, the page fetches that part ---- */

const pending = new Map();

function refresh(target, delay = 80) {
  if (pending.has(target)) return;
  pending.set(target, setTimeout(() => {
    pending.delete(target);
    // each part asks by itself: htmx lets one element have one request, and would drop the other part's
    const part = "#" + target;
    htmx.ajax("GET", location.pathname + location.search, { source: part, target: part, swap: "morph:innerHTML" });
  }, delay));
}

function refreshAll() {
  refresh("list");
  if (openId()) refresh("main");
}

let news = null;
function listen() {
  news = new EventSource("/live");
  let before = false;
  news.addEventListener("hello", () => { if (before) refreshAll(); before = true; document.body.dataset.live = "yes"; toast(""); });
  news.addEventListener("everything", refreshAll);
  news.addEventListener("change", (event) => {
    refresh("list");
    if (event.data === openId()) refresh("main", 0);
  });
  news.addEventListener("signed-out", () => location.assign("/sign-in"));
  news.onerror = () => {
    document.body.dataset.live = "no";
    toast("No connection to the desk. Trying again; nothing you wrote is lost.");
    if (news.readyState === EventSource.CLOSED) setTimeout(listen, 3000);
  };
}
setInterval(refreshAll, 60000); // a page that missed something never stays wrong for long

/* ---- what a swap must not touch ---- */

const edited = (element) => element.matches("input:not([type=hidden]), textarea, select");

Idiomorph.defaults.callbacks.beforeNodeMorphed = (old, fresh) => {
  if (!(old instanceof Element) || !(fresh instanceof Element)) return true;
  if (old.matches(".composer, .template-form, .picker-search") && old.id === fresh.id) return false;
  if (old.id === "pill" || (old.id === "search" && document.activeElement === old)) return false;
  return !(edited(old) && old.closest("details[open]"));
};
Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, node) => !(name === "open" && node.tagName === "DETAILS");

/* ---- the transcript holds still ---- */

let place = null;
document.addEventListener("htmx:beforeSwap", () => {
  const scroller = $("#scroller");
  place = scroller && {
    id: openId(), top: scroller.scrollTop, height: scroller.scrollHeight,
    seen: new Set([...scroller.querySelectorAll(".message")].map((line) => line.id)),
  };
});

document.addEventListener("htmx:afterSwap", () => {
  const scroller = $("#scroller");
  showTitle();
  showClocks();
  restoreDraft();
  if (!scroller) return;
  if (!place || place.id !== openId()) {
    scroller.scrollTop = 0;
    $("#pill").hidden = true;
    return;
  }
  const away = place.top < -48; // the scroller counts from its end: 0 is the newest message
  const fresh = [...scroller.querySelectorAll(".message.customer")].filter((line) => !place.seen.has(line.id)).length;
  if (!away) { scroller.scrollTop = 0; return; }
  scroller.scrollTop = place.top - (scroller.scrollHeight - place.height);
  if (fresh) {
    const pill = $("#pill");
    const count = (pill.hidden ? 0 : Number(pill.dataset.count || 0)) + fresh;
    pill.dataset.count = count;
    pill.textContent = count === 1 ? "1 new message" : `${count} new messages`;
    pill.hidden = false;
  }
});

document.addEventListener("scroll", (event) => {
  if (event.target.id === "scroller" && event.target.scrollTop > -48) $("#pill").hidden = true;
}, true);

/* ---- drafts and messages shown at once ---- */

const draftKey = (text) => "draft:" + text.dataset.draft;

function restoreDraft() {
  const text = $("#composer-text");
  if (text && !text.value) text.value = sessionStorage.getItem(draftKey(text)) || "";
}

document.addEventListener("input", (event) => {
  if (event.target.id === "composer-text") sessionStorage.setItem(draftKey(event.target), event.target.value);
});

const newKey = () => [...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

function showAtOnce(text) {
  const line = document.createElement("li");
  line.className = "message human";
  line.dataset.testid = "message";
  line.dataset.author = "human";
  line.dataset.status = "sending";
  line.id = "line-sending-" + newKey();
  const bubble = document.createElement("div");
  bubble.className = "bubble";
  const words = document.createElement("p");
  words.className = "text";
  words.dir = "auto";
  words.textContent = text;
  const meta = document.createElement("p");
  meta.className = "meta";
  meta.textContent = "Sending";
  bubble.append(words, meta);
  line.append(bubble);
  $("#transcript").append(line);
  $("#scroller").scrollTop = 0;
  return line;
}

const sent = new WeakMap(); // request -> what it carried, to give back when it does not arrive

document.addEventListener("htmx:beforeSend", (event) => {
  const form = event.detail.elt;
  if (!form.classList || !form.classList.contains("composer")) return;
  const text = $("textarea", form);
  const kept = { form, text: text.value, key: form.elements.key.value };
  const mode = form.querySelector("input[name=mode]:checked");
  if (mode && mode.value === "reply") kept.line = showAtOnce(text.value.trim());
  sent.set(event.detail.xhr, kept);
  text.value = "";
  form.elements.key.value = newKey();
  if (form.elements.reply_to) { kept.quoted = [form.elements.reply_to.value, $("#quoting-text").textContent]; quote("", ""); }
  sessionStorage.removeItem(draftKey(text));
  if (mode) $("#mode-reply").checked = true;
});

function giveBack(xhr, reason) {
  const kept = sent.get(xhr);
  toast(reason);
  if (!kept) return;
  if (kept.line) kept.line.remove();
  const text = $("textarea", kept.form);
  if (!text.value) {
    text.value = kept.text;
    if (kept.quoted && kept.quoted[0]) quote(...kept.quoted);
    kept.form.elements.key.value = kept.key; // the same key: if it did arrive after all, it is sent once
    sessionStorage.setItem(draftKey(text), text.value);
  }
}

document.addEventListener("htmx:beforeOnLoad", (event) => {
  const { xhr } = event.detail;
  if (xhr.status >= 400 && sent.has(xhr)) giveBack(xhr, "");
});
document.addEventListener("htmx:responseError", (event) => {
  const { xhr } = event.detail;
  if (xhr.status === 401) { location.assign("/sign-in"); return; }
  const reason = xhr.status === 403 ? "This page is out of date. Load it again." : "The desk did not take that. Your text is kept: try again.";
  giveBack(xhr, reason);
});
document.addEventListener("htmx:sendError", (event) =>
  giveBack(event.detail.xhr, "No connection to the desk. Your text is kept: try again."));

/* ---- title, times, notices ---- */

function showTitle() {
  const head = $(".list-head");
  const waiting = head ? Number(head.dataset.waiting) : 0;
  document.title = (waiting ? `(${waiting}) ` : "") + "Baton desk";
}

function span(seconds) {
  if (seconds < 60) return "now";
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86400)} d`;
}

function showTimes() {
  const now = Date.now() / 1000;
  for (const time of document.querySelectorAll("time[data-at]")) {
    const age = now - Number(time.dataset.at);
    const text = span(age);
    if (time.textContent !== text) time.textContent = text;
    const waits = time.closest("[data-waits]");
    if (waits) {
      waits.classList.toggle("warning", age >= 120 && age < 300);
      waits.classList.toggle("danger", age >= 300);
    }
  }
}
/* the 24-hour window: counted down here, closed by the server */
function timeLeft(seconds) {
  const minutes = Math.floor(seconds / 60);
  return minutes >= 60 ? `${Math.floor(minutes / 60)} h ${minutes % 60} min` : `${minutes} min`;
}

function showWindows() {
  const now = Date.now() / 1000;
  for (const shown of document.querySelectorAll("[data-closes]")) {
    const rest = Number(shown.dataset.closes) - now;
    if (shown.classList.contains("closed")) continue;
    if (rest <= 0) { shown.removeAttribute("data-closes"); refreshAll(); continue; }
    shown.classList.toggle("warning", rest < 3600 && rest >= 900);
    shown.classList.toggle("danger", rest < 900);
    const text = `${timeLeft(rest)} left`;
    if (shown.tagName === "PROGRESS") { shown.value = Math.min(100, rest / 864); shown.setAttribute("aria-label", "Time to answer: " + text); }
    else $(".window-text", shown).textContent = text;
  }
}

function showClocks() { showTimes(); showWindows(); }
setInterval(showClocks, 10000);

function toast(text) {
  const box = $("#toast");
  box.textContent = text;
  box.hidden = !text;
}

/* ---- keyboard ---- */

function move(step) {
  const rows = [...document.querySelectorAll("#rows .row")];
  if (!rows.length) return;
  const at = rows.indexOf(document.activeElement);
  const from = at >= 0 ? at : rows.findIndex((row) => row.hasAttribute("aria-current"));
  const next = rows[Math.min(rows.length - 1, Math.max(0, from + step))];
  next.focus();
  next.scrollIntoView({ block: "nearest" });
}

function compose(mode) {
  const choice = $("#mode-" + mode);
  if (choice) choice.checked = true;
  const text = $("#composer-text");
  if (text) text.focus();
}

function press(selector) {
  const button = $(selector);
  if (button) button.click();
}

const keys = {
  j: () => move(1),
  k: () => move(-1),
  r: () => compose("reply"),
  n: () => compose("note"),
  a: () => press("[data-testid=accept]"),
  e: () => { press("[data-testid=resolve-open]"); const outcome = $("[data-testid=resolve-outcome]"); if (outcome) outcome.focus(); },
  s: () => $("#search").focus(),
  "?": () => $("#help").showModal(),
};

document.addEventListener("keydown", (event) => {
  const field = event.target.closest("input, textarea, select");
  if (event.key === "Escape") {
    for (const menu of document.querySelectorAll(".menu[open]")) { menu.open = false; $("summary", menu).focus(); }
    if (field) field.blur();
    return;
  }
  if (field && field.closest(".composer") && event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    if (field.value.trim()) field.form.requestSubmit();
    return;
  }
  if (field || event.ctrlKey || event.metaKey || event.altKey || $("#help").open || !keys[event.key]) return;
  event.preventDefault();
  keys[event.key]();
});

/* ---- clicks ---- */

const acts = {
  quote: (event, element) => { if ($("#reply-to")) { event.preventDefault(); quote(element.dataset.line, element.dataset.text); } },
  unquote: (event) => { event.preventDefault(); quote("", ""); },
  help: () => $("#help").showModal(),
  context: (event) => showPane(event, "context"),
  conversation: (event) => showPane(event, "conversation"),
  back: (event) => showPane(event, "list"),
  copy: (event, element) => { navigator.clipboard.writeText(element.dataset.text); toast("Copied"); setTimeout(() => toast(""), 2000); },
  edit: (event, element) => { compose("reply"); const text = $("#composer-text"); text.value = element.dataset.text; sessionStorage.setItem(draftKey(text), text.value); },
};

function quote(line, text) {
  $("#reply-to").value = line;
  $("#quoting-text").textContent = text;
  $("#quoting").hidden = !line;
  compose("reply");
}

function showPane(event, pane) {
  event.preventDefault();
  $("#desk").dataset.pane = pane;
  if (pane !== "list") return;
  $("#desk").dataset.selected = "";
  history.pushState({}, "", "/" + location.search);
}

document.addEventListener("click", (event) => {
  const element = event.target.closest("[data-action]");
  if (element) acts[element.dataset.action](event, element);
  if (event.target.id === "pill") { $("#scroller").scrollTop = 0; event.target.hidden = true; }
  for (const menu of document.querySelectorAll(".menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});

window.addEventListener("popstate", () => location.reload());

showClocks();
restoreDraft();
listen();
