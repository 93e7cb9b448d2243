/** A process with one host: `node serve.ts pooled|native`. Says its addresses to its parent, and ends when that disconnects. */
import { Host, type InstanceMode } from '@warmslot/host'
import { serverOptions } from './server-options.ts'

const instances = process.argv[2] as InstanceMode
const host = await Host.start({ ...serverOptions, instances, logLevel: 'error' })
const { listen, adminListen } = host.addresses
process.send?.({ data: listen.port, admin: adminListen.port })
process.once('disconnect', () => void host.close())
