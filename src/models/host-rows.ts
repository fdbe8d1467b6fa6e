// Dropping rows of a batch whose values are in JavaScript's memory.

/** Moves the rows kept to the front of the same memory and returns that part of it: only what changes its place is copied. */
export function keepRowsInPlace<T extends Float32Array | Uint16Array>(data: T, size: number, rows: readonly number[]): T {
  rows.forEach((row, i) => {
    if (row !== i) data.copyWithin(i * size, row * size, (row + 1) * size);
  });
  return data.subarray(0, rows.length * size) as T;
}
