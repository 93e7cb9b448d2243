/** What `warmslot-operator --help` says. */
import { flagOf, optionNames, optionTable, variableOf } from './option-table.ts'

export function helpText(): string {
  const rows = optionNames.map((name) => {
    const { value, help, default: otherwise } = optionTable[name]
    return `  --${flagOf(name)} ${value}\n      ${help}. Default: ${otherwise}. Variable: ${variableOf(name)}\n`
  })
  return `Usage: warmslot-operator run [flags]

Loads Modules into hosts, and holds a deleted Module until every host has proved that its memory is gone.
The API server is that of KUBECONFIG or ~/.kube/config, or in a pod the cluster's own.

${rows.join('')}
Exit codes: 0 ended by a signal; 1 a failure, or leadership was lost; 2 used wrongly.
Messages are lines of JSON on standard error.
`
}
