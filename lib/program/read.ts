// SPDX-License-Identifier: MIT
/** Reads a program in whatever format its file has. */
import { readElf } from './elf.js';
import { badProgram, type Program } from './program.js';
import { readSrec } from './srec.js';

/**
 * Reads the bytes of an ELF file or of S-records: their beginning tells which.
 * @param path names the file in errors and in the result
 * @throws EpiphanyError `ERR_EPIPHANY_BAD_PROGRAM`
 */
export function readProgram(bytes: Uint8Array, path: string): Program {
  const beginning = String.fromCharCode(...bytes.subarray(0, 4));
  if (beginning === '\x7fELF') return readElf(bytes, path);
  if (/^S\d/.test(beginning)) return readSrec(bytes, path);
  throw badProgram(path, 0, "this is no program: one begins with 0x7f 'ELF', or with 'S' and a digit if it is S-records");
}
