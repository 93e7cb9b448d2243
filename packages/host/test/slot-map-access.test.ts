/** The slot map for everybody: by keyboard, in the dark, without motion, with a screen reader. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { describe, expect, it } from 'vitest'
import { browserIsThere, withBrowserAndHost } from './support/browser.ts'
import { command, numbered } from './support/programs.ts'
import { colourOf, focusedSlot, openTab, prefer, textOf } from './support/tab.ts'

describe.runIf(browserIsThere)('the slot map for everybody', () => {
  const both = withBrowserAndHost()

  it('is a single tab stop, and goes through all slots by keyboard', async () => {
    const { page, complaints } = await openTab(both.browser, both.host.admin)
    await page.waitForSelector('[data-slot][tabindex="0"]')
    expect(await page.$$eval('[data-slot][tabindex="0"]', (stops) => stops.length)).toBe(1)
    const [one, two] = await page.$$eval('[data-worker]', (all) =>
      all.map((card) => card.getAttribute('data-worker')!),
    )
    await page.keyboard.press('Tab')
    expect(await focusedSlot(page)).toBe(`${one}:0`)
    const ring = await page.evaluate(() => getComputedStyle(document.activeElement!).outlineStyle)
    expect(ring).toBe('solid')
    const steps = [
      ['ArrowRight', `${one}:1`],
      ['ArrowDown', `${one}:17`],
      ['End', `${one}:31`],
      ['ArrowRight', `${one}:32`],
      ['End', `${one}:39`],
      ['ArrowRight', `${two}:0`],
      ['ArrowLeft', `${one}:39`],
      ['Home', `${one}:32`],
      ['PageDown', `${two}:32`],
      ['PageDown', `${two}:32`],
      ['ArrowDown', `${two}:32`],
      ['PageUp', `${one}:32`],
      ['ArrowDown', `${two}:0`],
      ['ArrowUp', `${one}:32`],
      ['Control+End', `${two}:39`],
      ['Control+Home', `${one}:0`],
      ['ArrowLeft', `${one}:0`],
      ['ArrowUp', `${one}:0`],
    ] as const
    for (const [keys, place] of steps) {
      const [key, modifier] = keys.split('+').toReversed() as ['Home', 'Control' | undefined]
      if (modifier) await page.keyboard.down(modifier)
      await page.keyboard.press(key)
      if (modifier) await page.keyboard.up(modifier)
      expect([keys, await focusedSlot(page)]).toEqual([keys, place])
    }
    expect(await page.$$eval('[data-slot][tabindex="0"]', (stops) => stops.length)).toBe(1)
    expect(await textOf(page, '#details-list')).toContain(`0 of worker ${one}`)
    await page.keyboard.press('Escape')
    expect(await page.$eval('#details', (panel) => (panel as HTMLElement).hidden)).toBe(true)
    expect(await focusedSlot(page)).toBe(`${one}:0`)
    expect(complaints).toEqual([])
  })

  it('is dark where that is wanted, and still where that is', async () => {
    await both.host.put('shade', numbered(3))
    await both.host.run('shade', '')
    const { page, complaints } = await openTab(both.browser, both.host.admin)
    const cell = '[data-slot][data-module=shade]'
    await page.waitForSelector(cell)
    const colours = async (scheme: string): Promise<string[]> => {
      await prefer(page, scheme)
      return [await colourOf(page, 'body'), await colourOf(page, cell)]
    }
    const [lightGround, lightCell] = await colours('light')
    const [darkGround, darkCell] = await colours('dark')
    expect([lightGround, darkGround]).toEqual(['rgb(255, 255, 255)', 'rgb(20, 22, 26)'])
    expect(lightCell).not.toBe(darkCell)
    // The same hue in both.
    expect(lightCell!.split(' ')[2]).toBe(darkCell!.split(' ')[2])
    await page.emulateMediaFeatures([{ name: 'prefers-reduced-motion', value: 'reduce' }])
    await both.host.purge('shade')
    await page.waitForSelector('[data-slot][data-look=empty]')
    expect(await colourOf(page, '[data-look=empty]')).toBe('rgba(0, 0, 0, 0)')
    expect(complaints).toEqual([])
  })

  it.each(['light', 'dark'])('has texts with contrast at every hue, %s', async (scheme) => {
    const { page } = await openTab(both.browser, both.host.admin)
    await prefer(page, scheme)
    await page.waitForSelector('[data-slot]')
    const least = await page.evaluate(() => {
      const context = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true })!
      const luminance = (colour: string): number => {
        context.fillStyle = colour
        context.fillRect(0, 0, 1, 1)
        const [red, green, blue] = [...context.getImageData(0, 0, 1, 1).data].map((byte) => {
          const share = byte / 255
          return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
        })
        return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!
      }
      const cell = document.querySelector<HTMLElement>('[data-slot]')!
      cell.dataset['module'] = 'any'
      let smallest = 21
      for (const look of ['warm', 'affine', 'in-use']) {
        cell.dataset['look'] = look
        for (let hue = 0; hue < 360; hue += 10) {
          cell.style.setProperty('--hue', String(hue))
          const { color, backgroundColor } = getComputedStyle(cell)
          const [dark, light] = [luminance(color), luminance(backgroundColor)].sort((one, two) => one - two)
          smallest = Math.min(smallest, (light! + 0.05) / (dark! + 0.05))
        }
      }
      return smallest
    })
    expect(least).toBeGreaterThan(4.5)
  })

  it.each(['light', 'dark'])('has no fault that axe-core finds, %s', async (scheme) => {
    await both.host.put(`access-${scheme}`, command)
    await both.host.run(`access-${scheme}`, 'c')
    // A trap leaves no instance: affine, not warm.
    await both.host.run(`access-${scheme}`, 't')
    const { page } = await openTab(both.browser, both.host.admin)
    await prefer(page, scheme)
    await page.waitForSelector(`[data-module=access-${scheme}]`)
    await page.focus('[data-slot]')
    // By the debugger: the page's own policy lets no other script in.
    await page.evaluate(readFileSync(createRequire(import.meta.url).resolve('axe-core'), 'utf8'))
    const violations = await page.evaluate(async () => {
      const { axe: checker } = globalThis as unknown as { axe: typeof import('axe-core') }
      const results = await checker.run()
      return results.violations.map(({ id, nodes }) => [id, nodes.slice(0, 3).map(({ html }) => html)])
    })
    expect(violations).toEqual([])
    await both.host.purge(`access-${scheme}`)
  })
})
