/** One thing a reader of the stream learns. */
export type SseFrame =
  | { kind: "event"; id?: string; event: string; data: string }
  | { kind: "comment"; text: string }
  | { kind: "retry"; millis: number };

/** One event as the stream's `data` line carries it. */
export interface DaemonEvent {
  /** 1, 2, 3… per session. Absent on events that concern one subscriber only. */
  id?: number;
  v?: number;
  type: string;
  promptId?: string;
  data?: unknown;
  originatorClientId?: string;
  _meta?: { serverTimestamp?: number; [key: string]: unknown };
}

/** What an event moved: ids of entries, and names of what stands beside them. */
export interface Change {
  added: string[];
  changed: string[];
  removed: string[];
  side: ("turns" | "queue" | "permissions" | "usage" | "mode" | "model" | "title" | "commands" | "followup" | "end"
    | "resync" | "goal" | "config" | "recording" | "truncation")[];
}

export interface EntryBase {
  /** The same on every client, for as long as the entry lives. */
  id: string;
  /** The turn it belongs to. */
  turn?: string;
  promptId?: string;
  /** The sub-agent's call it belongs to. */
  parentToolCallId?: string;
  clientId?: string;
  /** When its first event was published, in milliseconds since 1970. */
  at?: number;
  /** When the last event folded into it was published. */
  until?: number;
}

/** One line of the transcript. */
export type Entry = EntryBase & (
  | { kind: "user"; blocks: ContentBlock[]; midTurn: boolean }
  | { kind: "assistant"; text: string }
  | { kind: "thought"; text: string }
  | { kind: "media"; content: ContentBlock }
  | ({ kind: "tool" } & ToolCall)
  | { kind: "plan"; steps: { content: string; priority: string; status: string }[] }
  | { kind: "error"; error: { message: string; code?: string; errorKind?: string; promptId?: string } }
  | { kind: "notice"; notice: NoticeKind; event: DaemonEvent }
  | {
      kind: "shell";
      command: string;
      cwd: string;
      output: string;
      result: { exitCode: number | null; signal: string | null; aborted: boolean } | null;
    }
);

export type NoticeKind = "modeChanged" | "modelSwitched" | "modelSwitchFailed" | "compaction" | "goal" | "sessionClosed"
  | "sessionDied" | "recordingDegraded" | "event" | "unknown" | "malformed";

/** A block of a message, as it stands on the wire. */
export type ContentBlock =
  | { type: "text"; text: string }
  | { type: "image" | "audio"; mimeType: string; data: string; uri?: string }
  | { type: "resource_link"; uri: string; name: string; title?: string; mimeType?: string; size?: number }
  | { type: "resource"; resource: { uri: string; mimeType?: string; text?: string; blob?: string } }
  | { type: string; [key: string]: unknown };

export type ToolContent =
  | { type: "content"; content: ContentBlock }
  | { type: "diff"; path: string; oldText: string | null; newText: string }
  | { type: "terminal"; terminalId: string }
  | { type: string; [key: string]: unknown };

export interface ToolCall {
  toolCallId: string;
  title: string;
  /** `read`, `edit`, `delete`, `move`, `search`, `execute`, `think`, `fetch`, `switch_mode`, `other`… */
  toolKind: string;
  /** `pending`, `in_progress`, `completed` or `failed`. */
  status: string;
  input: unknown;
  rawOutput: unknown;
  locations: { path: string; line?: number }[];
  content: ToolContent[];
  meta: Record<string, unknown>;
  /** What was asked before it could run, oldest first. */
  permissions: Permission[];
}

export interface Permission {
  requestId: string;
  toolCall: { toolCallId: string; title?: string; _meta?: Record<string, unknown>; [key: string]: unknown };
  options: { optionId: string; name: string; kind: string }[];
  state: "pending" | "resolved" | "orphaned";
  outcome?: { outcome: "selected" | "cancelled"; optionId?: string };
}

export interface Turn {
  id: string;
  promptId?: string;
  startedAt?: number;
  endedAt?: number;
  outcome: "running" | "ended" | "failed" | "abandoned";
  /** `end_turn`, `cancelled`, `max_tokens`… of a turn that ended. */
  stopReason?: string;
  /** Somebody asked for its end. */
  cancelled: boolean;
  usage: {
    inputTokens: number;
    outputTokens: number;
    totalTokens: number;
    thoughtTokens: number;
    cachedReadTokens: number;
  };
}

export interface QueuedPrompt {
  promptId: string;
  text: string;
  queuedAt?: number;
}

/** What is true of the session now. */
export interface SessionState {
  mode: string | null;
  model: string | null;
  title: string | null;
  availableCommands: AvailableCommand[];
  availableSkills: string[];
  configOptions: unknown;
  context: { used: number; size: number } | null;
  goal: unknown;
  followup: string | null;
  recordingDegraded: boolean;
  /** The stream or the session is over. */
  end: {
    cause: "session_closed" | "session_died" | "client_evicted" | "stream_error";
    details: Record<string, unknown>;
  } | null;
  /** The stream cannot be served exactly: load the session again. */
  resync: { reason: string; lastDeliveredId: number; earliestAvailableId: number } | null;
  truncation: Record<string, unknown> | null;
}

/** A command as an agent advertises it. */
export interface AvailableCommand {
  name: string;
  description?: string;
  input?: { hint: string } | null;
  _meta?: Record<string, unknown>;
}

/** An `available_commands_update`, or the answer of `GET /session/:id/supported-commands`. */
export interface Announcement {
  availableCommands?: AvailableCommand[];
  availableSkills?: string[];
  _meta?: Record<string, unknown>;
}

/** Who answers a text from the composer. */
export type Route =
  | { kind: "nothing" }
  /** The page performs it: by itself, or by a route of the daemon. */
  | { kind: "perform"; command: string; args: string; by: "page" | "daemon" }
  /** Send it as a prompt: the agent knows the command. */
  | { kind: "forward"; text: string }
  /** Send it as a prompt: it is ordinary text. */
  | { kind: "prompt"; text: string }
  | { kind: "shell"; command: string }
  /** Ask before it is sent as text. */
  | { kind: "unknown"; text: string; name: string; nearest?: string };

export interface Command {
  name: string;
  description: string;
  aliases: string[];
  category: "system" | "custom" | "skill";
  sourceLabel: string;
  /** An agent answers it. */
  advertised: boolean;
  /** The page performs it. */
  by?: "page" | "daemon";
  destructive: boolean;
}

export interface MenuRow {
  kind: "command" | "subcommand" | "value";
  group: "recent" | "commands" | "custom" | "skills" | "matches" | "arguments";
  label: string;
  /** What the query matched in the label. */
  marks: [number, number][];
  alias?: string;
  hint: string;
  description: string;
  sourceLabel: string;
  current: boolean;
  unavailable?: string;
}

export interface Chip {
  text: string;
  required: boolean;
  state: "done" | "current" | "pending";
  problem?: string;
}

/** A new state of the composer. */
export interface Edit {
  text: string;
  caret: number;
}

/** What Enter does. */
export type Enter =
  | { kind: "nothing" }
  | { kind: "run"; line: string }
  | { kind: "complete" | "needsArgument"; edit: Edit }
  | { kind: "sendAsText" }
  | { kind: "unknown"; unknown: { name: string; nearest?: string } }
  | { kind: "unavailable"; reason: string };

/** What the page knows at the moment. */
export interface PaletteContext {
  /** Names of commands used lately, the latest first. */
  recent?: string[];
  /** Values to complete, in the order to offer them. */
  values?: Partial<Record<"model" | "mode" | "session" | "skill" | "mcpServer" | "file",
    { text: string; label?: string; description?: string; current?: boolean }[]>>;
  /** Commands that cannot run now, with the reason. */
  unavailable?: Record<string, string>;
}
