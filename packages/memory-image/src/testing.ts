/**
 * `@warmslot/memory-image/testing`: makes system calls of this package fail on purpose, for tests of what is built
 * on it. Shares its state with the main entry.
 */

export { type FaultInjector, type InjectableCall, injectFaults } from './system/fault-injection.ts'
