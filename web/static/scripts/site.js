// What every page does a little better with a script: times in the reader's zone, one
// submission for two clicks, and a file that is too large told before it is sent.

import { showError } from "./fields.js";
import { localTimes } from "./times.js";
import { number, say } from "./words.js";

function tooLarge(form) {
  const most = Number(form.dataset.mostBytes);
  const input = form.querySelector("input[type=file]");
  const chosen = form.querySelector("input[name=source]:checked");
  if (!most || !input || (chosen && chosen.value !== "file")) return false;
  const file = input.files[0];
  if (!file || file.size <= most) return false;
  showError(input, say("file_too_large", { bytes: number(file.size), most: number(most) }));
  return true;
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  // A script that sends the form itself has prevented it.
  if (form.method !== "post" || "again" in form.dataset || event.defaultPrevented) return;
  if (form.dataset.sent || tooLarge(form)) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  const button = form.querySelector("button[data-busy]");
  if (button) {
    button.dataset.idle = button.textContent;
    button.textContent = button.dataset.busy;
    button.setAttribute("aria-disabled", "true");
  }
});

// A page that comes back from the browser's memory can be sent again.
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    const button = form.querySelector("button[data-idle]");
    if (button) {
      button.textContent = button.dataset.idle;
      button.removeAttribute("aria-disabled");
    }
  }
});

// A menu closes as menus do: by Escape, and when something else is pressed or has the focus.
for (const menu of document.querySelectorAll("details[data-menu]")) {
  const leave = ({ target }) => {
    if (menu.open && !menu.contains(target)) menu.open = false;
  };
  document.addEventListener("pointerdown", leave);
  document.addEventListener("focusin", leave);
  menu.addEventListener("keydown", ({ key }) => {
    if (key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
}

// Without TLS browsers have no clipboard: the text is marked, to be copied by hand.
async function copy(button) {
  const source = document.getElementById(button.dataset.copy);
  window.getSelection().selectAllChildren(source);
  await navigator.clipboard?.writeText(source.textContent);
  if (navigator.clipboard) button.textContent = button.dataset.copied;
}

for (const button of document.querySelectorAll("button[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", () => copy(button));
}

localTimes(document);
document.querySelector("[aria-invalid=true]")?.focus();
