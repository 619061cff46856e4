// The panel's list of templates, each with what Meta says of it.
import { api } from "./api.js";
import { byId, h } from "./dom.js";

const STATUSES = { APPROVED: "Approved", PENDING: "In review", REJECTED: "Rejected", PAUSED: "Paused", DISABLED: "Disabled" };

/** `attempt` runs a change. Gives back how to load the list, which happens whenever it is opened. */
export function makeApprovals(attempt) {
  const list = byId("templates");

  function show(templates) {
    list.replaceChildren(...templates.map((one) => h("li", {}, h("label", {},
      h("span", { className: "template-name" }, one.name, h("span", { className: "hint" }, ` ${one.language} \u00b7 ${one.category.toLowerCase()}`)), picker(one)))));
  }

  function picker(template) {
    const select = h("select", { "data-testid": `template-${template.name}` },
      Object.entries(STATUSES).map(([value, name]) => h("option", { value, selected: value === template.status }, name)));
    select.onchange = () => attempt(async () => {
      try {
        await api.setTemplate(template.name, { status: select.value, language: template.language });
      } finally {
        await load();
      }
    }, "The business is told.");
    return select;
  }

  const load = async () => show((await api.templates()).templates);
  list.closest("details").addEventListener("toggle", () => { load().catch(() => {}); });
  return load;
}
