/** Numbers of a series of durations in milliseconds, and how people read them. */

export interface Summary {
  readonly p50: number
  readonly p99: number
  readonly mean: number
}

export function summarise(durations: readonly number[]): Summary {
  const sorted = durations.toSorted((a, b) => a - b)
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
  return { p50: at(0.5), p99: at(0.99), mean: sorted.reduce((sum, one) => sum + one, 0) / sorted.length }
}

/** `12.3 µs`, `4.56 ms`: three digits. */
export function duration(milliseconds: number): string {
  return milliseconds < 1 ? `${(milliseconds * 1000).toPrecision(3)} µs` : `${milliseconds.toPrecision(3)} ms`
}

export function bytes(count: number): string {
  return count < 2 ** 20 ? `${Math.round(count / 1024)} KiB` : `${(count / 2 ** 20).toFixed(1)} MiB`
}

/** A table with columns as wide as their widest cell; the first column is flush left, the others right. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
  const [head = [], ...body] = rows
  return [line(head), widths.map((width) => '-'.repeat(width)).join('  '), ...body.map(line)].join('\n')
}
