// Hears what happens to a job as it happens: https://html.spec.whatwg.org/multipage/server-sent-events.html

// What the stream sends besides the events of the job's log.
const PASSING = ["progress", "sample_text"];
const EVENTS = [
  "queued", "running", "epoch", "sample", "checkpoint", "state_saved", "judged", "stopped_early",
  "text", "output", "outputs_discarded", "requested", "succeeded", "failed", "cancelled", "paused",
];

// Call `heard(type, data, seq)` for each, behind event `after`; `lost` when there is no stream any
// more: the job has ended, or the server takes no more listeners. Return what ends it.
// A page that is not seen does not listen: a browser has six connections to a server for all its
// pages, and the seventh page would never load. Seen again, it hears what it missed.
export function listen(url, after, heard, lost = () => {}) {
  let source = null;
  let seq = Number(after);
  const hear = (event) => {
    seq = Number(event.lastEventId) || seq;
    heard(event.type, JSON.parse(event.data), Number(event.lastEventId) || 0);
  };
  const close = () => source?.close();
  const open = () => {
    close();
    source = new EventSource(`${url}?after=${seq}`);
    for (const type of [...PASSING, ...EVENTS]) source.addEventListener(type, hear);
    source.addEventListener("error", failed);
  };
  const turn = () => (document.hidden ? close() : open());
  const end = () => {
    document.removeEventListener("visibilitychange", turn);
    close();
  };
  const failed = ({ target }) => {
    if (target !== source || source.readyState !== EventSource.CLOSED) return;
    end();
    lost();
  };
  document.addEventListener("visibilitychange", turn);
  window.addEventListener("pagehide", close);
  turn();
  return end;
}
