// Workspaces that come, are named and go; and all that can be done in one that is not the first.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Listener, Reading, client, newSession, text, workspace } from './daemon.mjs';

const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'roost-sdk-')));
after(() => rmSync(scratch, { recursive: true, force: true }));

const folder = (name) => {
  mkdirSync(join(scratch, name));
  return join(scratch, name);
};

/** A second workspace, and the part of the client that is about it. */
async function another(name) {
  const cwd = folder(name);
  const { id } = await client.addWorkspace(cwd);
  return { cwd, id, there: client.workspaceById(id) };
}

/** A session in a workspace, in which something was said, and that is closed again. */
async function past(cwd) {
  const session = await client.createOrAttachSession({ workspaceCwd: cwd, sessionScope: 'thread' });
  await client.prompt(session.sessionId, text('Count'), undefined, session.clientId);
  await client.closeSession(session.sessionId, session.clientId);
  return session.sessionId;
}

const known = async () => (await client.capabilities()).workspaces;

test('a folder becomes a workspace, is named, and goes again', async () => {
  const cwd = folder('comes-and-goes');
  const added = await client.addWorkspace(cwd, { displayName: 'Comes' });
  assert.deepEqual([added.cwd, added.displayName, added.primary], [cwd, 'Comes', false]);
  assert.equal((await known()).find(({ id }) => id === added.id)?.displayName, 'Comes');
  assert.equal((await client.updateWorkspace(added.id, { displayName: 'Goes' })).displayName, 'Goes');
  assert.equal((await known()).find(({ id }) => id === added.id)?.displayName, 'Goes');

  const there = client.workspaceById(added.id);
  const session = await client.createOrAttachSession({ workspaceCwd: cwd });
  await assert.rejects(there.remove(), (error) => error.status === 409 && error.body.code === 'workspace_busy');
  const gone = await there.remove({ force: true });
  assert.deepEqual([gone.removed, gone.workspaceId, gone.activity.sessions], [true, added.id, 1]);
  assert.ok(existsSync(cwd), 'the folder stays');
  assert.equal((await known()).some(({ id }) => id === added.id), false);
  await assert.rejects(client.sessionStatus(session.sessionId), { status: 404 });
  await assert.rejects(there.workspaceEnv(), (error) => error.body.code === 'workspace_mismatch');
});

test('a workspace is opened again at the next start if one says so', async () => {
  const cwd = folder('stays');
  const added = await client.addWorkspace(cwd, { persist: true });
  assert.equal(added.persisted, true);
  const { persistedRegistrationRemoved } = await client.workspaceById(added.id).remove();
  assert.equal(persistedRegistrationRemoved, true);
});

test('sessions of another workspace are listed, counted and watched there', async () => {
  const { cwd, there } = await another('listed');
  const live = await client.createOrAttachSession({ workspaceCwd: cwd, sessionScope: 'thread' });
  const closed = await past(cwd);
  const ids = [live.sessionId, closed].sort();
  assert.deepEqual((await there.listWorkspaceSessions()).map(({ sessionId }) => sessionId).sort(), ids);
  const page = await there.listWorkspaceSessionsPage({ pageSize: 1 });
  assert.deepEqual([page.sessions.length, typeof page.nextCursor], [1, 'string']);
  const own = (await client.listWorkspaceSessions(workspace)).map(({ sessionId }) => sessionId);
  assert.deepEqual(own.filter((id) => ids.includes(id)), []);
  const { active, archived, total } = await there.getWorkspaceSessionInfo();
  assert.deepEqual([active, archived, total], [2, 0, 2]);

  const before = await there.getSessionLiveState();
  assert.deepEqual(before.sessions.map(({ sessionId }) => sessionId), [live.sessionId]);
  assert.deepEqual((await client.getWorkspaceSessionLiveState(cwd)).catalogVersion, before.catalogVersion);
  await client.closeSession(live.sessionId, live.clientId);
  const after = await there.getSessionLiveState();
  assert.deepEqual(after.sessions, []);
  assert.notDeepEqual(after.catalogVersion, before.catalogVersion);
});

test('sessions of another workspace are put in order there', async () => {
  const { cwd, there } = await another('in-order');
  const sessionId = await past(cwd);
  const group = await there.createSessionGroup({ name: 'Sums', color: 'blue' });
  assert.equal((await there.updateSessionGroup(group.id, { name: 'Products' })).name, 'Products');
  assert.deepEqual((await there.listSessionGroups()).groups.map(({ name }) => name), ['Products']);
  assert.deepEqual((await client.listSessionGroups(workspace)).groups.filter(({ id }) => id === group.id), []);

  const arranged = await there.updateSessionOrganization(sessionId, { groupId: group.id, isPinned: true });
  assert.deepEqual([arranged.groupId, arranged.isPinned], [group.id, true]);
  assert.equal((await there.updateSessionMetadata(sessionId, { displayName: 'Of old' })).displayName, 'Of old');
  const { sessions } = await there.listWorkspaceSessionsPage({ view: 'organized', group: group.id });
  assert.deepEqual(sessions.map((each) => [each.sessionId, each.isPinned, each.displayName]), [[sessionId, true, 'Of old']]);
  assert.deepEqual(await there.deleteSessionGroup(group.id), { deleted: true });
});

test('a live session of another workspace is named there, and hears of it', async () => {
  const { cwd, there } = await another('named');
  const session = await newSession(client, cwd);
  const listener = new Listener(session);
  const { clientId, sessionId } = session;
  const named = await there.updateSessionMetadata(sessionId, { displayName: 'Named' }, clientId);
  assert.equal(named.displayName, 'Named');
  const heard = await listener.event('session_metadata_updated', ({ data }) => data.displayName === 'Named');
  assert.equal(heard.originatorClientId, clientId);
  assert.equal((await session.status()).displayName, 'Named');
  const here = client.workspaceByCwd(workspace).updateSessionMetadata(sessionId, { displayName: 'Elsewhere' });
  await assert.rejects(here, (error) => error.body.code === 'session_workspace_conflict');
  await listener.hangUp();
});

test('the past of a session of another workspace is read, put away, brought back and removed there', async () => {
  const { cwd, there } = await another('shelf');
  const sessionId = await past(cwd);
  const reading = new Reading();
  const { events } = await there.getSessionTranscriptPage(sessionId);
  for (const event of events) reading.take(event);
  assert.deepEqual(reading.said('user'), ['Count']);
  assert.ok((await there.exportSession(sessionId, { format: 'md' })).content.includes('w39'));

  assert.deepEqual((await there.archiveSessionsData([sessionId])).archived, [sessionId]);
  await assert.rejects(there.exportSession(sessionId), (error) => error.body.code === 'session_archived');
  assert.ok((await there.exportArchivedSession(sessionId, { format: 'md' })).content.includes('w39'));
  assert.deepEqual((await there.unarchiveSessionsData([sessionId])).unarchived, [sessionId]);
  assert.deepEqual((await there.deleteSessionsData([sessionId])).removed, [sessionId]);
  assert.deepEqual(await there.listWorkspaceSessions(), []);
});

test('files of another workspace are its own', async () => {
  const { cwd, there } = await another('files');
  const made = await there.writeWorkspaceFile({ path: 'made.txt', content: 'first\n', mode: 'create' });
  assert.equal(readFileSync(join(cwd, 'made.txt'), 'utf8'), 'first\n');
  await there.editWorkspaceFile({ path: 'made.txt', oldText: 'first', newText: 'second', expectedHash: made.hash });
  assert.equal((await there.readWorkspaceFile('made.txt')).content, 'second\n');
  const { contentBase64 } = await there.readWorkspaceFileBytes('made.txt', { offset: 0, maxBytes: 3 });
  assert.equal(Buffer.from(contentBase64, 'base64').toString(), 'sec');
  const uploaded = await there.uploadWorkspaceFile({ path: 'blob.bin', data: new Uint8Array([1, 2, 3]) });
  assert.deepEqual([...readFileSync(join(cwd, uploaded.path))], [1, 2, 3]);
  assert.equal((await there.fileStat('blob.bin')).sizeBytes, 3);
  assert.deepEqual((await there.dirList('.')).entries.map(({ name }) => name).sort(), ['blob.bin', 'made.txt']);
  assert.deepEqual((await there.glob('*.txt', { maxResults: 5 })).matches, ['made.txt']);
  await assert.rejects(client.readWorkspaceFile('made.txt'), { status: 404 });
});

test('what is set in another workspace is set there alone', async () => {
  const { cwd, there } = await another('settings');
  const session = await newSession(client, cwd);
  const listener = new Listener(session);
  const { clientId } = session;
  const settingsFile = () => JSON.parse(readFileSync(join(cwd, '.qwen/settings.json'), 'utf8'));

  await there.setWorkspaceSetting('workspace', 'ui.hideTips', true, { clientId });
  const { settings } = await there.workspaceSettings();
  assert.equal(settings.find(({ key }) => key === 'ui.hideTips').values.workspace, true);
  assert.equal(settingsFile().ui.hideTips, true);

  await there.setWorkspacePermissionRules('deny', ['Bash(rm *)'], { clientId });
  assert.deepEqual((await there.workspacePermissions()).workspace.rules.deny, ['Bash(rm *)']);
  assert.deepEqual((await client.workspacePermissions()).workspace.rules.deny, []);

  await there.setWorkspaceToolEnabled('never_there', false, { clientId });
  assert.ok(settingsFile().tools.disabled.includes('never_there'));
  assert.equal((await there.initWorkspace({ clientId })).action, 'created');
  assert.ok(existsSync(join(cwd, 'QWEN.md')));
  assert.equal(typeof (await there.reload({ clientId })).childReloaded, 'boolean');
  for (const type of ['settings_changed', 'tool_toggled', 'workspace_initialized', 'settings_reloaded']) {
    assert.equal((await listener.event(type)).originatorClientId, clientId);
  }
  listener.reading.assertUnderstood();
  await listener.hangUp();
});

test('how things are in another workspace', async () => {
  const { cwd, there } = await another('how-things-are');
  assert.equal((await there.workspaceTrust()).workspaceCwd, cwd);
  assert.equal((await there.workspaceTrust({ statusVersion: 2 })).v, 2);
  await assert.rejects(there.requestWorkspaceTrustChange({ desiredState: 'untrusted' }), { status: 409 });
  assert.equal((await there.workspaceEnv()).workspaceCwd, cwd);
  assert.ok((await there.workspacePreflight()).cells.some(({ kind }) => kind === 'workspace_dir'));
  await client.createOrAttachSession({ workspaceCwd: cwd });
  assert.ok((await there.workspaceTools()).tools.some(({ name }) => name === 'read_file'));
  const { providers } = await there.workspaceProviders();
  assert.ok(providers.some(({ models }) => models.some(({ name }) => name === 'fake-model')), JSON.stringify(providers));
});

test('a question of one’s own can be asked of a workspace', async () => {
  const { cwd, id } = await another('question');
  const status = await client.workspaceJsonRequest(id, '/acp/status', 'GET /workspaces/:workspace/acp/status');
  assert.deepEqual(status, { channelLive: false });
  const flow = await client.startDeviceFlow({ providerId: 'qwen-oauth' });
  const path = `/auth/device-flow/${flow.deviceFlowId}`;
  await client.workspaceNoContentRequest(id, path, 'DELETE', { method: 'DELETE' });
  assert.equal((await client.getDeviceFlow(flow.deviceFlowId)).status, 'cancelled');
  const upload = { path: 'through.txt', data: new Uint8Array([111, 107]) };
  await client.uploadFileToPath(`/workspaces/${id}/file/upload`, 'POST', upload);
  assert.equal(readFileSync(join(cwd, 'through.txt'), 'utf8'), 'ok');
  const sessionId = await past(cwd);
  const exported = await client.sessionExportRequest(`/session/${sessionId}/export`, 'GET', { format: 'jsonl' });
  assert.ok(exported.content.includes(sessionId));
  const providers = await client.requestWorkspaceProviders(`/workspaces/${id}/providers`, 'GET');
  assert.equal(providers.workspaceCwd, cwd);
});

test('the agent of the first workspace is started ahead of its first session', async () => {
  const ready = await client.workspaceAcpPreheat(60_000);
  assert.deepEqual([ready.ready, ready.channelLive], [true, true]);
  assert.deepEqual(await client.workspaceAcpStatus(), { channelLive: true });
});

test('rules are added and taken away one by one', async () => {
  await client.addWorkspacePermissionRule('workspace', 'ask', 'Bash(git push *)');
  const { workspace: own } = await client.addWorkspacePermissionRule('workspace', 'ask', 'Bash(git commit *)');
  assert.deepEqual(own.rules.ask, ['Bash(git push *)', 'Bash(git commit *)']);
  await client.removeWorkspacePermissionRule('workspace', 'ask', 'Bash(git push *)');
  assert.deepEqual((await client.workspacePermissions()).workspace.rules.ask, ['Bash(git commit *)']);
  const onDisk = JSON.parse(readFileSync(join(workspace, '.qwen/settings.json'), 'utf8'));
  assert.deepEqual(onDisk.permissions.ask, ['Bash(git commit *)']);
});
