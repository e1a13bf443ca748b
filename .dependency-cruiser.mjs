// SPDX-License-Identifier: MIT
/**
 * Who may know whom: the architecture, as rules that "npm run lint" holds. An import of a type counts like any other.
 * Every rule is broken on purpose by test/unit/architecture.test.ts.
 */

/**
 * The rooms of lib/, from the top down. Files of a room may import from it and from the rooms below. Rooms in one row do
 * not know each other. Those that have no files yet stand here so that their first file finds its place.
 */
const rooms = [
  { cli: '^lib/cli/' },
  { observe: '^lib/observe/', debug: '^lib/debug/', testing: '^lib/testing/', silicon: '^lib/silicon/' },
  { remote: '^lib/remote/' },
  { classes: '^lib/((board|core|dma|dram|simulator)\\.ts$|workgroup/)' },
  // Programs become bytes at places without knowing how bytes travel, and the other way round.
  { program: '^lib/(program/|(memory|trace)\\.ts$)', transport: '^lib/transport/' },
  { device: '^lib/device/' },
  { native: '^lib/(native|bindings\\.d)\\.ts$' },
  { pure: '^lib/(address|chip|errno|errors|nearest|printable|register-file|registers|view|violations|wait)\\.ts$' },
];
/** What programs of users import. */
const faces = '^lib/(index|device/index|cli/main)\\.ts$';

const paths = (rows) => rows.flatMap((row) => Object.values(row));

/** For each room, all that it must not know. */
const directions = rooms.flatMap((row, depth) =>
  Object.entries(row).map(([name, path]) => ({
    name: `${name}-knows-only-below`,
    severity: 'error',
    comment: `Give ${name} a narrow interface for what it needs, declared there or below, or move what is pure to the bottom.`,
    from: { path },
    to: { path: [...paths(rooms.slice(0, depth)), ...Object.values(row).filter((other) => other !== path)] },
  })),
).filter(({ to }) => to.path.length > 0);

/** What is more than directions. */
const rules = [
  {
    name: 'no-circles',
    comment: 'Two files that need each other are one file, or need a third below them.',
    from: {},
    to: { circular: true },
  },
  {
    name: 'every-file-has-a-room',
    comment: 'Name the new file or folder of lib/ in "rooms" above.',
    from: { path: '^lib/', pathNot: [...paths(rooms), faces] },
    to: {},
  },
  {
    name: 'index-is-for-users',
    comment: 'Import from the file that has it.',
    from: { path: '^lib/' },
    to: { path: '^lib/index\\.ts$' },
  },
  {
    name: 'nothing-unused',
    comment: 'No face of the library leads to this file: delete it, or use it.',
    from: { path: faces },
    to: { path: '^lib/', pathNot: [faces, '\\.d\\.ts$'], reachable: false },
  },
  {
    name: 'device-knows-no-epiphany',
    comment: 'lib/device serves character devices of any kind.',
    from: { path: '^lib/device/' },
    to: { path: '^lib/', pathNot: ['^lib/device/', '^lib/(errors|native|view|wait)\\.ts$'] },
  },
  {
    name: 'pure-has-no-io',
    comment: 'What is pure is arithmetic and checks: no files, processes or network.',
    from: { path: [...paths(rooms.slice(-1)), '^lib/program/(elf|layout|program|read|srec|symbol-map)\\.ts$'] },
    to: { dependencyTypes: ['core'], pathNot: '^(buffer|os|util)$' },
  },
  {
    name: 'few-touch-files',
    comment: 'Files of the host are reached by those who have to: devices, the addon, snapshots, programs to load, and what programs on cores may open.',
    from: { path: '^lib/', pathNot: ['^lib/(cli|device)/', '^lib/(board|native)\\.ts$', '^lib/program/file\\.ts$', '^lib/transport/snapshot-file\\.ts$', '^lib/workgroup/(files|semihosting)\\.ts$'] },
    to: { dependencyTypes: ['core'], path: '^(fs|child_process|net|http)' },
  },
  {
    name: 'one-dependency',
    comment: 'The library needs nothing of others but the finder of its addon. Say in the commit why it needs more.',
    from: { path: '^lib/' },
    to: { dependencyTypes: ['npm', 'npm-dev', 'npm-no-pkg', 'npm-unknown', 'npm-optional', 'npm-peer'], pathNot: 'node_modules/bindings/' },
  },
  {
    name: 'library-stands-alone',
    comment: 'What is shipped needs nothing of the repository around it.',
    from: { path: '^lib/' },
    to: { path: '^(scripts|test|examples)/' },
  },
  {
    name: 'examples-are-users',
    comment: 'Examples import the package by its name, as a reader would.',
    from: { path: '^examples/' },
    to: { path: '^(lib|scripts|test)/', pathNot: '^lib/index\\.ts$' },
  },
  {
    name: 'scripts-take-only-fixtures-from-tests',
    comment: 'Tests use scripts; what both need is a script.',
    from: { path: '^scripts/' },
    to: { path: '^test/', pathNot: '^test/(fixtures|native/fuzz)/' },
  },
  {
    name: 'scripts-share-what-knows-none-of-them',
    comment: 'What one script needs of another folder is its own, or goes into scripts/lib.',
    from: { path: '^scripts/lib/' },
    to: { path: '^scripts/', pathNot: '^scripts/lib/' },
  },
  {
    name: 'no-test-needs-a-test',
    comment: 'What two tests share is a file of its own.',
    from: { path: '^test/' },
    to: { path: '\\.test\\.m?[jt]s$' },
  },
  {
    name: 'nothing-missing',
    comment: 'There is no such file or package.',
    from: {},
    // Some import what is built, which need not be there.
    to: { couldNotResolve: true, pathNot: '(^|/)dist/|^node-epiphany/' },
  },
];

export default {
  forbidden: [...directions, ...rules.map((rule) => ({ severity: 'error', ...rule }))],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.check.json' },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|build)/' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'default'] },
  },
};
