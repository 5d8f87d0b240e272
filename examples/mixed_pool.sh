#!/usr/bin/env bash
# One pool of InfoGAN-CR, autoencoders and models trained elsewhere, ranked without labels by all methods; then, because
# dSprites has labels, what each method's pick is worth. Every step keeps what is complete, so stop it at any time and
# run it again; it goes on.
#
#   bash examples/mixed_pool.sh                                  # trains the whole pool: hours
#   bash examples/mixed_pool.sh --external vae/ --external betaH/  # and takes disentangling-vae folders in
#   bash examples/mixed_pool.sh --pool ckpts/                    # trains nothing, ranks what is there
#   bash examples/mixed_pool.sh --preset demo --seeds 0-1 --quick  # minutes: to see it run
set -euo pipefail

OUT=mixed_pool POOL= PRESET=fast SEEDS=0-3 JOBS=2 EXTERNAL=() COUNTS=()
VAES=(beta-vae annealed-vae factor-vae beta-tcvae dip-vae-ii)

usage() {
    echo "usage: $0 [--out DIR] [--pool DIR] [--external DIR]... [--preset NAME] [--seeds 0-3] [--jobs N] [--quick]" >&2
    exit 2
}
while (($#)); do
    case "$1" in
        --quick) COUNTS=(--groups-per-code 20 --scale-images 5000) && shift && continue ;;
        --out | --pool | --external | --preset | --seeds | --jobs) (($# > 1)) || usage ;;
        *) usage ;;
    esac
    case "$1" in
        --out) OUT="$2" ;;
        --pool) POOL="$2" ;;
        --external) EXTERNAL+=("$2") ;;
        --preset) PRESET="$2" ;;
        --seeds) SEEDS="$2" ;;
        --jobs) JOBS="$2" ;;
    esac
    shift 2
done

run() {
    printf '\n$ %s\n' "$*" >&2
    "$@"
}

mkdir -p "$OUT"
if [[ -z "$POOL" ]]; then
    POOL="$OUT/ckpts"
    train=(dcr train --dataset dsprites --preset "$PRESET" --out "$POOL" --resume)
    # a model that learnt next to nothing: 300 iterations
    run "${train[@]}" --model infogan-cr --iterations 300 --seed 100 --name early
    for vae in "${VAES[@]}"; do
        run "${train[@]}" --model "$vae"
    done
    run "${train[@]}" --model infogan-cr --seeds "$SEEDS" --jobs "$JOBS"
    for folder in ${EXTERNAL[@]+"${EXTERNAL[@]}"}; do
        name="disvae_$(basename "$folder")"
        [[ -e "$POOL/$name.pt" ]] || run dcr import disvae "$folder" --trained-on dsprites --out "$POOL/$name.pt"
    done
fi
run dcr centrality "$POOL"/*.pt --method all --labels-check dsprites --jobs "$JOBS" ${COUNTS[@]+"${COUNTS[@]}"} \
    --overwrite --select "$OUT/best.pt" --plot "$OUT/matrix.png" --report "$OUT/report.html" --format json >"$OUT/centrality.json"
run dcr traverse "$OUT/best.pt" --overwrite --out "$OUT/best.png"
run python "$(dirname "$0")/mixed_pool_table.py" "$OUT/centrality.json" | tee "$OUT/table.md"
