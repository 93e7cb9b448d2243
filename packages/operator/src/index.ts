/** `@warmslot/operator`: a deleted Module is gone from every host, proved. */
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
