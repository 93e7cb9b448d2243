/**
 * One host: workers, modules and two servers.
 *
 *     :8080  run, call ──────► ModuleRegistry ──► WorkerPool ──► worker threads, an engine each
 *     :8081  put, delete ────►      │  ▲
 *            metrics, slot map      │  └── ModuleFolder: a folder's files
 *                                   └── ModuleCompiler: compiles once, makes images once, for all workers
 */
import { randomUUID } from 'node:crypto'
import { pino, type Logger } from 'pino'
import { adminRoutes } from './http/admin-routes.ts'
import { type AdministrationAccess, administrationAccess } from './administration-access.ts'
import { collectGarbage } from './garbage/collect-garbage.ts'
import { GarbageCollector } from './garbage/garbage-collector.ts'
import { type Authenticate, everybody } from './http/authentication.ts'
import { hostRoutes } from './http/host-routes.ts'
import { HttpServer, type RequestObserver } from './http/http-server.ts'
import { instanceHeader } from './http/instance-header.ts'
import { healthRoutes, operationsRoutes, type Readiness } from './http/operations-routes.ts'
import { Router } from './http/router.ts'
import { runRoutes } from './http/run-routes.ts'
import { ModuleSlotCounts } from './slot-map/module-slots.ts'
import { slotMapRoutes } from './slot-map/slot-map-routes.ts'
import { SlotWatch } from './slot-map/slot-watch.ts'
import { identifyHost } from './host-identity.ts'
import { type ListenAddress, readListenAddress } from './listen-address.ts'
import { HostMetrics } from './metrics.ts'
import { ModuleCompiler } from './modules/module-compiler.ts'
import { ModuleFolder } from './modules/module-folder.ts'
import { ModuleRegistry } from './modules/module-registry.ts'
import { type HostOptions, type LogLevel, resolveHostOptions, type ResolvedHostOptions } from './options.ts'
import { countUnaccountedMappings } from './workers/unaccounted-mappings.ts'
import { WorkerPool } from './workers/worker-pool.ts'

export class Host implements AsyncDisposable {
  readonly modules: ModuleRegistry
  readonly log: Logger
  readonly metrics: HostMetrics = new HostMetrics()
  readonly #options: ResolvedHostOptions
  readonly #instance: string = randomUUID()
  readonly #workers: WorkerPool
  readonly #compiler: ModuleCompiler
  readonly #garbage: GarbageCollector
  readonly #servers: HttpServer[] = []
  readonly #ending = new AbortController()
  #access: AdministrationAccess | undefined
  #folder: ModuleFolder | undefined
  #addresses: { listen: ListenAddress; adminListen: ListenAddress } | undefined
  #readiness: Readiness = { ready: false, reason: 'starting' }
  #closing: Promise<void> | undefined

  private constructor(options: ResolvedHostOptions, log: Logger) {
    this.#options = options
    this.log = log
    const { workers, slots, workerHeapBytes, instances, queue, graceMs } = options
    const { maxMemoryBytes, maxTables, maxTableElements, maxArrayBytes } = options
    const limits = { maxMemoryBytes, maxTables, maxTableElements, maxArrayBytes }
    const worker = { slots, limits, heapBytes: workerHeapBytes, instances }
    this.#workers = new WorkerPool(
      { workers, worker, queue, graceMs },
      {
        replaced: (number, reason) => this.#workerReplaced(number, reason),
        startFailed: (error) => this.log.error({ err: error }, 'a worker could not be started'),
      },
    )
    this.#compiler = new ModuleCompiler(worker, this.#workers)
    this.modules = new ModuleRegistry(this.#workers, this.#compiler, this.metrics, {
      instance: this.#instance,
      purged: () => this.#garbage.purged(),
    })
    this.#garbage = new GarbageCollector({
      activity: () => this.modules.activity,
      collect: async () => {
        collectGarbage()
        await this.#workers.ask({ type: 'collect' })
      },
    })
    this.metrics.watch(this.modules, this.#workers)
  }

  /**
   * Starts workers and servers, and loads the folder's modules.
   * @param log where messages go. @default JSON lines on standard error
   * @throws InvalidHostOptionError, and what keeps ports, files or workers from being had
   */
  static async start(options: HostOptions = {}, log?: Logger): Promise<Host> {
    const resolved = resolveHostOptions(options)
    const host = new Host(resolved, log ?? standardLog(resolved.logLevel))
    try {
      await host.#start()
      return host
    } catch (error) {
      await host.close()
      throw error
    }
  }

  /** Where it listens, with the ports that the system chose. */
  get addresses(): { readonly listen: ListenAddress; readonly adminListen: ListenAddress } {
    return this.#addresses!
  }

  /** Takes no more requests, answers those that it has taken within `drainMs`, and ends. A second call waits for the first. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #start(): Promise<void> {
    const { listen, adminListen, modules, podUid, workers, slots, moduleBytes } = this.#options
    const dataAddress = readListenAddress('listen', listen)
    const adminAddress = readListenAddress('adminListen', adminListen)
    this.#access = await administrationAccess(this.#options, adminAddress, this.log)
    await this.#workers.start()
    const identity = await identifyHost(this.#instance)
    const data = this.#server('data', everybody, [
      ...runRoutes(this.modules),
      ...healthRoutes(() => this.#readiness),
    ])
    const watch = new SlotWatch(this.modules, this.#workers)
    const slotCounts = new ModuleSlotCounts(watch)
    const limits = this.#options
    const routes = [
      ...adminRoutes(this.modules, { limits, moduleBytes, instance: this.#instance, slotCounts }),
      ...hostRoutes({ ...identity, podUid, workers, slots }),
      ...healthRoutes(() => this.#readiness),
      ...operationsRoutes(this.metrics),
      ...slotMapRoutes(watch, this.#ending.signal),
    ]
    const admin = this.#server('admin', this.#access.authenticate, routes, {
      [instanceHeader]: this.#instance,
    })
    this.#addresses = {
      listen: await data.listen(dataAddress),
      adminListen: await admin.listen(adminAddress),
    }
    if (modules !== undefined) {
      this.#folder = new ModuleFolder(modules, this.modules, this.#options, this.log)
      await this.#folder.start()
    }
    this.modules.isStarting = false
    this.#readiness = { ready: true }
    this.log.info({ ...this.addresses, workers: this.#options.workers }, 'ready')
  }

  #server(
    name: string,
    authenticate: Authenticate,
    routes: ConstructorParameters<typeof Router>[0],
    headers: Readonly<Record<string, string>> = {},
  ): HttpServer {
    const router = new Router(routes)
    const server = new HttpServer({ name, authenticate, router, observe: this.#observe, headers })
    this.#servers.push(server)
    return server
  }

  readonly #observe: RequestObserver = ({ server, method, route, status, durationMs, error }) => {
    this.metrics.requests.inc({ server, method, route: route ?? 'none', status: String(status) })
    if (error !== undefined)
      this.log.error({ err: error, server, method, route, status }, 'a request failed for a mistake here')
    else this.log.debug({ server, method, route, status, durationMs }, 'request')
  }

  #workerReplaced(worker: number, reason: string): void {
    this.log.warn({ worker, reason }, 'a worker is replaced')
    this.metrics.workersReplaced.inc()
    this.#lookForMappings(worker).catch((error: unknown) =>
      this.log.error({ worker, err: error }, 'what a worker has left behind cannot be found out'),
    )
  }

  async #lookForMappings(worker: number): Promise<void> {
    const left = await countUnaccountedMappings(this.#workers)
    this.metrics.unaccountedMappings.set(left)
    if (left > 0)
      this.log.error({ worker, mappings: left }, 'mappings of images are left that no worker accounts for')
  }

  async #close(): Promise<void> {
    const { drainMs } = this.#options
    const started = this.#readiness.ready
    this.#readiness = { ready: false, reason: 'draining' }
    this.#ending.abort(new Error('the host ends'))
    this.#garbage[Symbol.dispose]()
    await this.#folder?.stop()
    const drained = Promise.all(this.#servers.map((server) => server.drain()))
    const timer = setTimeout(() => {
      this.log.warn({ drainMs }, 'requests are cut off')
      for (const server of this.#servers) server.closeNow()
    }, drainMs)
    await drained
    clearTimeout(timer)
    await this.#workers[Symbol.asyncDispose]()
    await this.#compiler[Symbol.asyncDispose]()
    this.#access?.[Symbol.dispose]()
    // What kept it from starting is told by whoever started it.
    if (started) this.log.info('ended')
  }
}

/** Lines of JSON on standard error. That nobody reads them any more ends no host. */
function standardLog(level: LogLevel): Logger {
  const destination = pino.destination({ fd: process.stderr.fd, sync: true })
  destination.on('error', () => undefined)
  return pino({ level }, destination)
}
