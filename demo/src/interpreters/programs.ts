/**
 * One program in both languages, as a tenant may have it: a price list of sixty lines, parsed once, and a function that is called.
 */
import type { Program } from './interpreter.ts'

const lines = Array.from(
  { length: 60 },
  (_, number) =>
    `article${number}: ${(number % 7) + 1}.50 each, ${(number % 5) + 5}% off from ${(number % 4) + 2}`,
).join('\n')

export const javascript: Program = {
  source: `
    const prices = new Map()
    for (const line of ${JSON.stringify(lines)}.split('\\n')) {
      const [, name, each, percent, from] = /^(\\w+): ([\\d.]+) each, (\\d+)% off from (\\d+)$/.exec(line)
      prices.set(name, (count) => (count * each * (count >= from ? 1 - percent / 100 : 1)).toFixed(2))
    }
    function price(name, count) { return prices.get(name)(count) }`,
  call: 'price("article10", 4)',
  result: '17.10',
}

export const ruby: Program = {
  source: `
    $prices = {}
    ${JSON.stringify(lines)}.split("\\n").each do |line|
      name, each, percent, from = /^(\\w+): ([\\d.]+) each, (\\d+)% off from (\\d+)$/.match(line).captures
      $prices[name] = ->(count) { format("%.2f", count * each.to_f * (count >= from.to_i ? 1 - percent.to_f / 100 : 1)) }
    end
    def price(name, count) = $prices[name].call(count)`,
  call: 'price("article10", 4)',
  result: '17.10',
}
