// Who may let the agent do what, and what is on disk then.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Listener, client, newSession, receipts, text, turn, workspace } from './daemon.mjs';

/** Asks for a file of this name, until somebody has to decide. */
async function asked(name) {
  const session = await newSession();
  const listener = new Listener(session);
  const prompt = session.prompt(text(`Write ${name}`));
  const { data } = await listener.event('permission_request');
  await receipts.ofFirst(session);
  return { session, listener, prompt, request: data, file: join(workspace, name) };
}

const option = (request, kind) => {
  const optionId = request.options.find((each) => each.kind === kind)?.optionId;
  return { outcome: { outcome: 'selected', optionId } };
};

test('an allowed call writes its file', async () => {
  const { session, listener, prompt, request, file } = await asked('allowed.txt');
  assert.ok(request.requestId in listener.reading.view.pendingPermissions);
  assert.equal((await session.status()).isWaitingForPermission, true);
  assert.equal(existsSync(file), false);

  assert.equal(await session.respondToSessionPermission(request.requestId, option(request, 'allow_once')), true);
  assert.equal((await prompt).stopReason, 'end_turn');
  assert.equal(readFileSync(file, 'utf8'), 'kept\n');
  assert.deepEqual(listener.reading.view.pendingPermissions, {});
  const tool = listener.reading.blocks.find(({ kind }) => kind === 'tool');
  assert.equal(tool?.status, 'completed');
  assert.equal(tool.toolName, 'write_file');
  listener.reading.assertUnderstood();
  await listener.hangUp();
});

test('a refused call writes nothing', async () => {
  const { session, listener, prompt, request, file } = await asked('refused.txt');
  assert.equal(await session.respondToPermission(request.requestId, option(request, 'reject_once')), true);
  await prompt;
  assert.equal(existsSync(file), false);
  listener.reading.assertUnderstood();
  await listener.hangUp();
});

test('a second vote is told that it came too late', async () => {
  const { session, listener, prompt, request } = await asked('late.txt');
  const allow = option(request, 'allow_once');
  assert.equal(await session.respondToSessionPermission(request.requestId, allow), true);
  assert.equal(await session.respondToSessionPermission(request.requestId, allow), false);
  await prompt;
  await listener.hangUp();
});

test('a cancelled turn takes its question back', async () => {
  const { session, listener, prompt, file } = await asked('cancelled.txt');
  await session.cancel();
  assert.equal((await prompt).stopReason, 'cancelled');
  const { data } = await listener.event('permission_resolved');
  assert.equal(data.outcome.outcome, 'cancelled');
  assert.deepEqual(listener.reading.view.pendingPermissions, {});
  assert.equal(existsSync(file), false);
  listener.reading.assertUnderstood();
  await listener.hangUp();
});

test('a mode that edits without asking is obeyed', async () => {
  const session = await newSession();
  const listener = new Listener(session);
  await client.setSessionApprovalMode(session.sessionId, 'auto-edit', { clientId: session.clientId });
  await turn(session, listener, 'Write unasked.txt');
  assert.deepEqual(listener.events.filter(({ type }) => type === 'permission_request'), []);
  assert.equal(readFileSync(join(workspace, 'unasked.txt'), 'utf8'), 'kept\n');
  listener.reading.assertUnderstood();
  await listener.hangUp();
});
