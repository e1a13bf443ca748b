// SPDX-License-Identifier: MIT
/**
 * All that is tested on a board, virtual or real. Cases are plain functions over node:assert: run(open, { path, note }),
 * where `note` adds a line to the report. Those of system/ may have `features` that a board has to have.
 */
import { readdirSync } from 'node:fs';

import { openBoard } from 'node-epiphany';

import { cases as conformance } from '../../dist/conformance/cases.js';
import { openByOldInterface } from './old-interface.mjs';

/** Files of system/ that bring no cases. */
const OTHERS = ['tools.mjs'];

const folder = new URL('system/', import.meta.url);
const names = readdirSync(folder).filter((name) => name.endsWith('.mjs') && !OTHERS.includes(name)).sort();
const system = await Promise.all(names.map(async (name) => ({ title: name.replace('.mjs', ''), open: openBoard, cases: (await import(new URL(name, folder).href)).cases })));

/** { title, open, cases }, in the order in which they run; `open(path)` gives the cases' board. */
export const suites = [
  { title: 'conformance', open: openBoard, cases: conformance },
  { title: 'conformance by the 5.4-era interface', open: openByOldInterface, cases: conformance },
  ...system,
];

/** What a case is called in a report. */
export const fullName = ({ title }, { name }) => `${title}: ${name}`;

/** Whether a case is wanted by somebody who wants those with `text` in their name. */
export const isWanted = (suite, each, text = '') => fullName(suite, each).includes(text);
