// The life of a session, from its creation to its end.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { DaemonClient, DaemonHttpError, DaemonSessionClient } from '@qwen-code/sdk/daemon';
import { Listener, Reading, client, newSession, receipts, text, turn, workspace } from './daemon.mjs';

test('the daemon says that it is well and what it can do', async () => {
  assert.equal((await client.health()).status, 'ok');
  const capabilities = await client.capabilities();
  assert.equal(capabilities.v, 1);
  assert.equal(capabilities.workspaceCwd, workspace);
  for (const feature of ['session_create', 'session_prompt', 'non_blocking_prompt', 'session_events', 'session_load']) {
    assert.ok(capabilities.features.includes(feature), feature);
  }
});

test('a wrong token is refused with 401', async () => {
  const stranger = new DaemonClient({ baseUrl: process.env.ROOST_URL, token: 'wrong' });
  await assert.rejects(stranger.capabilities(), (error) => error instanceof DaemonHttpError && error.status === 401);
});

test('a second client attaches to the session that is there', async () => {
  const shared = { workspaceCwd: workspace, sessionScope: 'single' };
  const first = await DaemonSessionClient.createOrAttach(client, shared);
  const second = await DaemonSessionClient.createOrAttach(client, shared);
  assert.equal(second.attached, true);
  assert.equal(second.sessionId, first.sessionId);
  assert.notEqual(first.clientId, second.clientId);
  assert.equal((await first.status()).clientCount, 2);
  await second.detach();
  assert.equal((await first.status()).clientCount, 1);
});

test('a prompt streams thought and answer to its end', async () => {
  const session = await newSession();
  const listener = new Listener(session);
  assert.equal(await turn(session, listener, 'Count'), 'end_turn');
  const { reading } = listener;
  assert.deepEqual(reading.said('user'), ['Count']);
  assert.deepEqual(reading.said('thought'), ['Hm.']);
  assert.equal(reading.said('assistant').join(''), Array.from({ length: 40 }, (_, index) => `w${index} `).join(''));
  assert.equal(reading.view.lastTurnComplete.stopReason, 'end_turn');
  reading.assertUnderstood();
  await listener.hangUp();
});

test('a prompt without a stream of its own waits for its end too', async () => {
  const session = await newSession();
  assert.equal((await session.prompt(text('Count'))).stopReason, 'end_turn');
});

test('a session that is kept apart has a working tree and a branch of its own, and is loaded with as much as is wanted', async () => {
  const git = (...words) =>
    execFileSync('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', ...words], { cwd: workspace });
  git('init', '--quiet');
  git('commit', '--quiet', '--allow-empty', '-m', 'First');
  const session = await client.createOrAttachSession({ workspaceCwd: workspace, worktree: { slug: 'task' } });
  const worktree = { slug: 'task', path: join(workspace, '.qwen/worktrees/task'), branch: 'worktree-task' };
  assert.deepEqual(session.worktree, worktree);
  const listed = await client.listWorkspaceSessions(workspace);
  assert.deepEqual(listed.find(({ sessionId }) => sessionId === session.sessionId).worktree, worktree);
  const modes = { compactedReplayMode: 'summary', liveReplayMode: 'summary', sourceType: 'editor', sourceId: 'tab-1' };
  const loaded = await client.loadSession(session.sessionId, { workspaceCwd: workspace, ...modes });
  assert.deepEqual(loaded.worktree, worktree);
});

test('an aborted prompt is cancelled, and the session takes the next', async () => {
  const session = await newSession();
  const listener = new Listener(session);
  const abort = new AbortController();
  const prompt = session.prompt(text('Ponder'), abort.signal);
  await listener.words();
  // An abort before it would end the request, and not the turn.
  await receipts.ofFirst(session);
  abort.abort();
  await assert.rejects(prompt, { name: 'AbortError' });
  assert.equal((await listener.event('turn_complete')).data.stopReason, 'cancelled');
  assert.equal(await turn(session, listener, 'Count'), 'end_turn');
  listener.reading.assertUnderstood();
  await listener.hangUp();
});

test('prompts queue up, one can be taken back, and cancelling ends the one that runs', async () => {
  const session = await newSession();
  const listener = new Listener(session);
  const running = session.prompt(text('Ponder'));
  await receipts.ofFirst(session);
  const { promptId } = await session.submitPrompt(text('Count'));
  const { pendingPrompts } = await session.getPendingPrompts();
  const queued = pendingPrompts.find((pending) => pending.promptId === promptId);
  assert.equal(queued?.text, 'Count');
  assert.equal(queued.state, 'queued');
  assert.deepEqual(await session.removePendingPrompt(promptId), { removed: true });
  await session.cancel();
  assert.equal((await running).stopReason, 'cancelled');
  assert.deepEqual((await session.getPendingPrompts()).pendingPrompts, []);
  listener.reading.assertUnderstood();
  await listener.hangUp();
});

test('model and approval mode change where every client sees it', async () => {
  const session = await newSession();
  const listener = new Listener(session);
  const { state } = await session.context();
  const model = state.models.currentModelId;
  assert.ok(state.models.availableModels.some(({ modelId }) => modelId === model), JSON.stringify(state.models));
  await session.setModel(model);
  await listener.event('model_switched');
  assert.equal(listener.reading.view.currentModelId, model);

  const { clientId, sessionId } = session;
  const changed = await client.setSessionApprovalMode(sessionId, 'auto-edit', { clientId });
  assert.deepEqual(changed, { sessionId, mode: 'auto-edit', previous: 'default', persisted: false });
  await listener.event('approval_mode_changed');
  assert.equal(listener.reading.view.approvalMode, 'auto-edit');
  assert.equal((await session.context()).state.modes.currentModeId, 'auto-edit');
  listener.reading.assertUnderstood();
  await listener.hangUp();
});

test('a session is renamed, and listed under its name', async () => {
  const session = await newSession();
  const listener = new Listener(session);
  await turn(session, listener, 'Count');
  assert.equal((await session.updateMetadata({ displayName: 'Counting' })).displayName, 'Counting');
  await listener.event('session_metadata_updated', ({ data }) => data.displayName === 'Counting');
  assert.equal(listener.reading.view.displayName, 'Counting');
  const listed = (await client.listWorkspaceSessions(workspace)).find(({ sessionId }) => sessionId === session.sessionId);
  assert.equal(listed?.displayName, 'Counting');
  assert.equal(listed.workspaceCwd, workspace);
  assert.equal(listed.hasActivePrompt, false);
  listener.reading.assertUnderstood();
  await listener.hangUp();
});

test('status, commands and heartbeat answer', async () => {
  const session = await newSession();
  const status = await session.status();
  assert.equal(status.sessionId, session.sessionId);
  assert.equal(status.hasActivePrompt, false);
  const commands = await session.supportedCommands();
  assert.ok(commands.availableCommands.length > 0);
  assert.ok(commands.availableCommands.every(({ name }) => typeof name === 'string'));
  const before = Date.now();
  const beat = await session.heartbeat();
  assert.equal(beat.clientId, session.clientId);
  assert.ok(Math.abs(beat.lastSeenAt - before) < 60_000, 'milliseconds of the epoch');
});

test('a loaded session replays what was said, as it was heard live', async () => {
  const session = await newSession();
  const listener = new Listener(session);
  await turn(session, listener, 'Count');
  await listener.hangUp();

  const loaded = await DaemonSessionClient.load(client, session.sessionId, { workspaceCwd: workspace });
  const { compactedReplay, liveJournal } = loaded.consumeReplaySnapshot();
  const reading = new Reading();
  for (const event of [...compactedReplay, ...liveJournal]) reading.take(event);
  for (const kind of ['user', 'thought', 'assistant']) {
    assert.deepEqual(reading.said(kind).join(''), listener.reading.said(kind).join(''), kind);
  }
  reading.assertUnderstood();

  const following = new Listener(loaded);
  assert.equal(await turn(loaded, following, 'Count'), 'end_turn');
  assert.deepEqual(following.events.filter(({ type }) => type === 'state_resync_required'), []);
  await following.hangUp();
});

test('a resumed session takes the next prompt', async () => {
  const session = await newSession();
  await session.prompt(text('Count'));
  const resumed = await DaemonSessionClient.resume(client, session.sessionId, { workspaceCwd: workspace });
  assert.equal(resumed.sessionId, session.sessionId);
  assert.equal((await resumed.prompt(text('Count'))).stopReason, 'end_turn');
});

test('a stream that broke off goes on where it was, without gap or repetition', async () => {
  const session = await newSession();
  const first = new Listener(session);
  await turn(session, first, 'Count');
  await first.hangUp();
  const last = session.lastEventId;
  assert.equal(last, Math.max(...first.events.map(({ id }) => id ?? 0)));

  const { promptId } = await session.submitPrompt(text('Count'));
  const second = new Listener(session);
  await second.endOf(promptId);
  const ids = second.events.map(({ id }) => id).filter((id) => id !== undefined);
  assert.deepEqual(ids, ids.map((_, index) => last + 1 + index));
  assert.equal(second.reading.view.resyncRequiredCount, 0);
  second.reading.assertUnderstood();
  await second.hangUp();
});

test('a closed session ends its stream, and is gone', async () => {
  const session = await newSession();
  const listener = new Listener(session);
  await turn(session, listener, 'Count');
  const closed = listener.event('session_closed');
  await session.close();
  await closed;
  await listener.ended;
  assert.equal(listener.reading.view.alive, false);
  listener.reading.assertUnderstood();
  await assert.rejects(session.submitPrompt(text('Count')), (error) => error.status === 404);
});
