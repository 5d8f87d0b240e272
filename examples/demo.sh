#!/usr/bin/env bash
# The whole path in a few minutes: images, a pool of models, the pick, its scores and its traversal.
# Every dcr command is printed before it runs; run them yourself in the same order. DEMO names the folder.
set -euo pipefail
DEMO="${DEMO:-demo}"

run() {
    printf '\n$ %s\n' "$*"
    "$@"
}

mkdir -p "$DEMO"
run dcr data render dsprites --num 10000 --seed 0 --out "$DEMO/dsprites-sample.npz"
run dcr train --model infogan-cr --dataset dsprites --preset demo --seeds 0-3 --jobs 2 --resume --out "$DEMO/ckpts"
# here and below a tenth of the official number of images and less: enough to see, not to publish
run dcr centrality "$DEMO"/ckpts/*.pt --groups-per-code 10 --scale-images 2500 --jobs 2 \
    --select "$DEMO/best.pt" --plot "$DEMO/matrix.png"
run dcr score "$DEMO/best.pt" --metrics factor_vae,mig \
    --set data.groups=100 --set data.reference=10000 --set data.rows=10000
run dcr traverse "$DEMO/best.pt" --upscale 2 --out "$DEMO/traversal.png"

printf '\nWhat was made:\n'
describe() { printf '  %-32s %s\n' "$DEMO/$1" "$2"; }
describe dsprites-sample.npz "10,000 dSprites images and their factors"
describe "ckpts/*.pt" "the pool: one InfoGAN-CR checkpoint a seed, logs in the folder beside each"
describe best.pt "the model ModelCentrality picked, without labels"
describe matrix.png "how well each model's encoder reads each other model's images"
describe traversal.png "what each code of the pick does"
