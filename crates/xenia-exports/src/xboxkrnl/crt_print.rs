//! The printf family and `DbgPrint`: reading of arguments, and the ends of bounded output. The
//! formats themselves are in [`xenia_rtl::text::printf`].

use crate::abi::{AnsiString, Call, GuestStruct, Text, UnicodeString, VaArgs, WideText};
use crate::status::failure::Fallible;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_kernel_macros::exports;
use xenia_memory::MemoryFault;
use xenia_rtl::text::printf::{ArgumentSource, format_narrow, format_wide};
use xenia_sched::Event;

/// The exports of the `printf` family.
pub struct CrtPrint;

/// Maximum number of characters that `DbgPrint` prints.
pub(crate) const MAX_DEBUG_TEXT: usize = 512;

/// Variadic arguments as the formatter's source.
struct CallArguments<'a, 'b> {
    call: &'a Call<'b>,
    arguments: VaArgs,
}

impl ArgumentSource for CallArguments<'_, '_> {
    type Error = MemoryFault;

    fn next(&mut self) -> Result<u64, MemoryFault> {
        self.arguments.next_u64(self.call)
    }

    fn narrow(&mut self, at: u32, limit: u32) -> Result<Vec<u8>, MemoryFault> {
        self.call.memory().read_c_string(GuestAddr(at), limit)
    }

    fn wide(&mut self, at: u32, limit: u32) -> Result<Vec<u16>, MemoryFault> {
        self.call.memory().read_wide_string(GuestAddr(at), limit)
    }

    fn counted(&mut self, at: u32, wide: bool, limit: u32) -> Result<Vec<u16>, MemoryFault> {
        let memory = self.call.memory();
        let limit = u16::try_from(limit).unwrap_or(u16::MAX);
        if wide {
            let string = UnicodeString::read(memory, GuestAddr(at))?;
            let length = string.length.min(limit.saturating_mul(2));
            UnicodeString { length, ..string }.units(memory)
        } else {
            let string = AnsiString::read(memory, GuestAddr(at))?;
            let length = string.length.min(limit);
            let bytes = AnsiString { length, ..string }.bytes(memory)?;
            Ok(bytes.into_iter().map(u16::from).collect())
        }
    }

    fn store(&mut self, at: u32, bytes: u32, count: u64) -> Result<(), MemoryFault> {
        let memory = self.call.memory();
        let at = GuestAddr(at);
        match bytes {
            2 => memory.write(at, count as u16),
            8 => memory.write(at, count),
            _ => memory.write(at, count as u32),
        }
    }
}

fn narrow(call: &Call, format: Text, arguments: VaArgs) -> Fallible<Vec<u8>> {
    let format = format.bytes(call.memory())?;
    Ok(format_narrow(&format, &mut CallArguments { call, arguments })?)
}

fn wide(call: &Call, format: WideText, arguments: VaArgs) -> Fallible<Vec<u16>> {
    let format = format.units(call.memory())?;
    Ok(format_wide(&format, &mut CallArguments { call, arguments })?)
}

/// The output of the bounded functions: the text if it fits, a terminator if that fits too, and the
/// result. Without a buffer they only count.
fn bounded<T: Copy + Default>(mut text: Vec<T>, buffer: GuestAddr, count: u32) -> (Vec<T>, i32) {
    let length = text.len();
    let count = count as usize;
    if buffer.is_null() {
        return (Vec::new(), length as i32);
    }
    text.truncate(count);
    if length < count {
        text.push(T::default());
    }
    (text, if length > count { -1 } else { length as i32 })
}

fn put_narrow(call: &Call, buffer: GuestAddr, text: &[u8]) -> Fallible<()> {
    Ok(call.memory().write_bytes(buffer, text)?)
}

fn put_wide(call: &Call, buffer: GuestAddr, text: &[u16]) -> Fallible<()> {
    let bytes: Vec<u8> = text.iter().flat_map(|unit| unit.to_be_bytes()).collect();
    Ok(call.memory().write_bytes(buffer, &bytes)?)
}

fn print_narrow(call: &Call, buffer: GuestAddr, format: Text, arguments: VaArgs) -> Fallible<i32> {
    let mut text = narrow(call, format, arguments)?;
    let length = text.len() as i32;
    text.push(0);
    put_narrow(call, buffer, &text)?;
    Ok(length)
}

fn print_wide(call: &Call, buffer: GuestAddr, format: WideText, arguments: VaArgs) -> Fallible<i32> {
    let mut text = wide(call, format, arguments)?;
    let length = text.len() as i32;
    text.push(0);
    put_wide(call, buffer, &text)?;
    Ok(length)
}

fn print_narrow_bounded(
    call: &Call,
    buffer: GuestAddr,
    count: u32,
    format: Text,
    arguments: VaArgs,
) -> Fallible<i32> {
    let (text, result) = bounded(narrow(call, format, arguments)?, buffer, count);
    put_narrow(call, buffer, &text)?;
    Ok(result)
}

fn print_wide_bounded(
    call: &Call,
    buffer: GuestAddr,
    count: u32,
    format: WideText,
    arguments: VaArgs,
) -> Fallible<i32> {
    let (text, result) = bounded(wide(call, format, arguments)?, buffer, count);
    put_wide(call, buffer, &text)?;
    Ok(result)
}

/// Writes text for the debugger to the machine's text output and the event log.
pub(crate) fn write_debug_text(call: &mut Call, text: &str) {
    call.kernel.devices.write_text(text);
    let thread = call.thread_id();
    call.cpu.emit(&Event::Text { thread, text });
}

#[exports(xboxkrnl)]
impl CrtPrint {
    /// Formats text for the debugger and prints at most 512 characters to the machine's text output
    /// and the event log.
    #[export(Done)]
    fn DbgPrint(call: &mut Call, format: Text, arguments: VaArgs) -> Fallible<NtStatus> {
        let mut text = narrow(call, format, arguments)?;
        text.truncate(MAX_DEBUG_TEXT);
        write_debug_text(call, &text.into_iter().map(char::from).collect::<String>());
        Ok(NtStatus::SUCCESS)
    }

    /// Formats 8-bit text.
    #[export(Done)]
    fn sprintf(call: &mut Call, buffer: GuestAddr, format: Text, arguments: VaArgs) -> Fallible<i32> {
        print_narrow(call, buffer, format, arguments)
    }

    /// Formats 8-bit text, truncated to `count` characters; returns -1 if it was truncated.
    #[export(Done)]
    fn _snprintf(
        call: &mut Call,
        buffer: GuestAddr,
        count: u32,
        format: Text,
        arguments: VaArgs,
    ) -> Fallible<i32> {
        print_narrow_bounded(call, buffer, count, format, arguments)
    }

    /// Formats 8-bit text from a `va_list`.
    #[export(Done)]
    fn vsprintf(call: &mut Call, buffer: GuestAddr, format: Text, list: GuestAddr) -> Fallible<i32> {
        print_narrow(call, buffer, format, VaArgs::list(list))
    }

    /// Formats 8-bit text from a `va_list`, truncated to `count` characters; returns -1 if it was
    /// truncated.
    #[export(Done)]
    fn _vsnprintf(
        call: &mut Call,
        buffer: GuestAddr,
        count: u32,
        format: Text,
        list: GuestAddr,
    ) -> Fallible<i32> {
        print_narrow_bounded(call, buffer, count, format, VaArgs::list(list))
    }

    /// Formats UTF-16 text.
    #[export(Done)]
    fn swprintf(call: &mut Call, buffer: GuestAddr, format: WideText, arguments: VaArgs) -> Fallible<i32> {
        print_wide(call, buffer, format, arguments)
    }

    /// Formats UTF-16 text, truncated to `count` units; returns -1 if it was truncated.
    #[export(Done)]
    fn _snwprintf(
        call: &mut Call,
        buffer: GuestAddr,
        count: u32,
        format: WideText,
        arguments: VaArgs,
    ) -> Fallible<i32> {
        print_wide_bounded(call, buffer, count, format, arguments)
    }

    /// Formats UTF-16 text from a `va_list`.
    #[export(Done)]
    fn vswprintf(call: &mut Call, buffer: GuestAddr, format: WideText, list: GuestAddr) -> Fallible<i32> {
        print_wide(call, buffer, format, VaArgs::list(list))
    }

    /// Formats UTF-16 text from a `va_list`, truncated to `count` units; returns -1 if it was
    /// truncated.
    #[export(Done)]
    fn _vsnwprintf(
        call: &mut Call,
        buffer: GuestAddr,
        count: u32,
        format: WideText,
        list: GuestAddr,
    ) -> Fallible<i32> {
        print_wide_bounded(call, buffer, count, format, VaArgs::list(list))
    }

    /// Counts the bytes of formatted 8-bit text.
    #[export(Done)]
    fn _scprintf(call: &mut Call, format: Text, arguments: VaArgs) -> Fallible<i32> {
        Ok(narrow(call, format, arguments)?.len() as i32)
    }

    /// Counts the UTF-16 units of formatted text.
    #[export(Done)]
    fn _scwprintf(call: &mut Call, format: WideText, arguments: VaArgs) -> Fallible<i32> {
        Ok(wide(call, format, arguments)?.len() as i32)
    }

    /// Counts the bytes of 8-bit text formatted from a `va_list`.
    #[export(Done)]
    fn _vscprintf(call: &mut Call, format: Text, list: GuestAddr) -> Fallible<i32> {
        Ok(narrow(call, format, VaArgs::list(list))?.len() as i32)
    }

    /// Counts the UTF-16 units of text formatted from a `va_list`.
    #[export(Done)]
    fn _vscwprintf(call: &mut Call, format: WideText, list: GuestAddr) -> Fallible<i32> {
        Ok(wide(call, format, VaArgs::list(list))?.len() as i32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounded_output_ends_as_the_runtime_ends_it() {
        let at = GuestAddr(0x1_0000);
        for (count, text, result) in
            [(5, &b"abc\0"[..], 3), (4, b"abc\0", 3), (3, b"abc", 3), (2, b"ab", -1), (0, b"", -1)]
        {
            assert_eq!(bounded(b"abc".to_vec(), at, count), (text.to_vec(), result), "{count}");
        }
        assert_eq!(bounded(b"abc".to_vec(), GuestAddr::NULL, 0), (Vec::new(), 3));
    }
}
