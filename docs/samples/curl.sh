#!/bin/sh
# Turns a portrait into its depth map: sh curl.sh portrait.jpg depth.jpg
set -eu
url="${PORTRAIT_DEPTH_URL:-http://127.0.0.1:8000}"

# --retry repeats after 429, 500, 502, 503 and 504; the Idempotency-Key makes all attempts one charge.
credits_left=$(
  curl --silent --show-error --fail-with-body --retry 2 --max-time 30 \
    --header "x-api-key: $PORTRAIT_DEPTH_KEY" \
    --header "Idempotency-Key: $(openssl rand -hex 16)" \
    --form "image_file=@$1" \
    --output "$2" \
    --write-out '%header{x-remaining-credits}' \
    "$url/portrait-depth-estimation/v1"
) || { [ ! -f "$2" ] || cat "$2" >&2; rm -f "$2"; exit 1; } # an error's body is JSON
echo "$credits_left credits left"
