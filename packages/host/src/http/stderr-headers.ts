/** What a command wrote to its standard error, in headers of the answer: its body is the standard output. */

/** Longest, in characters of the percent-encoding; more is cut off. */
const limit = 4096

/** @param stderr of any bytes: what is no UTF-8 becomes U+FFFD */
export function stderrHeaders(stderr: Uint8Array): Record<string, string> {
  if (stderr.byteLength === 0) return {}
  // Each byte takes one character at least; so no more of a long output is looked at.
  const text = Buffer.from(stderr.subarray(0, limit)).toString('utf8')
  let encoded = ''
  for (const character of text) {
    const next = encodeURIComponent(character)
    if (encoded.length + next.length > limit) return truncated(encoded)
    encoded += next
  }
  return stderr.byteLength > limit ? truncated(encoded) : { 'warmslot-stderr': encoded }
}

function truncated(encoded: string): Record<string, string> {
  return { 'warmslot-stderr': encoded, 'warmslot-stderr-truncated': 'true' }
}
