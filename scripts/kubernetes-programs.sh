#!/usr/bin/env bash
# Builds the programs of Kubernetes that tests run against, from the Go module proxy, where they are missing; prints their folder.
#   scripts/kubernetes-programs.sh                 etcd and kube-apiserver
#   scripts/kubernetes-programs.sh kubectl         kubectl
#   export KUBEBUILDER_ASSETS=$(scripts/kubernetes-programs.sh)
# Versions and checksums are those of kubernetes-programs/go.mod and go.sum. Needs Go, and some minutes once: what is built is kept in
# ${XDG_CACHE_HOME:-~/.cache}/warmslot/kubernetes/VERSION. Where KUBEBUILDER_ASSETS is set, that folder is looked at, and nothing is built.
set -euo pipefail
fail() {
  echo "kubernetes-programs: $*" >&2
  exit 1
}

module=$(cd "$(dirname "$0")/kubernetes-programs" && pwd)
kubernetes=$(awk '$1 == "k8s.io/kubernetes" || $2 == "k8s.io/kubernetes" { sub(/.*k8s.io\/kubernetes v/, ""); print $1; exit }' "$module/go.mod")
least_go=$(awk '$1 == "go" { print $2; exit }' "$module/go.mod")
folder=${KUBEBUILDER_ASSETS:-${XDG_CACHE_HOME:-$HOME/.cache}/warmslot/kubernetes/$kubernetes}
[[ $# -gt 0 ]] || set -- etcd kube-apiserver

missing=()
for program in "$@"; do
  [[ $program =~ ^(etcd|kube-apiserver|kubectl)$ ]] || fail "There is no program \"$program\"; there are etcd, kube-apiserver and kubectl."
  [[ -x $folder/$program ]] || missing+=("$program")
done
if [[ ${#missing[@]} -eq 0 ]]; then
  echo "$folder"
  exit
fi

other="set KUBEBUILDER_ASSETS to a folder that has etcd and kube-apiserver, as setup-envtest makes it"
[[ -z ${KUBEBUILDER_ASSETS:-} ]] || fail "KUBEBUILDER_ASSETS is $folder, but there is no ${missing[*]} in it: unset it to have them built, or $other."
command -v go >/dev/null || fail "No Go to build ${missing[*]} with: install Go $least_go or later (https://go.dev/dl), or $other."
# Asked in the module's folder, Go 1.21 and later takes the version that go.mod wants, if it may fetch it.
go=$(cd "$module" && go env GOVERSION 2>/dev/null) || go=$(GOTOOLCHAIN=local go version | cut -d ' ' -f 3)
printf '%s\n' "$least_go" "${go#go}" | sort --check=quiet --version-sort ||
  fail "Go $least_go or later is needed, and ${go#go} is here: install it (https://go.dev/dl), or $other."

mkdir -p "$folder"
exec 9>"$folder/.lock"
flock --nonblock 9 || { echo "kubernetes-programs: waiting for another build in $folder" >&2 && flock 9; }
unfinished=$folder/.unfinished
trap 'rm -f "$unfinished"' EXIT

numbers=${kubernetes#*.}
stamp=k8s.io/component-base/version.git
for program in "${missing[@]}"; do
  [[ -x $folder/$program ]] && continue # built by whoever had the lock before
  case $program in
    etcd) package=go.etcd.io/etcd/server/v3 flags='-s -w' ;;
    *) package=k8s.io/kubernetes/cmd/$program
      flags="-s -w -X ${stamp}Version=v$kubernetes -X ${stamp}Major=${kubernetes%%.*} -X ${stamp}Minor=${numbers%%.*}" ;;
  esac
  echo "kubernetes-programs: building $program, which takes some minutes once" >&2
  (cd "$module" && CGO_ENABLED=0 go build -mod=readonly -buildvcs=false -trimpath -ldflags "$flags" -o "$unfinished" "$package") >&2 9>&- ||
    fail "$program was not built, for the reason above. If the module proxy cannot be reached, set GOPROXY; or $other."
  mv "$unfinished" "$folder/$program"
done
echo "$folder"
