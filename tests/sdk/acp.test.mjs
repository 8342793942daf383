// The same client over the Agent Client Protocol: the transports that speak it to `/acp`, over HTTP and over a WebSocket.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { DaemonClient, DaemonSessionClient } from '@qwen-code/sdk/daemon';
import {
  AcpHttpTransport,
  AcpWsTransport,
  AutoReconnectTransport,
  RestSseTransport,
  negotiateTransport,
} from '@qwen-code/sdk/daemon/transports';
import { Listener, baseUrl, client as overRest, text, token, turn, workspace } from './daemon.mjs';

/**
 * What the HTTP transport asks with. It waits for an answer only from when it has its receipt on, and the two come on connections of
 * their own; so what its streams bring is held back here while a receipt is on its way.
 */
class InOrder {
  #onTheirWay = new Set();

  fetch = async (url, init = {}) => {
    if (init.method === 'POST') return await this.#post(url, init);
    const response = await fetch(url, init);
    if (!response.headers.get('content-type')?.startsWith('text/event-stream')) return response;
    const held = new TransformStream({
      transform: async (bytes, out) => {
        while (this.#onTheirWay.size > 0) await Promise.all(this.#onTheirWay);
        out.enqueue(bytes);
      },
    });
    return new Response(response.body.pipeThrough(held), response);
  };

  async #post(url, init) {
    const asked = fetch(url, init);
    // Whoever gets the receipt has taken note of it when everything that waited for it has run.
    const noted = asked.then(() => {}, () => {}).then(() => new Promise((done) => setImmediate(done)));
    this.#onTheirWay.add(noted);
    noted.then(() => this.#onTheirWay.delete(noted));
    return await asked;
  }
}

const KINDS = {
  HTTP: () => new AcpHttpTransport(baseUrl, token, new InOrder().fetch),
  WebSocket: () => new AcpWsTransport(`${baseUrl.replace(/^http/, 'ws')}/acp`, token),
};

/** Where the two transports say that somebody has to decide: under the daemon's name of it, or under the protocol's. */
const asksFor = { HTTP: 'permission_request', WebSocket: 'request_permission' };

const connect = (transport) => new DaemonClient({ baseUrl, token, transport });
const begin = (client) => DaemonSessionClient.createOrAttach(client, { workspaceCwd: workspace, sessionScope: 'thread' });

/** What the agent has said so far. */
const said = (listener) =>
  listener.events.filter(({ type }) => type === 'agent_message_chunk').map(({ data }) => data.content.text).join('');

for (const [kind, transport] of Object.entries(KINDS)) {
  test(`${kind}: a prompt streams its answer, and a vote lets the agent write`, async () => {
    const client = connect(transport());
    assert.ok((await client.capabilities()).features.includes('session_create'));
    const session = await begin(client);
    const listener = new Listener(session);
    const prompt = session.prompt(text(`Write over-${kind}.txt`.replace('-', '')));
    const { data } = await listener.event(asksFor[kind]);
    const requestId = data.requestId ?? data._meta.qwen.requestId;
    const { optionId } = data.options.find(({ kind }) => kind === 'allow_once');
    const vote = { outcome: { outcome: 'selected', optionId } };
    assert.equal(await session.respondToSessionPermission(requestId, vote), true);
    assert.equal((await prompt).stopReason, 'end_turn');
    assert.equal(readFileSync(join(workspace, `over${kind}.txt`), 'utf8'), 'kept\n');
    await listener.event('turn_complete');
    assert.equal(said(listener), 'So be it.');
    await listener.hangUp();
    client.dispose();
  });

  test(`${kind}: a prompt nobody listens to is answered all the same`, async () => {
    const client = connect(transport());
    const session = await begin(client);
    assert.equal((await session.prompt(text('Count'))).stopReason, 'end_turn');
    client.dispose();
  });

  test(`${kind}: a prompt is cancelled, and the session takes the next`, async () => {
    const client = connect(transport());
    const session = await begin(client);
    const listener = new Listener(session);
    const prompt = session.prompt(text('Ponder'));
    await listener.event('agent_message_chunk');
    await session.cancel();
    assert.equal((await prompt).stopReason, 'cancelled');
    assert.equal((await session.prompt(text('Count'))).stopReason, 'end_turn');
    await listener.hangUp();
    client.dispose();
  });

  test(`${kind}: a session that was made elsewhere is loaded, resumed, named, listed and closed`, async () => {
    const made = await overRest.createOrAttachSession({ workspaceCwd: workspace, sessionScope: 'thread' });
    const { sessionId } = made;
    await overRest.prompt(sessionId, text('Count'), undefined, made.clientId);
    const client = connect(transport());
    // The protocol has the models beside the session's state, and no id: the client has to remember which one it loads.
    const loaded = await client.loadSession(sessionId, { workspaceCwd: workspace });
    assert.ok(loaded.models.currentModelId.includes('fake-model'));
    const session = new DaemonSessionClient({ client, session: { ...loaded, sessionId, workspaceCwd: workspace } });
    const listener = new Listener(session);
    assert.equal((await session.prompt(text('Count'))).stopReason, 'end_turn');
    await listener.event('turn_complete');
    assert.ok(said(listener).endsWith('w39 '), said(listener));
    await client.resumeSession(sessionId, { workspaceCwd: workspace });
    await client.updateSessionMetadata(sessionId, { displayName: `Over ${kind}` });
    const listed = (await client.listWorkspaceSessions(workspace)).find((each) => each.sessionId === sessionId);
    assert.equal(listed?.displayName, `Over ${kind}`);
    assert.equal((await client.heartbeat(sessionId)).sessionId, sessionId);
    const { state } = await client.sessionContext(sessionId);
    await client.setSessionModel(sessionId, state.models.currentModelId);
    // The client waits for a 204, which the protocol cannot say.
    await assert.rejects(client.closeSession(sessionId), { status: 200 });
    await assert.rejects(overRest.sessionStatus(sessionId), { status: 404 });
    await listener.hangUp();
    client.dispose();
  });

  test(`${kind}: files and the workspace are asked about`, async () => {
    const client = connect(transport());
    const name = `asked-over-${kind}.txt`;
    const { hash } = await client.writeWorkspaceFile({ path: name, content: 'one\n', mode: 'create' });
    await client.editWorkspaceFile({ path: name, oldText: 'one', newText: 'two', expectedHash: hash });
    assert.equal((await client.readWorkspaceFile(name)).content, 'two\n');
    assert.equal(readFileSync(join(workspace, name), 'utf8'), 'two\n');
    assert.ok((await client.dirList('.')).entries.some((entry) => entry.name === name));
    assert.equal((await client.workspaceEnv()).workspaceCwd, workspace);
    await assert.rejects(client.readWorkspaceFile('nothing.txt'), { status: 404 });
    client.dispose();
  });
}

test('a transport that was closed is opened again', async () => {
  const made = [];
  const factory = () => {
    made.push(KINDS.WebSocket());
    return made.at(-1);
  };
  const transport = new AutoReconnectTransport({ baseUrl, token, preferredType: 'acp-ws', factory, initial: factory() });
  const client = connect(transport);
  assert.equal((await client.workspaceEnv()).workspaceCwd, workspace);
  made[0].dispose();
  assert.equal((await client.workspaceEnv()).workspaceCwd, workspace);
  assert.deepEqual([made.length, transport.type], [2, 'acp-ws']);
  const session = await begin(client);
  const listener = new Listener(session);
  assert.equal((await session.prompt(text('Count'))).stopReason, 'end_turn');
  await listener.event('turn_complete');
  await listener.hangUp();
  transport.dispose();
  await assert.rejects(client.workspaceEnv(), { name: 'DaemonTransportClosedError' });
});

test('where nothing better is advertised plain HTTP is agreed on', async () => {
  const transport = await negotiateTransport(baseUrl, token);
  assert.ok(transport instanceof RestSseTransport);
  const session = await begin(connect(transport));
  const listener = new Listener(session);
  assert.equal(await turn(session, listener, 'Count'), 'end_turn');
  await listener.hangUp();
  transport.dispose();
});
