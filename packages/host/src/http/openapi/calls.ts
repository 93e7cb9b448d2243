/** Calls of exports, and their results, as JSON. */
import { closedObject, type Part, schemaRef } from './parts.ts'

const i64: Part = closedObject({ i64: { type: 'string', pattern: '^-?\\d{1,20}$' } })

export const callSchemas: Part = {
  Argument: {
    description:
      'A number for an i32, f32 or f64; `{"i64": "..."}` with decimal digits; a string or bytes, which the guest gets as address and length.',
    oneOf: [
      { type: 'number' },
      i64,
      { type: 'string' },
      closedObject({ bytes: { type: 'string', contentEncoding: 'base64' } }),
    ],
  },
  Call: closedObject(
    {
      arguments: { type: 'array', items: schemaRef('Argument'), default: [] },
      result: {
        enum: ['value', 'string', 'bytes'],
        default: 'value',
        description:
          'What the results are: values; or address and length, of UTF-8 or of bytes, as two values or as one i64 (address << 32 | length).',
      },
    },
    ['arguments', 'result'],
  ),
  Value: {
    description:
      'A number; an i64 as decimal digits; what JSON has no number for; null for a reference, or for no result.',
    oneOf: [
      { type: 'number' },
      i64,
      closedObject({ f64: { enum: ['NaN', 'Infinity', '-Infinity', '-0'] } }),
      { type: 'null' },
    ],
  },
  CallAnswer: closedObject(
    {
      result: {
        description: 'A value, or several; or a string: the text, or base64, as the call wanted.',
        oneOf: [schemaRef('Value'), { type: 'array', items: schemaRef('Value') }, { type: 'string' }],
      },
      stderr: { type: 'string', description: 'What the guest wrote to its standard error.' },
    },
    ['stderr'],
  ),
}
