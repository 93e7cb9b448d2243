/** A page in a browser, and what is looked at in it. */
import type { Browser, Page } from 'puppeteer-core'

export interface Tab {
  readonly page: Page
  /** What the console has said that it should not. */
  readonly complaints: readonly string[]
}

/** With a session storage of its own. */
export async function openTab(browser: Browser, url: string): Promise<Tab> {
  const page = await (await browser.createBrowserContext()).newPage()
  const complaints: string[] = []
  page.on('console', (message) => {
    if (['error', 'warn', 'issue'].includes(message.type())) complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(String(error)))
  await page.setViewport({ width: 1280, height: 900 })
  await page.goto(url)
  return { page, complaints }
}

export function prefer(page: Page, scheme: string): Promise<void> {
  return page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }])
}

/** The computed one. */
export function colourOf(page: Page, selector: string): Promise<string> {
  return page.$eval(selector, (one) => getComputedStyle(one).backgroundColor)
}

export function textOf(page: Page, selector: string): Promise<string> {
  return page.$eval(selector, (one) => one.textContent)
}

/** Worker and slot of the cell that has the focus. */
export function focusedSlot(page: Page): Promise<string> {
  return page.evaluate(() => {
    const cell = document.activeElement as HTMLElement
    return `${cell.closest<HTMLElement>('[data-worker]')?.dataset['worker']}:${cell.dataset['slot']}`
  })
}
