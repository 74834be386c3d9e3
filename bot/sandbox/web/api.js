// The control door: verbs, state and the stream that says what changed.

/** Asks `name` to do `verb`. A refusal throws an Error whose message is a sentence for the person. */
export async function control(name, verb, args = {}) {
  const answer = await fetch(`/control/${name}/${verb}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(args),
  });
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(body.error ?? `The sandbox answered ${answer.status}.`);
  return body;
}

export async function state(name, query = {}) {
  const answer = await fetch(`/control/${name}/state?${new URLSearchParams(query)}`);
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(body.error ?? `The sandbox answered ${answer.status}.`);
  return body;
}

/** Calls `changed(name)` for each event, and `online(bool)` when the stream opens or breaks. The browser reconnects by itself. */
export function listen(changed, online) {
  const stream = new EventSource("/control/events");
  stream.onopen = () => online(true);
  stream.onerror = () => online(false);
  stream.onmessage = (event) => {
    for (const name of JSON.parse(event.data).changed) changed(name);
  };
  return stream;
}

/**
 * Keeps one fetched value fresh: `refresh()` may be called as often as one likes; at most one request is under way,
 * and one more follows when something changed meanwhile. Answers that were overtaken are dropped.
 */
export function fresh(load, show, wait = 40) {
  let running = false;
  let again = false;
  let timer = null;
  async function run() {
    timer = null;
    running = true;
    again = false;
    try {
      const value = await load();
      if (!again) show(value);
    } catch (error) {
      console.warn(error);
    }
    running = false;
    if (again) refresh();
  }
  function refresh() {
    if (running) again = true;
    else timer ??= setTimeout(run, wait);
  }
  return refresh;
}
