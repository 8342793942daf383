// The daemon under test, and a reader of its events who understands them with nothing but the published client.

import './record.mjs';
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

/** Where the daemon is, what lets one in, and the folder the sessions work in. */
export { baseUrl, token, workspace };

/** Milliseconds a test waits for what should happen soon. Generous: a busy machine is no failure. */
export const PATIENCE = 60_000;

/** Waits for something, but not for ever. */
export async function within(what, promise) {
  const { promise: late, reject } = withResolvers();
  const patience = setTimeout(() => reject(new Error(`no ${what} in ${PATIENCE} ms`)), PATIENCE);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(patience);
  }
}

/** Receipts of prompts that a client has read. A turn's first words, on the stream, may come before them. */
class Receipts {
  #read = new Map();
  #waiting = new Map();

  /** For a client: `fetch`, which takes note. */
  fetch = async (url, init) => {
    const response = await fetch(url, init);
    const session = /[/]session[/]([^/]+)[/]prompt$/.exec(url)?.[1];
    if (response.status !== 202 || session === undefined) return response;
    // Read to its end here, so that nothing that happens from now on can take it from the client.
    const receipt = new Response(await response.text(), response);
    this.#read.set(session, (this.#read.get(session) ?? 0) + 1);
    this.#waiting.get(session)?.resolve();
    return receipt;
  };

  /** The receipt of the first prompt of a session. */
  async ofFirst({ sessionId }) {
    if (this.#read.has(sessionId)) return;
    if (!this.#waiting.has(sessionId)) this.#waiting.set(sessionId, withResolvers());
    await within('receipt of a prompt', this.#waiting.get(sessionId).promise);
  }
}

export const receipts = new Receipts();
export const client = new DaemonClient({ baseUrl, token, fetch: receipts.fetch });

/** A prompt of one text block. */
export const text = (words) => ({ prompt: [{ type: 'text', text: words }] });

/** A session of its own: tests of one file run beside each other in one workspace. */
export const newSession = (of = client, workspaceCwd = workspace) =>
  DaemonSessionClient.createOrAttach(of, { workspaceCwd, sessionScope: 'thread' });

/** The client lists these types as known, shows them in the transcript, and has no check of their data: it counts them. */
const UNCHECKED = ['prompt_cancelled', 'replay_complete', 'user_shell_command', 'user_shell_result'];

/**
 * A whole turn of a session that `listener` reads; why it stopped.
 *
 * Not by `session.prompt`: where a stream is being read that takes a turn's end from it, and one that comes before the prompt's receipt
 * is lost. It is for turns that cannot end before the test says so.
 */
export async function turn(session, listener, words) {
  const { promptId } = await session.submitPrompt(text(words));
  return (await listener.endOf(promptId)).data.stopReason;
}

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

  /** The next words of the agent's answer. */
  words() {
    return this.event('session_update', ({ data }) => data.update.sessionUpdate === 'agent_message_chunk');
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
