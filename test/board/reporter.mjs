// SPDX-License-Identifier: MIT
/** A reporter of node:test for machines: one JSON object in a line for each test, when it has ended. */
import { inspect } from 'node:util';

export default async function* report(events) {
  let notes = [];
  for await (const { type, data } of events) {
    if (type === 'test:diagnostic') notes.push(data.message);
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    const { name, skip, details } = data;
    const error = type === 'test:fail' ? inspect(details.error.cause ?? details.error) : undefined;
    yield `${JSON.stringify({ name, skip: skip === true ? 'no reason' : skip || undefined, error, notes, milliseconds: details.duration_ms })}\n`;
    notes = [];
  }
}
