/** What every error of the Kubernetes parts has: a stable `code`, and a message that says what to do. */
export abstract class KubernetesError extends Error {
  abstract readonly code: string

  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = new.target.name
  }
}
