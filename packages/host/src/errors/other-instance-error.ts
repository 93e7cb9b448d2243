import { HostError } from './host-error.ts'

/** The request is for another process than this one: for one that was here before, most likely. */
export class OtherInstanceError extends HostError {
  readonly code = 'WARMSLOT_OTHER_INSTANCE'
  readonly status = 412

  constructor(wanted: string, instance: string) {
    super(
      `The request is for the host with instance ${JSON.stringify(wanted)}, and this one is ${instance}: it has started since, or is another one. Nothing was done. \`GET /v1/host\` says who it is.`,
    )
  }
}
