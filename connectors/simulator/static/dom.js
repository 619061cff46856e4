// Making elements: text is always text, never markup.

/** An element with properties, attributes (`data-…`, `aria-…`, `role`, `for`) and children. */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.includes("-") || name === "role" || name === "dir") element.setAttribute(name, value === true ? "" : value);
    else element[name] = value;
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

/** A symbol of the sprite, or (with a `#`) one of the page's own. */
export function icon(name, className = "icon") {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", className);
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", name.startsWith("#") ? name : `/static/icons.svg#${name}`);
  svg.append(use);
  return svg;
}

/** A part of a phone, of which there may be several on the page: they have names instead of ids. */
export const part = (root, name) => root.querySelector(`[data-part="${name}"]`);

let made = 0;

/** An id that nothing else on the page has, for a label or a title. */
export const newName = (word) => `${word}-${(made += 1)}`;

export const byId = (id) => document.getElementById(id);
