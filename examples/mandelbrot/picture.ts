// SPDX-License-Identifier: MIT
/** Pictures: as a PNG file, and in a terminal. */
import { encode } from 'fast-png';

/** Steps at each pixel, row by row. */
export interface Picture {
  readonly columns: number;
  readonly rows: number;
  readonly iterations: number;
  readonly steps: Uint16Array;
}

/** Black inside the set; outside the brighter the longer a point stayed. */
function colourOf({ iterations }: Picture, steps: number): [red: number, green: number, blue: number] {
  if (steps >= iterations) return [0, 0, 0];
  const t = (steps / iterations) ** 0.4;
  return [Math.round(255 * Math.min(1, 2.2 * t * t)), Math.round(255 * t ** 1.3), Math.round(64 + 191 * Math.sqrt(t))];
}

export function png(picture: Picture): Uint8Array {
  const { columns: width, rows: height, steps } = picture;
  return encode({ width, height, channels: 3, data: Uint8Array.from([...steps].flatMap((count) => colourOf(picture, count))) });
}

/** The picture in so many characters of a line; two rows in one where there is colour, else letters for brightness. */
export function text(picture: Picture, characters: number, colour: boolean): string {
  const { columns, rows, iterations, steps } = picture;
  const height = Math.round((characters * rows) / columns / 2) * 2;
  const at = (x: number, y: number): number => steps[Math.floor(((y + 0.5) * rows) / height) * columns + Math.floor(((x + 0.5) * columns) / characters)] ?? 0;
  const shade = (count: number): string => (count >= iterations ? '@' : (' .:-=+*#%'[Math.min(8, Math.floor(9 * (count / iterations) ** 0.4))] as string));
  const cell = (x: number, y: number): string =>
    colour ? `\u001b[38;2;${colourOf(picture, at(x, y)).join(';')};48;2;${colourOf(picture, at(x, y + 1)).join(';')}m▀` : shade(at(x, y));
  const lines = Array.from({ length: height / 2 }, (_, line) => Array.from({ length: characters }, (_, x) => cell(x, 2 * line)).join(''));
  return lines.map((line) => (colour ? `${line}\u001b[0m` : line.trimEnd())).join('\n');
}

/** What each core of a rectangle had to do, the busiest one as 100 %. */
export function heatMap(loads: readonly number[], columns: number, colour: boolean): string {
  const most = Math.max(...loads, 1);
  const cells = loads.map((load) => {
    const share = load / most;
    const label = ` ${(100 * share).toFixed(0).padStart(3)} % `;
    return colour ? `\u001b[48;2;${Math.round(60 + 195 * share)};${Math.round(40 + 60 * (1 - share))};${Math.round(160 * (1 - share))};97m${label}\u001b[0m` : label;
  });
  return Array.from({ length: loads.length / columns }, (_, row) => `  ${cells.slice(row * columns, (row + 1) * columns).join('')}`).join('\n');
}
