// The samples of a run: the one that is being written grows as it is heard, stars are set without
// leaving the page, and a page can be printed.

const writing = document.getElementById("writing");
let current = null;

function slot(name) {
  return writing.querySelector(`[data-slot=${name}]`);
}

// Put what a sample goes on with behind its first `start` characters.
function write({ epoch, temperature, start, text }) {
  const which = `${epoch} ${temperature}`;
  const place = writing.querySelector("[data-text]");
  const before = which === current || start ? [...place.textContent] : [];
  // Something between was missed: whoever listens anew is told all of it.
  if (start > before.length) return;
  current = which;
  slot("epoch").textContent = epoch;
  slot("temperature").textContent = temperature;
  place.textContent = before.slice(0, start).join("") + text;
  writing.hidden = false;
}

function finish({ samples }) {
  const last = Number(samples?.at(-1)?.epoch ?? 0);
  if (writing.hidden || last < Number(slot("epoch").textContent)) return;
  writing.hidden = true;
  current = null;
}

// What speaks of samples waits for the first.
function tellOfSamples() {
  for (const part of document.querySelectorAll("[data-sampled]")) part.hidden = false;
  for (const part of document.querySelectorAll("[data-unsampled]")) part.hidden = true;
}

function show(button, starred) {
  button.setAttribute("aria-pressed", String(starred));
  button.value = starred ? "" : "yes";
}

async function star(button) {
  const starred = button.value === "yes";
  const body = new FormData(button.form);
  body.set("starred", button.value);
  show(button, starred);
  const answer = await fetch(button.formAction, { method: "POST", body, redirect: "manual" });
  if (!answer.ok && answer.type !== "opaqueredirect") show(button, !starred);
}

document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (!button?.matches(".star")) return;
  event.preventDefault();
  star(button).catch(() => show(button, button.value === "yes"));
});

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}

if (writing) {
  document.addEventListener("charloom:heard", ({ detail }) => {
    if (detail.type === "sample_text") write(detail.data);
  });
  document.addEventListener("charloom:rows", ({ detail }) => {
    finish(detail.rows);
    if (detail.rows.samples?.length) tellOfSamples();
    if (detail.state.status !== "running") writing.hidden = true;
  });
}
