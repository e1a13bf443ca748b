// SPDX-License-Identifier: MIT
/** What the documents show must work as it stands there. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runNode } from '../native/probe.js';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

/** The examples of a document, in TypeScript: together they are one program. */
function example(path: string): string {
  return [...read(path).matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code).join('');
}

const DOCUMENTS = ['README.md', ...readdirSync(new URL('../../docs', import.meta.url)).map((name) => `docs/${name}`)];

/** Declarations that every program here includes, parsed once. */
const parsed = new Map<string, ts.SourceFile>();

/** What the compiler of a strict user says to modules that import this package, by their names. */
function diagnose(modules: Readonly<Record<string, string>>): string[] {
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext,
    lib: ['lib.es2022.d.ts', 'lib.esnext.disposable.d.ts'], types: ['node'], strict: true, noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true, noEmit: true, skipLibCheck: false,
  };
  const files = new Map(Object.entries(modules).map(([name, code]) => [fileURLToPath(new URL(`../../${name}.ts`, import.meta.url)), code]));
  const host = ts.createCompilerHost(options);
  const { readFile, fileExists } = host;
  host.fileExists = (path) => files.has(path) || fileExists(path);
  host.getSourceFile = (path, version) => {
    const code = files.get(path);
    if (code !== undefined) return ts.createSourceFile(path, code, version);
    if (!parsed.has(path)) parsed.set(path, ts.createSourceFile(path, readFile(path) ?? '', version));
    return parsed.get(path);
  };
  const program = ts.createProgram([...files.keys()], options, host);
  return ts.getPreEmitDiagnostics(program).map((diagnostic) => ts.formatDiagnostic(diagnostic, { ...host, getCurrentDirectory: () => fileURLToPath(new URL('../..', import.meta.url)) }));
}

/** What an example prints that is run as JavaScript. */
async function outputOf(code: string, cwd?: string): Promise<string> {
  const { outputText } = ts.transpileModule(code, { compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext } });
  const { code: exitCode, stdout, stderr } = await runNode(outputText, cwd === undefined ? {} : { cwd });
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  return stdout;
}

describe('the README', () => {
  /** A project in which this package is installed, as that of the reader is. */
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'epiphany-readme-'));
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(fileURLToPath(new URL('../..', import.meta.url)), join(folder, 'node_modules/node-epiphany'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('has an example of about twenty lines that runs and prints what it says', async () => {
    expect(example('README.md').split('\n').length).toBeLessThanOrEqual(22);
    const stdout = await outputOf(example('README.md'), folder);
    expect(stdout).toContain('E16G301: 4 × 4 cores\n');
    expect(stdout).toContain('Uint8Array(4) [ 0, 0, 40, 66 ]\n');
    expect(stdout).toContain('\nUint32Array(1) [ 76327283 ]\n');
    expect(stdout).toContain('a core sent 0x84a00001\n');
  });
});

describe('the documents', () => {
  it('have examples that compile for a strict user', () => {
    expect(diagnose(Object.fromEntries(DOCUMENTS.map((path) => [path, example(path)])))).toEqual([]);
    expect(diagnose({ wrong: "import { openBoard } from 'node-epiphany'; openBoard(5);" })).toHaveLength(1);
  });

  it('have an example of a run in steps that runs', async () => {
    const [first = ''] = example('docs/simulator.md').split('let isOver');
    expect(await outputOf(first)).toMatch(/^idle 487184 \[/);
  });

  it('link to files that exist', () => {
    for (const path of DOCUMENTS) {
      for (const [, target = ''] of read(path).matchAll(/\]\((?!https?:)([^)#]+)[^)]*\)/g)) {
        expect(existsSync(new URL(target, new URL(`../../${path}`, import.meta.url))), `${path}: ${target}`).toBe(true);
      }
    }
  });
});
