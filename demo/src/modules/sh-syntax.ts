/**
 * TinyGo: the package's `getProcessor` takes a function that is given the imports of TinyGo's `wasm_exec`
 * and answers with an instance.
 */
import { getProcessor } from 'sh-syntax'
import { takeGoClass, withGlobals } from '../go-glue.ts'
import type { DemoModule, Instantiate } from '../module.ts'
import { readPackageFile } from '../package-files.ts'

type GetInstance = Parameters<typeof getProcessor>[0]

const packageName = 'sh-syntax'
const Go = takeGoClass(`${packageName}/vendors/wasm_exec`)
const block = `
build() { if [[ -n "$1" ]];then echo "building $1"; else
return 1;fi; }
for f in *.wasm;do build "$f"||{ echo failed >&2;exit 2; };done
case "$1" in start|up) build all;; stop)  kill "$pid"  ;; *) cat <<-EOF
	usage: $0 start
	EOF
;; esac
`
const source = block.repeat(6)

async function use(instantiate: Instantiate): Promise<string> {
  // One parameter: with none, the package would instantiate by itself.
  const getInstance = (imports: WebAssembly.Imports): Promise<WebAssembly.Instance> =>
    Promise.resolve(instantiate(imports))
  const processor = getProcessor(getInstance as unknown as GetInstance)
  // `new Go()` is in the synchronous part of the call.
  const result = withGlobals({ Go }, () => processor(source, { print: true, filepath: 'demo.sh' }))
  return (await result) as string
}

export const shSyntax: DemoModule = {
  name: 'sh-syntax',
  toolChain: 'TinyGo (getProcessor, wasm_exec)',
  work: 'parse and format a shell script',
  packageName,
  bytes: () => readPackageFile(`${packageName}/main.wasm`),
  use,
}
