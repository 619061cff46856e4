// The panel's forms for faults and for WhatsApp's own rules. Each change is set at once.
import { api } from "./api.js";
import { byId } from "./dom.js";

const GRAPH_ANSWERS = { drop: { drop_answer_rate: 1 }, hang: { hang_seconds: 20 }, html: { html: true } };
const SWITCHES = ["enforce_window", "auto_read", "coexistence"];
const RATES = { pair_burst: 45, throughput: 80 }; // WhatsApp's own: at once to one customer, and a second for a number
const CHOICES = ["edits", "template_review"];

/** `attempt` runs a change and says when it did not work. Gives back how to `load` both, and the further `numbers` of the business. */
export function makeFaults(attempt) {
  const faults = byId("faults");
  const settings = byId("settings");
  const extra = { faults: {}, settings: {} }; // what the forms do not show is kept as it is

  function readFaults() {
    const field = faults.elements;
    const rate = Number(field.rate.value);
    const [kind, number] = field.answer.value.split(" ");
    const answer = number ? { [kind]: Number(number) } : { ...GRAPH_ANSWERS[kind] };
    if (answer.drop_answer_rate) answer.drop_answer_rate = rate;
    return {
      ...extra.faults,
      graph: { latency_ms: Number(field.latency_ms.value), rate, ...answer },
      webhook: {
        duplicate: Number(field.duplicate.value), batch: Number(field.batch.value), delay_ms: Number(field.delay_ms.value),
        shuffle: field.shuffle.checked, drop_statuses: field.drop_statuses.checked,
        shuffle_seconds: extra.faults.webhook?.shuffle_seconds ?? 1,
      },
      status: {
        ...extra.faults.status, fail_code: Number(field.fail_code.value) || null, repeat: Number(field.repeat.value),
        late_sent_ms: Number(field.late_sent_ms.value), early: field.early.checked, skip_delivered: field.skip_delivered.checked,
      },
      download: { ...extra.faults.download, kind: field.download.value || null },
      seed: Number(field.seed.value),
    };
  }

  function showFaults(data) {
    extra.faults = data;
    const field = faults.elements;
    const { graph, webhook, download, status } = data;
    const answer = graph.html ? "html" : graph.drop_answer_rate ? "drop" : graph.hang_seconds ? "hang"
      : graph.code ? `code ${graph.code}` : graph.status ? `status ${graph.status}` : "";
    select(field.answer, answer);
    select(field.rate, String(graph.drop_answer_rate || graph.rate));
    select(field.download, download.kind || "");
    select(field.fail_code, status.fail_code ? String(status.fail_code) : "");
    for (const name of ["repeat", "late_sent_ms"]) field[name].value = status[name];
    for (const name of ["early", "skip_delivered"]) field[name].checked = status[name];
    for (const name of ["duplicate", "batch", "delay_ms"]) field[name].value = webhook[name];
    for (const name of ["shuffle", "drop_statuses"]) field[name].checked = webhook[name];
    field.latency_ms.value = graph.latency_ms;
    field.seed.value = data.seed;
    showStates({
      graph: Boolean(answer || graph.latency_ms || download.kind || download.redirect_to || download.latency_ms),
      status: Boolean(status.fail_code || status.repeat > 1 || status.late_sent_ms || status.early || status.skip_delivered),
      webhook: webhook.duplicate > 1 || webhook.batch > 1 || webhook.delay_ms > 0 || webhook.shuffle || webhook.drop_statuses,
    });
  }

  function showStates(on) {
    for (const state of document.querySelectorAll("[data-state]")) {
      state.textContent = on[state.dataset.state] ? "Faulty" : "As usual";
      state.classList.toggle("on", on[state.dataset.state]);
    }
    for (const dot of document.querySelectorAll(".faults-dot")) dot.hidden = !Object.values(on).some(Boolean);
  }

  function showSettings(data) {
    extra.settings = data;
    const field = settings.elements;
    field.rates.checked = data.pair_burst > 0 || data.throughput > 0;
    for (const name of SWITCHES) field[name].checked = data[name];
    for (const name of CHOICES) select(field[name], data[name]);
    field.refuse_unknown.checked = data.unknown_customer === "refuse";
  }

  function readSettings() {
    const field = settings.elements;
    const rates = field.rates.checked ? RATES : { pair_burst: 0, throughput: 0 };
    return {
      ...extra.settings,
      ...(field.rates.checked === (extra.settings.pair_burst > 0 || extra.settings.throughput > 0) ? {} : rates),
      ...Object.fromEntries(SWITCHES.map((name) => [name, field[name].checked])),
      ...Object.fromEntries(CHOICES.map((name) => [name, field[name].value])),
      unknown_customer: field.refuse_unknown.checked ? "refuse" : "create",
    };
  }

  faults.onchange = () => attempt(async () => showFaults(await api.setFaults(readFaults())));
  faults.onsubmit = (event) => event.preventDefault();
  settings.onchange = () => attempt(async () => showSettings(await api.setSettings(readSettings())));
  byId("no-faults").onclick = () => attempt(async () => showFaults(await api.noFaults()), "All faults are off.");

  /** Load both. */
  async function load() {
    const [faultsNow, settingsNow] = await Promise.all([api.faults(), api.settings()]);
    showFaults(faultsNow);
    showSettings(settingsNow);
  }

  return { load, numbers: () => extra.settings.numbers || [] };
}

/** A value that a test set, and the list does not have, is shown too. */
function select(field, value) {
  if (![...field.options].some((option) => option.value === value)) field.add(new Option(value, value));
  field.value = value;
}
