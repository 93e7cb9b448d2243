/** The engine's assembler: one for the tests of both. */
export { supported, wat } from '../../../engine/test/support/wat.ts'
