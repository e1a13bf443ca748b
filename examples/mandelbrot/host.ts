// SPDX-License-Identifier: MIT
/** The same operations as in mandelbrot.c, each rounded to single precision, so that every pixel is the same. */
export function hostRow(left: number, top: number, step: number, columns: number, row: number, iterations: number): Uint16Array {
  const { fround } = Math;
  const y0 = fround(top + fround(row * step));
  return Uint16Array.from({ length: columns }, (_, column) => {
    const x0 = fround(left + fround(column * step));
    let [x, y, xx, yy, steps] = [0, 0, 0, 0, 0];
    for (; steps < iterations && fround(xx + yy) <= 4; ++steps) {
      const xy = fround(x * y);
      y = fround(fround(xy + xy) + y0);
      x = fround(fround(xx - yy) + x0);
      xx = fround(x * x);
      yy = fround(y * y);
    }
    return steps;
  });
}
