//! Runs the fuzz targets of `fuzz/targets` on their seeds, and on truncated or modified seeds: this
//! checks the targets' properties without a fuzzer, and that the targets compile. Targets that need
//! more than the dependencies of this crate are in [`LEFT_OUT`].
#![allow(unexpected_cfgs)] // `fuzzing` is the fuzz build's

// The targets say `use libfuzzer_sys::fuzz_target`; here that is the macro below.
extern crate self as libfuzzer_sys;

/// Turns a target's body into a function.
macro_rules! body_as_function {
    (|$input:ident: &[u8]| $body:block) => {
        pub(crate) fn run($input: &[u8]) $body
    };
    (|$input:ident: &str| $body:block) => {
        pub(crate) fn run(bytes: &[u8]) {
            if let Ok($input) = std::str::from_utf8(bytes) $body
        }
    };
}
pub(crate) use body_as_function as fuzz_target;

/// Generates a module and a test for each target.
macro_rules! targets {
    ($($name:ident $path:literal;)*) => {
        $(
            #[path = $path]
            mod $name;

            #[test]
            fn $name() {
                check(stringify!($name), $name::run);
            }
        )*

        /// The targets that are run here.
        const RUN: &[&str] = &[$(stringify!($name)),*];
    };
}

targets! {
    assembler_text "../../../fuzz/targets/assembler_text.rs";
    command_processor "../../../fuzz/targets/command_processor.rs";
    conformance_file "../../../fuzz/targets/conformance_file.rs";
    container "../../../fuzz/targets/container.rs";
    database "../../../fuzz/targets/database.rs";
    executable "../../../fuzz/targets/executable.rs";
    gpu_trace "../../../fuzz/targets/gpu_trace.rs";
    instruction_words "../../../fuzz/targets/instruction_words.rs";
    lifter "../../../fuzz/targets/lifter.rs";
    lzx "../../../fuzz/targets/lzx.rs";
    map_file "../../../fuzz/targets/map_file.rs";
    network "../../../fuzz/targets/network.rs";
    shader "../../../fuzz/targets/shader.rs";
    update "../../../fuzz/targets/update.rs";
    xma "../../../fuzz/targets/xma.rs";
}

/// Targets that only `cargo xtask fuzz-targets` builds: they need the client of xenia-gdb's tests,
/// a title beside their own workspace, or the host's graphics device.
const LEFT_OUT: [&str; 3] = ["gdb_packets", "saved_state", "scene"];

/// Number of damaged copies of each seed.
const DAMAGED: usize = 32;

/// The folder of the fuzz workspace.
fn workspace() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

#[test]
fn every_target_is_run_or_left_out_by_name() {
    let listed = std::fs::read_dir(workspace().join("targets")).unwrap();
    let paths = listed.map(|entry| entry.unwrap().path());
    let sources = paths.filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    let mut targets: Vec<_> =
        sources.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    targets.sort();
    let mut named = [RUN, &LEFT_OUT].concat();
    named.sort_unstable();
    assert_eq!(targets, named);
    let manifest = std::fs::read_to_string(workspace().join("Cargo.toml")).unwrap();
    for target in &targets {
        assert!(manifest.contains(&format!("path = \"targets/{target}.rs\"")), "{target} in fuzz/Cargo.toml");
        assert!(workspace().join("seeds").join(target).is_dir(), "no seeds of {target}");
    }
}

/// Runs a target on its seeds and on damaged copies of them. A property that fails panics.
fn check(name: &str, run: fn(&[u8])) {
    let folder = workspace().join("seeds").join(name);
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "no seeds in {}", folder.display());
    for (number, file) in files.iter().enumerate() {
        let seed = std::fs::read(file).unwrap();
        assert!(!seed.is_empty(), "{} is empty: remove it, or put the least input into it", file.display());
        run(&seed);
        for damage in 0..DAMAGED {
            let mut bytes = seed.clone();
            // Multiples of primes, so that copies of one seed, and seeds of one length, are damaged
            // at different places. In turn a copy has a bit changed, or is cut.
            let at = (number * 31 + damage * 7919) % bytes.len();
            if damage % 2 == 0 {
                bytes[at] ^= 1 << (damage / 2 * 3 % 8);
            } else {
                bytes.truncate(at);
            }
            run(&bytes);
        }
    }
}
