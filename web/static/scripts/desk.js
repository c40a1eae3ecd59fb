// The writing desk: lets the model go on with the text, tells which characters may come next, and
// colours the text by how surprised the model was.

import { listen } from "./listening.js";
import { Paper } from "./paper.js";
import { language, number, say } from "./words.js";

// After so much time without a change a pause begins.
const PAUSE_MS = 120;
const CHOICES = 8;
// What the model reads of the text for the next character, before a character that is scored, and
// before what it writes.
const READ_FOR_NEXT = 300;
const READ_BEFORE = 200;
const READ_TO_WRITE = 2000;
const LIKELIER = 3;
// A change colours all behind it anew.
const MOST_COLOURED = 20000;
// So long a worker may take before it is told that none is free.
const SOON_MS = 2500;
// Where the text cannot be heard.
const ASK_MS = 500;
const DRAFT = "charloom.desk";
const BLANKS = { " ": ["␣", "blank"], "\n": ["↵", "new_line"], "\t": ["⇥", "tab"] };
const ENDS = ["succeeded", "failed", "cancelled"];

const find = (id) => document.getElementById(id);
const form = find("desk");
const field = (name) => form.elements.namedItem(name);
const percents = new Intl.NumberFormat(language, { style: "percent", maximumSignificantDigits: 2 });

if (!field("prompt").value) field("prompt").value = sessionStorage.getItem(DRAFT) ?? "";
const paper = new Paper(field("prompt"), find("colours"));
let pauses = null;
let writing = null;
// What is told of a score that failed goes with the next one; what is told of a writing stays.
let unread = false;

function tell(message, bad = false) {
  find("told").textContent = message;
  find("told").classList.toggle("told-bad", bad);
}

function shown(character) {
  return BLANKS[character]?.[0] ?? character;
}

function named(character) {
  return character in BLANKS ? say(BLANKS[character][1]) : character;
}

async function post(url, body, signal) {
  const answer = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRFToken": field("csrf_token").value },
    body: JSON.stringify(body),
    signal,
  });
  const json = answer.headers.get("Content-Type")?.startsWith("application/json");
  const said = json ? await answer.json() : {};
  if (answer.ok && !said.code) return said;
  throw new Refused(answer.status, said);
}

class Refused extends Error {
  constructor(status, { code, message }) {
    const words = { gone: "desk_gone" }[code] ?? (status === 400 && !code ? "desk_reload" : null);
    super(words ? say(words) : (message ?? say("not_answered")));
  }
}

function told(error) {
  if (error.name === "AbortError") return;
  tell(error instanceof Refused ? error.message : say("not_answered"), true);
}

// --- what may come next, and how likely what is there was ---

function score(text, alternatives, signal) {
  const body = { checkpoint_id: field("checkpoint_id").value, text, alternatives };
  return post(form.dataset.scores, body, signal);
}

function paused() {
  clearTimeout(pauses?.timer);
  pauses?.abort.abort();
  const abort = new AbortController();
  find("choices").setAttribute("aria-busy", "true");
  pauses = { abort, timer: setTimeout(() => lookAhead(abort.signal), PAUSE_MS) };
}

async function lookAhead(signal) {
  if (writing) return;
  try {
    const text = [...paper.before.toWellFormed()].slice(-READ_FOR_NEXT).join("") || "\n";
    const { next, note } = await score(text, CHOICES, signal);
    showChoices(next);
    find("note").textContent = note;
    find("note").hidden = !note;
    if (unread) tell("");
    unread = false;
    if (find("colour").checked) await colour(signal);
  } catch (error) {
    unread ||= error.name !== "AbortError";
    told(error);
  }
}

function showChoices(next) {
  const list = find("choices");
  // The buttons stay, so that the one with the focus keeps it.
  while (list.children.length < next.length) list.append(choice(list.children.length));
  [...list.children].forEach((item, place) => {
    item.hidden = place >= next.length;
    if (!item.hidden) fillChoice(item.firstElementChild, next[place]);
  });
  list.setAttribute("aria-busy", "false");
}

function choice(place) {
  const item = document.createElement("li");
  const button = document.createElement("button");
  button.type = "button";
  button.translate = false;
  button.setAttribute("aria-keyshortcuts", `Alt+${place + 1}`);
  for (const name of ["character", "percent"]) {
    const part = document.createElement("span");
    part.className = name;
    button.append(part);
  }
  const bar = document.createElement("progress");
  bar.max = 1;
  bar.setAttribute("aria-hidden", "true");
  button.append(bar);
  button.addEventListener("click", () => take(button));
  item.append(button);
  return item;
}

function fillChoice(button, { character, probability }) {
  const percent = percents.format(probability);
  button.dataset.character = character;
  button.children[0].textContent = shown(character);
  button.children[1].textContent = percent;
  button.children[2].value = probability;
  button.setAttribute("aria-label", say("desk_choice", { character: named(character), percent }));
}

function take(button) {
  if (!writing) paper.insert(button.dataset.character);
}

// Score what is not scored yet, from a little before it on, a piece after the other.
async function colour(signal) {
  const most = Number(form.dataset.mostScored);
  const characters = [...paper.text.toWellFormed()].slice(0, MOST_COLOURED);
  for (let place = paper.scored.length; place < characters.length; place = paper.scored.length) {
    const first = Math.max(0, place - READ_BEFORE);
    const piece = characters.slice(first, first + most);
    const scores = await score(piece.join(""), LIKELIER, signal);
    if (signal.aborted) return;
    for (let at = place - first; at < piece.length; at += 1) {
      paper.scored.push({
        character: piece[at],
        level: scores.levels[at],
        probability: scores.probabilities[at],
        rank: scores.ranks[at],
        likelier: scores.likelier[at],
      });
    }
    paper.paint();
    showBits();
  }
  read();
}

function bitsOf(probability) {
  return Math.min(-Math.log2(probability), 1024);
}

function showBits() {
  const known = paper.scored.filter(({ probability }) => probability !== null);
  const sum = known.reduce((all, { probability }) => all + bitsOf(probability), 0);
  const bits = known.length ? (sum / known.length).toFixed(2) : "";
  find("bits").textContent = bits && find("colour").checked ? say("desk_bits", { bits }) : "";
}

// Say in words what the colour of the character before the cursor says.
function read() {
  if (!find("colour").checked) return;
  const place = [...paper.before].length - 1;
  const one = paper.scored[place];
  find("reading").textContent = one ? reading(one) : place < 0 ? "" : say("desk_not_read");
}

function reading({ character, probability, rank, likelier }) {
  const values = { character: named(character) };
  if (probability === null) return say("desk_reading_unknown", values);
  Object.assign(values, {
    percent: percents.format(probability),
    bits: bitsOf(probability).toFixed(1),
    rank: number(rank),
    likelier: likelier.filter((_, place) => place < rank - 1).map(named).join(", "),
  });
  return say(values.likelier ? "desk_reading_likelier" : "desk_reading", values);
}

// --- letting the model go on ---

function typedNumber(name, standard = null) {
  const typed = field(name).value.trim();
  if (!typed) return standard;
  return Number.isFinite(Number(typed)) ? Number(typed) : typed;
}

function wanted() {
  const before = [...paper.before.toWellFormed()].slice(-READ_TO_WRITE).join("");
  return {
    checkpoint_id: field("checkpoint_id").value,
    prompt: before || null,
    length: typedNumber("length", 200),
    temperature: typedNumber("temperature", 0.6),
    top_k: typedNumber("top_k"),
    top_p: typedNumber("top_p"),
    rng_seed: Math.floor(Math.random() * 2 ** 31),
  };
}

async function goOn() {
  if (writing) return;
  pauses?.abort.abort();
  clearTimeout(pauses?.timer);
  begin();
  try {
    const { stream, live, stop } = await post(form.dataset.texts, wanted());
    if (!writing.stopped) writing.stop = stop;
    else ask(stop);
    writing.deafen = listen(stream, 0, heard, () => lost(live));
  } catch (error) {
    end("");
    told(error);
  }
}

function begin() {
  unread = false;
  const before = [...paper.text].length;
  writing = { before, count: 0, soon: setTimeout(() => tell(say("desk_waits")), SOON_MS) };
  paper.area.readOnly = true;
  find("go").setAttribute("aria-disabled", "true");
  find("stop").hidden = false;
  tell(say("desk_writes"));
}

function heard(type, data) {
  if (!writing) return;
  if (type === "text") data.data.pieces.forEach(write);
  if (type === "outputs_discarded") discard();
  if (type === "failed") end(say("desk_failed"), true);
  else if (ENDS.includes(type)) {
    const words = type === "succeeded" ? "desk_wrote" : "desk_stopped";
    end(say(words, { count: number(writing.count) }));
  }
}

// The stream is gone before the end was heard, or there is no room for another listener: ask.
async function lost(live) {
  try {
    while (writing) {
      const { state, rows } = await (await fetch(live, { cache: "no-store" })).json();
      if (state.ended && writing) return takeOver(state, rows.outputs[0]);
      await new Promise((resume) => setTimeout(resume, ASK_MS));
    }
  } catch {
    if (writing) end(say("desk_failed"), true);
  }
}

function takeOver({ status }, output) {
  if (output) write({ start: 0, characters: [...output.text].length, text: output.text });
  heard(status);
}

function write({ start, characters, text }) {
  if (text === null || start + characters <= writing.count) return;
  if (!writing.count) {
    clearTimeout(writing.soon);
    tell(say("desk_writes"));
  }
  paper.goOn([...text].slice(Math.max(0, writing.count - start)).join(""));
  writing.count = start + characters;
  count(writing.before + writing.count);
}

// The worker was lost, and another one begins the text anew.
function discard() {
  const before = [...paper.before];
  const kept = before.slice(0, before.length - writing.count).join("");
  paper.area.setRangeText("", kept.length, paper.before.length, "end");
  writing.count = 0;
  paper.afterChange();
}

function end(message, bad = false) {
  clearTimeout(writing.soon);
  writing.deafen?.();
  writing = null;
  paper.remember(false);
  paper.afterChange();
  paper.area.readOnly = false;
  find("go").removeAttribute("aria-disabled");
  if (document.activeElement === find("stop")) find("go").focus();
  find("stop").hidden = true;
  tell(message, bad);
}

function halt() {
  if (!writing || writing.stopped) return;
  writing.stopped = true;
  if (writing.stop) ask(writing.stop);
}

function ask(stop) {
  const token = new URLSearchParams({ csrf_token: field("csrf_token").value });
  fetch(stop, { method: "POST", body: token, redirect: "manual" }).catch(told);
}

// --- the sheet ---

function count(characters) {
  find("count").textContent = say("desk_characters", { count: number(characters) });
}

paper.changed = () => {
  const { text } = paper;
  count([...text].length);
  find("undo").disabled = Boolean(writing) || !paper.canUndo;
  find("redo").disabled = Boolean(writing) || !paper.canRedo;
  showBits();
  try {
    sessionStorage.setItem(DRAFT, text);
  } catch {
    // Too long a draft is not kept.
  }
  if (!writing) paused();
};

function back(steps) {
  if (writing || !paper.move(steps)) return;
  tell(say(steps < 0 ? "desk_undone" : "desk_redone"));
}

async function copy() {
  try {
    if (navigator.clipboard) await navigator.clipboard.writeText(paper.text);
    else copyByHand();
    tell(say("desk_copied"));
  } catch {
    tell(say("desk_not_copied"), true);
  }
}

// Addresses without https have no clipboard of the newer kind.
function copyByHand() {
  const { selectionStart, selectionEnd } = paper.area;
  paper.area.select();
  const done = document.execCommand("copy");
  paper.area.setSelectionRange(selectionStart, selectionEnd);
  if (!done) throw new Error();
}

function save() {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([paper.text], { type: "text/plain;charset=utf-8" }));
  link.download = "charloom.txt";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

function shortcut(event) {
  const control = event.ctrlKey || event.metaKey;
  const key = event.key.toLowerCase();
  const digit = /^Digit([1-8])$/.exec(event.code)?.[1];
  let done = true;
  if (control && key === "enter") goOn();
  else if (event.key === "Escape" && writing) halt();
  else if (control && key === "z") back(event.shiftKey ? 1 : -1);
  else if (control && key === "y") back(1);
  else if (event.altKey && !control && digit) {
    const item = find("choices").children[digit - 1];
    if (item && !item.hidden) take(item.firstElementChild);
  } else done = false;
  if (done) event.preventDefault();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  event.stopPropagation();
  goOn();
});
form.addEventListener("keydown", (event) => {
  const elsewhere = event.target.matches("input, select") && event.key !== "Escape";
  if (!elsewhere) shortcut(event);
});
find("undo").addEventListener("click", () => back(-1));
find("redo").addEventListener("click", () => back(1));
find("copy").addEventListener("click", copy);
find("save").addEventListener("click", save);
find("stop").addEventListener("click", halt);
find("colour").addEventListener("change", () => {
  find("surprise").hidden = !find("colour").checked;
  if (find("colour").checked) paused();
  else paper.scored = [];
  paper.paint();
  showBits();
});
field("checkpoint_id").addEventListener("change", () => {
  paper.scored = [];
  paper.paint();
  paper.changed();
});
let caret = -1;
document.addEventListener("selectionchange", () => {
  if (document.activeElement !== paper.area || caret === paper.area.selectionEnd) return;
  caret = paper.area.selectionEnd;
  if (!writing) paused();
  read();
});

for (const part of form.querySelectorAll("[data-scripted]")) part.hidden = false;
paper.changed();
