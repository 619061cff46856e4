// Templates: the search in the picker, and how a template reads while it is filled in. The same rules as on the server.
"use strict";

const GAP = /\{\{\s*([A-Za-z0-9_]+)\s*\}\}/g;
const LONGEST_BODY = 1024;

const legal = (value) => value.trim().split(/\s+/).join(" ");
const filledIn = (text, values) => text.replace(GAP, (gap, name) => values[name] || gap);

// what WhatsApp would take of the values: the longest is cut while the whole is too long
function fitted(text, values) {
  const fit = {};
  for (const [, name] of text.matchAll(GAP)) fit[name] = legal(values[name] || "");
  const names = Object.keys(fit);
  while (names.length) {
    const excess = [...filledIn(text, fit)].length - LONGEST_BODY;
    if (excess <= 0) break;
    const longest = names.reduce((one, other) => ([...fit[other]].length > [...fit[one]].length ? other : one));
    const kept = [...fit[longest]].slice(0, Math.max(0, [...fit[longest]].length - excess - 1)).join("").trimEnd();
    if (fit[longest] === kept + "…") break;
    fit[longest] = kept + "…";
  }
  return fit;
}

function showPreview(form) {
  const preview = form.querySelector(".preview[data-body]");
  if (!preview) return;
  const values = {};
  for (const field of form.querySelectorAll("[data-key]")) values[field.dataset.key] = field.value;
  preview.querySelector(".preview-body").textContent = filledIn(preview.dataset.body, fitted(preview.dataset.body, values));
  const header = preview.querySelector(".preview-header");
  if (header) header.textContent = preview.dataset.header.replace(GAP, (gap) => legal(values.header || "") || gap);
}

const showPreviews = () => document.querySelectorAll(".template-form, .composer.ready").forEach(showPreview);

document.addEventListener("input", (event) => {
  const form = event.target.closest(".template-form, .composer.ready");
  if (form) showPreview(form);
  if (event.target.id !== "picker-search") return;
  const wanted = event.target.value.toLowerCase().trim();
  for (const choice of document.querySelectorAll(".picker-list li")) choice.hidden = !choice.dataset.words.includes(wanted);
});
document.addEventListener("htmx:afterSwap", showPreviews);
showPreviews();
