// The chart of several jobs' losses: those of validation, or of training.

import { LineChart, points } from "./chart.js";
import { say } from "./words.js";

const runs = JSON.parse(document.getElementById("losses").textContent);
const which = document.getElementById("which-loss");

function series(name) {
  return runs.map((run, at) => ({ id: `run-${at}`, label: run.name, points: points(run, name), style: at }));
}

if (window.Chart) {
  const chart = new LineChart(document.getElementById("losses-chart"), say("chart_loss"));
  const draw = () => chart.show(series(which.querySelector(":checked").value));
  if (!runs.some((run) => points(run, "valLoss").length)) which.querySelector("[value=loss]").checked = true;
  which.hidden = false;
  which.addEventListener("change", draw);
  draw();
}
