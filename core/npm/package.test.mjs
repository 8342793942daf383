// The npm package as Node sees it. Run by `cargo xtask npm`, which names the package's folder in ROOST_NPM.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";

const folder = process.env.ROOST_NPM;
const { Palette, SseParser, Transcript } = createRequire(join(folder, "package.json"))("@roost/core");

const recording = (name) => readFileSync(fileURLToPath(new URL(`../tests/recordings/${name}.sse`, import.meta.url)));

/** The events of a stream that arrives in pieces of `size` bytes. */
function events(bytes, size) {
  const parser = new SseParser();
  const found = [];
  for (let at = 0; at < bytes.length; at += size) {
    found.push(...parser.push(bytes.subarray(at, at + size)).filter((frame) => frame.kind === "event"));
  }
  return found;
}

function reduce(frames) {
  const transcript = new Transcript();
  for (const frame of frames) transcript.applyJson(frame.data);
  return transcript;
}

test("a stream reads the same however it is cut", () => {
  const bytes = recording("tools-allowed");
  const whole = events(bytes, bytes.length);
  assert.ok(whole.length > 20);
  assert.deepEqual(events(bytes, 7), whole);
});

test("frames of every kind are told apart", () => {
  const parser = new SseParser();
  const frames = parser.push(Buffer.from("retry: 3000\n\n: heartbeat\n\nid: 7\nevent: x\ndata: {}\n\nevent: y\ndata: 1\n\n"));
  assert.deepEqual(frames, [
    { kind: "retry", millis: 3000 },
    { kind: "comment", text: "heartbeat" },
    { kind: "event", id: "7", event: "x", data: "{}" },
    { kind: "event", event: "y", data: "1" },
  ]);
  assert.equal(parser.lastEventId, "7");
});

test("a stream that breaks its bound throws, and stays broken", () => {
  const parser = new SseParser(16);
  assert.throws(() => parser.push(Buffer.from("data: " + "x".repeat(20))), /longer than 16 bytes/);
  assert.throws(() => parser.push(Buffer.from("\n\n")));
});

test("a recorded session becomes a transcript with its questions, calls and answers", () => {
  const frames = events(recording("tools-allowed"), 4096);
  const transcript = reduce(frames);
  const entries = transcript.entries();
  assert.deepEqual(transcript.ids(), entries.map((entry) => entry.id));
  const kinds = new Set(entries.map((entry) => entry.kind));
  for (const kind of ["user", "assistant", "tool"]) assert.ok(kinds.has(kind), kind);
  const call = entries.find((entry) => entry.kind === "tool" && entry.permissions.length > 0);
  assert.equal(call.status, "completed");
  assert.equal(call.permissions[0].state, "resolved");
  assert.ok(call.permissions[0].options.some((option) => option.optionId === call.permissions[0].outcome.optionId));
  assert.deepEqual(transcript.entry(call.id), call);
  assert.equal(transcript.entry("999999"), undefined);
  assert.deepEqual(transcript.waiting(), []);
  const [turn] = transcript.turns();
  assert.deepEqual([turn.outcome, turn.stopReason], ["ended", "end_turn"]);
  assert.ok(turn.usage.inputTokens > 0);
  const last = frames.map((frame) => JSON.parse(frame.data).id).filter(Number.isInteger).at(-1);
  assert.equal(transcript.lastEventId, last);
});

test("an event changes what it says it changes, and once", () => {
  const transcript = new Transcript();
  const chunk = (id, text) => ({
    id,
    type: "session_update",
    data: { sessionId: "s", update: { sessionUpdate: "agent_message_chunk", content: { type: "text", text } } },
  });
  const { added } = transcript.apply(chunk(1, "Hel"));
  assert.equal(added.length, 1);
  assert.deepEqual(transcript.apply(chunk(2, "lo 🦀")).changed, added);
  assert.deepEqual(transcript.apply(chunk(2, "lo 🦀")), { added: [], changed: [], removed: [], side: [] });
  assert.equal(transcript.entry(added[0]).text, "Hello 🦀");
  assert.equal(transcript.sessionId, "s");
  assert.throws(() => transcript.apply({ id: 3 }), /type/);
});

test("what an agent advertises and what the page performs are one palette", () => {
  const announcement = { availableCommands: [{ name: "deploy", description: "Ship it", input: { hint: "<where>" } }] };
  const palette = new Palette(announcement, ["model", "clear"]);
  assert.deepEqual(palette.route("/model qwen"), { kind: "perform", command: "model", args: "qwen", by: "daemon" });
  assert.deepEqual(palette.route("/deploy now"), { kind: "forward", text: "/deploy now" });
  assert.deepEqual(palette.route(" hello "), { kind: "prompt", text: "hello" });
  assert.deepEqual(palette.route("!ls"), { kind: "shell", command: "ls" });
  assert.deepEqual(palette.route("/deplyo"), { kind: "unknown", text: "/deplyo", name: "deplyo", nearest: "deploy" });
  assert.deepEqual(palette.route(""), { kind: "nothing" });
  const names = palette.commands().map((command) => command.name);
  assert.ok(names.includes("deploy") && names.includes("model") && !names.includes("rewind"));
});

test("a slash command is completed as it is typed", () => {
  const palette = new Palette({}, ["model"]);
  const menu = palette.suggest("/mod");
  assert.equal(menu.rows[0].label, "/model");
  assert.deepEqual(menu.rows[0].marks, [[1, 4]]);
  assert.deepEqual(menu.tab(), { text: "/model ", caret: 7 });
  assert.deepEqual(menu.enter(), { kind: "complete", edit: { text: "/model ", caret: 7 } });
  const values = { model: [{ text: "crab-🦀-1" }, { text: "qwen" }] };
  const models = palette.suggest("/model cr", 9, { values });
  assert.deepEqual(models.rows.map((row) => row.label), ["crab-🦀-1"]);
  assert.deepEqual(models.accept(0), { text: "/model crab-🦀-1 ", caret: 17 });
});

test("the build for pages is the same core", async () => {
  const web = await import(pathToFileURL(join(folder, "web/roost_core.js")));
  web.initSync({ module: readFileSync(join(folder, "web/roost_core_bg.wasm")) });
  const transcript = new web.Transcript();
  for (const frame of events(recording("slash"), 4096)) transcript.applyJson(frame.data);
  assert.deepEqual(transcript.entries(), reduce(events(recording("slash"), 4096)).entries());
});

test("every export has its TypeScript type", () => {
  const types = readFileSync(join(folder, "node/roost_core.d.ts"), "utf8");
  for (const declared of [
    "export class SseParser", "push(chunk: Uint8Array | number[]): SseFrame[]", "export class Transcript", "entries(): Entry[]",
    "apply(event: DaemonEvent): Change", "export class Palette", "route(text: string): Route", "export type SseFrame",
  ]) {
    assert.ok(types.includes(declared), declared);
  }
});
