// SPDX-License-Identifier: MIT
/** What the documents show must work as it stands there. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { runNode } from '../native/probe.js';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

/** The first example of a document, in TypeScript. */
function example(path: string): string {
  return /^```ts\n(.*?)^```$/ms.exec(read(path))?.[1] ?? '';
}

/** Declarations that every program here includes, parsed once. */
const parsed = new Map<string, ts.SourceFile>();

/** What the compiler of a strict user says to a program that imports this package. */
function diagnose(code: string): string[] {
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext,
    lib: ['lib.es2022.d.ts', 'lib.esnext.disposable.d.ts'], types: ['node'], strict: true, noEmit: true, skipLibCheck: false,
  };
  const file = fileURLToPath(new URL('../../example.ts', import.meta.url));
  const host = ts.createCompilerHost(options);
  const { readFile, fileExists } = host;
  host.fileExists = (path) => path === file || fileExists(path);
  host.getSourceFile = (path, version) => {
    if (path === file) return ts.createSourceFile(path, code, version);
    if (!parsed.has(path)) parsed.set(path, ts.createSourceFile(path, readFile(path) ?? '', version));
    return parsed.get(path);
  };
  const program = ts.createProgram([file], options, host);
  return ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '));
}

describe('the README', () => {
  it('has an example that runs and prints what it says', async () => {
    const { outputText } = ts.transpileModule(example('README.md'), { compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext } });
    const { code, stdout, stderr } = await runNode(outputText);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('E16G301: 4 × 4 cores\n');
    expect(stdout).toContain('Uint8Array(4) [ 0, 0, 40, 66 ]\n');
    expect(stdout).toContain('a core sent 0x84a00001\n');
  });

  it('has an example of about twenty lines, which compiles for a strict user', () => {
    expect(example('README.md').split('\n').length).toBeLessThanOrEqual(22);
    expect(diagnose(example('README.md'))).toEqual([]);
    expect(diagnose("import { openBoard } from 'node-epiphany'; openBoard(5);")).toHaveLength(1);
  });

  it('and the page on the device layer have examples that compile', () => {
    expect(diagnose(example('docs/device.md'))).toEqual([]);
  });

  it('and the documents link to files that exist', () => {
    const documents = ['README.md', ...readdirSync(new URL('../../docs', import.meta.url)).map((name) => `docs/${name}`)];
    for (const path of documents) {
      for (const [, target = ''] of read(path).matchAll(/\]\((?!https?:)([^)#]+)[^)]*\)/g)) {
        expect(existsSync(new URL(target, new URL(`../../${path}`, import.meta.url))), `${path}: ${target}`).toBe(true);
      }
    }
  });
});
