#!/usr/bin/env bash
# How long `train` takes to its first step: from the start of the process, as it says itself, and from the command ./gpugrad.
# bench/startup.sh [ROUNDS] [CONFIG…]; the data must have been fetched before. Prints the median, the least and the largest.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
rounds=${1:-7}
shift || true
configs=("$@")
[ $# -gt 0 ] || configs=(configs/fashion-mnist-lenet.yaml configs/digits.yaml configs/spirals.yaml)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
./gpugrad devices >/dev/null # builds
for config in "${configs[@]}"; do
  for ((i = 0; i < rounds; i++)); do
    begin=$(date +%s.%N)
    GPUGRAD_TIMES=1 ./gpugrad train "$config" --out "$folder/run" >/dev/null 2>"$folder/notes" &
    pid=$!
    until grep -q 'first step' "$folder/notes"; do
      kill -0 "$pid" 2>/dev/null || { cat "$folder/notes" >&2; exit 1; }
      sleep 0.002
    done
    end=$(date +%s.%N)
    { kill -9 "$pid"; wait "$pid"; } 2>/dev/null || true
    rm -rf "$folder/run"
    sed -n 's/^first step \([0-9.]*\) s.*/\1/p' "$folder/notes" | tr '\n' ' '
    awk "BEGIN {print $end - $begin}"
  done | sort -n | awk -v c="$config" '{p[NR] = $1; w[NR] = $2} END {
    printf "%-36s first step %.2f s after the process started (%.2f to %.2f), %.2f s after the command\n", c, p[int((NR + 1) / 2)], p[1], p[NR], w[int((NR + 1) / 2)]}'
done
