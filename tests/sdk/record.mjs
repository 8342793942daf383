// What the tests ask of the client. Its methods are wrapped where they are, and say what they were called and what they gave.
//
// ROOST_RECORD names the file. A line is one answer, `{"method":"DaemonClient.health","answer":{…}}`, and stands for a call that went
// well: a method that threw leaves no line. Of what is no JSON (a session, a stream's own object, nothing) only the method is said, as
// of what came over another transport than plain HTTP: there the Agent Client Protocol says what an answer looks like.

import { appendFileSync } from 'node:fs';
import * as daemon from '@qwen-code/sdk/daemon';
import * as transports from '@qwen-code/sdk/daemon/transports';

const isClass = (value) => typeof value === 'function' && /^class\b/.test(Function.prototype.toString.call(value));

/** Every class that the package exports for talking to a daemon, by its name; an error talks to nobody. */
export const CLASSES = new Map(
  Object.entries({ ...daemon, ...transports })
    .filter(([, value]) => isClass(value) && !(value.prototype instanceof Error))
    .sort(([one], [other]) => (one < other ? -1 : 1)),
);

/** The methods of a class as they are at run time, its own and its static ones, those meant to be private included. */
export function* methodsOf(of) {
  for (const holder of [of.prototype, of]) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(holder))) {
      if (typeof value === 'function' && name !== 'constructor') yield { holder, name, method: value };
    }
  }
}

const file = process.env.ROOST_RECORD;
if (file !== undefined) {
  for (const [className, of] of CLASSES) {
    for (const { holder, name, method } of methodsOf(of)) {
      const watched = watch(`${className}.${name}`, method);
      Object.defineProperty(holder, name, { ...Object.getOwnPropertyDescriptor(holder, name), value: watched });
    }
  }
}

function watch(name, method) {
  return function (...given) {
    const answer = method.apply(this, given);
    const isPlain = (this?.transport ?? this?.client?.transport)?.type === 'rest';
    const take = (value) => took(name, isPlain ? value : undefined);
    if (typeof answer?.then === 'function') {
      return answer.then((value) => {
        take(handle(name, value));
        return value;
      });
    }
    if (typeof answer?.next === 'function') return stream(take, answer);
    took(name);
    return answer;
  };
}

/** What a stream gives is recorded one by one; one that ended without a word went well, too. */
function stream(take, answers) {
  const step = async (kind, given) => {
    const step = await answers[kind](given);
    take(step.done ? undefined : step.value);
    return step;
  };
  return {
    next: (given) => step('next', given),
    return: (given) => step('return', given),
    throw: (given) => step('throw', given),
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** A sign-in that was begun is an object with methods of its own, and no class. */
function handle(name, value) {
  if (name !== 'DaemonAuthFlow.start') return value;
  for (const [method, act] of Object.entries(value)) {
    if (typeof act === 'function') value[method] = watch(`DaemonAuthFlowHandle.${method}`, act);
  }
  return value;
}

const known = new Set();

function took(method, answer) {
  const isObject = answer !== null && typeof answer === 'object';
  const isJson = isObject && [Object.prototype, Array.prototype].includes(Object.getPrototypeOf(answer));
  const line = JSON.stringify({ method, ...(isJson ? { answer } : {}) });
  if (known.has(line)) return;
  known.add(line);
  appendFileSync(file, `${line}\n`);
}
