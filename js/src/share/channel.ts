/**
 * Adapters: what carries frames between the sessions of one hall.
 *
 * An adapter moves bytes and nothing else. It may lose, double and reorder them: the kernel notices. Whoever writes one
 * implements `Adapter` in a few lines; these two come with the package.
 */

import type { Adapter } from "../contract.js";
import { StatehallError } from "../error.js";

const NOTHING = new Uint8Array(0);

/** What arrived, if it is bytes; otherwise an empty frame, which is counted and reported as invalid. */
function frameOf(data: unknown): Uint8Array {
  return data instanceof Uint8Array ? data : data instanceof ArrayBuffer ? new Uint8Array(data) : NOTHING;
}

/** Tabs, workers and frames of one origin; in Node, the threads of one process. */
export function broadcastChannel(): Adapter {
  let channel: BroadcastChannel | undefined;
  return {
    open({ name, receive }) {
      if (typeof BroadcastChannel === "undefined") {
        const instead = "open the hall with share: false, or with adapters of your own";
        throw new StatehallError("unsupported", `this platform has no BroadcastChannel; ${instead}`);
      }
      channel = openChannel(`statehall/${name}`);
      channel.onmessage = (event: MessageEvent) => receive(frameOf(event.data));
      // Bytes that this realm cannot even read: as good as damaged.
      channel.onmessageerror = () => receive(NOTHING);
    },
    send(frame) {
      channel?.postMessage(frame);
    },
    close() {
      channel?.close();
      channel = undefined;
    },
  };
}

/** A channel that keeps no process alive. Deno's own would; the one that it has for Node's programs can be told not to. */
export function openChannel(name: string): BroadcastChannel {
  const { Deno, process } = globalThis as {
    Deno?: unknown;
    process?: { getBuiltinModule?(name: string): { BroadcastChannel: typeof BroadcastChannel } };
  };
  const threads = Deno === undefined ? undefined : process?.getBuiltinModule?.("node:worker_threads");
  const channel = threads ? new threads.BroadcastChannel(name) : new BroadcastChannel(name);
  (channel as { unref?: () => void }).unref?.();
  return channel;
}

/** A MessagePort, Worker, or Node's `Worker` and `parentPort`: whatever has `postMessage` and message events. */
export interface Port {
  postMessage(message: unknown): void;
  start?(): void;
  unref?(): void;
  addEventListener?(type: "message", listener: (event: { data: unknown }) => void): void;
  removeEventListener?(type: "message", listener: (event: { data: unknown }) => void): void;
  on?(type: "message", listener: (data: unknown) => void): unknown;
  off?(type: "message", listener: (data: unknown) => void): unknown;
}

/** One other session, at the far end of a port. The port stays open when the hall is closed. */
export function messagePort(port: Port): Adapter {
  let leave: (() => void) | undefined;
  let listening = false;
  return {
    open({ receive }) {
      listening = true;
      if (port.addEventListener) {
        const listener = (event: { data: unknown }) => receive(frameOf(event.data));
        port.addEventListener("message", listener);
        port.start?.();
        // A listening port would keep Node alive. A Worker is its owner's to keep or to let go.
        if (!("terminate" in port)) port.unref?.();
        leave = () => port.removeEventListener?.("message", listener);
      } else if (port.on) {
        const listener = (data: unknown) => receive(frameOf(data));
        port.on("message", listener);
        leave = () => port.off?.("message", listener);
      } else throw new StatehallError("invalid-argument", "a port has addEventListener or on, and postMessage");
    },
    send(frame) {
      if (listening) port.postMessage(frame);
    },
    close() {
      listening = false;
      leave?.();
      leave = undefined;
    },
  };
}
