// Times as the phone shows them, on the simulator's clock.

let offset = 0;

export const setNow = (seconds) => { offset = seconds * 1000 - Date.now(); };
export const now = () => (Date.now() + offset) / 1000;

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const DAY = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const SHORT_DAY = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const FULL = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

const date = (seconds) => new Date(seconds * 1000);
const dayStart = (seconds) => date(seconds).setHours(0, 0, 0, 0);

export const clock = (seconds) => CLOCK.format(date(seconds));
export const full = (seconds) => FULL.format(date(seconds));
export const sameDay = (one, other) => dayStart(one) === dayStart(other);

function daysAgo(seconds) {
  return Math.round((dayStart(now()) - dayStart(seconds)) / 86_400_000);
}

export function day(seconds) {
  const ago = daysAgo(seconds);
  return ago === 0 ? "Today" : ago === 1 ? "Yesterday" : DAY.format(date(seconds));
}

export function brief(seconds) {
  const ago = daysAgo(seconds);
  return ago === 0 ? clock(seconds) : ago === 1 ? "Yesterday" : SHORT_DAY.format(date(seconds));
}

/** A length of time in its two largest units. */
export function span(seconds) {
  const minutes = Math.max(0, Math.floor(seconds / 60));
  const [days, hours, rest] = [Math.floor(minutes / 1440), Math.floor((minutes % 1440) / 60), minutes % 60];
  if (days) return `${days} d ${hours} h`;
  return hours ? `${hours} h ${rest} min` : `${rest} min`;
}

/** The length of a sound or a film: minutes and seconds. */
export function length(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
