/**
 * `@warmslot/engine`: V8 WebAssembly instances on pooled, copy-on-write memory slots.
 *
 *     const engine = new Engine({ slots: 100, maxMemoryBytes: 128 * 2 ** 20 })
 *     const module = await engine.compile(bytes)
 *     const instance = engine.instantiate(module, imports)
 *     instance.exports.run(1)
 *     instance.release()
 *     const receipt = await module.dispose()
 *     await engine.close()
 */
export { Engine } from './engine.ts'
export type { Imports } from './engine.ts'
export type { CompileOptions } from './options/compile-options.ts'
export type { InstantiateOptions, WaitOptions } from './options/instantiate-options.ts'
export type { DeserializeOptions } from './options/deserialize-options.ts'
export type { SharedModule } from './serialization/serialize-module.ts'
export type { SnapshotOptions } from './options/snapshot-options.ts'
export type { EngineMetrics, InstanceCounts } from './engine-metrics.ts'
export type { FreshReason } from './binary/reusability.ts'
export type { EngineOptions } from './options/engine-options.ts'
export { PooledInstance } from './pooled-instance.ts'
export { PooledModule } from './pooled-module.ts'
export type { DropModule, ExternDescriptor } from './pooled-module.ts'
export { emptyModule, withInstanceConstructor } from './glue/with-instance-constructor.ts'
export { PooledMemory } from './handles/memory-handle.ts'
export { PooledTable } from './handles/table-handle.ts'
export { PooledGlobal } from './handles/global-handle.ts'

export { DeadlineExceededError } from './errors/deadline-exceeded-error.ts'
export { EngineClosedError } from './errors/engine-closed-error.ts'
export { InstanceBusyError } from './errors/instance-busy-error.ts'
export { InstanceReleasedError } from './errors/instance-released-error.ts'
export { InvalidOptionError } from '@warmslot/index-allocator'
export { ModuleDisposedError } from './errors/module-disposed-error.ts'
export { ResourceLimitError } from './errors/resource-limit-error.ts'
export { SerializedModuleError } from './errors/serialized-module-error.ts'
export { SnapshotError } from './errors/snapshot-error.ts'
export { UnsupportedImportError } from './errors/unsupported-import-error.ts'
export { UnsupportedModuleError } from './errors/unsupported-module-error.ts'
export { UnsupportedRuntimeError } from './errors/unsupported-runtime-error.ts'
export { nextAvailable, random, reuseAffinity } from '@warmslot/index-allocator'
export { processImageMappings, terminateWorker } from '@warmslot/memory-image'
export type { ImageMapping, KernelTraces } from '@warmslot/memory-image'
export { ModuleDroppedError, PoolClosedError, PoolExhaustedError, WaitTimeoutError } from '@warmslot/pooling'
export type {
  AddressRange,
  PoolMetrics,
  PurgeReceipt,
  SlotView,
  SlotViewOptions,
  SlotViewState,
} from '@warmslot/pooling'
