// SPDX-License-Identifier: MIT
/** Reads a program in whatever format its file has. */
import { readElf } from './elf.js';
import { badProgram, type Program } from './program.js';
import { readSrec } from './srec.js';

type Reader = (bytes: Uint8Array, path: string) => Program;

/** So many bytes tell the format. */
export const BEGINNING_BYTES = 4;

/**
 * Reads the bytes of an ELF file or of S-records: their beginning tells which.
 * @param path names the file in errors and in the result
 * @throws EpiphanyError `ERR_EPIPHANY_BAD_PROGRAM`
 */
export function readProgram(bytes: Uint8Array, path: string): Program {
  return readerOf(bytes, path)(bytes, path);
}

/** Checks that bytes begin as a program does. @throws as {@link readProgram} */
export function checkBeginning(bytes: Uint8Array, path: string): void {
  readerOf(bytes, path);
}

function readerOf(bytes: Uint8Array, path: string): Reader {
  const beginning = String.fromCharCode(...bytes.subarray(0, BEGINNING_BYTES));
  if (beginning === '\x7fELF') return readElf;
  if (/^S\d/.test(beginning)) return readSrec;
  throw badProgram(path, 0, "this is no program: one begins with 0x7f 'ELF', or with 'S' and a digit if it is S-records");
}
