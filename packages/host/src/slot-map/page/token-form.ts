/** The form for the token of the administration port. The token stays in this tab: in its session storage, and nowhere else. */
import { element } from './elements.ts'

const storageKey = 'warmslot-token'

export class TokenForm {
  readonly #form = element('token-form', HTMLFormElement)
  readonly #input = element('token', HTMLInputElement)
  readonly #problem = element('token-problem', HTMLElement)
  readonly #forget = element('forget-token', HTMLButtonElement)

  constructor() {
    this.#forget.addEventListener('click', () => {
      sessionStorage.removeItem(storageKey)
      location.reload()
    })
    this.#showForget()
  }

  get token(): string | undefined {
    return sessionStorage.getItem(storageKey) ?? undefined
  }

  /** Asks. @param tried the token that was refused, if there was one */
  ask(tried: string | undefined): Promise<void> {
    sessionStorage.removeItem(storageKey)
    const isWrong = tried !== undefined
    this.#problem.textContent = isWrong ? 'The host does not take this token.' : ''
    this.#input.setAttribute('aria-invalid', String(isWrong))
    this.#form.hidden = false
    this.#showForget()
    this.#input.focus()
    this.#input.select()
    return new Promise((resolve) => {
      const submitted = (event: Event): void => {
        event.preventDefault()
        const token = this.#input.value.trim()
        if (token === '') return
        this.#form.removeEventListener('submit', submitted)
        sessionStorage.setItem(storageKey, token)
        resolve()
      }
      this.#form.addEventListener('submit', submitted)
    })
  }

  /** The token was taken, or none was needed. */
  accepted(): void {
    this.#form.hidden = true
    this.#input.value = ''
    this.#showForget()
  }

  #showForget(): void {
    this.#forget.hidden = this.token === undefined
  }
}
