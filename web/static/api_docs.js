// Starts Swagger UI: a script of our own, because the policy of this service allows no inline one.
"use strict";

const place = document.getElementById("swagger-ui");
const night = window.matchMedia("(prefers-color-scheme: dark)");

function dress() {
  document.documentElement.classList.toggle("dark-mode", night.matches);
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
