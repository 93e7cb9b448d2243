/** Why a module's uses get a fresh instance each, in words. */
import type { FreshReason } from '@warmslot/engine'

export const warmExplanation =
  'a live instance serves request after request: its memory and its globals are set back to their first state'

const cost = 'each request gets a fresh V8 instance on a slot with the image in place'

export const freshExplanations: Readonly<Record<FreshReason, string>> = {
  'no memory':
    'it has no memory, so there is no slot to keep an instance in: V8 makes a new one for each request',
  'imports a table': `it imports a table, which instantiation fills each time: ${cost}`,
  'code changes tables': `its code changes a table of functions, which cannot be set back exactly: ${cost}`,
  'code drops segments': `its code drops data or element segments, which a live instance would miss next time: ${cost}`,
  'code changes GC objects': `its code changes objects of the garbage collector, which cannot be set back: ${cost}`,
  'exports a tag': `it exports a tag, and each instance has its own: ${cost}`,
  'functions can leave unseen': `functions can leave it unseen, in exceptions or objects, and be called after the request: ${cost}, and that slot's memory is replaced`,
}
