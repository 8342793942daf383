// Where folders have to be trusted.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Listener, client, newSession, workspace } from './daemon.mjs';

/** Writes one of the user's own files. */
const write = (name, value) => writeFileSync(join(process.env.ROOST_HOME, name), JSON.stringify(value));

test('a change of trust is asked for, everybody hears of it, and nothing changes by that', async () => {
  write('settings.json', { security: { folderTrust: { enabled: true } } });
  write('trustedFolders.json', { [workspace]: 'TRUST_FOLDER' });
  const trust = await client.workspaceTrust();
  assert.deepEqual([trust.folderTrustEnabled, trust.effective.state], [true, 'trusted']);
  const session = await newSession();
  const listener = new Listener(session);
  const { clientId } = session;
  for (const [reason, each] of [['first', client], ['second', client.workspaceByCwd(workspace)]]) {
    const asked = await each.requestWorkspaceTrustChange({ desiredState: 'untrusted', reason }, clientId);
    assert.deepEqual(asked, { accepted: true, desiredState: 'untrusted', requiresOperatorAction: true });
    const heard = await listener.event('trust_change_requested', ({ data }) => data.reason === reason);
    assert.equal(heard.originatorClientId, clientId);
  }
  assert.equal((await client.workspaceTrust()).effective.state, 'trusted');
  listener.reading.assertUnderstood();
  await listener.hangUp();
});
