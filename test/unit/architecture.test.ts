// SPDX-License-Identifier: MIT
/** That the rules of .dependency-cruiser.mjs notice when they are broken; and the same rules for native/. */
import { cruise, type ICruiseResult, type IFlattenedRuleSet, type ICruiseOptions } from 'dependency-cruiser';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const { default: architecture } = (await import(pathToFileURL(join(ROOT, '.dependency-cruiser.mjs')).href)) as { default: Required<IFlattenedRuleSet> & { options: ICruiseOptions } };

/** Files, and what each imports: as types only, as nothing else shows in what is compiled. */
type Tree = Readonly<Record<string, readonly string[]>>;

/** A tree that is as it should be, from top to bottom. */
const RIGHT: Tree = {
  'lib/cli/main.ts': ['../observe/top.js', 'node:fs'],
  'lib/observe/top.ts': ['../remote/client.js'],
  'lib/remote/client.ts': ['../board.js'],
  'lib/index.ts': ['./board.js'],
  'lib/board.ts': ['./workgroup/workgroup.js', './program/read.js', './transport/transport.js'],
  'lib/workgroup/workgroup.ts': ['../memory.js'],
  'lib/memory.ts': ['./device/index.js'],
  'lib/program/read.ts': ['../address.js', 'node:buffer'],
  'lib/transport/transport.ts': ['../device/index.js', '../address.js'],
  'lib/device/index.ts': ['../native.js', '../wait.js'],
  'lib/native.ts': ['./errors.js'],
  'lib/address.ts': ['./errors.js'],
  'lib/wait.ts': ['./errors.js'],
  'lib/errors.ts': ['node:util'],
  'scripts/ecore/fuzz.mjs': ['../../test/fixtures/damaged.mjs', '../lib/run.mjs'],
  'scripts/lib/run.mjs': ['node:child_process'],
  'test/fixtures/damaged.mjs': [],
  'test/unit/board.test.ts': ['../../lib/board.js', '../../scripts/ecore/fuzz.mjs'],
  'examples/hello.ts': ['../lib/index.js'],
};

/** How each rule is broken: by files that RIGHT does not have, or has otherwise. */
const SABOTAGE: Readonly<Record<string, Tree>> = {
  'observe-knows-only-below': { 'lib/observe/top.ts': ['../testing/board.js'], 'lib/testing/board.ts': [] },
  'debug-knows-only-below': { 'lib/debug/gdb.ts': ['../cli/main.js'] },
  'testing-knows-only-below': { 'lib/testing/board.ts': ['../debug/gdb.js'], 'lib/debug/gdb.ts': [] },
  'silicon-knows-only-below': { 'lib/silicon/probe.ts': ['../observe/top.js'] },
  'remote-knows-only-below': { 'lib/remote/client.ts': ['../observe/top.js'] },
  'classes-knows-only-below': { 'lib/workgroup/workgroup.ts': ['../remote/client.js'] },
  'program-knows-only-below': { 'lib/program/loader.ts': ['../board.js'] },
  'transport-knows-only-below': { 'lib/transport/transport.ts': ['../workgroup/workgroup.js'] },
  'device-knows-only-below': { 'lib/device/index.ts': ['../transport/transport.js'] },
  'native-knows-only-below': { 'lib/native.ts': ['./device/index.js'] },
  'pure-knows-only-below': { 'lib/address.ts': ['./native.js'] },
  'no-circles': { 'lib/workgroup/step.ts': ['./workgroup.js'], 'lib/workgroup/workgroup.ts': ['./step.js'] },
  'every-file-has-a-room': { 'lib/helpers.ts': ['./errors.js'] },
  'index-is-for-users': { 'lib/workgroup/workgroup.ts': ['../index.js'] },
  'nothing-unused': { 'lib/workgroup/forgotten.ts': ['../memory.js'] },
  'device-knows-no-epiphany': { 'lib/device/index.ts': ['../address.js'] },
  'pure-has-no-io': { 'lib/address.ts': ['node:fs'] },
  'few-touch-files': { 'lib/transport/transport.ts': ['node:fs/promises'] },
  'one-dependency': { 'lib/board.ts': ['typescript'], 'node_modules/typescript/index.js': [] },
  'library-stands-alone': { 'lib/board.ts': ['../scripts/ecore/fuzz.mjs'] },
  'examples-are-users': { 'examples/hello.ts': ['../lib/board.js'] },
  'scripts-take-only-fixtures-from-tests': { 'scripts/ecore/fuzz.mjs': ['../../test/unit/fake.js'], 'test/unit/fake.ts': [] },
  'scripts-share-what-knows-none-of-them': { 'scripts/lib/run.mjs': ['../ecore/fuzz.mjs'] },
  'no-test-needs-a-test': { 'test/unit/core.test.ts': ['./board.test.js'] },
  'nothing-missing': { 'lib/board.ts': ['./bord.js'] },
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'architecture-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Names of the rules that a tree breaks. */
async function broken(tree: Tree): Promise<string[]> {
  for (const [path, imports] of Object.entries(tree)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    const word = path.endsWith('.ts') ? 'import type' : 'import';
    writeFileSync(join(folder, path), [...imports.map((from) => `${word} {} from '${from}';`), 'export {};'].join('\n'));
  }
  const { tsConfig, ...options } = architecture.options;
  expect(tsConfig).toBeDefined(); // that of the repository, which would look for its own files
  const { output } = await cruise(['lib', 'scripts', 'test', 'examples'], { ...options, baseDir: folder, validate: true, ruleSet: { forbidden: architecture.forbidden } });
  return [...new Set((output as ICruiseResult).summary.violations.map(({ rule }) => rule.name))];
}

test('a tree with everything in its place breaks no rule', async () => {
  expect(await broken(RIGHT)).toEqual([]);
});

test('every rule is broken by a case of its own', () => {
  expect(Object.keys(SABOTAGE).sort()).toEqual(architecture.forbidden.map(({ name }) => name).sort());
});

test.each(Object.entries(SABOTAGE))('%s', async (rule, change) => {
  expect(await broken({ ...RIGHT, ...change })).toContain(rule);
});

describe('native/', () => {
  /** What each room may include, apart from system headers of C and C++; the first that fits counts. */
  const ROOMS: readonly (readonly [room: RegExp, may: RegExp])[] = [
    [/^chip\//, /^chip\//], // freestanding: QEMU has it, too
    [/^device\//, /^(device\/|napi\.h$|uv\.h$)/], // of any device
    [/^simulator\/(board|event_pipe|stepped_run)\./, /^(chip|simulator)\//], // without JavaScript
    [/^/, /^/], // knows both sides
  ];
  const OF_OTHERS = /^(napi|uv|node|v8|js_native)/;

  const names = (readdirSync(join(ROOT, 'native'), { recursive: true }) as string[]).filter((name) => /\.(cc|h)$/.test(name)).sort();
  const included = new Map(names.map((name) => [name, includesOf(readFileSync(join(ROOT, 'native', name), 'utf8'))]));

  function includesOf(text: string): string[] {
    return [...text.matchAll(/^#include (?:"([^"]+)"|<([^>]+)>)/gm)].flatMap(([, own, system = '']) => own ?? (OF_OTHERS.test(system) ? system : []));
  }

  function misplaced(name: string, includes: readonly string[]): string[] {
    const may = ROOMS.find(([room]) => room.test(name))?.[1] as RegExp;
    return includes.filter((other) => !may.test(other)).map((other) => `${name} includes ${other}`);
  }

  /** Headers that include each other, by way of whatever. */
  function circles(graph: ReadonlyMap<string, readonly string[]>): string[] {
    const reaches = (from: string, to: string, seen = new Set<string>()): boolean =>
      (graph.get(from) ?? []).some((next) => next === to || (!seen.has(next) && reaches(next, to, seen.add(next))));
    return [...graph.keys()].filter((name) => reaches(name, name));
  }

  test('chip and device know nothing of each other, and the chip nothing of Node', () => {
    expect(names.length).toBeGreaterThan(40);
    expect([...included].flatMap(([name, includes]) => misplaced(name, includes))).toEqual([]);
  });

  test('no header includes itself by way of others', () => {
    expect(circles(included)).toEqual([]);
  });

  test('both are noticed', () => {
    expect(misplaced('chip/core.cc', includesOf('#include <napi.h>\n#include "device/mapping.h"\n#include <cstdint>\n'))).toHaveLength(2);
    expect(misplaced('device/mapping.cc', includesOf('#include "chip/core.h"\n'))).toHaveLength(1);
    expect(misplaced('simulator/board.h', includesOf('#include "device/environment.h"\n'))).toHaveLength(1);
    expect(circles(new Map([['a.h', ['b.h']], ['b.h', ['c.h']], ['c.h', ['b.h']]]))).toEqual(['b.h', 'c.h']);
  });
});
