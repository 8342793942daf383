// Held together, the records of all other files of tests (see `record.mjs`) name every method that the client has.
//
// ROOST_RECORDS names the file with their lines.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { beyond } from './beyond.mjs';
import { CLASSES, methodsOf } from './record.mjs';
import { Declarations } from './shape.mjs';

const records = readFileSync(process.env.ROOST_RECORDS, 'utf8').trim().split('\n').map((line) => JSON.parse(line));
const declarations = new Declarations();

const driven = new Set(records.map(({ method }) => method));
const missing = new Map([...beyond()].map(({ className, method, why }) => [`${className}.${method}`, why]));

/** Classes, and the one interface whose methods are made with each of its objects. */
const NAMES = [...CLASSES.keys(), 'DaemonAuthFlowHandle'];

const publicMethods = NAMES.flatMap((className) =>
  declarations.members(className).methods.map((name) => `${className}.${name}`),
);

test('the methods there are are those that are declared', () => {
  for (const [className, of] of CLASSES) {
    const { methods, hidden } = declarations.members(className);
    const there = [...methodsOf(of)].map(({ name }) => name).filter((name) => !hidden.includes(name));
    assert.deepEqual(there.sort(), methods.sort(), className);
  }
});

test('every method of the client was asked for and did its work, or is known to be missing', () => {
  assert.deepEqual(publicMethods.filter((method) => !driven.has(method) && !missing.has(method)), []);
});

test('nothing that is known to be missing works', () => {
  assert.deepEqual([...missing.keys()].filter((method) => driven.has(method)), []);
});

test('nothing is known to be missing that the client does not have', () => {
  assert.deepEqual([...missing.keys()].filter((method) => !publicMethods.includes(method)), []);
});

/** What is declared and cannot be had, and why. Where it can be had after all, the line has to go. */
const WITHHELD = new Map(
  ['.userCode', '.verificationUri'].map((field) => [
    `DaemonClient.startDeviceFlow: ${field} is missing: string`,
    'whoever joins a sign-in that somebody else began is not shown its code',
  ]),
);

test('every answer is what the client declares it to be', () => {
  const misfits = new Set();
  for (const { method, answer } of records) {
    if (answer === undefined || !publicMethods.includes(method)) continue;
    const [className, name] = method.split('.');
    const found = declarations.misfitsOfAnswer(className, name, answer);
    const isEvent = answer.v === 1 && typeof answer.type === 'string';
    if (isEvent) found.push(...declarations.misfitsOfEvent(answer).map((misfit) => `${answer.type}${misfit}`));
    for (const misfit of found) misfits.add(`${method}: ${misfit}`);
  }
  assert.deepEqual([...misfits].sort(), [...WITHHELD.keys()]);
});
