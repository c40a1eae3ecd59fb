// What scripts say: the page carries it in its own language (web/pages/script_words.py).

const words = JSON.parse(document.getElementById("words").textContent);

export const language = document.documentElement.lang;

// Return a message by its name, its places in braces filled.
export function say(name, values = {}) {
  return words[name].replace(/\{(\w+)\}/g, (place, key) => String(values[key] ?? place));
}

export function number(value) {
  return value.toLocaleString("en");
}
