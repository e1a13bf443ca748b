// SPDX-License-Identifier: MIT
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';

// @ts-expect-error a script, without types
import { upstreamFiles } from '../../scripts/kernel/upstream.mjs';

const scratch = mkdtempSync(join(tmpdir(), 'kernel-upstream-'));
const driver = join(scratch, 'kernel');
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
beforeEach(() => {
  rmSync(driver, { recursive: true, force: true });
  cpSync(fileURLToPath(new URL('../../kernel', import.meta.url)), driver, { recursive: true });
});

const files = (): Map<string, string> => new Map(upstreamFiles(driver) as [string, string][]);
const insert = (name: string, line: string, before: string): void => {
  const path = join(driver, name);
  const text = readFileSync(path, 'utf8');
  if (!text.includes(before)) throw new Error(`${name} has no ${before}`);
  writeFileSync(path, text.replace(before, `${line}\n${before}`));
};

describe('the driver for the kernel’s developers', () => {
  it('is without what serves older kernels and old programs, and all else is there', () => {
    const names = [...files().keys()].map((path) => basename(path));
    for (const name of ['compat.h', 'legacy.c', 'legacy.h', 'legacy_mailbox.c', 'epiphany_legacy.h', 'Makefile']) expect(names).not.toContain(name);
    for (const name of ['main.c', 'elink.c', 'mailbox.c', 'Kbuild', 'Kconfig', 'epiphany.h', 'adapteva,elink.yaml']) expect(names).toContain(name);
    for (const [path, text] of files()) expect(`${path}: ${/.*(?:legacy|compat\.h|KBUILD_EXTMOD|LINUX_VERSION_CODE).*/i.exec(text)?.[0] ?? 'clean'}`).toBe(`${path}: clean`);
  });

  it('leaves every other line as it is', () => {
    const own = readFileSync(join(driver, 'layout.c'), 'utf8');
    expect(files().get('drivers/misc/epiphany/layout.c')).toBe(own);
  });

  it.each([
    ['a condition', '\tif (irq)\n\t\tepi_legacy_clear(elink);'],
    ['an else', '\tif (irq)\n\t\tdrain(irq, elink);\n\telse\n\t\tepi_legacy_clear(elink);'],
    ['a statement of two lines', '\tepi_legacy_put(elink,\n\t\t       1);'],
    ['the end of a statement', '\tdrain(irq,\n\t      epi_legacy_init(elink));'],
  ])('refuses to take a line away from %s', (_what, line) => {
    insert('mailbox.c', line, '\t/* A line that is up for nothing');
    expect(files).toThrow(/^mailbox\.c:\d+: what is left out is no statement of its own: .*legacy/);
  });

  it('says so when a file has no longer what it replaces', () => {
    writeFileSync(join(driver, 'class.c'), '/* nothing */\n');
    expect(files).toThrow('class.c has nothing like EPI_DEVNODE_CONST');
  });
});
