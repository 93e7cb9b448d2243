/**
 * `@warmslot/host`: serves WebAssembly modules over HTTP, each request in its own pooled instance, on worker threads.
 *
 *     const host = await Host.start({ modules: './modules', listen: '127.0.0.1:8080' })
 *     // POST http://127.0.0.1:8080/v1/modules/NAME/run
 *     await host.close()
 *
 * On the command line: `warmslot serve --modules ./modules`.
 */
export { Host } from './host.ts'
export { type HostOptions, InvalidHostOptionError, type LogLevel } from './options.ts'
export type { ListenAddress } from './listen-address.ts'
export type { HostReceipt, ModuleIdentity, ModuleState } from './modules/host-module.ts'
export type { ModuleKind } from './modules/module-kind.ts'
export type { ModuleSettings } from './modules/module-settings.ts'
export type { InstanceMode, WorkerReceipt } from './workers/protocol.ts'
export { HostError } from './errors/host-error.ts'
