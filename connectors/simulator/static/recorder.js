// Recording a voice note: hold the microphone and let go to send, or tap it to go on without holding.
import { h, part } from "./dom.js";
import { oggOf } from "./ogg.js";
import { length } from "./times.js";

const TAP_MS = 350;
const SLIDE = 80; // pixels to the left that cancel, while the button is held
const TYPES = ["audio/ogg; codecs=opus", "audio/webm; codecs=opus", "audio/mp4"];

/** The recorder of the phone `root`. `send` gets the file; `complain` a sentence about what is wrong. */
export function makeRecorder(root, send, complain) {
  const form = part(root, "composer");
  const button = part(root, "record");
  const bar = part(root, "recording");
  const time = part(root, "recording-time");
  const level = part(root, "recording-level");
  let session = null;
  let pressed = null; // {at, x} while the button is held

  async function start() {
    if (session) return;
    complain("");
    const mine = { chunks: [], since: performance.now() };
    session = mine;
    try {
      mine.stream = await microphone();
      if (session !== mine) return stopStream(mine);
      const type = TYPES.find((one) => MediaRecorder.isTypeSupported(one));
      mine.recorder = new MediaRecorder(mine.stream, type ? { mimeType: type } : {});
    } catch (problem) {
      if (session === mine) session = null;
      stopStream(mine);
      return complain(reason(problem));
    }
    mine.recorder.ondataavailable = (event) => mine.chunks.push(event.data);
    mine.recorder.start(200);
    mine.since = performance.now();
    listen(mine);
    show(true);
    return undefined;
  }

  /** Ends the recording; `keep` sends it. */
  async function finish(keep) {
    const mine = session;
    session = null;
    show(false);
    if (!mine?.recorder) return stopStream(mine);
    const ended = new Promise((resolve) => { mine.recorder.onstop = resolve; });
    mine.recorder.stop();
    await ended;
    stopStream(mine);
    if (!keep) return undefined;
    const file = await voiceNote(new Blob(mine.chunks, { type: mine.recorder.mimeType })).catch(() => null);
    if (!file) return complain("Nothing was recorded. Hold the microphone longer, or tap it.");
    await send(file);
    if (!file.type.startsWith("audio/ogg")) return complain(`This browser records ${file.type}. The simulator keeps it as it is; a real voice note is Ogg.`);
    return undefined;
  }

  function show(on) {
    bar.hidden = !on;
    form.classList.toggle("records", on);
    if (on && !pressed) part(root, "recording-send").focus();
    if (!on) button.focus({ preventScroll: true });
    tick();
  }

  function tick() {
    if (!session) return;
    time.textContent = length(Math.floor((performance.now() - session.since) / 1000));
    draw(session, level);
    requestAnimationFrame(tick);
  }

  button.onpointerdown = (event) => {
    if (event.button !== 0) return;
    pressed = { at: performance.now(), x: event.clientX };
    button.setPointerCapture(event.pointerId);
    start();
  };
  button.onpointermove = (event) => {
    if (!pressed || pressed.x - event.clientX < SLIDE) return;
    pressed = null;
    finish(false);
  };
  button.onpointerup = () => {
    if (!pressed) return;
    const held = performance.now() - pressed.at;
    pressed = null;
    if (held > TAP_MS && session?.recorder) finish(true);
    else if (session?.recorder) part(root, "recording-send").focus();
  };
  button.onpointercancel = () => { pressed = null; };
  button.onclick = (event) => { if (event.detail === 0) start(); }; // the keyboard's click; a pointer has done it already
  part(root, "recording-cancel").onclick = () => finish(false);
  part(root, "recording-send").onclick = () => finish(true);
  bar.onkeydown = (event) => { if (event.key === "Escape") { event.stopPropagation(); finish(false); } };

  return { cancel: () => { if (session) finish(false); } };
}

async function microphone() {
  if (!navigator.mediaDevices || !window.MediaRecorder) throw new DOMException("", "NotSupportedError");
  return navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1 } });
}

function stopStream(session) {
  session?.stream?.getTracks().forEach((track) => track.stop());
  session?.context?.close();
}

const REASONS = {
  NotFoundError: "There is no microphone on this machine. Attach a sound file instead: the paperclip, then Audio.",
  NotAllowedError: "The browser may not use the microphone. Allow it for this page, and record again.",
  NotSupportedError: "This browser records only on pages from this machine or over https.",
};

const reason = (problem) => REASONS[problem.name] || `Nothing was recorded: ${problem.message || problem.name}`;

/** The recording as WhatsApp would send it: Ogg with Opus. Opus that came in WebM is moved over. */
async function voiceNote(blob) {
  const named = (content, type, ending) => new File([content], `voice.${ending}`, { type });
  if (blob.type.startsWith("audio/webm")) return named(oggOf(new Uint8Array(await blob.arrayBuffer())), "audio/ogg; codecs=opus", "ogg");
  return named(blob, blob.type, blob.type.startsWith("audio/ogg") ? "ogg" : "m4a");
}

/** The loudness while it is recorded, in the bars of the session. */
function listen(session) {
  session.context = new AudioContext();
  session.analyser = session.context.createAnalyser();
  session.analyser.fftSize = 512;
  session.context.createMediaStreamSource(session.stream).connect(session.analyser);
  session.values = new Uint8Array(session.analyser.fftSize);
  session.bars = [];
}

function draw(session, level) {
  if (!session.analyser) return;
  session.analyser.getByteTimeDomainData(session.values);
  const loud = Math.max(...session.values.map((value) => Math.abs(value - 128))) / 128;
  session.frame = (session.frame || 0) + 1;
  if (session.frame % 4 === 0) session.bars = [...session.bars, loud].slice(-40);
  level.replaceChildren(...session.bars.map((height) => {
    const bar = h("i");
    bar.style.height = `${Math.round(12 + Math.min(1, height * 1.4) * 88)}%`;
    return bar;
  }));
}
