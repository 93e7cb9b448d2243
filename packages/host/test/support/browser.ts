/**
 * A headless Chromium: the one that CHROMIUM_PATH names, or one on the PATH, or the one in the package `@sparticuz/chromium`, which is
 * unpacked once for each version of it. That one is for Linux on x64.
 */
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Browser, launch } from 'puppeteer-core'
import { afterAll, beforeAll } from 'vitest'
import { startHost, type TestHost } from './test-host.ts'

interface Executable {
  readonly path: string
  readonly environment: Readonly<Record<string, string>>
}

/** It speaks to this machine only. */
const switches = [
  // Root, and most containers, have no sandbox to offer; the pages are our own.
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
]

const named = process.env['CHROMIUM_PATH'] ?? onPath()
const isPackaged = process.platform === 'linux' && process.arch === 'x64'

/** Whether this machine has one. */
export const browserIsThere: boolean = named !== undefined || isPackaged

/** @throws where there is none, or it does not start */
async function startBrowser(): Promise<Browser> {
  const { path, environment } = named === undefined ? await packaged() : { path: named, environment: {} }
  return launch({
    executablePath: path,
    headless: 'shell',
    args: switches,
    env: { ...process.env, ...environment },
  })
}

function onPath(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  const candidates = folders.flatMap((folder) => [join(folder, 'chromium'), join(folder, 'chromium-browser')])
  return candidates.find((candidate) => existsSync(candidate))
}

async function packaged(): Promise<Executable> {
  const home = fileURLToPath(new URL('..', import.meta.resolve('@sparticuz/chromium')))
  const { version } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as { version: string }
  const folder = join(tmpdir(), `warmslot-chromium-${version}`)
  if (!existsSync(folder)) await unpack(join(home, 'bin'), folder)
  return {
    path: join(folder, 'chromium'),
    // Libraries that small systems do not have, and fonts.
    environment: {
      LD_LIBRARY_PATH: join(folder, 'al2023/lib'),
      FONTCONFIG_FILE: join(folder, 'fonts.conf'),
    },
  }
}

/** The folder appears when it is whole: several tests may run at once. */
async function unpack(bin: string, folder: string): Promise<void> {
  const { inflate } = await import('@sparticuz/chromium')
  const part = mkdtempSync(join(tmpdir(), 'warmslot-chromium-'))
  const before = process.env['TMPDIR']
  try {
    // Where `inflate` unpacks to.
    process.env['TMPDIR'] = part
    for (const name of ['chromium.br', 'al2023.tar.br', 'fonts.tar.br']) await inflate(join(bin, name))
    writeFileSync(join(part, 'fonts.conf'), fontConfiguration(join(folder, 'fonts')))
    renameSync(part, folder)
  } catch (error) {
    rmSync(part, { recursive: true, force: true })
    if (!existsSync(folder)) throw error
  } finally {
    if (before === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = before
  }
}

/** The same fonts on every machine. */
function fontConfiguration(folder: string): string {
  return `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>${folder}</dir><cachedir>${folder}/cache</cachedir></fontconfig>
`
}

/** A browser and a host for the tests of one block. */
export interface BrowserAndHost {
  browser: Browser
  host: TestHost
}

/** They are there from the first test of the block on, and go with its last. */
export function withBrowserAndHost(): BrowserAndHost {
  const both = {} as BrowserAndHost
  beforeAll(async () => {
    both.browser = await startBrowser()
    both.host = await startHost({ slots: 40 })
  })
  afterAll(async () => {
    await both.browser?.close()
    await both.host?.[Symbol.asyncDispose]()
  })
  return both
}
