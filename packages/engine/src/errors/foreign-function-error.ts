import { WarmslotError, hasCode } from './warmslot-error.ts'

/** A function of one pooled instance was handed to another one as a reference, which could outlive the first. */
export class ForeignFunctionError extends WarmslotError {
  readonly code = 'WARMSLOT_FOREIGN_FUNCTION'

  static isInstance(value: unknown): value is ForeignFunctionError {
    return hasCode(value, 'WARMSLOT_FOREIGN_FUNCTION')
  }

  constructor() {
    super(
      'A function of one pooled instance cannot be stored in another one, which might call it after its instance was ' +
        'released. Give it as a function import, or wrap it in a JavaScript function.',
    )
  }
}
