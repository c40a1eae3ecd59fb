// Times in the reader's own zone and language.

import { language } from "./words.js";

export function localTimes(root) {
  for (const time of root.querySelectorAll("time[data-local][datetime]")) {
    const moment = new Date(time.getAttribute("datetime"));
    if (!Number.isNaN(moment.getTime())) {
      time.textContent = moment.toLocaleString(language, { dateStyle: "medium", timeStyle: "short" });
      time.title = time.getAttribute("datetime");
    }
  }
}
