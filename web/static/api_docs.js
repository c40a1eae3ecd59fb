// Starts Swagger UI: a script of our own, because the policy of this service allows no inline one.
"use strict";

const place = document.getElementById("swagger-ui");
const night = window.matchMedia("(prefers-color-scheme: dark)");

function dress() {
  const { appearance } = document.documentElement.dataset;
  const dark = appearance ? appearance === "dark" : night.matches;
  document.documentElement.classList.toggle("dark-mode", dark);
}

dress();
night.addEventListener("change", dress);
window.SwaggerUIBundle({
  domNode: place,
  url: place.dataset.document,
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  // It would ask another host.
  validatorUrl: null,
});
