// Keeps parts of a page up to date: asks for them anew, and changes only what differs, so that bars
// move, and whoever stands on a link stays there.

import { localTimes } from "./times.js";

const MOVING = 2000;
const STILL = 10000;
const MOST_WAIT = 30000;

class Part {
  constructor(element) {
    this.element = element;
    this.wait = STILL;
  }

  async start() {
    for (;;) {
      await rest(this.element.querySelector("progress, .status-queued") ? MOVING : this.wait);
      await visible();
      try {
        await this.ask();
        this.wait = STILL;
      } catch {
        this.wait = Math.min(this.wait * 2, MOST_WAIT);
      }
    }
  }

  async ask() {
    const answer = await fetch(this.element.dataset.part, {
      headers: this.etag ? { "If-None-Match": this.etag } : {},
      cache: "no-store",
      signal: AbortSignal.timeout(10000),
    });
    if (answer.status === 304) return;
    if (!answer.ok) throw new Error(answer.statusText);
    this.etag = answer.headers.get("ETag");
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    become(this.element, fresh.body);
    localTimes(this.element);
  }
}

// Make the children of an element those of another, keeping each that is still there.
function become(old, fresh) {
  const keyed = new Map([...old.children].filter(key).map((child) => [key(child), child]));
  let place = old.firstChild;
  for (const node of [...fresh.childNodes]) {
    const kept = keyed.get(key(node)) ?? (same(place, node) ? place : null);
    if (!kept) {
      old.insertBefore(document.importNode(node, true), place);
      continue;
    }
    if (kept === place) place = place.nextSibling;
    else old.insertBefore(kept, place);
    renew(kept, node);
  }
  while (place) {
    const next = place.nextSibling;
    place.remove();
    place = next;
  }
}

function key(node) {
  return node.dataset?.key;
}

function same(one, other) {
  return one?.nodeName === other.nodeName && key(one) === key(other);
}

function renew(old, fresh) {
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return;
  }
  // A time that is shown in the reader's zone is not set back.
  if (old.dateTime && old.dateTime === fresh.dateTime) return;
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  become(old, fresh);
}

function rest(milliseconds) {
  return new Promise((resume) => setTimeout(resume, milliseconds));
}

function visible() {
  if (!document.hidden) return Promise.resolve();
  return new Promise((resume) => document.addEventListener("visibilitychange", resume, { once: true }));
}

for (const element of document.querySelectorAll("[data-part]")) new Part(element).start();
