// What happens in and beside a turn: words into the middle of it, taking it up again, the user's own commands, what it used up.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { DaemonClient, DaemonPendingPromptLimitError } from '@qwen-code/sdk/daemon';
import { Listener, baseUrl, client, newSession, receipts, text, token, turn, workspace } from './daemon.mjs';

/** A turn that ends only when somebody ends it, and the stream it is heard on. */
async function pondering() {
  const session = await newSession();
  const listener = new Listener(session);
  const prompt = session.prompt(text('Ponder'));
  await receipts.ofFirst(session);
  await listener.words();
  return { session, listener, prompt };
}

test('what is said while the agent works can be looked at and taken back', async () => {
  const { session, prompt, listener } = await pondering();
  const said = await session.enqueueMidTurnMessage('Hurry');
  assert.equal(said.accepted, true);
  const { messages } = await session.getMidTurnMessages();
  assert.deepEqual(messages.map(({ messageId, text }) => [messageId, text]), [[said.messageId, 'Hurry']]);
  assert.deepEqual(await session.removeMidTurnMessage(said.messageId), { removed: true });
  assert.deepEqual(await session.removeMidTurnMessage(said.messageId), { removed: false });
  assert.deepEqual((await session.getMidTurnMessages()).messages, []);
  await session.cancel();
  assert.equal((await prompt).stopReason, 'cancelled');
  listener.reading.assertUnderstood();
  await listener.hangUp();
});

test('what is said while the agent works is heard after its next call', async () => {
  const session = await newSession();
  const listener = new Listener(session);
  const { promptId } = await session.submitPrompt(text('Write hurried.txt'));
  const { data } = await listener.event('permission_request');
  const { messageId } = await session.enqueueMidTurnMessage('Hurry');
  const { optionId } = data.options.find(({ kind }) => kind === 'allow_once');
  await session.respondToSessionPermission(data.requestId, { outcome: { outcome: 'selected', optionId } });
  const heard = await listener.event('mid_turn_message_injected');
  assert.deepEqual(heard.data.messages, ['Hurry']);
  await listener.endOf(promptId);
  const { messages, settledMessageIds } = await session.getMidTurnMessages();
  assert.deepEqual(messages, []);
  assert.ok(settledMessageIds.includes(messageId), JSON.stringify(settledMessageIds));
  listener.reading.assertUnderstood();
  await listener.hangUp();
});

test('nothing is said into a turn that is not', async () => {
  const session = await newSession();
  assert.deepEqual(await session.enqueueMidTurnMessage('Hurry'), { accepted: false, reason: 'session_idle' });
});

test('a turn that was broken off goes on, and one that ended does not', async () => {
  const { session, listener, prompt } = await pondering();
  await session.cancel();
  await prompt;
  const goesOn = await session.continueSession();
  assert.equal(goesOn.accepted, true);
  assert.equal(goesOn.interruption, 'interrupted_turn');
  assert.equal((await listener.endOf(goesOn.promptId)).data.stopReason, 'end_turn');
  assert.ok(listener.reading.said('assistant').join('').includes('w39'));
  assert.deepEqual(listener.reading.said('user'), ['Ponder'], 'nothing new was said');

  const { accepted, interruption } = await session.continueSession();
  assert.deepEqual({ accepted, interruption }, { accepted: false, interruption: 'none' });
  listener.reading.assertUnderstood();
  await listener.hangUp();
});

test('a command of the user runs in the folder of the session, and everybody sees it', async () => {
  const session = await newSession();
  const listener = new Listener(session);
  const result = await session.shellCommand('echo kept > by-hand.txt; echo done; exit 3');
  assert.deepEqual(result, { exitCode: 3, output: 'done\n', aborted: false });
  assert.equal(readFileSync(join(workspace, 'by-hand.txt'), 'utf8'), 'kept\n');
  const { data } = await listener.event('user_shell_command');
  assert.equal(data.command, 'echo kept > by-hand.txt; echo done; exit 3');
  assert.equal((await listener.event('user_shell_result')).data.exitCode, 3);
  listener.reading.assertUnderstood();
  await listener.hangUp();
});

test('a session and everybody speak another language', async () => {
  const session = await newSession();
  const listener = new Listener(session);
  const { clientId, sessionId } = session;
  const changed = await client.setSessionLanguage(sessionId, 'de', { syncOutputLanguage: true, clientId });
  assert.equal(changed.language, 'de');
  await listener.event('language_changed', ({ data }) => data.language === 'de');
  const everywhere = await client.setUserLanguage('fr', { clientId });
  assert.equal(everywhere.language, 'fr');
  const { settings } = await client.workspaceSettings();
  assert.equal(settings.find(({ key }) => key === 'general.language').values.user, 'fr');
  await assert.rejects(client.setUserLanguage('tlh'), { status: 400 });
  await listener.hangUp();
});

test('what a turn used up is told', async () => {
  const session = await newSession();
  const { promptCount: before } = await session.stats();
  assert.equal(before, 0);
  await session.prompt(text('Count'));
  const stats = await session.stats();
  assert.equal(stats.promptCount, 1);
  const { api, tokens } = stats.models['fake-model'];
  assert.deepEqual([api.totalRequests, tokens.prompt, tokens.candidates], [1, 1200, 40]);

  const { usage, formattedText } = await session.contextUsage();
  assert.equal(usage.modelName, 'fake-model');
  assert.ok(usage.totalTokens >= 1200, `${usage.totalTokens}`);
  assert.ok(formattedText.includes('fake-model'), formattedText);
  assert.deepEqual(usage.builtinTools, []);
  const { usage: inDetail } = await session.contextUsage({ detail: true });
  assert.ok(inDetail.builtinTools.some(({ name }) => name === 'read_file'), JSON.stringify(inDetail));
});

test('more prompts than a session takes are refused, by the client and by the daemon', async () => {
  const { session, prompt, listener } = await pondering();
  const { sessionId, clientId } = session;
  const modest = new DaemonClient({ baseUrl, token, maxPendingPromptsPerSession: 1 });
  const release = modest.reservePromptSlot(sessionId);
  const refused = await modest.prompt(sessionId, text('Count'), undefined, clientId).catch((error) => error);
  assert.ok(refused instanceof DaemonPendingPromptLimitError, `${refused}`);
  assert.deepEqual([refused.limit, refused.pendingCount], [1, 1]);
  release();

  const { limits } = await client.capabilities();
  const queued = [];
  while (queued.length + 1 < limits.maxPendingPromptsPerSession) queued.push(await session.submitPrompt(text('Count')));
  const unlimited = new DaemonClient({ baseUrl, token, maxPendingPromptsPerSession: null });
  const turnedAway = await unlimited.prompt(sessionId, text('Count'), undefined, clientId).catch((error) => error);
  assert.ok(turnedAway instanceof DaemonPendingPromptLimitError, `${turnedAway}`);
  assert.equal(turnedAway.limit, limits.maxPendingPromptsPerSession);
  await assert.rejects(session.submitPrompt(text('Count')), DaemonPendingPromptLimitError);

  await session.cancel();
  await prompt;
  for (const { promptId } of queued) await listener.endOf(promptId);
  listener.reading.assertUnderstood();
  await listener.hangUp();
});

test('a stream starts where it is told to', async () => {
  const session = await newSession();
  const listener = new Listener(session);
  await turn(session, listener, 'Count');
  await listener.hangUp();
  const skipped = session.lastEventId - 1;
  session.setLastEventId(skipped);
  const ids = [];
  for await (const { id, type } of session.subscribeEvents()) {
    if (type === 'replay_complete') break;
    ids.push(id);
  }
  assert.deepEqual(ids, [skipped + 1]);
});
