// SPDX-License-Identifier: MIT
/// <reference lib="es2022" preserve="true" />
/// <reference lib="esnext.disposable" preserve="true" />
/**
 * Character devices for Node: open, ioctl, zero-copy mmap, pread and pwrite, waiting by poll.
 * Knows nothing of the Epiphany and serves any device.
 */
export { CharDevice, type MapOptions, type OpenOptions } from './char-device.js';
export { Mapping, type MappingAccess } from './mapping.js';
export { MemoryMapping } from './memory-mapping.js';
export { ioctlArgumentBytes, ioctlRequest, type RequestDirection } from './request.js';
export { Watcher, type PollEvent } from './watcher.js';
export { isWindow, type Float32Window, type Int32Window, type Uint32Window } from './window.js';
export { EpiphanyError, type EpiphanyErrorCode, type SystemError } from '../errors.js';
export { type WaitOptions } from '../wait.js';
