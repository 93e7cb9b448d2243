/** Thrown where a strategy names a slot that cannot be handed out: a defect of the strategy. */

import { isMarkedError, markError } from './brand.ts'
import { describeValue } from './describe-value.ts'

/** A strategy chose something that is not a free slot; nothing was allocated or changed. Code `WARMSLOT_STRATEGY_CHOICE`. */
export class StrategyChoiceError extends Error {
  override readonly name = 'StrategyChoiceError'
  readonly code = 'WARMSLOT_STRATEGY_CHOICE'
  readonly strategyName: string
  readonly choice: unknown

  constructor(strategyName: string, choice: unknown, freeCount: number) {
    super(
      `Strategy "${strategyName}" chose ${describeValue(choice)}, which is not one of the ${freeCount} free slots. ` +
        'This is a defect of the strategy: run it through @warmslot/index-allocator/conformance.',
    )
    this.strategyName = strategyName
    this.choice = choice
    markError(this, 'StrategyChoiceError')
  }

  /** Whether `value` is such an error, even from another copy of this package. */
  static isInstance(value: unknown): value is StrategyChoiceError {
    return isMarkedError(value, 'StrategyChoiceError')
  }
}
