// Sound in a bubble: a voice note with its waveform, or a file of music. One plays at a time.
import { h, icon } from "./dom.js";
import { sourceOf } from "./files.js";
import { length } from "./times.js";

const BARS = 42;
const SPEEDS = [1, 1.5, 2];
const waves = new Map(); // address -> promise of {bars, seconds}

let playing = null;

/** The player of a message; `heard` is told when it is played for the first time. It lives as long as its element. */
export function player(message, voice, heard) {
  const address = sourceOf(message);
  const audio = new Audio();
  audio.preload = "none";
  const button = h("button", { type: "button", className: "play", "aria-label": voice ? "Play the voice message" : "Play the audio" }, icon("#play-solid"));
  const bars = h("div", { className: "wave", "aria-hidden": "true" });
  const seek = h("input", { type: "range", min: 0, max: 1000, value: 0, className: "seek", "aria-label": "Position" });
  const time = h("span", { className: "play-time", "data-testid": "play-time" }, "0:00");
  const speed = h("button", { type: "button", className: "speed", hidden: true, "aria-label": "Speed" }, "1\u00d7");
  const state = { seconds: 0, drawn: [] };

  const show = () => {
    const on = !audio.paused && !audio.ended;
    button.replaceChildren(icon(on ? "#pause-solid" : "#play-solid"));
    button.setAttribute("aria-label", on ? "Pause" : voice ? "Play the voice message" : "Play the audio");
    speed.hidden = !on;
    const share = state.seconds ? audio.currentTime / state.seconds : 0;
    seek.value = share * 1000;
    time.textContent = length(on || audio.currentTime > 0 ? audio.currentTime : state.seconds);
    state.drawn.forEach((bar, index) => bar.classList.toggle("played", share > 0 && index / state.drawn.length <= share));
    if (on) requestAnimationFrame(show);
  };
  const draw = ({ bars: heights, seconds }) => {
    state.seconds = seconds || state.seconds;
    state.drawn = heights.map((height) => {
      const bar = h("i");
      bar.style.height = `${Math.round(12 + height * 88)}%`;
      return bar;
    });
    bars.replaceChildren(...state.drawn);
    show();
  };

  button.onclick = () => {
    if (!audio.paused) return audio.pause();
    if (playing && playing !== audio) playing.pause();
    playing = audio;
    if (!audio.src) audio.src = address;
    return audio.play().catch(() => { box.classList.add("mute"); button.setAttribute("aria-label", "This sound cannot be played here"); });
  };
  seek.oninput = () => {
    if (!audio.src && address) audio.src = address;
    audio.currentTime = (seek.value / 1000) * state.seconds;
    show();
  };
  speed.onclick = () => {
    audio.playbackRate = SPEEDS[(SPEEDS.indexOf(audio.playbackRate) + 1) % SPEEDS.length];
    speed.textContent = `${audio.playbackRate}\u00d7`;
  };
  audio.addEventListener("playing", heard, { once: true });
  for (const event of ["play", "pause", "seeked"]) audio.addEventListener(event, show);
  audio.addEventListener("ended", () => { audio.currentTime = 0; show(); });
  audio.addEventListener("loadedmetadata", () => { if (Number.isFinite(audio.duration)) state.seconds = audio.duration; });

  draw({ bars: quietBars(message.id), seconds: 0 });
  if (address) waveOf(address).then(draw, () => {});
  else button.disabled = true;
  const box = h("div", { className: `voice${voice ? "" : " music"}`, "data-testid": voice ? "voice" : "audio" },
    h("span", { className: "voice-face", "aria-hidden": "true" }, icon(voice ? "user-round" : "headphones"), voice && icon("mic", "icon voice-mic")),
    button, h("div", { className: "wave-box" }, bars, seek), speed, time);
  return box;
}

/** The loudness of a sound file in bars from 0 to 1, and its length; read once for each address. */
function waveOf(address) {
  if (!waves.has(address)) waves.set(address, decode(address));
  return waves.get(address);
}

async function decode(address) {
  if (!address.startsWith("/") && !address.startsWith("blob:")) throw new Error("Sound from elsewhere is not fetched before it is played.");
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`The simulator answered ${answer.status}.`);
  const sound = await new OfflineAudioContext(1, 1, 48_000).decodeAudioData(await answer.arrayBuffer());
  return { bars: loudness(sound.getChannelData(0)), seconds: sound.duration };
}

function loudness(samples) {
  const step = Math.max(1, Math.floor(samples.length / BARS));
  const bars = Array.from({ length: BARS }, (_, bar) => {
    let sum = 0;
    for (let index = bar * step; index < Math.min((bar + 1) * step, samples.length); index += 1) sum += samples[index] ** 2;
    return Math.sqrt(sum / step);
  });
  const most = Math.max(...bars, 0.001);
  return bars.map((bar) => bar / most);
}

/** A pattern that is always the same for a message, for sound that this browser cannot read. */
function quietBars(seed) {
  let state = [...seed].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) >>> 0, 7);
  return Array.from({ length: BARS }, () => {
    state = (state * 1664525 + 1013904223) >>> 0;
    return 0.12 + 0.4 * (state / 2 ** 32);
  });
}
