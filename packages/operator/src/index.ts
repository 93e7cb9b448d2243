/**
 * `@warmslot/operator`: a deleted Module is gone from every host, proved.
 *
 *     await new Operator(kubeConfig, { namespace: 'warmslot-system' }).run(signal)
 *
 * On the command line: `warmslot-operator run`. And the parts that a controller in Node.js is made of:
 *
 *     await using cluster = Cluster.fromKubeConfig(kubeConfig)
 *     await using queue = new WorkQueue<ObjectKey>()
 *     await using reflector = new Reflector<Module>({ cluster, resource, handlers: {
 *       added: (module) => queue.add(keyOf(module)), updated: …, deleted: … } })
 *     reflector.start()
 *     await reflector.synced
 *     await queue.run(async (key) => reconcile(reflector.store.get(key)), { concurrency: 4 })
 */
export { Operator } from './operator.ts'
export type { LogLevel, OperatorOptions, ResolvedOperatorOptions } from './options.ts'
export { InvalidOperatorOptionError } from './errors/invalid-operator-option-error.ts'
export {
  forceReleaseAnnotation,
  group,
  kind,
  moduleFinalizer,
  plural,
  podFinalizer,
  version,
} from './resource/module.ts'
export type * from './resource/module.ts'

// The connection: requests, credentials, limits.
export { Cluster } from './kubernetes/cluster.ts'
export type { ClusterOptions, FinishedRequest, Verb } from './kubernetes/cluster/cluster-options.ts'
export type { ApiRequest, Method, Query, RequestLimits } from './kubernetes/cluster/api-request.ts'
export { ApiClient } from './kubernetes/cluster/api-client.ts'
export type {
  DeleteOptions,
  ListQuery,
  ObjectList,
  StreamRequest,
  Subresource,
} from './kubernetes/cluster/api-client.ts'

// Objects and resources.
export {
  type ApiObject,
  type ApiObjectMeta,
  type AsJson,
  joinKey,
  keyOf,
  type ObjectKey,
  splitKey,
} from './kubernetes/object.ts'
export {
  collectionPath,
  configMaps,
  events,
  leases,
  nodes,
  type ObjectName,
  objectPath,
  pods,
  type Resource,
  secrets,
} from './kubernetes/resource.ts'
export { isOlder } from './kubernetes/resource-version.ts'

// Knowing what is there.
export { Reflector, type ReflectorState } from './kubernetes/reflector.ts'
export type {
  ReflectorFailure,
  ReflectorHandlers,
  ReflectorOptions,
} from './kubernetes/reflector/reflector-options.ts'
export type { Indexer, Store } from './kubernetes/reflector/object-store.ts'

// Doing something about it.
export { WorkQueue } from './kubernetes/work-queue.ts'
export type {
  Handler,
  HandlerResult,
  RunOptions,
  WorkQueueOptions,
} from './kubernetes/queue/work-queue-options.ts'
export {
  WorkQueueMetrics,
  type WorkQueueNumbers,
  type WorkQueueObserver,
} from './kubernetes/queue/work-queue-metrics.ts'
export { LeaderElector, type LeaderRun } from './kubernetes/leader-elector.ts'
export type { LeaderElectorOptions } from './kubernetes/leader/leader-elector-options.ts'
export { addFinalizer, removeFinalizer } from './kubernetes/finalizer.ts'

// Telling about it.
export {
  type Condition,
  type ConditionStatus,
  type ConditionUpdate,
  findCondition,
  isTrue,
  removeCondition,
  setCondition,
} from './kubernetes/conditions.ts'
export { EventRecorder } from './kubernetes/event-recorder.ts'
export type { EventRecorderOptions } from './kubernetes/events/event-recorder-options.ts'
export { type EventText, type ObjectReference, referenceTo } from './kubernetes/events/event-object.ts'

// Time.
export type { BackOffOptions } from './kubernetes/time/back-off.ts'
export { type Clock, systemClock, wait } from './kubernetes/time/clock.ts'
export { microTimestamp, timestamp } from './kubernetes/time/timestamp.ts'

// What goes wrong.
export { KubernetesError } from './kubernetes/errors/kubernetes-error.ts'
export {
  type ApiStatus,
  type ApiStatusDetails,
  KubernetesApiError,
} from './kubernetes/errors/kubernetes-api-error.ts'
export {
  type ConnectionFailure,
  KubernetesConnectionError,
} from './kubernetes/errors/kubernetes-connection-error.ts'
export { KubernetesProtocolError } from './kubernetes/errors/kubernetes-protocol-error.ts'
export { LeadershipLostError } from './kubernetes/errors/leadership-lost-error.ts'
export { ObjectBeingDeletedError } from './kubernetes/errors/object-being-deleted-error.ts'
export { ObjectReplacedError } from './kubernetes/errors/object-replaced-error.ts'
export { InvalidConditionError } from './kubernetes/errors/invalid-condition-error.ts'
export { InvalidOptionError } from './kubernetes/errors/invalid-option-error.ts'
