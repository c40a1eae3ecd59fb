// Keeps a job's page up to date until the job has ended: asks for what is new when it hears that
// there is something, and about once a second where it cannot hear.
// All text is set by textContent: whatever a user or a model wrote stays text.

import { listen } from "./listening.js";
import { localTimes } from "./times.js";
import { say } from "./words.js";

const EVERY = 1000;
// While it listens: many news at once are asked for together, and now and then without news.
const GATHER = 150;
const LISTENING = 10000;
const MOST_WAIT = 15000;

class LivePage {
  constructor(page) {
    this.page = page;
    const { url, stream, attempt, event, epoch, sample, output } = page.dataset;
    this.url = url;
    this.stream = stream;
    this.every = EVERY;
    this.attempt = Number(attempt);
    this.cursors = { event: Number(event), epoch: Number(epoch), sample: Number(sample), output: Number(output) };
    this.wait = EVERY;
    this.seen = { query: null, etag: null };
  }

  async start() {
    this.listen();
    while (await this.round()) await this.rest();
    this.deafen();
  }

  listen() {
    this.every = LISTENING;
    this.deafen = listen(
      this.stream,
      this.cursors.event,
      (type, data) => {
        document.dispatchEvent(new CustomEvent("charloom:heard", { detail: { type, data } }));
        this.ring();
      },
      () => (this.every = EVERY),
    );
  }

  // Wait until it is time to ask again, or until there are news.
  rest() {
    return new Promise((resume) => {
      const timer = setTimeout(resume, this.wait);
      this.ring = () => {
        this.ring = () => {};
        clearTimeout(timer);
        setTimeout(resume, GATHER);
      };
    });
  }

  ring() {}

  // Ask once; tell whether to ask again.
  async round() {
    try {
      return await this.ask();
    } catch {
      this.wait = Math.min(this.wait * 2, MOST_WAIT);
      this.tell(say("away"));
      return true;
    }
  }

  async ask() {
    const query = new URLSearchParams(this.cursors).toString();
    const known = query === this.seen.query && this.seen.etag;
    const answer = await fetch(`${this.url}?${query}`, {
      headers: known ? { "If-None-Match": this.seen.etag } : {},
      cache: "no-store",
      signal: AbortSignal.timeout(10000),
    });
    if (answer.status === 404) {
      this.tell(say("gone"));
      return false;
    }
    if (answer.status !== 304 && !answer.ok) throw new Error(answer.statusText);
    this.wait = this.every;
    this.tell("");
    if (answer.status === 304) return true;
    this.seen = { query, etag: answer.headers.get("ETag") };
    return this.show(await answer.json());
  }

  show({ state, rows }) {
    if (state.attempt !== this.attempt) this.startOver(state.attempt);
    const more = Object.entries(rows).map(([name, list]) => this.showRows(name, list));
    this.showState(state);
    document.dispatchEvent(new CustomEvent("charloom:rows", { detail: { state, rows } }));
    // What a job leaves only at its end is part of the page as the server makes it.
    if (state.ended && this.page.querySelector("[data-reload]")) location.reload();
    return !state.ended || more.includes(true);
  }

  // Another attempt discards the texts that the one before cut short.
  startOver(attempt) {
    this.attempt = attempt;
    this.cursors.output = 0;
    document.dispatchEvent(new CustomEvent("charloom:again"));
  }

  showState(state) {
    for (const node of this.page.querySelectorAll("[data-state]")) {
      const text = String(state[node.dataset.state] ?? "");
      if (node.textContent !== text) node.textContent = text;
    }
    this.page.querySelector("[data-badge]").className = `badge-status status-${state.status}`;
    this.page.querySelector("progress").value = state.percent;
    this.page.querySelector("[data-if=failed]").hidden = !state.failed;
    for (const part of this.page.querySelectorAll("[data-move]")) {
      part.hidden = !state.moves.includes(part.dataset.move);
    }
    this.page.querySelector("[data-cures]")?.replaceChildren(...state.cures.map((cure) => filled("cures", cure)));
    document.title = state.title;
  }

  // Put rows into their list, each in its place; tell whether the cursor moved.
  showRows(name, rows) {
    const list = this.list(name);
    if (!list) return false;
    for (const row of rows) this.showRow(list, name, row);
    if ("whole" in list.dataset) this.keepOnly(list, new Set(rows.map((row) => row.key)));
    if (name === "checkpoints") this.linkBest(rows.find((row) => row.best));
    const last = list.dataset.order === "newest" ? "lastElementChild" : "firstElementChild";
    while (list.childElementCount > Number(list.dataset.most || Infinity)) list[last].remove();
    return this.moveCursor(name, rows);
  }

  showRow(list, name, row) {
    let element = list.querySelector(`:scope > [data-key="${CSS.escape(row.key)}"]`);
    if (!element) {
      element = blank(name);
      list[list.dataset.order === "newest" ? "prepend" : "append"](element);
    }
    fill(element, row);
  }

  keepOnly(list, keys) {
    for (const element of [...list.children]) {
      if (!keys.has(element.dataset.key)) element.remove();
    }
  }

  linkBest(best) {
    const link = document.getElementById("best");
    // Who may only look has no such link.
    if (!link) return;
    link.hidden = !best;
    if (best) link.href = best.generate_url;
  }

  moveCursor(name, rows) {
    const [cursor, field] = {
      events: ["event", "seq"], epochs: ["epoch", "epoch"],
      samples: ["sample", "epoch"], outputs: ["output", "number"],
    }[name] ?? [];
    if (!cursor || !rows.length) return false;
    this.cursors[cursor] = Math.max(this.cursors[cursor], Number(rows.at(-1)[field]));
    return true;
  }

  list(name) {
    return this.page.querySelector(`[data-rows=${name}]`);
  }

  tell(message) {
    const away = document.getElementById("away");
    if (away.textContent !== message) away.textContent = message;
    away.hidden = !message;
  }
}

function blank(name) {
  const template = document.querySelector(`template[data-row=${name}]`);
  return template.content.firstElementChild.cloneNode(true);
}

function filled(name, row) {
  const element = blank(name);
  fill(element, row);
  return element;
}

function within(element, selector) {
  return [...(element.matches(selector) ? [element] : []), ...element.querySelectorAll(selector)];
}

function fill(element, row) {
  element.dataset.key = row.key;
  for (const [name, value] of Object.entries(row.data ?? {})) element.dataset[name] = value ?? "";
  if (row.anchor) element.id = row.anchor;
  for (const slot of within(element, "[data-slot]")) {
    const text = row[slot.dataset.slot];
    // A time that is shown in the reader's zone is not set back.
    if (slot.dataset.local === undefined || !slot.textContent) slot.textContent = text;
  }
  for (const place of element.querySelectorAll("[data-parts]")) {
    place.replaceChildren(...row[place.dataset.parts].map(asPart));
  }
  for (const part of element.querySelectorAll("[data-if]")) part.hidden = !row[part.dataset.if];
  for (const link of within(element, "[data-link]")) link.href = row[link.dataset.link];
  for (const button of element.querySelectorAll("[data-action]")) {
    button.formAction = row[button.dataset.action];
    button.value = row[button.dataset.value];
    button.setAttribute("aria-pressed", row[button.dataset.pressed]);
  }
  // Last: what stood in the cells was none of this row's own.
  for (const list of element.querySelectorAll("[data-cells]")) {
    list.replaceChildren(...(row[list.dataset.cells] ?? []).map((cell) => filled("cells", cell)));
  }
  const time = element.querySelector("time[data-local]");
  if (time && row.when_iso) {
    time.setAttribute("datetime", row.when_iso);
    localTimes(element);
  }
}

// A part of a text: marked where it is copied, with the way to its place in the corpus.
function asPart({ text, copied, url, named }) {
  if (!copied) return document.createTextNode(text);
  const mark = document.createElement("mark");
  mark.textContent = text;
  if (!url) return mark;
  const link = document.createElement("a");
  link.className = "copied";
  link.href = url;
  if (named) link.setAttribute("aria-label", named);
  link.append(mark);
  return link;
}

const page = document.getElementById("live");
if (page.dataset.ended === "false") new LivePage(page).start();
