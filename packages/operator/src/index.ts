/** `@warmslot/operator`: a deleted Module is gone from every host, proved. */
export type * from './resource/module.ts'
