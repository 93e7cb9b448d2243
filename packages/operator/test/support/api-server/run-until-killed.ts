/** A process of its own for `api-server.test.ts`: starts an API server, says which processes that are, and waits to be killed. */
import { ApiServer } from './api-server.ts'

const server = await ApiServer.start()
console.log(JSON.stringify(server.pids))
setInterval(() => undefined, 60_000)
