// A text area with colours behind its characters, and with a memory of what was written: what a
// script writes into a text area is forgotten by the browser's own undo.
// Places are counted in code points, as the server counts them.

const MOST_STATES = 300;
// What is typed without a pause as long as this is taken back together.
const TOGETHER_MS = 900;

export class Paper {
  constructor(area, colours) {
    this.area = area;
    this.colours = colours;
    this.scored = [];
    this.states = [{ text: area.value, caret: area.value.length }];
    this.at = 0;
    this.typedAt = 0;
    this.changed = () => {};
    area.addEventListener("input", () => this.typed());
    area.setSelectionRange(area.value.length, area.value.length);
    this.paint();
  }

  get text() {
    return this.area.value;
  }

  // The text before the cursor.
  get before() {
    return this.area.value.slice(0, this.area.selectionEnd);
  }

  typed() {
    const now = Date.now();
    this.remember(now - this.typedAt < TOGETHER_MS);
    this.typedAt = now;
    this.afterChange();
  }

  // Write behind the cursor, as a step of its own.
  insert(text) {
    this.area.setRangeText(text, this.area.selectionStart, this.area.selectionEnd, "end");
    this.remember(false);
    this.typedAt = 0;
    this.afterChange();
  }

  // Go on behind the cursor: one of many pieces, which are one step when `remember` is called.
  goOn(text) {
    const { area } = this;
    const end = area.selectionEnd;
    const atEnd = end === area.value.length;
    area.setRangeText(text, area.selectionStart, end, "end");
    this.typedAt = 0;
    if (!atEnd) return this.afterChange();
    // Before the space that holds the last line open.
    this.rest.insertData(this.rest.length - 1, text);
    area.parentElement.scrollTop = area.parentElement.scrollHeight;
  }

  remember(together) {
    const state = { text: this.area.value, caret: this.area.selectionEnd };
    if (state.text === this.states[this.at].text) return;
    if (together && this.at > 0) this.states.length = this.at;
    else this.states.length = this.at + 1;
    this.states.push(state);
    if (this.states.length > MOST_STATES) this.states.shift();
    this.at = this.states.length - 1;
  }

  get canUndo() {
    return this.at > 0;
  }

  get canRedo() {
    return this.at < this.states.length - 1;
  }

  // Go back or forth; tell whether there was anywhere to go.
  move(steps) {
    const state = this.states[this.at + steps];
    if (!state) return false;
    this.at += steps;
    this.area.value = state.text;
    this.area.setSelectionRange(state.caret, state.caret);
    this.typedAt = 0;
    this.afterChange();
    return true;
  }

  afterChange() {
    this.scored.length = this.known();
    this.paint();
    this.changed();
  }

  // How many of the scored characters still stand as they were scored.
  known() {
    let place = 0;
    for (const character of this.area.value) {
      if (place >= this.scored.length || this.scored[place].character !== character) break;
      place += 1;
    }
    return place;
  }

  // Show the colours of what is scored; the rest has none. The text stands there in any case: the
  // sheet is as high as it.
  paint() {
    const rest = [...this.area.value];
    const parts = [];
    for (let first = 0; first < this.scored.length; ) {
      const { level } = this.scored[first];
      let end = first;
      while (end < this.scored.length && this.scored[end].level === level) end += 1;
      const part = document.createElement("span");
      part.className = `s${level}`;
      part.textContent = rest.slice(first, end).join("");
      parts.push(part);
      first = end;
    }
    // The last line is as high as any, also where nothing stands in it yet.
    this.rest = new Text(`${rest.slice(this.scored.length).join("")}\u200b`);
    this.colours.replaceChildren(...parts, this.rest);
  }
}
