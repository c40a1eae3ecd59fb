// The texts of a generation job: shows them while they are written, and has them verified.
// What a text has is known by the characters (code points) before its end, so that nothing is
// shown twice, whatever the page was sent with and whatever the stream sends again.

import { say } from "./words.js";

// Of a text that is being written, the page keeps about the end.
const MOST_KEPT = 20000;
// The texts that stand at their end while they grow.
const followed = new Set();

function card(number) {
  return document.querySelector(`[data-rows=outputs] > [data-key="${number}"]`);
}

function slot(article, name) {
  return article.querySelector(`[data-slot=${name}]`);
}

function beginAnew(article) {
  article.dataset.written = 0;
  article.dataset.whole = "";
  article.querySelector("[data-parts]").replaceChildren();
  slot(article, "characters").textContent = say("to_come");
  for (const part of article.querySelectorAll("[data-if]")) part.hidden = true;
}

function goOn({ number, start, characters, text }) {
  const article = card(number);
  if (!article || text === null || article.dataset.whole) return;
  if (start === 0 && Number(article.dataset.written)) beginAnew(article);
  const written = Number(article.dataset.written);
  if (start + characters <= written) return;
  const more = start < written ? [...text].slice(written - start).join("") : text;
  article.dataset.written = start + characters;
  append(article, more);
  slot(article, "characters").textContent = say("being_written");
}

function append(article, text) {
  const paper = article.querySelector("pre");
  const atEnd = paper.scrollHeight - paper.scrollTop - paper.clientHeight < 40;
  const parts = article.querySelector("[data-parts]");
  parts.append(text);
  while (parts.childNodes.length > 1 && parts.textContent.length > MOST_KEPT) {
    parts.firstChild.remove();
  }
  followed[atEnd ? "add" : "delete"](paper);
  if (atEnd) paper.scrollTop = paper.scrollHeight;
}

document.addEventListener("charloom:heard", ({ detail: { type, data } }) => {
  if (type === "text") data.data.pieces.forEach(goOn);
  if (type === "outputs_discarded") data.data.numbers.map(card).filter(Boolean).forEach(beginAnew);
});

// Whoever followed a text to its end now reads it from its beginning.
document.addEventListener("charloom:rows", ({ detail: { state } }) => {
  if (!state.ended) return;
  for (const paper of followed) paper.scrollTop = 0;
  followed.clear();
});

// Another attempt: finished texts that stay come again, and of the others their beginning does.
document.addEventListener("charloom:again", () => {
  document.querySelectorAll("[data-rows=outputs] > [data-whole=yes]").forEach(beginAnew);
});

async function verify(form) {
  const verdict = form.parentElement.querySelector("[data-verdict]");
  verdict.textContent = say("verifying");
  try {
    const answer = await fetch(form.action, {
      method: "POST",
      body: new URLSearchParams(new FormData(form)),
      headers: { Accept: "application/json" },
    });
    const { told, url } = await answer.json();
    verdict.textContent = told;
    if (url) verdict.append(" ", linkTo(url));
  } catch {
    verdict.textContent = say("not_answered");
  }
}

function linkTo(url) {
  const link = document.createElement("a");
  link.href = url;
  link.textContent = say("more_of_it");
  return link;
}

for (const form of document.querySelectorAll("form[data-verify]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    event.stopPropagation();
    verify(form);
  });
}
