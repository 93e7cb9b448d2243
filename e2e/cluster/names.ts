/** What things are called in the cluster. */

/** Another one than the example's, which is somebody's to play with. `set-up.ts` hands it to `examples/kind/run.sh`. */
export const clusterName: string = process.env['KIND_CLUSTER'] || 'warmslot-e2e'
export const context: string = `kind-${clusterName}`

/** Where hosts and the operator are. */
export const systemNamespace = 'warmslot-system'
/** Where the scenarios' Modules are. */
export const moduleNamespace = 'warmslot-e2e'

export const hostSelector = 'app.kubernetes.io/name=warmslot-host'
export const operatorSelector = 'app.kubernetes.io/name=warmslot-operator'
export const podFinalizer = 'warmslot.dev/host-memory'
export const forceReleaseAnnotation = 'warmslot.dev/force-release'

/** Modules of an earlier run that failed do not stand in the way of this one's. */
const run = Date.now().toString(36)
export function uniqueName(name: string): string {
  return `${name}-${run}`
}
