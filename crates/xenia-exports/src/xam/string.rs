//! String functions, as `xam` exports them to system programs under Win32 names.

use crate::abi::{Call, Text, WideText};
use crate::status::failure::Fallible;
use xenia_kernel_macros::exports;

/// Exports of string functions.
pub struct Strings;

#[exports(xam)]
impl Strings {
    /// Returns the length of a text in characters, at most 65,536; 0 without a text.
    #[export(Done)]
    fn lstrlenA(call: &mut Call, text: Option<Text>) -> Fallible<u32> {
        Ok(text.map_or(Ok(Vec::new()), |text| text.bytes(call.memory()))?.len() as u32)
    }

    /// Like `lstrlenA`, for UTF-16.
    #[export(Done)]
    fn lstrlenW(call: &mut Call, text: Option<WideText>) -> Fallible<u32> {
        Ok(text.map_or(Ok(Vec::new()), |text| text.units(call.memory()))?.len() as u32)
    }
}
