// Starts Swagger UI: a script of our own, because the policy of this service allows no inline one.
"use strict";

const place = document.getElementById("swagger-ui");
const night = window.matchMedia("(prefers-color-scheme: dark)");
// What lies outside of Swagger UI's own main part, as screen readers find it.
const REGIONS = { ".information-container": "charloom", ".scheme-container": "Authorize", "section.models": "Schemas" };

function dress() {
  const { appearance } = document.documentElement.dataset;
  const dark = appearance ? appearance === "dark" : night.matches;
  document.documentElement.classList.toggle("dark-mode", dark);
}

function label() {
  for (const [selector, name] of Object.entries(REGIONS)) {
    const part = place.querySelector(selector);
    part?.setAttribute("role", "region");
    part?.setAttribute("aria-label", name);
  }
  for (const tag of place.querySelectorAll("h3.opblock-tag, section.models > h4")) tag.setAttribute("aria-level", "2");
}

dress();
night.addEventListener("change", dress);
window.SwaggerUIBundle({
  domNode: place,
  url: place.dataset.document,
  // It would put a link into each button that unfolds an operation.
  deepLinking: false,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  // It would ask another host.
  validatorUrl: null,
  onComplete: label,
});
