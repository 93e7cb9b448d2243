/**
 * What a guest may take at most: options of the host, and of each engine that runs its modules, under the same names.
 *
 * Those of V8's heap are so small that V8's end of a worker whose heap is full reaches the guest, and no piece that does not fit ends the
 * process.
 */
export interface GuestLimits {
  /** Of each memory, in bytes. */
  readonly maxMemoryBytes: number
  /** Of each module. */
  readonly maxTables: number
  /** Of each table, in entries. */
  readonly maxTableElements: number
  /** Of each array of the GC proposal, in bytes. */
  readonly maxArrayBytes: number
}
