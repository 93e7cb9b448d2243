/** Runs one group of the crash matrix in child processes, and says for each case what became of it. */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'

import type { Case, Side } from './case.ts'
import type { Line } from './child.ts'
import { groups } from './groups.ts'

export interface Verdict {
  readonly name: string
  readonly family: string
  /**
   * `alike`: as on plain V8; `right`: in the pool only; `absent`: this Node lacks what it needs; `V8's own`: plain V8 ends
   * the process too; `limit`: documented; `failed`: a finding.
   */
  readonly verdict: 'alike' | 'right' | 'absent' | "V8's own" | 'limit' | 'failed'
  readonly checks: number
  readonly detail?: string
}

interface Ending {
  readonly lines: readonly Line[]
  readonly how: string
  readonly stderr: string
}

/** A child that says nothing for so long hangs. */
const longestSilenceMs = 60_000
const child = fileURLToPath(new URL('child.ts', import.meta.url))

function run(
  node: string,
  argumentsOfChild: readonly string[],
  options: readonly string[],
  silenceMs = longestSilenceMs,
  shell?: string,
): Promise<Ending> {
  const flags = ['--expose-gc', '--disable-warning=ExperimentalWarning', ...options]
  const command = [node, ...flags, child, ...argumentsOfChild]
  const [file = '', ...rest] =
    shell === undefined ? command : ['bash', '-c', `${shell} && exec "$@"`, 'bash', ...command]
  const started = spawn(file, rest, {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_OPTIONS: '' },
  })
  const lines: Line[] = []
  let stderr = ''
  let hangs = false
  const timer = setTimeout(() => {
    hangs = true
    started.kill('SIGKILL')
  }, silenceMs)
  started.stderr!.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-2_000)))
  const told = createInterface({ input: started.stdio[3] as Readable })
  told.on('line', (line) => {
    timer.refresh()
    lines.push(JSON.parse(line) as Line)
  })
  return new Promise((resolve, reject) => {
    started.on('error', reject)
    started.on('close', (status, signal) => {
      clearTimeout(timer)
      resolve({ lines, how: hangs ? 'hangs' : (signal ?? `status ${status}`), stderr })
    })
  })
}

function verdict(one: Case, kind: Verdict['verdict'], detail?: string, checks = 1): Verdict {
  const { name, family = name } = one
  return { name, family, verdict: kind, checks, ...(detail !== undefined && { detail }) }
}

/** Cases side by side in one child; a death is put down to the case that ran, and a new child goes on after it. */
async function runTogether(node: string, groupName: string): Promise<Map<number, Verdict>> {
  const { cases, node: options = [], silenceMs } = groups[groupName]!
  const verdicts = new Map<number, Verdict>()
  for (let next = cases.findIndex((one) => !one.alone); next >= 0 && next < cases.length;) {
    const { lines, how, stderr } = await run(node, [groupName, String(next)], options, silenceMs)
    let running: Extract<Line, { begin: number }> | undefined
    let last = next
    for (const line of lines) {
      if ('begin' in line) running = line
      else {
        const one = cases[line.end]!
        const { failure, checks } = line
        if (line.absent) verdicts.set(line.end, verdict(one, 'absent'))
        else if (failure !== undefined) verdicts.set(line.end, verdict(one, 'failed', failure))
        else verdicts.set(line.end, verdict(one, one.only ? 'right' : 'alike', undefined, checks))
        running = undefined
        last = line.end
      }
    }
    if (how === 'status 0') break
    if (lines.length === 0) throw new Error(`No case of group ${groupName} was reached: ${how}\n${stderr}`)
    // What a case left behind may strike after it.
    const at = running?.begin ?? last
    const one = cases[at]!
    const where = running === undefined ? 'after it' : running.side === 'V8' ? 'in plain V8' : 'in the pool'
    const detail = `${how} ${where}: ${stderr.slice(-300)}`
    if (one.limit === undefined) verdicts.set(at, verdict(one, 'failed', detail))
    else verdicts.set(at, verdict(one, 'limit', `${one.limit} (${how})`))
    next = at + 1
  }
  return verdicts
}

async function runAlone(node: string, groupName: string, number: number): Promise<Verdict> {
  const group = groups[groupName]!
  const one = group.cases[number]!
  const options = [...(group.node ?? []), ...(one.node ?? [])]
  const on = (side: Side): Promise<Ending> =>
    run(node, [groupName, '0', String(number), side], options, group.silenceMs, one.shell)
  const { how, stderr, lines } = await on('pool')
  if (lines.some((line) => 'absent' in line)) return verdict(one, 'absent')
  if (lines.length === 0) return verdict(one, 'failed', `it was not reached: ${how}: ${stderr.slice(-300)}`)
  const expected = one.only ? `status ${one.status ?? 0}` : (await on('V8')).how
  if (how !== expected) {
    if (one.limit !== undefined) return verdict(one, 'limit', `${one.limit} (${how})`)
    return verdict(one, 'failed', `${how} instead of ${expected}: ${stderr.slice(-300)}`)
  }
  // Not seen in a few tries is not the same as safe.
  if (one.limit !== undefined) return verdict(one, 'right', 'the limit was not hit')
  if (how.startsWith('status'))
    return verdict(one, one.only ? 'right' : 'alike', how === 'status 0' ? undefined : how)
  return verdict(one, "V8's own", how)
}

/** The verdicts of a group, in the order of its cases. */
export async function runGroup(node: string, groupName: string): Promise<Verdict[]> {
  const { cases } = groups[groupName]!
  const verdicts = await runTogether(node, groupName)
  for (const [number, one] of cases.entries()) {
    if (one.alone) verdicts.set(number, await runAlone(node, groupName, number))
  }
  return cases.map((one, number) => verdicts.get(number) ?? verdict(one, 'failed', 'it was never run'))
}
