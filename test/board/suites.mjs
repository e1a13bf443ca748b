// SPDX-License-Identifier: MIT
/**
 * All that is tested on a board, virtual or real. Cases are plain functions over node:assert: run(open, { note, path }),
 * where `note` adds a line to the report. On the board node:test runs them; a host shows what came of them.
 */
import { readdirSync } from 'node:fs';

import { cases as conformance } from '../../dist/conformance/cases.js';

const folder = new URL('system/', import.meta.url);
const names = readdirSync(folder).filter((name) => name.endsWith('.mjs')).sort();
const system = await Promise.all(names.map(async (name) => ({ title: name.replace('.mjs', ''), cases: (await import(new URL(name, folder).href)).cases })));

/** { title, cases }, in the order in which they run. */
export const suites = [{ title: 'conformance', cases: conformance }, ...system];

/** What a case is called in a report. */
export const fullName = ({ title }, { name }) => `${title}: ${name}`;

/** Whether a case is wanted by somebody who wants those with `text` in their name. */
export const isWanted = (suite, each, text = '') => fullName(suite, each).includes(text);
