// SPDX-License-Identifier: MIT
/** What programs can reach: at run time, and by the types that are shipped. Both must be what is listed here. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { afterAll, describe, expect, it } from 'vitest';
import * as device from '../../lib/device/index.js';
import * as library from '../../lib/index.js';

const MODULES: Readonly<Record<string, readonly [module: object, names: string]>> = {
  'node-epiphany': [library, 'Board CORE_REGISTERS Core ELINK_REGISTERS EXCEPTION_CAUSES EpiphanyError INTERRUPTS SRAM_BYTES coreId coreIdAt emeshAddress formatCoreId layout listBoards localAddress meshCoordinate openBoard splitEmeshAddress'],
  'node-epiphany/device': [device, 'CharDevice EpiphanyError Mapping MemoryMapping Watcher ioctlArgumentBytes ioctlRequest isWindow'],
};

/** Of each class, whose objects a program gets: members, those of the class itself after "static". */
const CLASSES: Readonly<Record<string, string>> = {
  Board: 'acknowledgeReset chip close closed core coreById cores dma dram elink elinkVersion events features kind mailbox path reset sharedDram sharedDramMapping simulator status workgroup',
  CharDevice: 'close closed fd ioctl lock map mapMemory path pread pwrite read ready static:open tryRead watch write',
  Core: 'address column fill float32 id int32 read readInto readRegister readWord registers reset row waitForWord words write writeRegister writeWord',
  Dma: 'copy',
  Dram: 'alloc',
  DramBuffer: 'address bytes close closed length toString',
  EventQueue: 'lost messages receive ref unref waiting',
  GroupCore: 'address column fill finished float32 halt id index int32 load locate output program read readInto readRegister readWord registers reset resume row signal start state step symbol waitForWord words write writeRegister writeWord',
  Layout: 'alignment bytes decode encode encodeInto header offsetOf',
  Mapping: 'access baseAddress close closed fill float32 int32 length offset path read readInto readWord words write writeWord',
  MemoryMapping: 'baseAddress buffer close closed length path',
  OutputStream: 'lost',
  Simulator: 'counters counting inject inspect mailboxWords pushMailbox restore run running snapshot start step stop strict violations',
  Variable: 'address broadcast bytes float32 gather int32 name read scatter words write',
  Watcher: 'close closed ref unref',
  WorkGroup: 'board close closed column columns core cores finished halt load locate output outputOf program reset resume row rows signal start states step symbol toString',
};

const root = fileURLToPath(new URL('../..', import.meta.url));
const board = library.openBoard('sim');
const group = board.workgroup();
await group.load(join(root, 'examples/first-light/first-light.elf'));
group.start();
const pollable = device.CharDevice.open('/dev/random');
afterAll(() => {
  board.close();
  pollable.close();
});

/** One of each. */
const OBJECTS: Readonly<Record<string, object>> = {
  Board: board,
  CharDevice: pollable,
  Core: board.core(0, 0),
  Dma: board.dma,
  Dram: board.dram,
  DramBuffer: board.dram.alloc(4),
  EventQueue: board.mailbox,
  GroupCore: group.core(0),
  Layout: library.layout({ word: 'u32' }),
  Mapping: board.sharedDramMapping(),
  MemoryMapping: device.CharDevice.open('/dev/zero').mapMemory({ offset: 0, length: 4 }),
  OutputStream: group.output,
  Simulator: board.simulator as object,
  Variable: group.symbol('message'),
  Watcher: pollable.watch('hangup', () => undefined).unref(),
  WorkGroup: group,
};

const sorted = (names: Iterable<string>): string => [...new Set(names)].sort().join(' ');

function membersAtRunTime(object: object): string {
  const own = (of: object): string[] => Object.getOwnPropertyNames(of);
  const names = own(object);
  for (let prototype = Object.getPrototypeOf(object) as object; prototype !== Object.prototype; prototype = Object.getPrototypeOf(prototype) as object) {
    const statics = own(prototype.constructor).filter((name) => !['length', 'name', 'prototype'].includes(name));
    names.push(...own(prototype).filter((name) => name !== 'constructor'), ...statics.map((name) => `static:${name}`));
  }
  return sorted(names);
}

/** The files of types that are shipped, but for those of the command. */
function declarations(folder: string): ts.SourceFile[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.d.ts') && !/^(cli|conformance|examples)\//.test(name))
    .map((name) => ts.createSourceFile(name, readFileSync(join(folder, name), 'utf8'), ts.ScriptTarget.Latest, true));
}

describe('at run time', () => {
  it.each(Object.entries(MODULES))('%s exports these', (_name, [module, names]) => expect(sorted(Object.keys(module))).toBe(names));

  it('every class is looked at', () => expect(Object.keys(OBJECTS)).toEqual(Object.keys(CLASSES)));

  it.each(Object.entries(OBJECTS))('%s has these members', (name, object) => {
    expect((object as { constructor: { name: string } }).constructor.name).toBe(name);
    expect(membersAtRunTime(object)).toBe(CLASSES[name]);
  });
});

describe('in the types that are shipped', () => {
  const files = declarations(join(root, 'dist'));
  const classes = new Map(files.flatMap((file) => file.statements.filter(ts.isClassDeclaration).map((declared) => [declared.name?.text ?? '', declared] as const)));
  const hasModifier = (member: ts.ClassElement, kind: ts.SyntaxKind): boolean => ts.canHaveModifiers(member) && (ts.getModifiers(member) ?? []).some((modifier) => modifier.kind === kind);

  it('nothing is internal', () => {
    expect(files.length).toBeGreaterThan(40);
    expect(files.filter(({ text }) => text.includes('@internal')).map(({ fileName }) => fileName)).toEqual([]);
  });

  /** With those of the class that it extends. */
  const membersOf = (name: string): string[] => {
    const declared = classes.get(name);
    const base = declared?.heritageClauses?.find(({ token }) => token === ts.SyntaxKind.ExtendsKeyword)?.types[0]?.expression.getText();
    const named = (declared?.members ?? []).flatMap((member) => {
      if (!member.name || !ts.isIdentifier(member.name) || hasModifier(member, ts.SyntaxKind.PrivateKeyword)) return [];
      return [`${hasModifier(member, ts.SyntaxKind.StaticKeyword) ? 'static:' : ''}${member.name.text}`];
    });
    return [...named, ...(base === undefined ? [] : membersOf(base))];
  };

  it.each(Object.entries(CLASSES))('%s has the same members', (name, members) => expect(sorted(membersOf(name))).toBe(members));

  it('no class that is exported can be constructed', () => {
    const exported = Object.values(MODULES).flatMap(([module]) => Object.entries(module)).filter(([name, value]) => typeof value === 'function' && classes.has(name) && name !== 'EpiphanyError');
    expect(exported.length).toBeGreaterThan(5);
    for (const [name] of exported) {
      const constructors = classes.get(name)?.members.filter(ts.isConstructorDeclaration) ?? [];
      expect(constructors.map((member) => [ts.SyntaxKind.PrivateKeyword, ts.SyntaxKind.ProtectedKeyword].some((kind) => hasModifier(member, kind))), name).toEqual([true]);
    }
  });
});
