// A workspace's files.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { client, workspace } from './daemon.mjs';

const onDisk = (name) => join(workspace, name);

test('a file is read whole, in lines and in bytes', async () => {
  writeFileSync(onDisk('poem.txt'), 'one\ntwo\nthree\n');
  const whole = await client.readWorkspaceFile('poem.txt');
  assert.equal(whole.kind, 'file');
  assert.equal(whole.content, 'one\ntwo\nthree\n');
  assert.equal(whole.lineEnding, 'lf');
  assert.equal(whole.truncated, false);
  const part = await client.readWorkspaceFile('poem.txt', { line: 2, limit: 1 });
  assert.equal(part.content.trim(), 'two');
  const bytes = await client.readWorkspaceFileBytes('poem.txt', { offset: 4, maxBytes: 3 });
  assert.equal(Buffer.from(bytes.contentBase64, 'base64').toString(), 'two');
  assert.equal(bytes.truncated, true);
});

test('a folder is looked at, listed and searched', async () => {
  mkdirSync(onDisk('shelf/low'), { recursive: true });
  writeFileSync(onDisk('shelf/book.md'), '# Book\n');
  writeFileSync(onDisk('shelf/low/leaf.md'), '# Leaf\n');
  const stat = await client.fileStat('shelf/book.md');
  assert.equal(stat.sizeBytes, 7, JSON.stringify(stat));
  const { entries } = await client.dirList('shelf');
  assert.deepEqual(entries.map(({ name }) => name).sort(), ['book.md', 'low']);
  const { matches } = await client.glob('shelf/**/*.md');
  assert.deepEqual([...matches].sort(), ['shelf/book.md', 'shelf/low/leaf.md']);
});

test('a file is made, replaced and edited, each on what the writer last saw', async () => {
  const made = await client.writeWorkspaceFile({ path: 'made.txt', content: 'first\n', mode: 'create' });
  assert.equal(made.created, true);
  assert.equal(readFileSync(onDisk('made.txt'), 'utf8'), 'first\n');
  const again = client.writeWorkspaceFile({ path: 'made.txt', content: 'other\n', mode: 'create' });
  await assert.rejects(again, (error) => error.status === 409);

  const replace = { path: 'made.txt', content: 'second\n', mode: 'replace', expectedHash: made.hash };
  const replaced = await client.writeWorkspaceFile(replace);
  await assert.rejects(client.writeWorkspaceFile(replace), (error) => error.status === 409);

  const edit = { path: 'made.txt', oldText: 'second', newText: 'third', expectedHash: replaced.hash };
  assert.equal((await client.editWorkspaceFile(edit)).replacements, 1);
  assert.equal(readFileSync(onDisk('made.txt'), 'utf8'), 'third\n');
});

test('bytes of any kind are uploaded', async () => {
  const data = Uint8Array.from({ length: 1000 }, (_, index) => index % 256);
  const uploaded = await client.uploadWorkspaceFile({ path: 'blob.bin', data });
  assert.equal(uploaded.sizeBytes, 1000);
  assert.deepEqual(new Uint8Array(readFileSync(join(workspace, uploaded.path))), data);
});

test('nothing outside the workspace is read', async () => {
  await assert.rejects(client.readWorkspaceFile('../home/roost/token'), (error) => error.status >= 400 && error.status < 500);
});
