// A template message as the phone shows it. The simulator has filled it: `shown` has header, body, footer and buttons.

/** `header`, `body`, `footer` and `buttons` of a template message. A failed one was not filled: its name stands for it. */
export function filled(message) {
  return message.shown || { header: null, body: `Template ${message.payload.template?.name}`, footer: null, buttons: [] };
}

/** The words of a template, for a quote. */
export const words = (message) => filled(message).body;
