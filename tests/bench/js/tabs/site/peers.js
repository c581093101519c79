/** The peers that can share a state between tabs; bundled, because they come as packages of npm. */

export { createMergeableStore } from "tinybase/mergeable-store";
export { createCustomSynchronizer } from "tinybase/synchronizers";
export { createBroadcastChannelSynchronizer } from "tinybase/synchronizers/synchronizer-broadcast-channel";
export * as Y from "yjs";
