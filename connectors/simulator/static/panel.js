// The panel: clock, webhooks, faults and rules. Each change is set at once.
import { api } from "./api.js";
import { byId } from "./dom.js";
import { full, now, setNow, span } from "./times.js";

const GRAPH_ANSWERS = { drop: { drop_answer_rate: 1 }, hang: { hang_seconds: 20 }, html: { html: true } };

/** Make the panel work; `customer` gives the customer of the phone that is used. */
export function makePanel({ customer: current }) {
  const faults = byId("faults");
  const settings = byId("settings");
  let extra = { faults: {}, settings: {} };

  const note = (text) => { byId("panel-note").textContent = text; };
  const attempt = async (work, done = "") => {
    try {
      await work();
      note(done);
    } catch (problem) {
      note(`Not changed: ${problem.message}`);
    }
  };

  function readFaults() {
    const field = faults.elements;
    const rate = Number(field.rate.value);
    const [kind, number] = field.answer.value.split(" ");
    const answer = number ? { [kind]: Number(number) } : { ...GRAPH_ANSWERS[kind] };
    if (answer.drop_answer_rate) answer.drop_answer_rate = rate;
    return {
      graph: { latency_ms: Number(field.latency_ms.value), rate, ...answer },
      webhook: {
        duplicate: Number(field.duplicate.value), batch: Number(field.batch.value), delay_ms: Number(field.delay_ms.value),
        shuffle: field.shuffle.checked, drop_statuses: field.drop_statuses.checked,
        shuffle_seconds: extra.faults.webhook?.shuffle_seconds ?? 1,
      },
      seed: Number(field.seed.value),
    };
  }

  function showFaults(data) {
    extra.faults = data;
    const field = faults.elements;
    const { graph, webhook } = data;
    const answer = graph.html ? "html" : graph.drop_answer_rate ? "drop" : graph.hang_seconds ? "hang"
      : graph.code ? `code ${graph.code}` : graph.status ? `status ${graph.status}` : "";
    select(field.answer, answer);
    select(field.rate, String(graph.drop_answer_rate || graph.rate));
    for (const name of ["duplicate", "batch", "delay_ms"]) field[name].value = webhook[name];
    for (const name of ["shuffle", "drop_statuses"]) field[name].checked = webhook[name];
    field.latency_ms.value = graph.latency_ms;
    field.seed.value = data.seed;
    const on = {
      graph: Boolean(answer || graph.latency_ms),
      webhook: webhook.duplicate > 1 || webhook.batch > 1 || webhook.delay_ms > 0 || webhook.shuffle || webhook.drop_statuses,
    };
    for (const state of document.querySelectorAll("[data-state]")) {
      state.textContent = on[state.dataset.state] ? "Faulty" : "As usual";
      state.classList.toggle("on", on[state.dataset.state]);
    }
    for (const dot of document.querySelectorAll(".faults-dot")) dot.hidden = !on.graph && !on.webhook;
  }

  /** A value that a test set, and the list does not have, is shown too. */
  function select(field, value) {
    if (![...field.options].some((option) => option.value === value)) field.add(new Option(value, value));
    field.value = value;
  }

  function showSettings(data) {
    extra.settings = data;
    settings.elements.enforce_window.checked = data.enforce_window;
    settings.elements.auto_read.checked = data.auto_read;
    settings.elements.refuse_unknown.checked = data.unknown_customer === "refuse";
  }

  async function load() {
    const [clock, faultsNow, settingsNow] = await Promise.all([api.clock(), api.faults(), api.settings()]);
    setNow(clock.now);
    showFaults(faultsNow);
    showSettings(settingsNow);
    tick();
    await count();
  }

  async function count() {
    const { pending, delivered, failed_attempts: failed } = await api.webhooks();
    byId("pending").textContent = pending;
    byId("delivered").textContent = delivered;
    byId("failed-attempts").textContent = failed;
  }

  function tick() {
    byId("clock").textContent = full(now());
    const customer = current();
    const left = customer ? customer.window_ends_at - now() : 0;
    byId("window").textContent = !customer ? "" : left > 0
      ? `${customer.name}'s 24-hour window closes in ${span(left)}`
      : `${customer.name}'s 24-hour window is closed`;
    byId("window").classList.toggle("on", left <= 0);
  }

  faults.onchange = () => attempt(async () => showFaults(await api.setFaults(readFaults())));
  faults.onsubmit = (event) => event.preventDefault();
  settings.onchange = () => attempt(async () => {
    const field = settings.elements;
    showSettings(await api.setSettings({
      ...extra.settings,
      enforce_window: field.enforce_window.checked,
      auto_read: field.auto_read.checked,
      unknown_customer: field.refuse_unknown.checked ? "refuse" : "create",
    }));
  });
  byId("no-faults").onclick = () => attempt(async () => showFaults(await api.noFaults()), "All faults are off.");
  byId("reset").onclick = () => {
    if (confirm("Forget all customers and messages of the simulator? The bot keeps its own memory.")) {
      attempt(api.reset, "Everything is forgotten.");
    }
  };
  byId("echo").onsubmit = (event) => {
    event.preventDefault();
    const field = event.target.elements.text;
    attempt(async () => { await api.echo(current().key, field.value); field.value = ""; });
  };
  for (const button of document.querySelectorAll("[data-advance]")) {
    button.onclick = () => attempt(() => api.advance(Number(button.dataset.advance)));
  }
  byId("theme").onclick = () => {
    const theme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    document.documentElement.dataset.theme = theme;
    localStorage.setItem("theme", theme);
  };
  setInterval(() => { if (!document.hidden) count().catch(() => {}); }, 2000);
  setInterval(tick, 1000);
  return { load, tick };
}
