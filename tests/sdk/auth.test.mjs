// Signing in at identity providers, and connecting model providers.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createDaemonAuthState, reduceDaemonAuthEvent } from '@qwen-code/sdk/daemon';
import { Listener, client, newSession } from './daemon.mjs';

const { ROOST_HOME: home, ROOST_IDENTITY_PROVIDER: provider } = process.env;

/** The user enters the code at the provider, and agrees or does not. */
async function decide(userCode, decision) {
  const answer = await fetch(`${provider}/user`, { method: 'POST', body: new URLSearchParams({ user_code: userCode, decision }) });
  assert.equal(answer.status, 204);
}

test('a user signs in with a code, and everybody hears of it', async () => {
  const session = await newSession();
  const listener = new Listener(session);
  const { clientId } = session;
  const flow = await client.auth.start({ providerId: 'qwen-oauth', clientId });
  assert.equal(flow.attached, false);
  assert.ok(flow.verificationUri.startsWith('https://'));

  const pending = await client.auth.status(flow.deviceFlowId, { clientId });
  assert.deepEqual([pending.status, pending.userCode], ['pending', flow.userCode]);
  const status = await client.getAuthStatus();
  assert.deepEqual(status.supportedDeviceFlowProviders, ['qwen-oauth']);
  assert.deepEqual(status.pendingDeviceFlows.map(({ deviceFlowId }) => deviceFlowId), [flow.deviceFlowId]);
  const second = await client.startDeviceFlow({ providerId: 'qwen-oauth' });
  assert.deepEqual([second.deviceFlowId, second.attached], [flow.deviceFlowId, true]);

  await decide(flow.userCode, 'approve');
  assert.equal((await flow.awaitCompletion()).status, 'authorized');
  await listener.event('auth_device_flow_authorized');
  const kept = JSON.parse(readFileSync(join(home, 'oauth_creds.json'), 'utf8'));
  assert.equal(typeof kept.access_token, 'string');
  assert.ok(!JSON.stringify(listener.events).includes(kept.access_token), 'nobody hears the token');
  const { flows } = listener.events.reduce((state, event) => reduceDaemonAuthEvent(state, event), createDaemonAuthState());
  assert.equal(flows['qwen-oauth'].status, 'authorized');
  listener.reading.assertUnderstood();
  await listener.hangUp();
});

test('a user who declines is not signed in', async () => {
  const flow = await client.auth.start({ providerId: 'qwen-oauth' });
  await decide(flow.userCode, 'deny');
  const ended = await flow.awaitCompletion();
  assert.deepEqual([ended.status, ended.errorKind], ['error', 'access_denied']);
});

test('a sign-in is given up', async () => {
  const flow = await client.auth.start({ providerId: 'qwen-oauth' });
  await flow.cancel();
  assert.equal((await client.getDeviceFlow(flow.deviceFlowId)).status, 'cancelled');
  const other = await client.auth.start({ providerId: 'qwen-oauth' });
  assert.notEqual(other.deviceFlowId, flow.deviceFlowId);
  await client.auth.cancel(other.deviceFlowId);
  await client.cancelDeviceFlow(other.deviceFlowId);
  assert.equal((await client.auth.status(other.deviceFlowId)).status, 'cancelled');
});

test('a provider that nobody knows is refused', async () => {
  await assert.rejects(client.auth.start({ providerId: 'nobody' }), (error) => error.body?.code === 'unsupported_provider');
});

test('a model provider is connected, and its key is told to nobody', async () => {
  const { providers, groups } = await client.getAuthProviders();
  const grouped = groups.flatMap(({ providerIds }) => providerIds);
  assert.deepEqual(grouped.sort(), providers.map(({ id }) => id).sort());
  const apiKey = 'sk-of-this-test';
  // A public address, so that no name has to be looked up.
  const custom = { providerId: 'custom-openai-compatible', apiKey, baseUrl: 'https://203.0.113.7/v1', modelIds: ['m1', 'm2'] };
  const installed = await client.installAuthProvider(custom);
  assert.deepEqual([installed.providerId, installed.modelId], [custom.providerId, 'm1']);
  assert.ok(!JSON.stringify(installed).includes(apiKey));
  assert.ok(readFileSync(join(home, 'settings.json'), 'utf8').includes(apiKey));
  const inside = client.installAuthProvider({ ...custom, baseUrl: 'http://169.254.169.254/v1' });
  await assert.rejects(inside, { status: 400 });
});
