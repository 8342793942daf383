// What the daemon does not have it says it does not have, in a way the client understands.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { DaemonCapabilityMissingError, DaemonHttpError } from '@qwen-code/sdk/daemon';
import { SESSION, beyond } from './beyond.mjs';
import { client, newSession, workspace } from './daemon.mjs';
import { CLASSES } from './record.mjs';

/** The answer to every path that is no route. What is found and has nothing to give says more than that. */
const NO_ROUTE = { error: 'Not found' };

let session;
before(async () => {
  session = await newSession();
});

const holders = {
  DaemonClient: () => client,
  WorkspaceDaemonClient: () => client.workspaceByCwd(workspace),
  DaemonSessionClient: () => session,
};

/** What comes of a call, also of one that gives a stream. */
async function outcome(className, method, given) {
  const isStatic = method in CLASSES.get(className);
  const holder = isStatic ? CLASSES.get(className) : holders[className]();
  const asked = given.map((each) => (each === SESSION ? session.sessionId : each));
  const answer = holder[method](...(isStatic ? [client, ...asked] : asked));
  return typeof answer?.next === 'function' ? await answer.next() : await answer;
}

for (const { className, method, given, why } of beyond()) {
  test(`${className}.${method} is answered with what there is not: ${why}`, async () => {
    const error = await outcome(className, method, given).then(
      (answer) => assert.fail(`it works now: ${JSON.stringify(answer)}`),
      (error) => error,
    );
    if (error instanceof DaemonCapabilityMissingError) return;
    assert.ok(error instanceof DaemonHttpError, `${error}`);
    if (error.status !== 501) assert.deepEqual([error.status, error.body], [404, NO_ROUTE]);
  });
}
