#!/bin/bash
# A sweep as a Slurm array: each task is a shard. Finished units are skipped, so the same command
# continues with the others.
#
#   sbatch --array=0-63 deploy/slurm.sh PLAN OUT
#
# A signal has ended units of a task whose exit code is 75; RequeueExit=75 in slurm.conf starts it
# again. PLAN, OUT and the program (XENIA_RS, default: xenia-rs on the path) are on storage that all
# nodes share.
#SBATCH --job-name=xenia-sweep
#SBATCH --cpus-per-task=1
#SBATCH --requeue
#SBATCH --signal=B:TERM@30
set -eu
plan=${1:?PLAN, the folder that sweep plan wrote}
out=${2:-$plan}
# Array tasks may begin at any number.
index=$((SLURM_ARRAY_TASK_ID - SLURM_ARRAY_TASK_MIN))
exec "${XENIA_RS:-xenia-rs}" sweep run "$plan" --shard "$index/$SLURM_ARRAY_TASK_COUNT" --out "$out" \
    --jobs "${SLURM_CPUS_PER_TASK:-1}"
