/** Server-sent events from text in pieces. Source: HTML Standard, section 9.2.6, "Interpreting an event stream". */

export interface ServerEvent {
  readonly name: string
  readonly data: string
}

/** Where a line ends. */
const lineEnd = /\r\n|\r|\n/

export class EventParser {
  #rest = ''
  #name = ''
  #data: string[] = []
  #isFirst = true

  /** @returns the events that this piece completes */
  push(text: string): ServerEvent[] {
    if (text === '') return []
    this.#rest += this.#isFirst ? text.replace(/^\uFEFF/, '') : text
    this.#isFirst = false
    const lines = this.#rest.split(lineEnd)
    // The "\n" of a "\r\n" may be in the next piece: such a line is kept until that is known.
    const isOpen = this.#rest.endsWith('\r')
    if (isOpen) lines.pop()
    this.#rest = lines.pop()! + (isOpen ? '\r' : '')
    return lines.flatMap((line) => this.#line(line) ?? [])
  }

  /** Fields other than these are for `EventSource`. */
  #line(line: string): ServerEvent | undefined {
    if (line === '') return this.#dispatch()
    const colon = line.indexOf(':')
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (field === 'event') this.#name = value
    else if (field === 'data') this.#data.push(value)
    return undefined
  }

  #dispatch(): ServerEvent | undefined {
    const event = { name: this.#name || 'message', data: this.#data.join('\n') }
    const isEmpty = this.#data.length === 0
    this.#name = ''
    this.#data = []
    return isEmpty ? undefined : event
  }
}
