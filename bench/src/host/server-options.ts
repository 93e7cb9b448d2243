/** What both servers are started with. */
import type { HostOptions } from '@warmslot/host'

export const serverOptions: Required<
  Pick<HostOptions, 'listen' | 'adminListen' | 'workers' | 'slots' | 'maxMemoryBytes'>
> = {
  listen: '127.0.0.1:0',
  adminListen: '127.0.0.1:0',
  workers: 2,
  slots: 8,
  maxMemoryBytes: 64 * 2 ** 20,
}
