// The chart of a job's losses: follows the rows as they arrive, and lays other runs over it.

import { LineChart, points } from "./chart.js";
import { say } from "./words.js";

const losses = JSON.parse(document.getElementById("losses").textContent);
const others = new Map();
// The styles of this job's own lines.
const OWN = 3;

function series() {
  const own = [
    { id: "loss", label: say("training_loss"), points: points(losses, "loss"), style: 0 },
    { id: "valLoss", label: say("validation_loss"), points: points(losses, "valLoss"), style: 1 },
    { id: "rate", label: say("chart_rate"), points: points(losses, "rate"), style: 2, rate: true, hidden: true },
  ];
  const laid = [...others].map(([id, found], at) => {
    const judged = points(found, "valLoss");
    return { id, label: found.name, points: judged.length ? judged : points(found, "loss"), style: OWN + at };
  });
  return [...own.filter((one) => one.points.length), ...laid];
}

function take({ key, data }) {
  const epoch = Number(key);
  const known = losses.epoch.indexOf(epoch);
  const at = known < 0 ? losses.epoch.length : known;
  losses.epoch[at] = epoch;
  for (const name of ["loss", "valLoss", "rate"]) losses[name][at] = data[name] ?? null;
}

function draw(chart) {
  document.getElementById("chart-empty").hidden = losses.epoch.length > 0;
  chart.show(series());
}

async function layOver(chart, box) {
  if (!box.checked) others.delete(box.value);
  else {
    const answer = await fetch(box.dataset.losses);
    if (answer.ok && box.checked) others.set(box.value, await answer.json());
  }
  draw(chart);
}

// The chart tells it at a glance; where no script draws one, the numbers lie open.
function fold() {
  for (const part of document.querySelectorAll("[data-fold]")) part.open = false;
}

if (window.Chart) {
  fold();
  const chart = new LineChart(document.getElementById("loss-chart"), say("chart_loss"));
  document.addEventListener("charloom:rows", ({ detail }) => {
    detail.rows.epochs?.forEach(take);
    if (detail.rows.epochs?.length) draw(chart);
  });
  for (const box of document.querySelectorAll("#others [data-losses]")) {
    box.addEventListener("change", () => layOver(chart, box));
    if (box.checked) layOver(chart, box);
  }
  draw(chart);
}
