/** Texts for fields of the API that have a limit. */

/** Its beginning, with an ellipsis, where it is longer. @param most characters (code points), 1 or more */
export function cutCharacters(text: string, most: number): string {
  // No text has more characters than units.
  if (text.length <= most) return text
  const characters = [...text]
  return characters.length <= most ? text : `${characters.slice(0, most - 1).join('')}…`
}

/** The same for a limit in bytes of UTF-8, 3 or more. */
export function cutBytes(text: string, mostBytes: number): string {
  if (Buffer.byteLength(text) <= mostBytes) return text
  const room = mostBytes - Buffer.byteLength('…')
  const bytes = Buffer.from(text)
  let end = room
  // A byte 10xxxxxx continues a character.
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end -= 1
  return `${bytes.toString('utf8', 0, end)}…`
}
