// The panel beside the phone: clock, what may be sent, webhooks, and the forms of its other modules.
import { api } from "./api.js";
import { makeApprovals } from "./approvals.js";
import { byId } from "./dom.js";
import { makeFaults } from "./faults.js";
import { makeStanding } from "./standing.js";
import { full, now, setNow } from "./times.js";

/** Make the panel work; `customer` gives the customer of the phone that is used, `became` is told how one whose number
 * or user id changes is found afterwards. */
export function makePanel({ customer: current, became }) {
  const note = (text) => { byId("panel-note").textContent = text; };
  const attempt = async (work, done = "") => {
    try {
      await work();
      note(done);
    } catch (problem) {
      note(`Not changed: ${problem.message}`);
    }
  };
  const faults = makeFaults(attempt);
  const loadTemplates = makeApprovals(attempt);
  const showStanding = makeStanding(current, attempt, became);

  async function load() {
    const [clock] = await Promise.all([api.clock(), faults.load(), loadTemplates()]);
    setNow(clock.now);
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
    byId("to-the-end").disabled = !(current()?.window_ends_at > now());
    showStanding();
  }

  byId("to-the-end").onclick = () => attempt(() => api.advance(Math.max(0, current().window_ends_at - now()) + 1));
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
  return { load, tick, numbers: faults.numbers };
}
