#!/usr/bin/env bash
# Builds the images warmslot/host and warmslot/operator with the `docker` of the PATH, for its platform: Linux on x64 or arm64.
#   scripts/build-images.sh [TAG...]                 default: dev
#   scripts/build-images.sh --prepare host FOLDER    only what goes into an image: a new folder, which runs wherever Node is
# What the images hold is prepared here and copied there. Of the environment:
#   BASE    the image that they are based on, with Node.js 24 and glibc    default: what the Dockerfiles say
# Needs bash, Node.js with npm, and docker.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
pnpm() { npx --yes pnpm@12 --dir "$root" "$@"; }

# The package with what it needs at run time, for both processors, without what is only for those who change it.
prepare() {
  local package=$1 folder=$2
  [[ ! -e $folder ]] || { echo "build-images: $folder is there already: name a new folder" >&2; return 1; }
  # Copies: links would share their modes with pnpm's store.
  pnpm --filter "@warmslot/$package" --config.node-linker=hoisted --config.package-import-method=copy \
    deploy --prod --os=linux --cpu=x64 --cpu=arm64 --libc=glibc "$folder"
  rm -rf "$folder"/{pnpm-lock.yaml,pnpm-workspace.yaml} "$folder"/node_modules/{.bin,.modules.yaml,.pnpm,.pnpm-workspace-state-v1.json}
  # As it is in the workspace: the deployed one has the paths of this machine.
  cp "$root/packages/$package/package.json" "$folder/package.json"
  # koffi has musl's binaries beside glibc's.
  rm -rf "$folder"/node_modules/@koromix/koffi-linux-*/musl_*
  find "$folder/node_modules" -type d -path '*/node_modules/*/test' -prune -exec rm -rf {} +
  # Whatever the umask here is: another user runs it.
  chmod -R a+rX "$folder"
}

if [[ ${1:-} == --prepare ]]; then
  [[ $# == 3 ]] || { echo 'usage: scripts/build-images.sh --prepare PACKAGE FOLDER' >&2; exit 2; }
  pnpm turbo build --filter "@warmslot/$2"
  prepare "$2" "$(realpath --canonicalize-missing "$3")"
  exit
fi

[[ $# -gt 0 ]] || set -- dev
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
pnpm turbo build --filter @warmslot/host --filter @warmslot/operator
for package in host operator; do
  prepare "$package" "$work/$package"
  tags=()
  for tag in "$@"; do tags+=(--tag "warmslot/$package:$tag"); done
  docker build "${tags[@]}" ${BASE:+--build-arg "BASE=$BASE"} --file "$root/packages/$package/Dockerfile" "$work/$package"
done
