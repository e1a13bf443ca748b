// SPDX-License-Identifier: MIT
/** What the documents show must work as it stands there. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { runNode } from '../native/probe.js';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

function example(path: string): string {
  const [, code = ''] = /^```ts\n(.*?)^```$/ms.exec(read(path)) ?? [];
  return ts.transpileModule(code, { compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext } }).outputText;
}

describe('the README', () => {
  it('has an example that runs and prints what it says', async () => {
    const { code, stdout, stderr } = await runNode(example('README.md'));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('E16G301: 4 × 4 cores\n');
    expect(stdout).toContain('Uint8Array(4) [ 0, 0, 40, 66 ]\n');
    expect(stdout).toContain('a core sent 0x84a00001\n');
  });

  it('has an example of about twenty lines', () => {
    const [, code = ''] = /^```ts\n(.*?)^```$/ms.exec(read('README.md')) ?? [];
    expect(code.split('\n').length).toBeLessThanOrEqual(22);
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
