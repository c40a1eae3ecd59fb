// Draws the losses of the epochs' table and follows it as rows arrive.

import { say } from "./words.js";

const dark = window.matchMedia("(prefers-color-scheme: dark)");
const probe = document.createElement("i");
const rowsOfEpochs = document.querySelector("[data-rows=epochs]");

function points(name) {
  return [...rowsOfEpochs.children]
    .filter((row) => row.dataset[name])
    .map((row) => ({ x: Number(row.dataset.key), y: Number(row.dataset[name]) }))
    .sort((one, other) => one.x - other.x);
}

// A canvas knows no custom property and no light-dark(): an element works the colour out.
function colour(name) {
  document.body.append(probe);
  probe.style.color = `var(${name})`;
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

function line(label) {
  return { label, data: [], borderWidth: 2, tension: 0.15, pointHitRadius: 12 };
}

function axis(text) {
  return { type: "linear", title: { display: true, text }, grid: {}, ticks: {}, border: { display: false } };
}

function makeChart() {
  return new Chart(document.getElementById("loss-chart"), {
    type: "line",
    data: { datasets: [line(say("training_loss")), line(say("validation_loss"))] },
    options: {
      animation: false,
      maintainAspectRatio: false,
      interaction: { mode: "nearest", axis: "x", intersect: false },
      plugins: {
        legend: { align: "end", labels: { usePointStyle: true, boxHeight: 6 } },
        tooltip: {
          callbacks: {
            title: (items) => say("chart_epoch", { epoch: items[0].parsed.x }),
            label: (item) => `${item.dataset.label} ${item.parsed.y.toFixed(3)}`,
          },
        },
      },
      scales: { x: axis(say("chart_epochs")), y: axis(say("chart_loss")) },
    },
  });
}

function paint(chart) {
  const [training, validation] = chart.data.datasets;
  for (const [set, name] of [[training, "--cl-accent"], [validation, "--cl-second"]]) {
    set.borderColor = set.backgroundColor = colour(name);
  }
  validation.borderDash = [6, 4];
  validation.pointStyle = "rectRot";
  chart.options.color = colour("--bs-body-color");
  for (const scale of [chart.options.scales.x, chart.options.scales.y]) {
    scale.grid.color = colour("--bs-border-color");
    scale.ticks.color = scale.title.color = colour("--cl-muted");
  }
  chart.options.scales.x.ticks.precision = 0;
}

function draw(chart) {
  const [training, validation] = chart.data.datasets;
  training.data = points("loss");
  validation.data = points("valLoss");
  validation.hidden = validation.data.length === 0;
  const last = training.data.at(-1)?.x ?? 1;
  for (const set of chart.data.datasets) set.pointRadius = last > 60 ? 0 : 3;
  // A single point stands in the middle.
  chart.options.scales.x.min = last === 1 ? 0 : 1;
  chart.options.scales.x.max = Math.max(last, 2);
  document.getElementById("chart-box").hidden = last === undefined || !training.data.length;
  document.getElementById("chart-empty").hidden = training.data.length > 0;
  chart.update();
}

if (rowsOfEpochs && window.Chart) {
  const chart = makeChart();
  const refresh = () => {
    paint(chart);
    draw(chart);
  };
  let drawn = -1;
  document.addEventListener("charloom:rows", () => {
    const newest = rowsOfEpochs.firstElementChild?.dataset.key ?? 0;
    if (newest !== drawn) draw(chart);
    drawn = newest;
  });
  dark.addEventListener("change", refresh);
  refresh();
}
