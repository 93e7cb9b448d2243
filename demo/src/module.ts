/**
 * What the demo knows of a published module: its bytes, and how its published glue puts one instance to work.
 * The glue is used unchanged; only the step that makes the instance is handed in, so that the same use runs
 * on a native instance and on a pooled one.
 */

/**
 * Makes one instance, synchronously, as the glue asks for it.
 *
 * The function form is for a module that imports its memory, and whose glue wants that memory before it can
 * say what its imports are. Natively it is a new `WebAssembly.Memory` of the declared limits; pooled, the
 * pool's. The glue puts the same object among the imports that it returns.
 *
 * What comes back must pass `instanceof WebAssembly.Instance`: Go's glue and Ruby's check it.
 */
export type Instantiate = (
  imports: WebAssembly.Imports | ((memory: WebAssembly.Memory) => WebAssembly.Imports),
) => WebAssembly.Instance

/** Where a module imports its memory from, with the limits that its import declares, in pages of 64 KiB. */
export interface ImportedMemory {
  readonly module: string
  readonly name: string
  readonly initialPages: number
  readonly maximumPages: number
}

export interface DemoModule {
  /** Short name, as it stands in the demo's table. */
  readonly name: string
  /** What compiled the module, and which hook of the glue takes an instance. */
  readonly toolChain: string
  /** What one use does, in a few words. */
  readonly work: string
  /** The npm package that the WebAssembly comes from. */
  readonly packageName: string
  /** Absent for a module that defines its memory. */
  readonly importedMemory?: ImportedMemory
  /** The published WebAssembly, byte for byte. */
  bytes(): Promise<Uint8Array<ArrayBuffer>>
  /**
   * One use on one fresh instance, with fresh state in the glue. Uses of one module must not overlap.
   *
   * @returns the work's result, the same at every use: it depends on neither time nor randomness.
   * When it has settled, nothing of this use calls into the instance any more.
   */
  use(instantiate: Instantiate): Promise<string>
}
