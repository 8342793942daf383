// The daemon under test, and a reader of its events who understands them with nothing but the published client.

import assert from 'node:assert/strict';
import {
  DaemonClient,
  DaemonSessionClient,
  asKnownDaemonEvent,
  createDaemonSessionViewState,
  createDaemonTranscriptStore,
  normalizeDaemonEvent,
  reduceDaemonSessionEvent,
  selectTranscriptBlocks,
  selectUnrecognizedDiagnostics,
} from '@qwen-code/sdk/daemon';

const { ROOST_URL: baseUrl, ROOST_TOKEN: token, ROOST_WORKSPACE: workspace } = process.env;
assert.ok(baseUrl && token && workspace, 'ROOST_URL, ROOST_TOKEN and ROOST_WORKSPACE say where the daemon is');

/** The folder the sessions work in. */
export { workspace };

/** Milliseconds a test waits for what should happen soon. Generous: a busy machine is no failure. */
export const PATIENCE = 30_000;

export const client = new DaemonClient({ baseUrl, token });

/** A prompt of one text block. */
export const text = (words) => ({ prompt: [{ type: 'text', text: words }] });

/** A session of its own: tests of one file run beside each other in one workspace. */
export const newSession = () =>
  DaemonSessionClient.createOrAttach(client, { workspaceCwd: workspace, sessionScope: 'thread' });

/** The client lists these types as known, shows them in the transcript, and has no check of their data: it counts them. */
const UNCHECKED = ['prompt_cancelled', 'replay_complete'];

/** What a page makes of events: the session's state and its transcript, and what it could not make sense of. */
export class Reading {
  view = createDaemonSessionViewState();
  store = createDaemonTranscriptStore();
  misread = [];
  #unchecked = 0;

  take(event) {
    if (UNCHECKED.includes(event.type)) this.#unchecked += 1;
    else if (asKnownDaemonEvent(event) === undefined) this.misread.push(event);
    this.view = reduceDaemonSessionEvent(this.view, event);
    const shown = normalizeDaemonEvent(event);
    this.misread.push(...shown.filter(({ type }) => type === 'debug'));
    this.store.dispatch(shown);
  }

  get blocks() {
    return selectTranscriptBlocks(this.store.getSnapshot());
  }

  /** The text of every block of one kind: `user`, `assistant` or `thought`. */
  said(kind) {
    return this.blocks.filter((block) => block.kind === kind).map((block) => block.text);
  }

  assertUnderstood() {
    assert.deepEqual(this.misread, [], 'the client recognizes every event and its data');
    assert.deepEqual(selectUnrecognizedDiagnostics(this.store.getSnapshot()), []);
    assert.equal(this.view.unrecognizedKnownEventCount, this.#unchecked);
    assert.equal(this.view.droppedPermissionRequestCount, 0);
    assert.equal(this.view.unmatchedPermissionResolutionCount, 0);
    assert.equal(this.view.streamError, undefined);
  }
}

/** Reads a session's events until it is hung up, or the daemon ends the stream. */
export class Listener {
  events = [];
  reading = new Reading();
  #hangUp = new AbortController();
  #waiting = new Set();

  constructor(session, options = {}) {
    this.ended = this.#listen(session, options);
  }

  async #listen(session, options) {
    try {
      for await (const event of session.events({ ...options, signal: this.#hangUp.signal })) {
        this.events.push(event);
        this.reading.take(event);
        for (const look of this.#waiting) look();
      }
    } catch (error) {
      if (!this.#hangUp.signal.aborted) throw error;
    }
  }

  /** The first event of this type, of those that `fits` if given, that has come or will come. */
  async event(type, fits = () => true) {
    const seen = () => this.events.find((event) => event.type === type && fits(event));
    const { promise, resolve, reject } = withResolvers();
    const look = () => seen() && resolve(seen());
    const types = () => this.events.map((event) => event.type).join(', ');
    const patience = setTimeout(() => reject(new Error(`no ${type} in ${PATIENCE} ms, but ${types()}`)), PATIENCE);
    this.#waiting.add(look);
    look();
    this.ended.then(() => reject(new Error(`the stream ended before ${type}: ${types()}`)), reject);
    try {
      return await promise;
    } finally {
      clearTimeout(patience);
      this.#waiting.delete(look);
    }
  }

  endOf(promptId) {
    return this.event('turn_complete', (event) => event.data.promptId === promptId);
  }

  async hangUp() {
    this.#hangUp.abort();
    await this.ended;
  }
}

// Node has Promise.withResolvers from version 22 on.
function withResolvers() {
  const made = {};
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
  return made;
}
