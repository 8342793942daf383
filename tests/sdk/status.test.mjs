// What the daemon says of itself, and what the client makes of it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DaemonCapabilityMissingError, DaemonClient } from '@qwen-code/sdk/daemon';
import { Listener, baseUrl, client, newSession, token, workspace } from './daemon.mjs';

test('how the daemon is, in short and in full', async () => {
  const session = await newSession();
  const short = await client.daemonStatus();
  assert.deepEqual([short.detail, short.full], ['summary', undefined]);
  assert.equal(short.daemon.workspaceCwd, workspace);
  assert.ok(short.runtime.sessions.active >= 1);
  assert.equal(short.security.tokenConfigured, true);
  const { full } = await client.daemonStatus('full');
  const own = full.sessions.find(({ sessionId }) => sessionId === session.sessionId);
  assert.equal(own?.clientCount, 1);
  assert.ok(!JSON.stringify([short, full]).includes(token), 'no token in it');
});

test('what is advertised can be relied on, and what is not is refused by the client', async () => {
  await client.requireCapability('session_create');
  await client.requireCapability('session_source_metadata');
  await assert.rejects(client.requireCapability('moon_landing'), DaemonCapabilityMissingError);
});

test('where a session comes from is kept with it', async () => {
  const from = { sourceType: 'editor', sourceId: 'window-1' };
  const made = await client.createOrAttachSession({ workspaceCwd: workspace, sessionScope: 'thread', ...from });
  const { sessions } = await client.listWorkspaceSessionsPage(workspace, from);
  assert.deepEqual(sessions.map(({ sessionId }) => sessionId), [made.sessionId]);
});

test('a session can be given its id', async () => {
  const sessionId = crypto.randomUUID();
  const made = await client.createOrAttachSession({ workspaceCwd: workspace, sessionScope: 'thread', sessionId });
  assert.equal(made.sessionId, sessionId);
});

test('a client that is disposed of ends its streams and asks no more', async () => {
  const own = new DaemonClient({ baseUrl, token });
  const session = await newSession(own);
  const listener = new Listener(session);
  const ended = listener.ended.catch((error) => error);
  await listener.event('replay_complete');
  own.dispose();
  await ended;
  await assert.rejects(own.health(), { name: 'DaemonTransportClosedError' });
});
