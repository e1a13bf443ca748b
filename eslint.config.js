// SPDX-License-Identifier: MIT
import js from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** What this Node has without an import, to the scripts. TypeScript knows it by itself. */
const globals = Object.fromEntries(Object.getOwnPropertyNames(globalThis).map((name) => [name, 'readonly']));

export default defineConfig(
  globalIgnores(['**/build/', 'build-*/', 'coverage/', 'dist/', 'prebuilds/']),
  js.configs.recommended,
  { files: ['**/*.{js,mjs}'], languageOptions: { globals } },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { project: 'tsconfig.check.json' } },
    rules: {
      // Callbacks are written () => device.close(), whatever that returns.
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // "void core.words" is how a getter is called for what it does.
      '@typescript-eslint/no-meaningless-void-operator': 'off',
      // JavaScript callers pass what the types forbid: arguments are checked all the same.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      // "using" keeps a device for a block that never names it.
      '@typescript-eslint/no-unused-vars': ['error', { ignoreUsingDeclarations: true }],
      // What is passed on is whatever was thrown.
      '@typescript-eslint/prefer-promise-reject-errors': [
        'error',
        { allowThrowingAny: true, allowThrowingUnknown: true },
      ],
      // Most of what a text shows is numbers.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // Accessors are taken off their prototypes on purpose, and given their `this` by hand.
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    // Tests hand over what the types forbid, and look into what comes back with matchers, which are typed `any`.
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-invalid-void-type': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/restrict-template-expressions': 'off',
    },
  },
);
