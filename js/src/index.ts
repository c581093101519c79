/** The package `statehall`: what a user imports. */

export type * from "./contract.js";
export { type Code, StatehallError } from "./error.js";
export type * from "./handle.js";
export type * from "./machine/contract.js";
export { openHall } from "./open.js";
export { broadcastChannel, messagePort, type Port } from "./share/channel.js";
export { contextFromValue, contextToValue } from "./strict/record.js";
export type {
  Declaration,
  Declarations,
  Declared,
  ExportedVariable,
  ExportedVariables,
  Settable,
  Shown,
  Tensor,
  Variable,
  VariableChange,
  VariableChanges,
  VariableWatchOptions,
} from "./variable/contract.js";
