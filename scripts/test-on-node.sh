#!/usr/bin/env bash
# Runs the packages' tests on other versions of Node than the workspace's own, each from the npm registry.
#   scripts/test-on-node.sh 22 26
# Needs the workspace installed and built (pnpm turbo build).
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for version in "$@"; do
  mkdir "$work/$version"
  (cd "$work/$version" && npm init --yes >/dev/null && npm install --no-audit --no-fund --loglevel=error --fetch-timeout=30000 "node@$version")
  node=$work/$version/node_modules/node/bin/node
  for package in index-allocator memory-image pooling engine host operator; do
    echo "== $package on Node $("$node" --version)"
    # The operator's scenarios are of clusters rather than of Node: once is enough.
    (cd "$root/packages/$package" &&
      PATH=$(dirname "$node"):$PATH "$node" node_modules/vitest/vitest.mjs run --exclude 'test/api-server/operator/**')
  done
done
