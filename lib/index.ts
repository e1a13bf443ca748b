// SPDX-License-Identifier: MIT
/// <reference lib="es2022" preserve="true" />
/// <reference lib="esnext.disposable" preserve="true" />
/** The public face of node-epiphany. Character devices of any other kind: `node-epiphany/device`. */
export {
  coreId,
  coreIdAt,
  emeshAddress,
  formatCoreId,
  localAddress,
  meshCoordinate,
  splitEmeshAddress,
  SRAM_BYTES,
  type Coordinate,
  type CoreId,
  type EmeshAddress,
  type LocalAddress,
  type Rectangle,
} from './address.js';
export { Board, listBoards, openBoard, type BoardEntry, type GroupOptions, type WorkGroup } from './board.js';
export { type Chip, type ChipType, type SharedDram } from './chip.js';
export { Core, type WordWaitOptions } from './core.js';
export { type Dma, type DmaOptions, type DmaPlace } from './dma.js';
export { type Dram, type DramBuffer, type DramOptions } from './dram.js';
export { EpiphanyError, type EpiphanyErrorCode, type SystemError } from './errors.js';
export { type EventQueue } from './transport/event-queue.js';
export { type RegisterFile, type RegisterOf, type RegisterValue } from './register-file.js';
export {
  CORE_REGISTERS,
  ELINK_REGISTERS,
  EXCEPTION_CAUSES,
  INTERRUPTS,
  type CoreRegisterName,
  type ElinkRegisterName,
  type FieldSpec,
  type InterruptName,
  type RegisterAccess,
  type RegisterSpec,
} from './registers.js';
export { type CoreInspection, type Injection, type InstructionCounts, type RunOptions, type RunOutcome, type Simulator } from './simulator.js';
export { type TraceEntry } from './trace.js';
export { type BoardEvent, type BoardEventType, type HaltReason, type MailboxMessage, type ResetScope } from './transport/events.js';
export { type SimulatorOptions } from './transport/simulator.js';
export { type Violation, type ViolationKind } from './violations.js';
export { type BoardStatus, type DriverFeature, type Features, type OnRelease } from './transport/transport.js';
export { layout, type Layout, type StructValue } from './program/layout.js';
export { type Program, type ProgramSymbol, type Section, type Segment } from './program/program.js';
export { type Output, type OutputStream } from './workgroup/output.js';
export { type InputSource } from './workgroup/input.js';
export { type HostServices } from './workgroup/semihosting.js';
export { type Variable } from './workgroup/variable.js';
export { type CoreState, type Fault } from './workgroup/core-state.js';
export { type GroupCore } from './workgroup/group-core.js';
export { type LoadOptions, type LoadOutcome } from './workgroup/load.js';
export { type WaitOptions } from './device/index.js';
