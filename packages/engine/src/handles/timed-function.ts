/** A raw function whose calls are frames of the thread's clock; between a handle and its function, with deadlines only. */
import type { UseTime } from '../deadlines/use-time.ts'
import type { Callable } from './callable.ts'

/** `parameters`: as for handles, a fixed number saves an array; -1: not known. */
export function timed(time: UseTime, raw: Callable, parameters: number): Callable {
  switch (parameters) {
    case 0:
      return () => {
        const depth = time.enter()
        let result: unknown
        try {
          result = raw()
        } catch (error) {
          throw time.failed(depth, error)
        }
        time.returned(depth)
        return result
      }
    case 1:
      return (a: unknown) => {
        const depth = time.enter()
        let result: unknown
        try {
          result = raw(a)
        } catch (error) {
          throw time.failed(depth, error)
        }
        time.returned(depth)
        return result
      }
    case 2:
      return (a: unknown, b: unknown) => {
        const depth = time.enter()
        let result: unknown
        try {
          result = raw(a, b)
        } catch (error) {
          throw time.failed(depth, error)
        }
        time.returned(depth)
        return result
      }
    case 3:
      return (a: unknown, b: unknown, c: unknown) => {
        const depth = time.enter()
        let result: unknown
        try {
          result = raw(a, b, c)
        } catch (error) {
          throw time.failed(depth, error)
        }
        time.returned(depth)
        return result
      }
    default:
      return (...values) => {
        const depth = time.enter()
        let result: unknown
        try {
          result = raw(...values)
        } catch (error) {
          throw time.failed(depth, error)
        }
        time.returned(depth)
        return result
      }
  }
}
