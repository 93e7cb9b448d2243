/** The command lines of etcd and kube-apiserver; paths are seen from the folder that both run in. */

/** Sockets in the working directory: etcd wants a number after the name, which is part of the file's name then. */
const etcdForClients = 'unix://localhost:1'
const etcdForPeers = 'unix://localhost:2'

export const etcdFlags: readonly string[] = [
  '--name=only',
  '--data-dir=etcd',
  `--listen-client-urls=${etcdForClients}`,
  `--advertise-client-urls=${etcdForClients}`,
  `--listen-peer-urls=${etcdForPeers}`,
  `--initial-advertise-peer-urls=${etcdForPeers}`,
  `--initial-cluster=only=${etcdForPeers}`,
  '--unsafe-no-fsync',
  '--log-level=warn',
]

export function apiServerFlags(port: number): string[] {
  return [
    `--etcd-servers=${etcdForClients}`,
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    `--secure-port=${port}`,
    // It makes a certificate for its address there, and takes that again the next time.
    '--cert-dir=certificates',
    '--token-auth-file=tokens.csv',
    '--authorization-mode=RBAC',
    '--service-account-issuer=https://kubernetes.default.svc',
    '--service-account-key-file=service-accounts.pub',
    '--service-account-signing-key-file=service-accounts.key',
    '--disable-admission-plugins=ServiceAccount',
    '--service-cluster-ip-range=10.0.0.0/24',
    // Endpoints on loopback are invalid, and nobody asks for them.
    '--endpoint-reconciler-type=none',
    '--allow-privileged',
    // At SIGTERM watches end within this time; without it they would keep the server for a minute.
    '--shutdown-watch-termination-grace-period=1s',
    '--profiling=false',
  ]
}
