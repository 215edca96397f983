#!/usr/bin/env bash
# Several workers of one training on this machine, on free ports of 127.0.0.1, with TF_CONFIG set:
#   tools/launch_local_workers.sh N kgan fit RECIPE [options...]
# SIGINT and SIGTERM go to all workers. When one fails the rest have 3 s to end by themselves, and are ended; its exit
# code is returned.
set -euo pipefail

if (($# < 2)) || ! [[ $1 =~ ^[1-9][0-9]*$ ]]; then
    echo "usage: $0 N COMMAND [ARGUMENT...]" >&2
    exit 2
fi
count=$1
shift

# All sockets are open at once, so that no port comes twice.
cluster=$(python3 - "$count" <<'PYTHON'
import json, socket, sys

sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(int(sys.argv[1]))]
print(json.dumps({"worker": [f"127.0.0.1:{s.getsockname()[1]}" for s in sockets]}))
PYTHON
)

workers=()
stopping=
stop() {
    stopping=yes
    kill -s "$1" "${workers[@]}" 2>/dev/null || true
}
trap 'stop INT' INT
trap 'stop TERM' TERM

set -m # without job control background jobs ignore SIGINT
for ((index = 0; index < count; index++)); do
    TF_CONFIG="{\"cluster\": $cluster, \"task\": {\"type\": \"worker\", \"index\": $index}}" "$@" &
    workers+=("$!")
done
set +m

code=0
while ((${#workers[@]})); do
    status=0
    wait -n -p ended "${workers[@]}" 2>/dev/null || status=$?
    [[ -n ${ended:-} ]] || continue # it was a signal that ended the wait
    left=()
    for worker in "${workers[@]}"; do
        [[ $worker == "$ended" ]] || left+=("$worker")
    done
    workers=("${left[@]}")
    if ((status && !code)); then
        code=$status
        for _ in {1..30}; do
            [[ -n $(jobs -rp) ]] || break
            sleep 0.1
        done
        [[ -n $stopping ]] || stop TERM
    fi
done
exit "$code"
