// The control API, and the stream of news.

async function call(method, path, body) {
  const answer = await fetch(`/control/${path}`, {
    method,
    headers: body === undefined ? {} : { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const data = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(data.error || `The simulator answered ${answer.status}.`);
  return data;
}

const customer = (key) => `customers/${encodeURIComponent(key)}`;

export const api = {
  customers: () => call("GET", "customers"),
  addCustomer: (data) => call("POST", "customers", data),
  messages: (key, { limit = 100, before } = {}) =>
    call("GET", `${customer(key)}/messages?limit=${limit}${before ? `&before=${before}` : ""}`),
  say: (key, message) => call("POST", `${customer(key)}/messages`, message),
  read: (key, upTo) => call("POST", `${customer(key)}/read`, { up_to: upTo }),
  echo: (key, text) => call("POST", "echo", { to: key, text }),
  clock: () => call("GET", "clock"),
  advance: (seconds) => call("POST", "clock", { advance: seconds }),
  webhooks: () => call("GET", "webhooks"),
  faults: () => call("GET", "faults"),
  setFaults: (faults) => call("PUT", "faults", faults),
  noFaults: () => call("DELETE", "faults"),
  settings: () => call("GET", "settings"),
  setSettings: (settings) => call("PUT", "settings", settings),
  reset: () => call("POST", "reset"),
};

/** Follow the news for ever; the browser connects again by itself. */
export function follow({ opened, news, lost }) {
  const source = new EventSource("/live");
  source.onopen = opened;
  source.onmessage = (event) => news(JSON.parse(event.data));
  source.onerror = lost;
  window.addEventListener("pagehide", () => source.close());
}
