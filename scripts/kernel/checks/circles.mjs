// SPDX-License-Identifier: MIT
// No file of the driver needs another that, directly or by way of others, needs it.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { filesIn } from './tools.mjs';

/** Comments and strings name what they do not use. */
const code = (text) => text.replaceAll(/\/\*[^]*?\*\/|\/\/.*|"(?:\\.|[^"\\])*"/g, ' ');

/** Functions and variables that a file gives to the others: those at its left margin that are not static. */
const given = (text) => [...text.matchAll(/^(?!static|extern|typedef|struct \w+;)[a-z][\w ]*[ *]\*?(epi_\w+)(?:\(|\[|;| =)/gm)].map(([, name]) => name);

/** Walks from `name` along `needs`; the first way that comes back to itself, or undefined. */
function circleFrom(name, needs, done, way = []) {
  if (way.includes(name)) return [...way.slice(way.indexOf(name)), name];
  if (done.has(name)) return undefined;
  for (const next of needs.get(name)) {
    const circle = circleFrom(next, needs, done, [...way, name]);
    if (circle) return circle;
  }
  done.add(name);
  return undefined;
}

export async function circles({ source }) {
  const texts = new Map(filesIn(source, /^(?!\w+_test)\w+\.c$/).filter((name) => name !== 'kunit.c').map((name) => [name, code(readFileSync(join(source, name), 'utf8'))]));
  const owners = new Map([...texts].flatMap(([name, text]) => given(text).map((symbol) => [symbol, name])));
  const needs = new Map([...texts].map(([name, text]) => [name, new Set((text.match(/\bepi_\w+/g) ?? []).map((symbol) => owners.get(symbol)).filter((owner) => owner && owner !== name))]));
  const done = new Set();
  for (const name of texts.keys()) {
    const circle = circleFrom(name, needs, done);
    if (circle) throw new Error(`files that need each other: ${circle.join(' -> ')}`);
  }
  return `${texts.size} files, ${owners.size} names`;
}
