#!/usr/bin/env bash
# The whole path in a few minutes: images, a training, a pool of models, the pick, its scores and its traversal.
# Every dcr command is printed before it runs; run them yourself in the same order. DEMO names the folder.
set -euo pipefail
DEMO="${DEMO:-demo}"
POOL="$(dirname "$0")/pool"

run() {
    printf '\n$ %s\n' "$*"
    "$@"
}

mkdir -p "$DEMO"
run dcr data render dsprites --num 10000 --seed 0 --overwrite --out "$DEMO/dsprites-sample.npz"
# two seeds for a minute, which is too short to be good: the pool below has them beside models that had half an hour
run dcr train --model infogan-cr --dataset dsprites --preset demo --seeds 0-1 --jobs 2 --resume --out "$DEMO/ckpts"
# here and below a tenth of the official number of images and less: enough to see, not to publish
run dcr centrality "$POOL"/*.pt "$DEMO"/ckpts/*.pt --groups-per-code 10 --scale-images 2500 --jobs 2 \
    --overwrite --select "$DEMO/best.pt" --plot "$DEMO/matrix.png" --report "$DEMO/report.html"
run dcr score "$DEMO/best.pt" --metrics factor_vae,mig \
    --set data.groups=100 --set data.reference=10000 --set data.rows=10000
run dcr traverse "$DEMO/best.pt" --upscale 2 --overwrite --out "$DEMO/traversal.png"

printf '\nWhat was made:\n'
describe() { printf '  %-32s %s\n' "$DEMO/$1" "$2"; }
describe dsprites-sample.npz "10,000 dSprites images and their factors"
describe "ckpts/*.pt" "what was trained before your eyes, logs in the folder beside each"
describe best.pt "the model ModelCentrality picked, without labels"
describe matrix.png "how well each model's encoder reads each other model's images"
describe report.html "the ranking as a page"
describe traversal.png "what each code of the pick does"
