// SPDX-License-Identifier: MIT
/** That scripts/lib/fresh.mjs notices whatever makes a product of the clone out of date, without asking the time. */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, afterEach, describe, expect, it, vi } from 'vitest';

// @ts-expect-error a script, without types
import { keepFresh as untyped } from '../../scripts/lib/fresh.mjs';

/** What happens right before a file is read, when it has been found. */
const hooks = vi.hoisted(() => ({ beforeRead: undefined as ((file: string) => void) | undefined }));
vi.mock(import('node:fs'), async (original) => {
  const fs = await original();
  const readFileSync = ((file: string, options?: 'utf8') => {
    hooks.beforeRead?.(file);
    return fs.readFileSync(file, options);
  }) as typeof fs.readFileSync;
  return { ...fs, readFileSync };
});

const keepFresh = untyped as (root: string, step: object, make: () => void) => boolean;

let root: string;
const path = (name: string): string => join(root, name);
const write = (name: string, text: string): void => writeFileSync(path(name), text);

const STEP = { name: 'thing', title: 'making the thing', ingredients: ['source', 'recipe'], apart: ['source/build'], product: 'build/thing' };
const make = (): void => {
  mkdirSync(path('build'), { recursive: true });
  copyFileSync(path('source/one.h'), path('build/thing'));
};
/** Whether it is made anew after something has happened; if so, then once. */
const isMadeAfter = (event: () => void): boolean => {
  event();
  const isMade = keepFresh(root, STEP, make);
  expect(keepFresh(root, STEP, make)).toBe(false);
  return isMade;
};

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'epiphany-fresh-'));
  mkdirSync(path('source/inner'), { recursive: true });
  for (const name of ['recipe', 'source/one.h', 'source/inner/two.h']) write(name, name);
  expect(keepFresh(root, STEP, make)).toBe(true);
});
afterEach(() => {
  hooks.beforeRead = undefined;
  rmSync(root, { recursive: true });
});

describe('a product of the clone', () => {
  it('is made anew for another content, whatever the time of its file', () => {
    expect(isMadeAfter(() => {
      write('source/inner/two.h', 'SOURCE/INNER/TWO.H');
      utimesSync(path('source/inner/two.h'), 0, 0);
    })).toBe(true);
    expect(isMadeAfter(() => utimesSync(path('source/inner/two.h'), new Date(), new Date()))).toBe(false);
  });

  it('is made anew when a file has come, gone or moved', () => {
    expect(isMadeAfter(() => write('source/three.h', ''))).toBe(true);
    expect(isMadeAfter(() => renameSync(path('source/three.h'), path('source/inner/three.h')))).toBe(true);
    expect(isMadeAfter(() => rmSync(path('source/inner'), { recursive: true }))).toBe(true);
    expect(isMadeAfter(() => rmSync(path('recipe')))).toBe(true);
  });

  it('is made anew when it is gone, or is what somebody else has put there', () => {
    expect(isMadeAfter(() => rmSync(path('build/thing')))).toBe(true);
    expect(isMadeAfter(() => write('build/thing', 'of another clone'))).toBe(true);
    expect(readFileSync(path('build/thing'), 'utf8')).toBe('source/one.h');
  });

  it('stays for what is not in it', () => {
    expect(isMadeAfter(() => {
      mkdirSync(path('source/build'));
      write('source/build/one.o', '');
      write('build/other', '');
    })).toBe(false);
  });

  it('is not taken for fresh after an attempt that failed, though its files are as they were', () => {
    write('source/one.h', 'wrong');
    expect(() => keepFresh(root, STEP, () => {
      make();
      throw new Error('the linker does not like it');
    })).toThrow('the linker does not like it');
    expect(isMadeAfter(() => write('source/one.h', 'source/one.h'))).toBe(true);
    expect(readFileSync(path('build/thing'), 'utf8')).toBe('source/one.h');
  });

  it('is missed when nothing was made', () => {
    rmSync(path('build'), { recursive: true });
    expect(() => keepFresh(root, STEP, () => undefined)).toThrow('making the thing: there is no build/thing now');
    expect(keepFresh(root, STEP, make)).toBe(true);
  });

  it('is made of files that did not change meanwhile, or refused', () => {
    let count = 0;
    write('source/one.h', 'first');
    expect(keepFresh(root, STEP, () => {
      make();
      if (++count === 1) write('source/one.h', 'second');
    })).toBe(true);
    expect(readFileSync(path('build/thing'), 'utf8')).toBe('second');
    write('recipe', 'another');
    expect(() => keepFresh(root, STEP, () => {
      make();
      write('source/one.h', String(++count));
    })).toThrow('making the thing: the files that it takes do not stay as they are');
    expect(existsSync(path('build/thing'))).toBe(true);
  });

  it.each(['source/one.h', 'source/inner/two.h', 'build/thing', 'node_modules/.node-epiphany/thing'])('is made anew when another run deletes a file in the moment it is looked at: %s', (name) => {
    const contents = readFileSync(path(name), 'utf8');
    hooks.beforeRead = (file) => {
      if (file !== path(name)) return;
      hooks.beforeRead = undefined;
      rmSync(file);
    };
    expect(keepFresh(root, STEP, () => {
      write(name, contents);
      make();
    })).toBe(true);
    expect(hooks.beforeRead).toBeUndefined();
    expect(keepFresh(root, STEP, make)).toBe(false);
  });
});
