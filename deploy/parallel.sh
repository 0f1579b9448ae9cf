#!/bin/sh
# A sweep by GNU parallel: SHARDS shards, as many at once as there are processors, or on the hosts
# of a file (parallel --sshloginfile). A shard that fails is tried again.
#
#   deploy/parallel.sh PLAN OUT SHARDS
set -eu
plan=${1:?PLAN, the folder that sweep plan wrote}
out=${2:-$plan}
shards=${3:-16}
seq "$shards" | parallel --will-cite --retries 3 \
    "${XENIA_RS:-xenia-rs}" sweep run "$plan" --shard "{}/$shards" --out "$out"
