// What a session has made or points at.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { DaemonHttpError, DaemonSessionClient } from '@qwen-code/sdk/daemon';
import { Listener, client, newSession, workspace } from './daemon.mjs';

const link = { title: 'A page', url: 'https://example.org/page', kind: 'link' };
const titles = ({ artifacts }) => artifacts.map(({ title }) => title);

test('what a client declares is listed, told to everyone, changed and removed', async () => {
  const session = await newSession();
  const listener = new Listener(session);
  assert.deepEqual(titles(await session.artifacts()), []);
  const { changes } = await session.addArtifact(link);
  assert.equal(changes.length, 1);
  assert.equal(changes[0].action, 'created');
  const told = await listener.event('artifact_changed');
  assert.deepEqual(told.data, { sessionId: session.sessionId, change: changes[0] });
  assert.equal(told.originatorClientId, session.clientId);

  const again = await session.addArtifact({ ...link, title: 'The same page' });
  assert.equal(again.changes[0].action, 'updated');
  assert.equal(again.changes[0].artifactId, changes[0].artifactId);
  const listed = await client.listSessionArtifacts(session.sessionId, session.clientId);
  assert.deepEqual(titles(listed), ['The same page']);
  assert.equal(listed.limits.maxArtifacts, 200);

  const removed = await session.removeArtifact(changes[0].artifactId);
  assert.equal(removed.changes[0].reason, 'explicit');
  await listener.event('artifact_changed', ({ data }) => data.change.action === 'removed');
  assert.deepEqual(titles(await session.artifacts()), []);
  listener.reading.assertUnderstood();
  await listener.hangUp();
});

test('a file is declared with how it looks, seen to have changed, and read', async () => {
  const { sessionId, clientId } = await newSession();
  const onDisk = join(workspace, 'report.html');
  writeFileSync(onDisk, '<h1>First</h1>');
  const file = { title: 'Report', workspacePath: 'report.html' };
  const { changes } = await client.addSessionArtifact(sessionId, file, clientId);
  const { artifact, artifactId } = changes[0];
  assert.deepEqual([artifact.kind, artifact.storage, artifact.status, artifact.sizeBytes], ['html', 'workspace', 'available', 14]);
  assert.equal(await client.readSessionArtifactContent(sessionId, artifactId, { clientId }), readFileSync(onDisk, 'utf8'));

  writeFileSync(onDisk, '<h1>The second</h1>');
  const [now] = (await client.listSessionArtifacts(sessionId)).artifacts;
  assert.equal(now.status, 'changed');
  await client.removeSessionArtifact(sessionId, artifactId, clientId);
  assert.equal(readFileSync(onDisk, 'utf8'), '<h1>The second</h1>', 'the file stays');
  const gone = client.readSessionArtifactContent(sessionId, artifactId);
  await assert.rejects(gone, (error) => error instanceof DaemonHttpError && error.status === 404);
});

test('what is no artifact is refused in the form that artifacts have', async () => {
  const session = await newSession();
  for (const [wrong, field] of [
    [{ title: 'A page', url: 'javascript:alert(1)' }, 'url'],
    [{ title: 'A file', workspacePath: '../secret' }, 'workspacePath'],
    [{ url: 'https://example.org' }, 'title'],
  ]) {
    await assert.rejects(session.addArtifact(wrong), ({ status, body }) => {
      assert.deepEqual([status, body.v, body.error.code, body.error.field], [400, 1, 'VALIDATION_FAILED', field]);
      return true;
    });
  }
  await assert.rejects(client.addSessionArtifact(session.sessionId, link), ({ status, body }) => {
    assert.deepEqual([status, body.code], [403, 'client_id_required']);
    return true;
  });
});

test('what a client declared nobody else changes', async () => {
  const session = await newSession();
  const { changes } = await session.addArtifact(link);
  const other = await DaemonSessionClient.load(client, session.sessionId, { workspaceCwd: workspace });
  await assert.rejects(other.removeArtifact(changes[0].artifactId), ({ status, body }) => {
    assert.deepEqual([status, body.code], [403, 'session_artifact_forbidden']);
    return true;
  });
  assert.deepEqual(titles(await other.artifacts()), ['A page']);
});
