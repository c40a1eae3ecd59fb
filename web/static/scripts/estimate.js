// Keeps what a run will take beside its form, and says beside a field what is wrong in it, as the
// server says it. The focus stays where it is; one quiet line tells it to who cannot see.

import { say } from "./words.js";

const PAUSE_MS = 450;
const form = document.querySelector("form[data-estimate]");
const box = document.getElementById("estimate");
let timer, asking;

function later() {
  clearTimeout(timer);
  asking?.abort();
  timer = setTimeout(ask, PAUSE_MS);
}

async function ask() {
  asking = new AbortController();
  const { signal } = asking;
  box.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(form.dataset.estimate, { method: "POST", body: new FormData(form), signal });
    if (answer.ok) show(await answer.json());
  } catch {
    // Asked anew meanwhile, or the server is away: the next change asks again.
  }
  if (!signal.aborted) box.removeAttribute("aria-busy");
}

function show({ figures, told, problems, message }) {
  for (const place of box.querySelectorAll("[data-figure]")) {
    place.textContent = figures[place.dataset.figure];
  }
  const wrong = new Map(Object.entries(problems));
  for (const help of form.querySelectorAll(".help[id$=-help]")) {
    const name = help.id.slice(0, -"-help".length);
    mark(help, name, wrong.get(name));
    wrong.delete(name);
  }
  const rest = [...wrong.values(), message].filter(Boolean);
  const problem = document.getElementById("estimate-problem");
  problem.hidden = rest.length === 0;
  problem.textContent = rest.join(" ");
  announce([...Object.values(problems), message, told].find(Boolean) ?? "");
}

// Put a problem beside its field, or take it away.
function mark(help, name, problem) {
  const field = document.getElementById(name);
  if (!field) return;
  const id = `${name}-error`;
  let error = document.getElementById(id);
  field.closest(".field").classList.toggle("has-error", Boolean(problem));
  if (!problem) {
    error?.remove();
    field.removeAttribute("aria-invalid");
    field.setAttribute("aria-describedby", help.id);
    return;
  }
  if (!error) {
    error = document.createElement("p");
    error.id = id;
    error.className = "field-error";
    help.before(error);
  }
  error.textContent = problem;
  field.setAttribute("aria-invalid", "true");
  field.setAttribute("aria-describedby", `${id} ${help.id}`);
}

function announce(text) {
  const place = document.getElementById("estimate-told");
  if (place.textContent !== text) place.textContent = text;
}

// How many fields of a folded group are filled in stands in its line.
function count(group) {
  const filled = [...group.querySelectorAll("input, select, textarea")]
    .filter(({ type, checked, value }) => (type === "checkbox" ? checked : value.trim()));
  const tag = group.querySelector("[data-filled]");
  tag.hidden = filled.length === 0;
  tag.textContent = say("filled_in", { count: filled.length });
}

// Whether a field is other than the page was made with.
function changed(field) {
  if (field.type === "radio" || field.type === "checkbox") return field.checked !== field.defaultChecked;
  return "defaultValue" in field && field.value !== field.defaultValue;
}

if (form) {
  form.addEventListener("input", ({ target }) => {
    const group = target.closest("[data-group]");
    if (group) count(group);
    later();
  });
  form.addEventListener("submit", () => {
    clearTimeout(timer);
    asking?.abort();
  });
  // A browser that goes back to a form may have kept what was typed.
  window.addEventListener("pageshow", () => {
    form.querySelectorAll("[data-group]").forEach(count);
    if ([...form.elements].some(changed)) later();
  });
}
