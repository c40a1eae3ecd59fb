// Shows in each empty field what the chosen preset says.

import { say } from "./words.js";

const presetForm = document.querySelector("form[data-presets]");

function showPreset() {
  const presets = JSON.parse(presetForm.dataset.presets);
  const chosen = presetForm.querySelector("input[name$=preset]:checked");
  for (const [name, said] of Object.entries(presets[chosen.value])) {
    const field = presetForm.elements.namedItem(name);
    const standard = field.querySelector("option[data-default]");
    if (standard) standard.textContent = say("default_choice", { choice: said });
    else field.placeholder = said;
  }
}

if (presetForm) {
  for (const radio of presetForm.querySelectorAll("input[name$=preset]")) {
    radio.addEventListener("change", showPreset);
  }
  showPreset();
}
