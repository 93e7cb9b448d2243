/** The slot map in a real browser: what is drawn, and who gets to see it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { browserIsThere, withBrowserAndHost } from './support/browser.ts'
import { command, numbered } from './support/programs.ts'
import { colourOf, openTab, textOf } from './support/tab.ts'
import { startHost } from './support/test-host.ts'

if (!browserIsThere)
  console.warn('No browser for this machine: the tests of the page are skipped. Set CHROMIUM_PATH.')

const clear = 'rgba(0, 0, 0, 0)'

describe.runIf(browserIsThere)('the slot map in a browser', () => {
  const both = withBrowserAndHost()

  it('colours the slots of a module that has run, and shows how the colour leaves when it is purged', async () => {
    const { page, complaints } = await openTab(both.browser, both.host.admin)
    await page.waitForSelector('#connection[data-state=live]')
    await page.waitForFunction(() => document.querySelectorAll('[data-slot]').length === 80)
    await both.host.put('ruby-1', numbered(1), { name: 'ruby' })
    await both.host.run('ruby', '')
    await page.waitForSelector('[data-slot][data-module="ruby-1"]')
    const filled = await colourOf(page, '[data-slot][data-module="ruby-1"]')
    expect(filled).toMatch(/^oklch/)
    await page.waitForSelector('[data-slot][data-module="ruby-1"][aria-label$=resident]')
    const label = await page.$eval('[data-module="ruby-1"]', (one) => one.getAttribute('aria-label'))
    expect(label).toMatch(/^Slot \d+: warm, ruby \(Ru\), .*resident$/)
    expect(
      await page.$eval('[data-slot][data-module="ruby-1"]', (one) => one.getAttribute('data-code')),
    ).toBe('Ru')
    expect(await textOf(page, '#modules tr')).toContain('rubyruby-1ready22')

    await page.evaluate(() => {
      document.addEventListener('transitionend', ({ target, propertyName, elapsedTime }) => {
        const { dataset } = target as HTMLElement
        dataset['ended'] = `${dataset['ended'] ?? ''} ${propertyName} ${elapsedTime}`
      })
    })
    await both.host.purge('ruby-1')
    await page.waitForSelector('[data-slot][data-look=empty][data-ended*="background-color 2"]')
    expect(await colourOf(page, '[data-slot][data-look=empty]')).toBe(clear)
    await page.waitForFunction(() => document.getElementById('announcements')!.textContent !== '')
    expect(await textOf(page, '#announcements')).toBe('module ruby purged: no slot left')
    await page.waitForFunction(() => document.querySelectorAll('#modules tr').length === 0)
    expect(complaints).toEqual([])
  })

  it('marks a busy worker, and the slot that is in use', async () => {
    await both.host.put('program', command, { timeLimitMs: 4_000 })
    await both.host.run('program', 'c')
    const { page, complaints } = await openTab(both.browser, both.host.admin)
    await page.waitForSelector('[data-slot][data-module=program]')
    const run = both.host.run('program', 'l')
    await page.waitForSelector('.worker.busy [data-look=in-use]')
    expect(await textOf(page, '.worker.busy .doing')).toBe('busy: runs program')
    await run
    await page.waitForFunction(() => document.querySelector('.worker.busy') === null)
    expect(complaints).toEqual([])
    await both.host.purge('program')
  })

  it('asks for the token, and keeps it in the tab', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'warmslot-token-'))
    try {
      writeFileSync(join(folder, 'token'), 'a-token-of-the-test')
      await using guarded = await startHost({ tokenFile: join(folder, 'token') })
      const { page, complaints } = await openTab(both.browser, guarded.admin)
      await page.waitForSelector('#token-form:not([hidden])')
      expect(await textOf(page, '#connection')).toBe('a token is needed')
      expect(await page.evaluate(() => document.activeElement?.id)).toBe('token')
      await page.keyboard.type('another-token-than-that')
      await page.keyboard.press('Enter')
      await page.waitForFunction(() => document.getElementById('token-problem')!.textContent !== '')
      expect(await textOf(page, '#token-problem')).toBe('The host does not take this token.')
      await page.keyboard.type('a-token-of-the-test')
      await page.keyboard.press('Enter')
      await page.waitForSelector('[data-slot]')
      expect(await page.$eval('#token-form', (form) => (form as HTMLFormElement).hidden)).toBe(true)
      await page.reload()
      await page.waitForSelector('[data-slot]')
      await page.click('#forget-token')
      await page.waitForSelector('#token-form:not([hidden])')
      // The browser itself tells of the answers 401, and nothing else is told.
      expect(complaints.filter((text) => !text.includes('401'))).toEqual([])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('tries again when the host has gone', async () => {
    const first = await startHost({ workers: 1 })
    const { page } = await openTab(both.browser, first.admin)
    await page.waitForSelector('[data-slot]')
    await first.host.close()
    await page.waitForSelector('#map.stale')
    await using _again = await startHost({ workers: 1, adminListen: first.admin.slice('http://'.length) })
    await page.waitForSelector('#connection[data-state=live]')
    await page.waitForFunction(() => !document.getElementById('map')!.classList.contains('stale'))
  })
})
