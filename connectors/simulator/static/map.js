// A drawn piece of town around a pin. It is the same for the same place, and asks no map server.
import { icon } from "./dom.js";

const SVG = "http://www.w3.org/2000/svg";
const [WIDTH, HEIGHT] = [264, 132];

/** The element; streets follow from the numbers, so that two places look different. */
export function map(latitude, longitude) {
  const chance = seeded(Math.round((latitude + 90) * 1e4) * 3_600_001 + Math.round((longitude + 180) * 1e4));
  const svg = node("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "xMidYMid slice" });
  const between = (least, most) => least + chance() * (most - least);
  const turn = between(-24, 24);
  const town = node("g", { transform: `rotate(${turn} ${WIDTH / 2} ${HEIGHT / 2})` });
  town.append(rectangle("map-park", between(10, 150), between(-10, 70), between(50, 84), between(34, 60)));
  town.append(rectangle("map-house", between(120, 210), between(50, 100), between(20, 44), between(14, 30)));
  const river = between(-20, HEIGHT);
  town.append(node("path", { class: "map-water", d: `M-60 ${river} C 60 ${river + between(-50, 50)}, 190 ${river + between(-60, 60)}, 330 ${river + between(-30, 30)}` }));
  for (let x = -40; x < WIDTH + 60; x += between(26, 58)) town.append(street(x, -80, x + between(-8, 8), HEIGHT + 80, chance() < 0.25));
  for (let y = -50; y < HEIGHT + 60; y += between(22, 46)) town.append(street(-60, y, WIDTH + 60, y + between(-8, 8), chance() < 0.3));
  svg.append(town);
  const box = document.createElement("div");
  box.className = "map";
  box.setAttribute("aria-hidden", "true");
  const pin = document.createElement("span");
  pin.className = "map-pin";
  pin.append(icon("#pin"));
  box.append(svg, pin);
  return box;
}

function node(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

const rectangle = (kind, x, y, width, height) => node("rect", { class: kind, x, y, width, height, rx: 4 });

function street(x1, y1, x2, y2, wide) {
  return node("line", { class: wide ? "map-street wide" : "map-street", x1, y1, x2, y2 });
}

function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
