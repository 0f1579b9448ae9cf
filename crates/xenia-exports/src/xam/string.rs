//! String functions, as `xam` exports them to system programs under Win32 names.

use crate::abi::{Call, Text, WideText};
use crate::status::failure::Fallible;
use crate::xboxkrnl::crt_print::{MAX_DEBUG_TEXT, write_debug_text};
use xenia_kernel_macros::exports;

/// Exports of string functions.
pub struct Strings;

#[exports(xam)]
impl Strings {
    /// Writes text for the debugger: at most 512 characters, to the machine's text output and the
    /// event log.
    #[export(Done)]
    fn OutputDebugStringA(call: &mut Call, text: Option<Text>) -> Fallible<()> {
        let mut text = text.map_or(Ok(Vec::new()), |text| text.bytes(call.memory()))?;
        text.truncate(MAX_DEBUG_TEXT);
        write_debug_text(call, &text.into_iter().map(char::from).collect::<String>());
        Ok(())
    }

    /// Like `OutputDebugStringA`, for UTF-16.
    #[export(Done)]
    fn OutputDebugStringW(call: &mut Call, text: Option<WideText>) -> Fallible<()> {
        let mut units = text.map_or(Ok(Vec::new()), |text| text.units(call.memory()))?;
        units.truncate(MAX_DEBUG_TEXT);
        write_debug_text(call, &String::from_utf16_lossy(&units));
        Ok(())
    }

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
