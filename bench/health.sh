#!/usr/bin/env bash
# What watching costs: the same training with and without diagnostics, in turns (A B B A A B …), so that a machine that gets slower or
# faster meanwhile does so for both, and neither always comes first. Prints the median of each and the cost, and writes bench/results/MACHINE.health.md.
#   bench/health.sh [PAIRS]     6 pairs by default; wants a quiet machine
# Limits: 2 % of a step for VGG and ResNet-18, 5 % for LeNet.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
pairs=${1:-6}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
./gpugrad devices > "$work/devices"
machine=$(sed -n 's/^cpu  *//p' "$work/devices" | tr '[:upper:]' '[:lower:]' | sed -E 's/[^a-z0-9]+/-/g; s/-$//')
mkdir -p bench/results
out="bench/results/$machine.health.md"

# Samples a second while training, the median of a run's epochs after the first, in which code is still compiled: figures, alarms, black
# box and log included.
speed() { # CONFIG NAME SETTINGS…
  local config=$1 name=$2
  shift 2
  ./gpugrad train "$config" --device cpu --out "$work/$name" "$@" > "$work/log" 2>&1 || [ $? = 7 ] || { cat "$work/log" >&2; exit 1; }
  # Column samples/s is the last but one, each with its unit: "73.5 k  4.6 s".
  awk '$1 ~ /^[0-9]+$/ && $1 > 1 { if ($(NF - 2) == "k") print $(NF - 3) * 1000; else if ($(NF - 2) == "M") print $(NF - 3) * 1e6; else print $(NF - 2) }' "$work/log" | median
  rm -rf "${work:?}/$name"
}

median() { sort -g | awk '{ v[NR] = $1 } END { print (NR % 2) ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

{
  echo "# What watching costs"
  echo
  echo "Written by bench/health.sh, $pairs pairs of runs in turns; commit $(git rev-parse --short HEAD), $(date -u +%F)."
  echo
  sed 's/^/    /' "$work/devices"
  echo
  echo "| network | samples/s without | samples/s with | cost | limit | pairs |"
  echo "|---|---:|---:|---:|---:|---|"
} > "$out"

measure() { # NAME CONFIG LIMIT SETTINGS…
  local name=$1 config=$2 limit=$3
  shift 3
  : > "$work/without"; : > "$work/with"; : > "$work/costs"
  speed "$config" warm "$@" > /dev/null
  for ((i = 0; i < pairs; i++)); do
    ((i % 2)) && b=$(speed "$config" b "$@")
    a=$(speed "$config" a "$@" --set diagnostics.every=0 --set diagnostics.black-box=false --set diagnostics.init-audit=false)
    ((i % 2)) || b=$(speed "$config" b "$@")
    echo "$a" >> "$work/without"
    echo "$b" >> "$work/with"
    awk -v a="$a" -v b="$b" 'BEGIN { printf "%.2f\n", 100 * (a / b - 1) }' >> "$work/costs"
  done
  cost=$(median < "$work/costs")
  echo "$name: $cost % (limit $limit %); pairs: $(tr '\n' ' ' < "$work/costs")"
  printf '| %s | %.0f | %.0f | %s %% | %s %% | %s |\n' "$name" "$(median < "$work/without")" "$(median < "$work/with")" "$cost" "$limit" "$(tr '\n' ' ' < "$work/costs")" >> "$out"
}

measure LeNet configs/fashion-mnist-lenet.yaml 5 --set train.epochs=6 --set target=null
measure VGG configs/fashion-mnist-vgg.yaml 2 --set train.epochs=5 --set data.limit=3840 --set target=null
measure ResNet-18 configs/resnet18-cifar.yaml 2 --set train.epochs=4 --set "data.dataset={random: {train: 640, test: 32, shape: [3, 32, 32], classes: 10}}" --set target=null
echo "written to $out"
