/** Requests that wait for a worker: first come first served, as far as their modules' concurrency allows. */
import { OverloadedError } from '../errors/overloaded-error.ts'
import type { GuestInput, GuestOutput, ModuleToLoad } from './protocol.ts'

/** What is counted of one module. */
export interface ModuleLoad {
  readonly plan: ModuleToLoad
  running: number
  waiting: number
}

export interface Task {
  readonly module: ModuleLoad
  readonly input: GuestInput
  readonly resolve: (output: GuestOutput) => void
  readonly reject: (error: Error) => void
  /** How many workers were lost that had it, and had not begun with it. */
  lost: number
}

export class RunQueue {
  readonly #limit: number
  #tasks = new Set<Task>()

  /** @param limit of tasks that wait, of all modules */
  constructor(limit: number) {
    this.#limit = limit
  }

  get length(): number {
    return this.#tasks.size
  }

  /** @throws OverloadedError */
  add(task: Task): void {
    const { plan, waiting } = task.module
    if (waiting >= plan.settings.queue) {
      throw new OverloadedError(429, `${waiting} requests of "${plan.name}" wait already (setting "queue").`)
    }
    if (this.#tasks.size >= this.#limit) {
      throw new OverloadedError(503, `${this.#tasks.size} requests wait already (option "queue").`)
    }
    task.module.waiting += 1
    this.#tasks.add(task)
  }

  /** Before all others: it was taken once, and nothing has become of it. */
  putBack(task: Task): void {
    task.module.waiting += 1
    this.#tasks = new Set([task, ...this.#tasks])
  }

  /** Takes a task out that nobody waits for any more. False: it is not here (any more). */
  remove(task: Task): boolean {
    if (!this.#tasks.delete(task)) return false
    task.module.waiting -= 1
    return true
  }

  /** The first that may run now. */
  next(): Task | undefined {
    for (const task of this.#tasks) {
      if (task.module.running < task.module.plan.settings.concurrency) {
        this.remove(task)
        return task
      }
    }
    return undefined
  }
}
