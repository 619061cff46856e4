// What a thread's messages come to: edits, deletions and reactions are messages too, about others.

const ABOUT_OTHERS = new Set(["reaction", "edit", "revoke"]);

/** Whether a message is not a bubble of its own: it says something about another, or its end of a call. */
export function isAbout(message) {
  return ABOUT_OTHERS.has(message.type) || message.payload.unsupported?.type === "edit" || message.payload.call?.event === "terminate";
}

/** The messages as the phone shows them, in order of `seq`; what is not confirmed yet comes last. Messages of the
 * business that failed never reached the phone. */
export function shown(messages) {
  const { edits, gone } = changes(messages);
  return [...messages.values()]
    .filter((message) => !isAbout(message) && message.status !== "failed")
    .map((message) => changed(message, edits.get(message.id), gone.has(message.id)))
    .sort(inOrder);
}

const inOrder = (one, other) => (one.seq ?? Infinity) - (other.seq ?? Infinity) || one.at - other.at;

/** A message with `edited`, the text that is in the place of its own, and `deleted`. What the simulator does not know yet
 * counts too: what the customer does is seen at once. */
function changed(message, edited, deleted) {
  const text = edited ?? message.edited ?? undefined;
  return { ...message, edited: text, deleted: Boolean(deleted || message.revoked) };
}

/** One message as it is shown now. */
export function current(messages, id) {
  const message = messages.get(id);
  if (!message) return undefined;
  const { edits, gone } = changes(messages);
  return changed(message, edits.get(id), gone.has(id));
}

function changes(messages) {
  const edits = new Map();
  const gone = new Set();
  for (const message of messages.values()) {
    if (message.status === "error") continue;
    const { edit, revoke } = message.payload;
    if (edit) edits.set(edit.original_message_id, textOf(edit.message || {}));
    if (revoke) gone.add(revoke.original_message_id);
  }
  return { edits, gone };
}

const textOf = (message) => message.text?.body ?? message[message.type]?.caption ?? "";

/** For each message the reactions on it, of the customer and of the business: a map of maps from author to emoji. */
export function reactions(messages) {
  const found = new Map();
  const all = [...messages.values()].filter((message) => message.type === "reaction" && !["failed", "error"].includes(message.status)).sort(inOrder);
  for (const message of all) {
    const { message_id: target, emoji } = message.payload.reaction || {};
    const ofTarget = found.get(target) || found.set(target, new Map()).get(target);
    if (emoji) ofTarget.set(message.author, emoji);
    else ofTarget.delete(message.author);
  }
  return found;
}
