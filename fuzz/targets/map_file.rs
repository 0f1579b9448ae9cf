//! Any text read as a linker's map file is symbols in ascending order, or an error with its line.
#![cfg_attr(fuzzing, no_main)]

use libfuzzer_sys::fuzz_target;
use xenia_formats::map_file;

fuzz_target!(|bytes: &[u8]| {
    match map_file::read(bytes) {
        Ok(symbols) => {
            assert!(symbols.is_sorted_by_key(|symbol| (symbol.address, &symbol.name)));
            assert!(symbols.iter().all(|symbol| !symbol.name.is_empty()));
        }
        Err(error) => assert!(error.to_string().starts_with("line "), "{error}"),
    }
});
