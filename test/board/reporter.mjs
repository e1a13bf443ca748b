// SPDX-License-Identifier: MIT
/** A reporter of node:test for machines: one JSON object in a line for each test, when it has ended. */
import { inspect } from 'node:util';

export default async function* report(events) {
  /** The test that has ended last: what it noted comes behind it. */
  let ended;
  for await (const { type, data } of events) {
    if (type === 'test:diagnostic') {
      ended?.notes.push(data.message);
      continue;
    }
    if (ended) yield `${JSON.stringify(ended)}\n`;
    ended = type === 'test:pass' || type === 'test:fail' ? resultOf(type, data) : undefined;
  }
}

const resultOf = (type, { name, skip, details }) => ({
  name,
  skip: skip === true ? 'no reason' : skip || undefined,
  error: type === 'test:fail' ? inspect(details.error.cause ?? details.error) : undefined,
  notes: [],
});
