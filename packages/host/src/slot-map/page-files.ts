/**
 * The page's files, read once. Built, they lie in `dist/slot-map/`, the scripts as one; in the source tree they are served as they
 * are, each script with its types taken out.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'

export interface PageFile {
  /** Of the URL. */
  readonly path: string
  readonly contentType: string
  readonly body: string
}

const isSource = import.meta.url.endsWith('.ts')
/** Relative to the source file, or to the bundle. */
const staticFolder = new URL(isSource ? './page/files/' : './slot-map/', import.meta.url)
const scriptFolder = new URL(isSource ? './page/' : './slot-map/', import.meta.url)

const staticFiles = [
  ['/', 'index.html', 'text/html; charset=utf-8'],
  ['/slot-map.css', 'slot-map.css', 'text/css; charset=utf-8'],
  ['/slot-map-icon.svg', 'slot-map-icon.svg', 'image/svg+xml'],
] as const
const javaScript = 'text/javascript; charset=utf-8'
const entry = 'slot-map'

/** @throws what keeps them from being read: the package is not whole */
export function pageFiles(): PageFile[] {
  const files = staticFiles.map(([path, name, contentType]) => {
    return { path, contentType, body: readFileSync(new URL(name, staticFolder), 'utf8') }
  })
  return [...files, ...(isSource ? sourceScripts() : [builtScript()])]
}

function builtScript(): PageFile {
  const name = `${entry}.js`
  return {
    path: `/${name}`,
    contentType: javaScript,
    body: readFileSync(new URL(name, scriptFolder), 'utf8'),
  }
}

/** They import each other by their names. */
function sourceScripts(): PageFile[] {
  const names = readdirSync(scriptFolder).filter((name) => name.endsWith('.ts'))
  return names.map((name) => {
    const path = name === `${entry}.ts` ? `/${entry}.js` : `/${name}`
    const body = stripTypeScriptTypes(readFileSync(new URL(name, scriptFolder), 'utf8'))
    return { path, contentType: javaScript, body }
  })
}
