/** Says on stderr what is being measured, so that nobody waits before an empty screen. */

export function progress(message: string): void {
  process.stderr.write(`${message}\n`)
}
