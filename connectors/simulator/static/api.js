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

/** Send a file; `progress` hears how much of it is there, from 0 to 1. (`fetch` cannot tell that.) */
function upload(key, file, { voice = false, progress = () => {} } = {}) {
  const form = new FormData();
  if (voice) form.append("voice", "true");
  form.append("file", file, file.name || "file");
  const request = new XMLHttpRequest();
  return new Promise((resolve, reject) => {
    request.open("POST", `/control/${customer(key)}/media`);
    request.responseType = "json";
    request.upload.onprogress = (event) => { if (event.lengthComputable) progress(event.loaded / event.total); };
    request.onload = () => {
      if (request.status < 300) resolve(request.response);
      else reject(new Error(request.response?.error || `The simulator answered ${request.status}.`));
    };
    request.onerror = () => reject(new Error("The simulator did not answer."));
    request.send(form);
  });
}

export const api = {
  customers: () => call("GET", "customers"),
  addCustomer: (data) => call("POST", "customers", data),
  messages: (key, { limit = 100, before } = {}) =>
    call("GET", `${customer(key)}/messages?limit=${limit}${before ? `&before=${before}` : ""}`),
  say: (key, message) => call("POST", `${customer(key)}/messages`, message),
  upload,
  read: (key, upTo) => call("POST", `${customer(key)}/read`, { up_to: upTo }),
  played: (key, id) => call("POST", `${customer(key)}/played`, { message_id: id }),
  echo: (key, text) => call("POST", "echo", { to: key, text }),
  clock: () => call("GET", "clock"),
  advance: (seconds) => call("POST", "clock", { advance: seconds }),
  webhooks: () => call("GET", "webhooks"),
  faults: () => call("GET", "faults"),
  setFaults: (faults) => call("PUT", "faults", faults),
  noFaults: () => call("DELETE", "faults"),
  settings: () => call("GET", "settings"),
  setSettings: (settings) => call("PUT", "settings", settings),
  templates: () => call("GET", "templates"),
  setTemplate: (name, change) => call("POST", `templates/${encodeURIComponent(name)}`, change),
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
