#!/usr/bin/env bash
# A Kubernetes cluster on this machine (kind) with Warmslot in it: a Module is loaded into hosts, called, and deleted with proof.
#
#   examples/kind/run.sh [up|demo|down] [--delete]
#
#   (nothing)   up, then demo
#   up          makes the cluster where it is not there, builds the images, loads them, deploys, waits until all is ready
#   demo        loads a Module, calls it on each host, deletes it, and shows what everybody says meanwhile
#   down        deletes the cluster
#   --delete    deletes the cluster at the end, whatever came before (the same: KIND_KEEP=0)
#
# All may be repeated. Needs bash, curl, Node.js with npm, docker, kind and kubectl. Of the environment:
#
#   KIND_CLUSTER      the cluster's name                  default: warmslot
#   KIND_WORKERS      how many worker nodes, 0 to 9       default: 2
#   KIND_NODE_IMAGE   the nodes' image                    default: kind's own
#   KIND_KEEP         0 deletes the cluster at the end    default: 1
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
cluster=${KIND_CLUSTER:-warmslot}
workers=${KIND_WORKERS:-2}
keep=${KIND_KEEP:-1}
system=warmslot-system
images=(warmslot/host:dev warmslot/operator:dev)

# ── Helpers ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────

say() { printf '[%3d s] %s\n' "$SECONDS" "$*"; }
fail() { printf 'run.sh: %s\n' "$*" >&2; exit 1; }
kube() { kubectl --context "kind-$cluster" "$@"; }
nodes() { kind get nodes --name "$cluster" 2>/dev/null | sort; }
cluster_is_there() { kind get clusters 2>/dev/null | grep -qx "$cluster"; }
image_id() { docker image inspect --format '{{.Id}}' "$1"; }

# What `ended` ends, removes and explains.
work=''
background=()
deployed=false

in_background() { background+=("$!"); disown; }

ended() {
  local status=$?
  trap - EXIT
  for pid in ${background[@]+"${background[@]}"}; do kill "$pid" 2>/dev/null || true; done
  if ((status != 0)) && $deployed; then show_what_is_there >&2 || true; fi
  if [[ $keep == 0 ]]; then delete_cluster || true; fi
  rm -rf "$work"
  exit "$status"
}

show_what_is_there() {
  say 'it failed; this is what there is:'
  kube get nodes,pods --all-namespaces --output wide
  kube get modules.warmslot.dev --all-namespaces --output yaml
  kube get events --all-namespaces --sort-by .metadata.creationTimestamp | tail -n 30
  kube logs --namespace "$system" --selector app.kubernetes.io/part-of=warmslot --prefix --all-containers --tail 20
}

# ── up ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

create_cluster() {
  if cluster_is_there; then
    # What an interrupted run may have left behind.
    for node in $(nodes); do
      [[ $(docker inspect --format '{{.State.Paused}}' "$node") == true ]] && docker unpause "$node" >/dev/null
    done
    if (($(nodes | wc -l) == workers + 1)); then
      say "cluster $cluster is there"
      return
    fi
    say "cluster $cluster has other nodes than asked for: it is made anew"
    delete_cluster
  fi
  say "making cluster $cluster: a control plane, $workers workers"
  {
    printf 'kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnodes:\n- role: control-plane\n'
    for ((i = 0; i < workers; i++)); do printf -- '- role: worker\n'; done
  } >"$work/cluster.yaml"
  kind create cluster --name "$cluster" --config "$work/cluster.yaml" --wait 180s ${KIND_NODE_IMAGE:+--image "$KIND_NODE_IMAGE"}
}

delete_cluster() {
  say "deleting cluster $cluster"
  kind delete cluster --name "$cluster"
}

# Where pods can run: on the control plane only where it is alone.
pod_nodes() { if ((workers == 0)); then nodes; else nodes | grep -v -- -control-plane; fi; }

# `kind load` asks for all platforms of an image. Where docker keeps its images in containerd's store, and says of other platforms that
# they are there when they are not, it fails; then the nodes get what this machine's platform is.
load_images() {
  local platform node
  kind load docker-image --name "$cluster" --nodes "$(pod_nodes | paste -s -d ,)" "${images[@]}" >"$work/load.log" 2>&1 && return
  platform=$(docker image inspect --format '{{.Os}}/{{.Architecture}}' "${images[0]}")
  docker save --platform "$platform" --output "$work/images.tar" "${images[@]}" 2>>"$work/load.log" ||
    docker save --output "$work/images.tar" "${images[@]}"
  for node in $(pod_nodes); do
    docker exec --interactive "$node" ctr --namespace k8s.io images import --digests - <"$work/images.tar" >>"$work/load.log" 2>&1 ||
      { cat "$work/load.log" >&2; fail "node $node does not take the images"; }
  done
}

up() {
  create_cluster
  say 'building the images'
  "$root/scripts/build-images.sh"
  say 'loading them into the nodes'
  load_images
  say 'deploying'
  deployed=true
  kube wait --for condition=Ready node --all --timeout 180s
  kubectl kustomize "$here/deploy" |
    sed -e "s/HOST_IMAGE_ID/$(image_id "${images[0]}")/" -e "s/OPERATOR_IMAGE_ID/$(image_id "${images[1]}")/" |
    kube apply --filename -
  kube wait --for condition=Established crd/modules.warmslot.dev --timeout 60s
  kube rollout status --namespace "$system" deployment/warmslot-operator --timeout 180s
  kube rollout status --namespace "$system" daemonset/warmslot-host --timeout 300s
  kube get pods --namespace "$system" --output wide
}

# ── demo ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

hosts() { kube get pods --namespace "$system" --selector app.kubernetes.io/name=warmslot-host --output name | cut -d / -f 2; }

# The kernel's word. An image is a memfd with the module's name in it: /memfd:warmslot:…:default.hello
show_mappings() {
  for node in $(nodes); do
    printf '  %s: %s\n' "$node" \
      "$(docker exec "$node" sh -c 'grep -l "/memfd:warmslot:[^ ]*:default\.hello " /proc/[0-9]*/maps 2>/dev/null | wc -l')"
  done
}

# What a host itself says about a purge, on its administration port: kubectl's tunnel leads there past the NetworkPolicy, and a
# token of the operator's account opens it.
show_receipt() { # pod, UID of the module there
  local port='' token receipt
  token=$(kube create token warmslot-operator --namespace "$system" --audience warmslot-host)
  kube port-forward --namespace "$system" "pod/$1" :8081 >"$work/tunnel" 2>&1 &
  in_background
  for _ in $(seq 50); do
    port=$(sed -n 's/^Forwarding from 127\.0\.0\.1:\([0-9]*\) .*/\1/p' "$work/tunnel")
    [[ $port ]] && break
    sleep 0.2
  done
  [[ $port ]] || { cat "$work/tunnel" >&2; fail "no tunnel to $1"; }
  receipt=$(curl --fail --silent --show-error --max-time 10 --header "authorization: Bearer $token" "http://127.0.0.1:$port/v1/purges/$2")
  printf '  %s: %s\n' "$1" "$(tr -s '\n ' ' ' <<<"$receipt")"
  kill "${background[-1]}"
}

demo() {
  cluster_is_there || fail "there is no cluster $cluster; \"$0 up\" makes it"
  deployed=true

  say 'loading a Module into all hosts'
  kube delete module hello --namespace default --ignore-not-found --timeout 120s
  kube apply --kustomize "$root/packages/operator/deploy/samples" --namespace default
  kube wait --for condition=Ready module/hello --namespace default --timeout 120s
  kube get module hello --namespace default

  say 'calling it on each host'
  local host answer uid
  for host in $(hosts); do
    answer=$(printf 'from %s!' "$host" |
      kube create --raw "/api/v1/namespaces/$system/pods/$host:8080/proxy/v1/modules/default.hello/run" --filename -)
    printf '  %s: %s\n' "$host" "$answer"
  done
  say 'processes that map its image'
  show_mappings

  say 'deleting it: what the API server shows until it is gone'
  kube get module hello --namespace default --output jsonpath='{range .status.records[*]}{.pod} {.hostUID}{"\n"}{end}' >"$work/records"
  kube get modules --namespace default --watch --output-watch-events &
  in_background
  sleep 1
  kube delete module hello --namespace default --timeout 120s
  sleep 1
  kill "${background[-1]}"

  say 'processes that map its image'
  show_mappings
  say 'its events'
  kube get events --namespace default --field-selector involvedObject.kind=Module,involvedObject.name=hello --sort-by .metadata.creationTimestamp \
    --output custom-columns=TYPE:.type,REASON:.reason,MESSAGE:.message
  say 'what the hosts themselves say: their receipts'
  while read -r host uid; do show_receipt "$host" "$uid"; done <"$work/records"
}

# ── What is to be done ───────────────────────────────────────────────────────────────────────────────────────────────────────

step=all
for argument in "$@"; do
  case $argument in
    up | demo | down) step=$argument ;;
    --delete) keep=0 ;;
    -h | --help) sed -n '2,/^set/s/^# \{0,1\}//p' "$0"; exit ;;
    *) fail "\"$argument\" is not known: run.sh [up|demo|down] [--delete]" ;;
  esac
done
[[ $workers =~ ^[0-9]$ ]] || fail "KIND_WORKERS is \"$workers\": a number from 0 to 9"
for program in docker kind kubectl curl; do
  command -v "$program" >/dev/null || fail "$program is not on the PATH"
done

work=$(mktemp -d)
trap ended EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

case $step in
  all) up; demo ;;
  up) up ;;
  demo) demo ;;
  down) keep=0 ;;
esac
if [[ $keep != 0 ]]; then
  say "done. The cluster stays: kubectl --context kind-$cluster get modules --all-namespaces; \"$0 down\" deletes it"
fi
