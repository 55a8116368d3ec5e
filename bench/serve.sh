#!/usr/bin/env bash
# Loads 'gpugrad serve' with wrk (Debian's package) and writes bench/results/serve.md: requests a second, latencies, what was lost, memory.
#   bench/serve.sh                 a table of four columns, and digits as JSON; 30 s each
#   bench/serve.sh --seconds 300   longer (60 are more than 10⁶ requests); --connections 64 more at a time; --check prints and writes nothing
# That the answers are those of 'predict' is PredictTests' business.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
seconds=30 connections=64 out=bench/results/serve.md
while [ $# -gt 0 ]; do
  case "$1" in
    --seconds) seconds=$2; shift ;;
    --connections) connections=$2; shift ;;
    --check) out=/dev/stdout ;;
    *) echo "serve.sh: '$1'; expected --seconds N, --connections N or --check" >&2; exit 2 ;;
  esac
  shift
done
load=$(cut -d" " -f1 /proc/loadavg)
command -v wrk >/dev/null || { echo "serve.sh: wrk is missing; apt-get install wrk" >&2; exit 1; }
./gpugrad --version >/dev/null
folder=$(mktemp -d)
server=""
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$folder"' EXIT

python3 - "$folder" <<'P'
import json, random, sys
folder = sys.argv[1]
random.seed(1)
with open(f"{folder}/table.csv", "w") as f:
    f.write("a,b,c,d,kind\n")
    for _ in range(400):
        k = random.randrange(3)
        f.write(",".join(f"{random.gauss(k * 2, 1):.3f}" for _ in range(4)) + f",kind{k}\n")
open(f"{folder}/table.yaml", "w").write(f"data: {{dataset: {{csv: {{path: {folder}/table.csv, label: kind}}}}, batch: 32}}\nmodel: [{{dense: 64}}, relu, {{dense: 3}}]\ntrain: {{epochs: 5}}\n")
picture = [[[(x * 9 + y * 5) % 256 for x in range(28)] for y in range(28)]]
json.dump({"inputs": [[1.2, 0.3, 2.5, 0.7]]}, open(f"{folder}/table.json", "w"))
json.dump({"inputs": [picture]}, open(f"{folder}/digits.json", "w"), separators=(",", ":"))
json.dump({"inputs": [picture] * 16}, open(f"{folder}/digits16.json", "w"), separators=(",", ":"))
P
./gpugrad train "$folder/table.yaml" --out "$folder/table" --device cpu >/dev/null
./gpugrad train configs/digits.yaml --out "$folder/digits" --device cpu --set train.epochs=1 --set target=null --set 'data.dataset={digits: {train: 2000, test: 100}}' >/dev/null 2>&1

load() { # RUN BODY SAMPLES
  rm -f "$folder/serve.json"
  ./gpugrad serve "$folder/$1" --port 0 --json --device cpu >"$folder/serve.json" 2>"$folder/serve.err" &
  server=$!
  until grep -q '^}' "$folder/serve.json" 2>/dev/null; do kill -0 "$server" || { cat "$folder/serve.err" >&2; exit 1; }; sleep 0.1; done
  url=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["url"])' "$folder/serve.json")
  cat >"$folder/post.lua" <<L
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
local f = io.open("$folder/$2.json"); wrk.body = f:read("*a"); f:close()
L
  curl -sf -H 'Content-Type: application/json' --data-binary "@$folder/$2.json" "${url}predict" >/dev/null
  wrk -t2 -c"$connections" -d2 -s "$folder/post.lua" "${url}predict" >/dev/null
  before=$(awk '/VmRSS/ {print int($2 / 1024)}' "/proc/$server/status")
  wrk -t2 -c"$connections" -d"$seconds" --latency -s "$folder/post.lua" "${url}predict" >"$folder/wrk.txt"
  after=$(awk '/VmRSS/ {print int($2 / 1024)}' "/proc/$server/status")
  curl -sf "${url}metrics" >"$folder/metrics.txt"
  kill -TERM "$server"; wait "$server" || true; server=""
  python3 - "$folder" "$1" "$2" "$3" "$before" "$after" <<'P'
import re, sys
folder, run, body, samples, before, after = sys.argv[1:]
wrk, metrics = open(f"{folder}/wrk.txt").read(), open(f"{folder}/metrics.txt").read()
find = lambda p, text, default="": (re.search(p, text, re.M) or [None, default])[1]
rate = float(find(r"Requests/sec:\s+([\d.]+)", wrk))
errors = find(r"(Socket errors: .*)", wrk, "none")
lost = find(r"Non-2xx or 3xx responses: (\d+)", wrk, "0")
batch = float(find(r"^gpugrad_batch_samples_sum (\S+)", metrics)) / float(find(r"^gpugrad_batch_samples_count (\S+)", metrics))
busy = float(find(r"^gpugrad_batch_seconds_sum (\S+)", metrics))
total = float(find(r"^gpugrad_batch_samples_sum (\S+)", metrics))
requests = find(r"(\d+) requests in", wrk)
p50, p99 = find(r"(?m)^\s+50%\s+(\S+)", wrk), find(r"(?m)^\s+99%\s+(\S+)", wrk)
print(f"| {body} | {requests} | {rate:,.0f} | {rate * int(samples):,.0f} | {total / busy:,.0f} | {p50} | {p99} | {batch:.1f} | {lost} | {errors} | {before} → {after} MiB |")
P
}
{
  echo "# gpugrad serve under load"
  echo
  echo "$(date -u +%F), commit $(git rev-parse --short HEAD), $(nproc) cores ($(sed -n 's/^model name\s*: //p' /proc/cpuinfo | head -1)), wrk with $connections connections on the same cores, ${seconds} s; \`bench/serve.sh\` made it."
  echo "Load of the machine before it began: $load (1 where one core is busy)."
  echo "*computing* is the samples that the network itself computes a second while a batch is computed; the rest of the cores' time is HTTP, JSON and wrk."
  echo
  echo "| body | requests | requests/s | samples/s | computing | p50 | p99 | samples a batch | refused | errors | memory |"
  echo "|---|---|---|---|---|---|---|---|---|---|---|"
  load table table 1
  load digits digits 1
  load digits digits16 16
} >"$folder/out.md"
cat "$folder/out.md" >"$out"
