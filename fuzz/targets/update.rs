//! Any file as a title update: the result is an updated executable, or an error with its position.
#![cfg_attr(fuzzing, no_main)]

use libfuzzer_sys::fuzz_target;
use xenia_formats::{KeyRing, Xex};

/// The executable that the seeds update.
const UPDATED: &[u8] = include_bytes!("../seeds/executable/updated.xex");

fuzz_target!(|bytes: &[u8]| {
    let updated = Xex::read(&UPDATED).expect("a seed that is an executable");
    match updated.load_patched(&UPDATED, &bytes, &KeyRing::development()) {
        Ok(image) => {
            image.digests_ok();
            image.import_count();
            image.word(image.entry);
        }
        Err(error) => assert!(error.to_string().contains("at offset 0x"), "{error}"),
    }
});
