// Fetches and starts Swagger UI where it is asked for: it is heavier than all other pages together.
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

function start() {
  document.getElementById("operations").remove();
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
}

function fetchIt() {
  const style = document.createElement("link");
  style.rel = "stylesheet";
  style.href = place.dataset.style;
  const script = document.createElement("script");
  script.src = place.dataset.script;
  script.addEventListener("load", start);
  document.head.append(style, script);
  open.remove();
}

const open = document.getElementById("open");
open.hidden = false;
open.addEventListener("click", fetchIt);
dress();
night.addEventListener("change", dress);
