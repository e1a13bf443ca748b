// SPDX-License-Identifier: MIT
// The package `bindings` carries no types of its own; this is the part of it that we use.
declare module 'bindings' {
  interface Options {
    bindings: string;
    module_root: string;
    /** Paths to try, each as parts; `'module_root'` and `'bindings'` stand for the options of that name. */
    try: string[][];
  }
  export default function bindings(options: Options): unknown;
}
