/**
 * Emscripten with a memory of the module's own: `instantiateWasm(imports, receive)` is Emscripten's hook.
 * The package keeps one promise for its one instance, so each use evaluates it anew.
 */
import type { DemoModule, Instantiate } from '../module.ts'
import { evaluateCommonJs, readPackageFile } from '../package-files.ts'

interface Database {
  run(statement: string, parameters?: readonly unknown[]): unknown
  exec(statement: string): { columns: string[]; values: unknown[][] }[]
  close(): void
}

type InitSqlJs = (options: {
  instantiateWasm(imports: WebAssembly.Imports, receive: (instance: WebAssembly.Instance) => void): object
}) => Promise<{ Database: new () => Database }>

const packageName = 'sql.js'
const rows = 300

async function use(instantiate: Instantiate): Promise<string> {
  const initSqlJs = evaluateCommonJs(`${packageName}/dist/sql-wasm.js`) as InitSqlJs
  const { Database } = await initSqlJs({
    instantiateWasm(imports, receive) {
      const instance = instantiate(imports)
      receive(instance)
      return instance.exports
    },
  })
  const database = new Database()
  try {
    database.run('create table sale (id integer primary key, town text, amount integer)')
    database.run('begin')
    for (let id = 1; id <= rows; id += 1) {
      database.run('insert into sale values (?, ?, ?)', [id, `town ${id % 7}`, (id * id) % 101])
    }
    database.run('commit')
    const found = database.exec(
      `select town, count(*), sum(amount), max(amount) over_all from sale
       group by town having sum(amount) > 100 order by sum(amount) desc, town`,
    )
    return JSON.stringify(found)
  } finally {
    database.close()
  }
}

export const sqlite: DemoModule = {
  name: 'sqlite',
  toolChain: 'Emscripten, own memory (instantiateWasm)',
  work: 'fill and query a database',
  packageName,
  bytes: () => readPackageFile(`${packageName}/dist/sql-wasm.wasm`),
  use,
}
