//! Any file opened as a title is an image or an error with its position.
#![cfg_attr(fuzzing, no_main)]

use libfuzzer_sys::fuzz_target;
use xenia_formats::{KeyRing, pe};

fuzz_target!(|bytes: &[u8]| {
    match xenia_formats::load(&bytes, &KeyRing::development()) {
        Ok(image) => {
            image.digests_ok();
            image.import_count();
            image.word(image.entry);
        }
        Err(error) => assert!(error.to_string().contains("at offset 0x"), "{error}"),
    }
    // A damaged image hardly ever passes the checks above, so its headers are also tested alone.
    if let Ok(headers) = pe::PeHeaders::read(bytes) {
        let _ = headers.read_functions(bytes, xenia_guest::GuestAddr(0x8200_0000));
    }
});
