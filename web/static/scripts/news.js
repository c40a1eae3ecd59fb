// Says in every page when a job ends, but in that job's own. It asks while the page is seen and
// something is under way; who starts a job without leaving the page says `charloom:submitted`.

import { say } from "./words.js";

const EVERY = 4000;
const MOST_WAIT = 60000;
const MOST_SHOWN = 3;
const KEPT = "charloom:news";
const toasts = document.getElementById("toasts");

class News {
  constructor(url) {
    this.url = url;
    this.wait = EVERY;
    // What the page before this one knew: what ended between the two is told, too.
    this.known = JSON.parse(sessionStorage.getItem(KEPT)) ?? { since: "", active: [] };
    document.addEventListener("visibilitychange", () => this.wake());
    document.addEventListener("charloom:submitted", () => this.wake());
    this.wake();
  }

  wake() {
    clearTimeout(this.timer);
    if (!document.hidden) this.round();
  }

  async round() {
    const round = (this.newest = {});
    try {
      await this.ask();
      this.wait = EVERY;
    } catch {
      this.wait = Math.min(this.wait * 2, MOST_WAIT);
    }
    if (round !== this.newest || document.hidden) return;
    if (this.known.active.length || this.wait > EVERY) {
      this.timer = setTimeout(() => this.round(), this.wait);
    }
  }

  async ask() {
    const query = new URLSearchParams({ since: this.known.since, watched: this.known.active.join() });
    const address = `${this.url}?${query}`;
    const answer = await fetch(address, {
      headers: address === this.asked && this.etag ? { "If-None-Match": this.etag } : {},
      cache: "no-store",
      signal: AbortSignal.timeout(10000),
    });
    if (answer.status === 304) return;
    if (!answer.ok) throw new Error(answer.statusText);
    [this.asked, this.etag] = [address, answer.headers.get("ETag")];
    this.hear(await answer.json());
  }

  hear({ since, active, ended }) {
    this.known = { since, active };
    sessionStorage.setItem(KEPT, JSON.stringify(this.known));
    for (const job of ended) if (job.url !== window.location.pathname) show(job);
  }
}

function show(job) {
  const toast = document.createElement("section");
  toast.className = `toast-note toast-${job.status}`;
  const link = document.createElement("a");
  link.href = job.url;
  link.translate = false;
  link.textContent = job.name;
  const line = document.createElement("p");
  line.textContent = job.words;
  toast.append(link, line, dismissal(toast));
  toasts.append(toast);
  while (toasts.childElementCount > MOST_SHOWN) toasts.firstElementChild.remove();
}

function dismissal(toast) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn-close";
  button.setAttribute("aria-label", say("dismiss"));
  button.addEventListener("click", () => {
    const other = toast.nextElementSibling ?? toast.previousElementSibling;
    toast.remove();
    (other?.querySelector("button") ?? document.getElementById("main")).focus();
  });
  return button;
}

// Who is not signed in, or in no team, has no jobs to hear of.
if (toasts) new News(toasts.dataset.news);
