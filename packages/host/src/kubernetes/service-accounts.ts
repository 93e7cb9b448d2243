/** Names of service accounts, `NAMESPACE:NAME`: as in their user names, which have `system:serviceaccount:` before it. */

/** Source: RFC 1123 labels and subdomains, as Kubernetes has them for namespaces and for names of service accounts. */
const pattern =
  /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?:(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/
const most = 100

/** @param text separated by commas @returns undefined for what are no such names */
export function readAccounts(text: string): string[] | undefined {
  const accounts = text.split(',').map((account) => account.trim())
  return accounts.length <= most && accounts.every((account) => pattern.test(account)) ? accounts : undefined
}
