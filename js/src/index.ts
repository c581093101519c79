/** The package `statehall`: what a user imports. */

export { broadcastChannel, messagePort, type Port } from "./channel.js";
export type * from "./contract.js";
export { type Code, StatehallError } from "./error.js";
export { openHall } from "./open.js";
