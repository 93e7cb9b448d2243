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
  readonly body: () => string
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
    return pageFile(path, contentType, new URL(name, staticFolder))
  })
  return [...files, ...(isSource ? sourceScripts() : [builtScript()])]
}

function builtScript(): PageFile {
  return pageFile(`/${entry}.js`, javaScript, new URL(`${entry}.js`, scriptFolder))
}

/** They import each other by their names. */
function sourceScripts(): PageFile[] {
  const names = readdirSync(scriptFolder).filter((name) => name.endsWith('.ts'))
  return names.map((name) => {
    const path = name === `${entry}.ts` ? `/${entry}.js` : `/${name}`
    const { body: source } = pageFile(path, javaScript, new URL(name, scriptFolder))
    return { path, contentType: javaScript, body: () => stripTypeScriptTypes(source()) }
  })
}

function pageFile(path: string, contentType: string, url: URL): PageFile {
  const text = readFileSync(url, 'utf8')
  return { path, contentType, body: () => text }
}
