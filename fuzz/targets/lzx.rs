//! The LZX decoder accepts any bits.
//!
//! Input: a byte for the window size, two for the length of the output, the rest is compressed
//! data.
#![cfg_attr(fuzzing, no_main)]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let [window, high, low, data @ ..] = bytes else { return };
    let mut output = vec![0; usize::from(u16::from_be_bytes([*high, *low]))];
    // 15 to 25 bits are valid; the neighbours must be refused.
    if xenia_formats::lzx::decode(14 + u32::from(window % 13), data, &mut output).is_ok() {
        assert!((15..=25).contains(&(14 + u32::from(window % 13))) || output.is_empty());
    }
});
