#!/bin/bash -eu
# Builds every target as `cargo xtask fuzz-targets` does, and puts each into $OUT with its seeds and
# its options. The base image's own compiler may be older than Cargo.toml's `rust-version`, which
# the Dockerfile has installed.
RUSTUP_TOOLCHAIN=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
export RUSTUP_TOOLCHAIN
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target/fuzz-targets}
# The base image's flags are those of sanitizers.
RUSTFLAGS='' RUSTC_WRAPPER=$PWD/fuzz/rustc-coverage \
    cargo build --release --bins --manifest-path fuzz/Cargo.toml
for source in fuzz/targets/*.rs; do
    name=$(basename "$source" .rs)
    cp "$CARGO_TARGET_DIR/release/$name" "$OUT/"
    (cd "fuzz/seeds/$name" && zip -q -r "$OUT/${name}_seed_corpus.zip" .)
    # Host faults of guest code are ours to handle.
    printf '[libfuzzer]\nhandle_segv = 0\nhandle_bus = 0\ntimeout = 20\nrss_limit_mb = 3072\n' >"$OUT/$name.options"
done
