/** Moments as the API writes them, RFC 3339 in UTC. */

/** `meta/v1 Time`: whole seconds. */
export function timestamp(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`
}

/** `meta/v1 MicroTime`: six digits, no fewer. */
export function microTimestamp(date: Date): string {
  return `${date.toISOString().slice(0, 23)}000Z`
}
