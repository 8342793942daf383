// What is set in a workspace, what is there, and what git says.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Listener, client, newSession, workspace } from './daemon.mjs';

const onDisk = (name) => join(workspace, name);
const settingsFile = () => JSON.parse(readFileSync(onDisk('.qwen/settings.json'), 'utf8'));

test('a setting is seen, changed and heard of', async () => {
  const session = await newSession();
  const listener = new Listener(session);
  const { settings } = await client.workspaceSettings();
  const language = settings.find(({ key }) => key === 'general.language');
  assert.equal(language.type, 'enum');
  assert.ok(language.options.some(({ value }) => value === 'de'));
  const saved = await client.setWorkspaceSetting('workspace', 'ui.hideTips', true, { clientId: session.clientId });
  assert.deepEqual(saved, { key: 'ui.hideTips', scope: 'workspace', value: true, requiresRestart: false });
  assert.equal(settingsFile().ui.hideTips, true);
  const heard = await listener.event('settings_changed', ({ data }) => data.key === 'ui.hideTips');
  assert.equal(heard.originatorClientId, session.clientId);
  await assert.rejects(client.setWorkspaceSetting('user', 'security.auth.apiKey', 'x'), { status: 400 });
  listener.reading.assertUnderstood();
  await listener.hangUp();
});

test('rules are replaced one list at a time, in the project and for the user', async () => {
  const session = await newSession();
  const listener = new Listener(session);
  const changed = await client.setWorkspacePermissionRules('workspace', 'deny', ['Bash(rm *)'], {
    clientId: session.clientId,
  });
  assert.deepEqual(changed.workspace.rules.deny, ['Bash(rm *)']);
  assert.deepEqual((await client.workspacePermissions()).merged.deny, ['Bash(rm *)']);
  await listener.event('settings_changed', ({ data }) => data.key === 'permissions.deny');
  listener.reading.assertUnderstood();
  await listener.hangUp();
});

test('a tool is switched off, a context file begun, and what was changed is taken up', async () => {
  const session = await newSession();
  const listener = new Listener(session);
  const { clientId } = session;
  const toggled = await client.setWorkspaceToolEnabled('never_there', false, { clientId });
  assert.deepEqual(toggled, { toolName: 'never_there', enabled: false });
  assert.ok(settingsFile().tools.disabled.includes('never_there'));
  const begun = await client.initWorkspace({ clientId });
  assert.deepEqual(begun, { path: onDisk('QWEN.md'), action: 'created' });
  assert.ok(existsSync(onDisk('QWEN.md')));
  writeFileSync(onDisk('.qwen/settings.json'), JSON.stringify({ ...settingsFile(), ui: { hideBanner: true } }));
  const reloaded = await client.reload({ clientId });
  assert.equal(reloaded.childReloaded, true);
  assert.ok(reloaded.changedKeys.some((key) => key.startsWith('ui')), JSON.stringify(reloaded));
  for (const type of ['tool_toggled', 'workspace_initialized', 'settings_reloaded']) {
    assert.equal((await listener.event(type)).originatorClientId, clientId);
  }
  listener.reading.assertUnderstood();
  await listener.hangUp();
});

test('trust, environment, preflight, providers and tools tell how things are', async () => {
  await newSession();
  const trust = await client.workspaceTrust();
  assert.deepEqual(trust.effective, { state: 'trusted', source: 'disabled' });
  assert.equal((await client.workspaceTrust({ statusVersion: 2 })).v, 2);
  await assert.rejects(client.requestWorkspaceTrustChange({ desiredState: 'untrusted' }), { status: 409 });
  const { cells } = await client.workspaceEnv();
  assert.ok(cells.some(({ kind, name }) => kind === 'env_var' && name === 'OPENAI_API_KEY'));
  const preflight = await client.workspacePreflight();
  assert.equal(preflight.cells.find(({ kind }) => kind === 'workspace_dir').status, 'ok');
  const providers = await client.workspaceProviders();
  assert.ok(Array.isArray(providers.providers));
  const { tools, acpChannelLive } = await client.workspaceTools();
  assert.equal(acpChannelLive, true);
  assert.ok(tools.some(({ name, enabled }) => name === 'read_file' && enabled));
});

test('git tells its status, its changes and its commits', async () => {
  const git = (...args) =>
    execFileSync('git', ['-c', 'user.name=Ada', '-c', 'user.email=a@example.org', ...args], { cwd: workspace });
  git('init', '--quiet', '--initial-branch=main');
  writeFileSync(onDisk('known.txt'), 'one\n');
  git('add', 'known.txt');
  git('commit', '--quiet', '-m', 'First');
  writeFileSync(onDisk('known.txt'), 'two\n');
  const here = client.workspaceByCwd(workspace);
  for (const each of [client, here]) {
    const status = await each.workspaceGit({ wait: true });
    assert.deepEqual([status.v, status.branch, status.unstaged], [2, 'main', 1]);
    const { files } = await each.workspaceGitDiff();
    assert.ok(files.some(({ path, added, removed }) => path === 'known.txt' && added === 1 && removed === 1));
    const { hunks } = await each.workspaceGitDiffFile('known.txt');
    assert.deepEqual(hunks[0].lines, ['-one', '+two']);
    const { entries } = await each.workspaceGitLog(10, 0);
    assert.equal(entries[0].subject, 'First');
    const detail = await each.workspaceGitCommitDetail(entries[0].sha);
    assert.equal(detail.files[0].path, 'known.txt');
    assert.equal((await each.workspaceGitBranches()).head, 'main');
  }
});
