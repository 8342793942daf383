// Sessions in order: groups and pins, the archive, and what is read of sessions that nobody has open.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Reading, client, newSession, text, workspace } from './daemon.mjs';

/** A session in which something was said, and that is closed again. */
async function past(words = 'Count') {
  const session = await newSession();
  await session.prompt(text(words));
  await session.close();
  return session.sessionId;
}

const listed = async (sessionId, options) => {
  const { sessions } = await client.listWorkspaceSessionsPage(workspace, { pageSize: 100, ...options });
  return sessions.find((session) => session.sessionId === sessionId);
};

test('a session goes into a group and out again with it', async () => {
  const sessionId = await past();
  const group = await client.createSessionGroup(workspace, { name: 'Sums', color: 'blue' });
  assert.equal((await client.updateSessionOrganization(sessionId, { groupId: group.id })).groupId, group.id);
  assert.equal((await listed(sessionId, { view: 'organized', group: group.id }))?.groupId, group.id);

  assert.equal((await client.updateSessionGroup(workspace, group.id, { name: 'Products' })).name, 'Products');
  const { groups, colorOptions } = await client.listSessionGroups(workspace);
  assert.deepEqual(groups.filter(({ id }) => id === group.id).map(({ name }) => name), ['Products']);
  assert.ok(colorOptions.includes('blue'));

  assert.deepEqual(await client.deleteSessionGroup(workspace, group.id), { deleted: true });
  assert.ok(await listed(sessionId, { view: 'organized', group: 'ungrouped' }));
});

test('a pinned session is found among the pinned', async () => {
  const sessionId = await past();
  const pinned = await client.updateSessionOrganization(sessionId, { isPinned: true });
  assert.equal(pinned.isPinned, true);
  assert.equal((await listed(sessionId, { view: 'organized', group: 'pinned' }))?.isPinned, true);
  assert.equal((await client.updateSessionOrganization(sessionId, { isPinned: false })).isPinned, false);
  assert.equal(await listed(sessionId, { view: 'organized', group: 'pinned' }), undefined);
});

test('sessions come in pages that follow each other', async () => {
  for (let session = 0; session < 3; session += 1) await past();
  const seen = [];
  let cursor;
  do {
    const page = await client.listWorkspaceSessionsPage(workspace, { pageSize: 2, ...(cursor ? { cursor } : {}) });
    assert.ok(page.sessions.length <= 2);
    seen.push(...page.sessions.map(({ sessionId }) => sessionId));
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  assert.ok(seen.length >= 3);
  assert.equal(new Set(seen).size, seen.length);
});

test('a session is archived, brought back, and deleted', async () => {
  const sessionId = await past();
  assert.deepEqual((await client.archiveSessionsData([sessionId])).archived, [sessionId]);
  assert.equal(await listed(sessionId), undefined);
  assert.equal((await listed(sessionId, { archiveState: 'archived' }))?.isArchived, true);
  assert.deepEqual((await client.archiveSessionsData([sessionId])).alreadyArchived, [sessionId]);

  assert.deepEqual((await client.unarchiveSessionsData([sessionId])).unarchived, [sessionId]);
  assert.ok(await listed(sessionId));

  assert.deepEqual((await client.deleteSessionsData([sessionId])).removed, [sessionId]);
  assert.equal(await listed(sessionId), undefined);
  assert.deepEqual((await client.deleteSessionsData([sessionId])).notFound, [sessionId]);
});

for (const [format, mime] of Object.entries({ html: 'text/html', md: 'text/markdown', json: 'application/json' })) {
  test(`a session is exported as ${format}`, async () => {
    const sessionId = await past();
    const exported = await client.exportSession(sessionId, { format });
    assert.equal(exported.format, format);
    assert.ok(exported.mimeType.startsWith(mime), exported.mimeType);
    assert.ok(exported.filename.endsWith(`.${format}`), exported.filename);
    assert.ok(exported.content.includes('w39'), 'the answer is in it');
  });
}

test('a session is exported as jsonl, one record a line', async () => {
  const { content } = await client.exportSession(await past(), { format: 'jsonl' });
  const records = content.trim().split('\n').map((line) => JSON.parse(line));
  assert.ok(records.length > 1);
});

test('the pages of a transcript together say what was said', async () => {
  const session = await newSession();
  for (let turn = 0; turn < 3; turn += 1) await session.prompt(text('Count'));
  const reading = new Reading();
  let cursor;
  let pages = 0;
  do {
    const page = await session.getTranscriptPage({ limit: 3, ...(cursor ? { cursor } : {}) });
    assert.equal(page.sessionId, session.sessionId);
    for (const event of page.events) reading.take(event);
    assert.equal(page.hasMore, page.nextCursor !== undefined);
    cursor = page.nextCursor;
    pages += 1;
  } while (cursor !== undefined);
  assert.ok(pages > 1, 'more than one page');
  assert.deepEqual(reading.said('user'), ['Count', 'Count', 'Count']);
  reading.assertUnderstood();
});
