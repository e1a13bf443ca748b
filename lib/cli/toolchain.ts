// SPDX-License-Identifier: MIT
/** The tools for the Epiphany: what the user has on PATH, else what `npm run ecore:toolchain` built, else those of Adapteva's SDK. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, isAbsolute, join } from 'node:path';

/** The tool of a name such as `gcc` or `addr2line`; undefined if there is none. */
export function findTool(name: string): string | undefined {
  const onPath = (file: string): string[] => (process.env['PATH'] ?? '').split(delimiter).filter(isAbsolute).map((directory) => join(directory, file));
  return [...onPath(`epiphany-elf-${name}`), join(cacheHome(), `node-epiphany/toolchain/bin/epiphany-elf-${name}`), ...onPath(`e-${name}`)].find(isExecutable);
}

/** Lines in the source of a program, as `file.c:12`: where its file tells them, and a tool is there that reads them. */
export class SourceLines {
  readonly #program: string;
  readonly #tool: string | undefined;

  constructor(program: string) {
    this.#program = program;
    // What came through a pipe has gone.
    this.#tool = statSync(program, { throwIfNoEntry: false })?.isFile() ? findTool('addr2line') : undefined;
  }

  of(address: number): string | undefined {
    if (this.#tool === undefined) return undefined;
    // It is no reason to wait for ever, nor to fail, if that does.
    const { status, stdout } = spawnSync(this.#tool, ['-s', '-e', this.#program, `0x${address.toString(16)}`], { encoding: 'utf8', timeout: 10_000, stdio: ['ignore', 'pipe', 'ignore'] });
    return status === 0 ? /^(.+:[1-9]\d*)(?: |$)/m.exec(stdout)?.[1] : undefined;
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile(); // directories are executable, too
  } catch {
    return false;
  }
}

/** As scripts/ecore/toolchain.mjs has it: by the XDG rule a relative path counts as unset. */
function cacheHome(): string {
  const set = process.env['XDG_CACHE_HOME'] ?? '';
  return isAbsolute(set) ? set : join(homedir(), '.cache');
}
