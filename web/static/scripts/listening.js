// Hears what happens to a job as it happens: https://html.spec.whatwg.org/multipage/server-sent-events.html

// What the stream sends besides the events of the job's log.
const PASSING = ["progress", "sample_text"];
const EVENTS = [
  "queued", "running", "epoch", "sample", "checkpoint", "state_saved", "judged", "stopped_early",
  "text", "output", "outputs_discarded", "requested", "succeeded", "failed", "cancelled", "paused",
];

// Call `heard(type, data, seq)` for each, behind event `after`; `lost` when there is no stream any
// more: the job has ended, or the server takes no more listeners. Return what ends it.
export function listen(url, after, heard, lost = () => {}) {
  const source = new EventSource(`${url}?after=${after}`);
  for (const type of [...PASSING, ...EVENTS]) {
    source.addEventListener(type, (event) => {
      heard(type, JSON.parse(event.data), Number(event.lastEventId) || 0);
    });
  }
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) lost();
  });
  window.addEventListener("pagehide", () => source.close());
  return () => source.close();
}
