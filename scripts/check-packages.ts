/**
 * Packs every package as npm would publish it, installs the tarballs into an empty project, and uses each of them from
 * there, by `import` and by `require`, and through its types.
 *
 * Run by `pnpm pack:check`; needs the packages built.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const project = mkdtempSync(join(tmpdir(), 'warmslot-packages-'))

/** What a user would do first with each package, as an expression that throws if it does not work. */
const firstUses: Record<string, string> = {
  '@warmslot/index-allocator': `
    const a = new m.IndexAllocator({ capacity: 4, strategy: m.reuseAffinity() })
    const slot = a.allocate(7); a.free(slot); if (a.allocate(7) !== slot) throw new Error('no affinity')`,
  '@warmslot/memory-image': `
    const image = m.MemoryImage.fromBytes(new Uint8Array([1, 2, 3]))
    if (m.imageDescriptors(image) !== 1) throw new Error('no descriptor'); image.release()`,
  '@warmslot/pooling': `
    const pool = new m.Pool({ slots: 2, slotBytes: 65536 })
    pool.acquire(pool.register({ memories: [] })).release(); void pool.close()`,
  '@warmslot/engine': `
    const engine = new m.Engine({ slots: 2 })
    void engine.compile(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])).then((one) => {
      engine.instantiate(one).release(); return engine.close()
    })`,
  '@warmslot/host': `
    void m.Host.start({ listen: '127.0.0.1:0', adminListen: '127.0.0.1:0', workers: 1, logLevel: 'silent' }).then(
      (host) => host.close(),
    )`,
  '@warmslot/operator': `
    if (m.moduleFinalizer !== 'warmslot.dev/purge') throw new Error('another finalizer')`,
}

function run(command: string, ...parameters: string[]): string {
  return execFileSync(command, parameters, {
    cwd: project,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

try {
  const tarballs: string[] = []
  for (const name of readdirSync(join(root, 'packages'))) {
    execFileSync('pnpm', ['pack', '--pack-destination', project], {
      cwd: join(root, 'packages', name),
      stdio: 'pipe',
    })
  }
  for (const file of readdirSync(project)) if (file.endsWith('.tgz')) tarballs.push(`./${file}`)
  writeFileSync(
    join(project, 'package.json'),
    JSON.stringify({ name: 'empty', private: true, type: 'module' }),
  )
  run('npm', 'install', '--no-audit', '--no-fund', '--loglevel=error', '--fetch-timeout=30000', ...tarballs)
  for (const [name, firstUse] of Object.entries(firstUses)) {
    writeFileSync(join(project, 'use.mjs'), `import * as m from '${name}'\n${firstUse}\n`)
    writeFileSync(join(project, 'use.cjs'), `const m = require('${name}')\n${firstUse}\n`)
    run('node', 'use.mjs')
    run('node', 'use.cjs')
    console.log(`${name}: import and require work from its tarball`)
  }
  if (tarballs.length !== Object.keys(firstUses).length)
    throw new Error('a package has no first use in this script')
} finally {
  rmSync(project, { recursive: true, force: true })
}
