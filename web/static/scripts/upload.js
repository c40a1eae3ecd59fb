// Sends a text by itself, so that it can show how far it is and stop; and takes dropped files.
// Where the server refuses the text, the file stays chosen and what was typed stays typed.

import { clearErrors, showError } from "./fields.js";
import { number, say } from "./words.js";

const MEGA = 1_000_000;

function megabytes(bytes) {
  return (bytes / MEGA).toFixed(bytes < 10 * MEGA ? 1 : 0);
}

class Upload {
  constructor(form) {
    this.form = form;
    this.file = form.querySelector("input[type=file]");
    this.box = form.querySelector("[data-sending]");
    this.bar = this.box.querySelector("progress");
    this.line = this.box.querySelector("[data-sending-line]");
    this.said = form.querySelector("[data-sending-said]");
    this.button = form.querySelector("button[data-busy]");
    form.addEventListener("submit", (event) => this.submit(event));
    this.box.querySelector("[data-cancel]").addEventListener("click", () => this.cancel());
    // A page that comes back from the browser's memory can be sent again.
    window.addEventListener("pageshow", (event) => event.persisted && this.end());
    takeDrops(form, this.file, () => this.choose("file"));
  }

  source() {
    return this.form.querySelector("input[name=source]:checked").value;
  }

  choose(source) {
    this.form.querySelector(`#source-${source}`).checked = true;
  }

  submit(event) {
    event.preventDefault();
    if (this.request || this.tooLarge()) return;
    clearErrors(this.form);
    const data = new FormData(this.form);
    // Only what was chosen is sent.
    if (this.source() !== "file") data.delete("file");
    this.send(data);
  }

  tooLarge() {
    const file = this.file.files[0];
    const most = Number(this.form.dataset.mostBytes);
    if (this.source() !== "file" || !file || file.size <= most) return false;
    showError(this.file, say("file_too_large", { bytes: number(file.size), most: number(most) }));
    return true;
  }

  send(data) {
    const request = (this.request = new XMLHttpRequest());
    request.upload.addEventListener("progress", (event) => this.progress(event));
    request.addEventListener("load", () => this.answered(request));
    request.addEventListener("error", () => this.failed(say("not_sent")));
    request.open("POST", this.form.action);
    request.setRequestHeader("Accept", "application/json");
    request.send(data);
    this.show(true);
  }

  // The bar moves with every byte; it is read out in quarters.
  progress({ loaded, total }) {
    const percent = Math.floor((100 * loaded) / total);
    if (percent >= 100) {
      this.bar.removeAttribute("value");
      this.tell(say("taking_in"), true);
      return;
    }
    this.bar.value = percent;
    const quarter = Math.floor(percent / 25);
    this.tell(say("sent", { percent, size: megabytes(total) }), quarter > this.quarter);
    this.quarter = quarter;
  }

  answered({ status, responseText }) {
    const answer = asObject(responseText);
    if (status === 201) {
      window.location.assign(answer.location);
      return;
    }
    this.failed(answer.message ?? say("refused"), answer.errors ?? {});
  }

  // Each error stands beside its field; one without a field beside the way the text came.
  failed(message, errors = {}) {
    this.end();
    const fields = Object.entries(errors).map(([name, told]) => [this.field(name), told]);
    const told = fields.filter(([field]) => field);
    if (!told.length) told.push([this.field(this.source()), message]);
    for (const [field, text] of told.reverse()) showError(field, text);
  }

  field(name) {
    return this.form.querySelector(`.panel [name="${name}"], .field > [name="${name}"]`);
  }

  cancel() {
    this.request?.abort();
    this.end();
    this.tell(say("sending_cancelled"), true);
    this.button.focus();
  }

  end() {
    this.request = null;
    this.show(false);
  }

  show(sending) {
    this.quarter = 0;
    this.bar.value = 0;
    this.line.textContent = "";
    this.box.hidden = !sending;
    this.button.setAttribute("aria-disabled", String(sending));
  }

  tell(message, aloud) {
    this.line.textContent = message;
    if (aloud) this.said.textContent = message;
  }
}

function asObject(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

// The whole form takes files that are dropped on it.
function takeDrops(form, input, taken) {
  const mark = (on) => form.classList.toggle("dropping", on);
  for (const type of ["dragenter", "dragover"]) {
    form.addEventListener(type, (event) => {
      if (!event.dataTransfer.types.includes("Files")) return;
      event.preventDefault();
      mark(true);
    });
  }
  form.addEventListener("dragleave", (event) => {
    if (!form.contains(event.relatedTarget)) mark(false);
  });
  form.addEventListener("drop", (event) => {
    mark(false);
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    const one = new DataTransfer();
    one.items.add(event.dataTransfer.files[0]);
    input.files = one.files;
    taken();
    input.focus();
  });
}

for (const form of document.querySelectorAll("form[data-upload]")) new Upload(form);
