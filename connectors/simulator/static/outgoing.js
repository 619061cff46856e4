// A message of the customer on its way: how it looks before the simulator has it, the upload of its file, and trying again.
import { api } from "./api.js";
import { now } from "./times.js";

export const newId = () => `wamid.${[...crypto.getRandomValues(new Uint8Array(20))].map((byte) => byte.toString(16).padStart(2, "0")).join("").toUpperCase()}`;

const CHOICES = new Set(["button_reply", "list_reply"]);

/** How a request of the control API looks as a message. */
export function draft(request) {
  const { type } = request;
  const context = request.forwarded ? { context: { forwarded: true } } : request.context ? { context: { id: request.context } } : {};
  const made = (kind, text, part) => ({ type: kind, text, payload: { ...part, ...context } });
  if (type === "text") return made("text", request.text, {});
  if (CHOICES.has(type)) return made("interactive", request.title, {});
  if (type === "button") return made("button", request.text, {});
  if (type === "flow_reply") return made("interactive", "Sent", { interactive: { type: "nfm_reply", nfm_reply: { body: "Sent" } } });
  if (type === "contacts") return made("contacts", "", { contacts: request.contacts });
  if (type === "reaction") return made("reaction", request.emoji, { reaction: { message_id: request.message_id, emoji: request.emoji } });
  if (type === "edit") {
    return made("edit", request.text, { edit: { original_message_id: request.message_id, message: { type: "text", text: { body: request.text } } } });
  }
  if (type === "revoke") return made("revoke", "", { revoke: { original_message_id: request.message_id } });
  return made(type, request[type]?.caption || "", { [type]: request[type] || {} });
}

/** Sends for one customer. `put`, `setStatus`, `setProgress` tell the thread, if it is still this customer's. */
export async function send(customer, request, id, thread) {
  const { file, voice, ...wanted } = request;
  const local = file && (request.local || URL.createObjectURL(file));
  const remembered = { ...request, ...(local ? { local } : {}) };
  thread.put({
    ...draft(wanted), id, request: remembered, author: "customer", status: "pending", at: now(), problem: undefined,
    ...(file ? { local, media: { mime_type: file.type, size: file.size } } : {}),
  });
  try {
    const said = file ? await uploaded(customer, wanted, file, { voice, id, thread }) : wanted;
    delete said.local;
    const { seq } = await api.say(customer.key, { ...said, wamid: id });
    thread.confirm(id, seq);
  } catch (problem) {
    thread.setStatus(id, "error", problem instanceof TypeError ? "" : problem.message); // a TypeError: nobody answered
  }
}

/** The message with the id of its file, which is uploaded first. */
async function uploaded(customer, wanted, file, { voice, id, thread }) {
  thread.setProgress(id, 0);
  const media = await api.upload(customer.key, file, { voice, progress: (share) => thread.setProgress(id, Math.min(share, 0.99)) });
  thread.setProgress(id, 1);
  return { ...wanted, [wanted.type]: { ...wanted[wanted.type], id: media.id } };
}
