/** An error as one line for people. */

/** Without the class's name and the stack; those of the tool's own errors say what to do. */
export function explain(error: unknown): string {
  const text = error instanceof Error && error.message !== '' ? error.message : String(error)
  return text.replaceAll(/\s*\n\s*/g, ' ').replace(/\.$/, '')
}
