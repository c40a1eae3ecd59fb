// Times in the reader's own zone and language.

import { language } from "./words.js";

export function localTimes(root) {
  for (const time of root.querySelectorAll("time[data-local][datetime]")) {
    const moment = new Date(time.getAttribute("datetime"));
    if (!Number.isNaN(moment.getTime())) {
      const timeStyle = time.dataset.local === "seconds" ? "medium" : "short";
      time.textContent = moment.toLocaleString(language, { dateStyle: "medium", timeStyle });
      time.title = time.getAttribute("datetime");
    }
  }
}
