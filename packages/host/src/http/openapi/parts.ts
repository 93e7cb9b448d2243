/** The pieces that a description in OpenAPI is put together from. Source: OpenAPI Specification 3.1.1. */

/** An object of the description: of the document, or of JSON Schema 2020-12. */
export type Part = Readonly<Record<string, unknown>>

/** What one path takes, by method in small letters. */
export type Paths = Readonly<Record<string, Part>>

export function schemaRef(name: string): Part {
  return { $ref: `#/components/schemas/${name}` }
}

export function parameterRef(name: string): Part {
  return { $ref: `#/components/parameters/${name}` }
}

/** An object with exactly these members. @param optional those of them that may be left out */
export function closedObject(properties: Part, optional: readonly string[] = []): Part {
  const required = Object.keys(properties).filter((name) => !optional.includes(name))
  return { type: 'object', additionalProperties: false, required, properties }
}

/** An answer in JSON. */
export function jsonAnswer(description: string, schema: Part, headers?: Part): Part {
  return {
    description,
    ...(headers !== undefined && { headers }),
    content: { 'application/json': { schema } },
  }
}

/** A header of an answer. */
export function answerHeader(description: string, schema: Part): Part {
  return { description, schema }
}

export const wholeNumber: Part = { type: 'integer', minimum: 0 }

export const durationMs: Part = { type: 'number', minimum: 0, description: 'In milliseconds.' }
