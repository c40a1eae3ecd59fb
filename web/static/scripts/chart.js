// Lines over epochs, upon Chart.js: dragging and buttons zoom, arrow keys go from epoch to epoch,
// a legend of boxes shows and hides. What a reader cannot see is told by the slider's value.

import { say } from "./words.js";

const COLOURS = ["--cl-accent", "--cl-second", "--cl-third", "--cl-fourth", "--cl-fifth", "--cl-sixth"];
// So that lines are told apart without their colours, too.
const DASHES = [[], [6, 4], [2, 3], [10, 4], [10, 3, 2, 3], [1, 4]];
const POINTS = ["circle", "rectRot", "triangle", "rect", "crossRot", "star"];
const MOST_WITH_POINTS = 60;
const LEAST_DRAG = 6;
// So far a point at the first or last epoch stands out of the chart's area.
const POINT_ROOM = 5;

const dark = window.matchMedia("(prefers-color-scheme: dark)");
const probe = document.createElement("i");

// A canvas knows no custom property and no light-dark(): an element works the colour out.
function colour(name) {
  document.body.append(probe);
  probe.style.color = `var(${name})`;
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

function axis(text, more = {}) {
  return { type: "linear", title: { display: true, text }, grid: {}, ticks: {}, border: { display: false }, ...more };
}

export function shown(value) {
  return Math.abs(value) < 0.01 && value !== 0 ? Number(value.toPrecision(3)).toString() : value.toFixed(3);
}

export class LineChart {
  // Each of the series: { id, label, points: [{ x, y }], style (a number), rate (whether it has the
  // second axis), hidden }.
  constructor(element, unit) {
    this.element = element;
    this.box = element.querySelector(".chart-box");
    this.series = [];
    this.hidden = new Set();
    this.view = null;
    this.drag = null;
    this.chart = new Chart(element.querySelector("canvas"), this.configuration(unit));
    this.listen();
    dark.addEventListener("change", () => this.draw());
  }

  configuration(unit) {
    const rate = axis(say("chart_rate"), { position: "right", display: false, beginAtZero: true });
    return {
      type: "line",
      data: { datasets: [] },
      options: {
        animation: false,
        maintainAspectRatio: false,
        interaction: { mode: "nearest", axis: "x", intersect: false },
        plugins: { legend: { display: false }, tooltip: { callbacks: this.tips() } },
        scales: { x: axis(say("chart_epochs")), y: axis(unit), rate },
      },
      plugins: [{ id: "selection", afterDraw: () => this.drawSelection() }],
    };
  }

  tips() {
    return {
      title: (items) => say("chart_epoch", { epoch: items[0].parsed.x }),
      label: (item) => say("chart_value", { line: item.dataset.label, value: shown(item.parsed.y) }),
    };
  }

  show(series) {
    for (const one of series) {
      const known = this.series.some((other) => other.id === one.id);
      if (one.hidden && !known) this.hidden.add(one.id);
    }
    this.series = series;
    this.element.hidden = !series.some((one) => one.points.length);
    this.listLines();
    this.draw();
  }

  visible() {
    return this.series.filter((one) => !this.hidden.has(one.id) && one.points.length);
  }

  draw() {
    const { options, data } = this.chart;
    data.datasets = this.visible().map((one) => this.dataset(one));
    options.scales.rate.display = this.visible().some((one) => one.rate);
    options.scales.rate.grid.drawOnChartArea = false;
    this.paintAxes(options);
    this.range(options.scales.x);
    this.chart.update();
    this.tellRange();
  }

  dataset({ label, points, style, rate }) {
    const line = colour(COLOURS[style % COLOURS.length]);
    const many = points.length > MOST_WITH_POINTS;
    return {
      label, data: points, yAxisID: rate ? "rate" : "y", parsing: false, clip: this.view ? 0 : POINT_ROOM,
      borderWidth: rate ? 1.5 : 2, borderColor: line, backgroundColor: line,
      borderDash: DASHES[style % DASHES.length], pointStyle: POINTS[style % POINTS.length],
      pointRadius: many || rate ? 0 : 3, pointHitRadius: 12,
    };
  }

  paintAxes(options) {
    options.color = colour("--bs-body-color");
    for (const scale of Object.values(options.scales)) {
      scale.grid.color = colour("--bs-border-color");
      scale.ticks.color = scale.title.color = colour("--cl-muted");
    }
    options.scales.x.ticks.precision = 0;
  }

  // All epochs at which a visible line has a point, in order.
  epochs() {
    const found = new Set(this.visible().flatMap((one) => one.points.map((point) => point.x)));
    return [...found].sort((one, other) => one - other);
  }

  bounds() {
    const epochs = this.epochs();
    const last = epochs.at(-1) ?? 1;
    // A single point stands in the middle.
    return last === 1 ? [0, 2] : [epochs[0], last];
  }

  range(scale) {
    [scale.min, scale.max] = this.view ?? this.bounds();
  }

  listen() {
    const { box } = this;
    box.addEventListener("keydown", (event) => this.key(event));
    box.addEventListener("blur", () => this.point(null));
    box.addEventListener("pointerdown", (event) => this.startDrag(event));
    box.addEventListener("pointermove", (event) => this.moveDrag(event));
    box.addEventListener("pointerup", (event) => this.endDrag(event));
    box.addEventListener("pointercancel", () => this.cancelDrag());
    for (const button of this.element.querySelectorAll("[data-zoom]")) {
      button.addEventListener("click", () => this.zoom(button.dataset.zoom));
    }
  }

  key(event) {
    const moves = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10 };
    const zooms = { "+": "in", "=": "in", "-": "out", 0: "reset" };
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (moves[event.key]) this.step(moves[event.key]);
    else if (event.key === "Home") this.step(-Infinity);
    else if (event.key === "End") this.step(Infinity);
    else if (zooms[event.key]) this.zoom(zooms[event.key]);
    else return;
    event.preventDefault();
  }

  step(by) {
    const [least, most] = this.view ?? this.bounds();
    const epochs = this.epochs().filter((epoch) => epoch >= least && epoch <= most);
    if (!epochs.length) return;
    const at = this.cursor === null || this.cursor === undefined ? (by > 0 ? -1 : epochs.length) : epochs.findIndex((epoch) => epoch >= this.cursor);
    const to = Math.max(0, Math.min(epochs.length - 1, at + by));
    this.point(epochs[to]);
  }

  // Show the values of an epoch, as if the pointer stood there.
  point(epoch) {
    this.cursor = epoch;
    const found = epoch === null ? [] : this.found(epoch);
    const at = found.length ? this.chart.getDatasetMeta(found[0].datasetIndex).data[found[0].index] : { x: 0, y: 0 };
    this.chart.setActiveElements(found);
    this.chart.tooltip.setActiveElements(found, { x: at.x, y: at.y });
    this.chart.update();
    if (epoch !== null) this.tell(epoch);
  }

  found(epoch) {
    return this.chart.data.datasets.flatMap(({ data }, datasetIndex) => {
      const index = data.findIndex((point) => point.x === epoch);
      return index < 0 ? [] : [{ datasetIndex, index }];
    });
  }

  tell(epoch) {
    const values = this.visible().flatMap(({ label, points }) => {
      const point = points.find(({ x }) => x === epoch);
      return point ? [say("chart_value", { line: label, value: shown(point.y) })] : [];
    });
    this.box.setAttribute("aria-valuenow", epoch);
    this.box.setAttribute("aria-valuetext", [say("chart_epoch", { epoch }), ...values].join(", "));
  }

  tellRange() {
    const [least, most] = this.bounds();
    this.box.setAttribute("aria-valuemin", least);
    this.box.setAttribute("aria-valuemax", most);
    const last = this.epochs().at(-1);
    if (last !== undefined && (this.cursor ?? null) === null) this.tell(last);
    for (const button of this.element.querySelectorAll("[data-zoom]:not([data-zoom=in])")) {
      button.setAttribute("aria-disabled", String(!this.view));
    }
  }

  zoom(how) {
    const [first, last] = this.bounds();
    const [least, most] = this.view ?? [first, last];
    const middle = this.cursor ?? (least + most) / 2;
    const half = ((most - least) / 2) * (how === "in" ? 0.5 : 2);
    const start = Math.max(first, middle - half);
    const end = Math.min(last, Math.max(middle + half, start + 2));
    const whole = how === "reset" || (how === "out" && 2 * half >= last - first);
    this.look(whole || end - start < 1 ? null : [start, end]);
  }

  look(view) {
    this.view = view;
    this.draw();
  }

  startDrag(event) {
    if (event.button !== 0) return;
    this.drag = { from: this.place(event), to: this.place(event) };
    this.box.setPointerCapture(event.pointerId);
  }

  moveDrag(event) {
    if (!this.drag) return;
    this.drag.to = this.place(event);
    this.chart.draw();
  }

  endDrag(event) {
    if (!this.drag) return;
    const { from, to } = { ...this.drag, to: this.place(event) };
    this.cancelDrag();
    if (Math.abs(to - from) < LEAST_DRAG) return;
    const scale = this.chart.scales.x;
    const [start, end] = [from, to].sort((one, other) => one - other).map((x) => scale.getValueForPixel(x));
    if (end - start >= 1) this.look([start, end]);
  }

  cancelDrag() {
    this.drag = null;
    this.chart.draw();
  }

  place(event) {
    const { left, right } = this.chart.chartArea;
    const x = event.clientX - this.chart.canvas.getBoundingClientRect().left;
    return Math.max(left, Math.min(right, x));
  }

  drawSelection() {
    if (!this.drag) return;
    const { ctx, chartArea } = this.chart;
    const { from, to } = this.drag;
    ctx.save();
    ctx.globalAlpha = 0.15;
    ctx.fillStyle = colour("--cl-accent");
    ctx.fillRect(from, chartArea.top, to - from, chartArea.bottom - chartArea.top);
    ctx.restore();
  }

  listLines() {
    const list = this.element.querySelector(".chart-legend");
    const wanted = this.series.map((one) => one.id).join(" ");
    if (list.dataset.lines === wanted) return;
    list.dataset.lines = wanted;
    list.replaceChildren(...this.series.map((one) => this.lineItem(one)));
  }

  lineItem({ id, label, style }) {
    const item = document.createElement("li");
    const name = document.createElement("label");
    const box = document.createElement("input");
    box.type = "checkbox";
    box.className = "form-check-input";
    box.checked = !this.hidden.has(id);
    box.addEventListener("change", () => {
      this.hidden[box.checked ? "delete" : "add"](id);
      this.draw();
    });
    const text = document.createElement("span");
    text.textContent = label;
    name.append(box, swatch(style), text);
    item.append(name);
    return item;
  }
}

function swatch(style) {
  const space = "http://www.w3.org/2000/svg";
  const picture = document.createElementNS(space, "svg");
  const line = document.createElementNS(space, "line");
  for (const [name, value] of Object.entries({ width: 28, height: 10, "aria-hidden": "true" })) picture.setAttribute(name, value);
  const drawn = { x1: 1, x2: 27, y1: 5, y2: 5, "stroke-width": 2.5, "stroke-dasharray": DASHES[style % DASHES.length].join(" ") };
  for (const [name, value] of Object.entries(drawn)) line.setAttribute(name, value);
  line.style.stroke = `var(${COLOURS[style % COLOURS.length]})`;
  picture.append(line);
  return picture;
}

// The points of a column of a job's losses.
export function points(losses, name) {
  return losses.epoch.flatMap((x, at) => (losses[name][at] === null ? [] : [{ x, y: losses[name][at] }]));
}
