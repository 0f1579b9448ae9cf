//! Counted strings: initialisation, conversion, case and comparison (`Rtl*String*`, `Rtl*Char`).
//!
//! Lengths are in bytes and exclude the terminator. A copy is truncated to the destination; what
//! does not fit is not appended at all.

use crate::abi::{AnsiString, Call, Out, Ptr, Text, UnicodeString, WideText};
use crate::status::failure::Fallible;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_kernel_macros::exports;
use xenia_memory::{GuestMemory, MemoryFault};
use xenia_rtl::text::characters::{compare, lower, lower_unit, narrowed, upper, upper_unit};

/// The exports for counted strings.
pub struct RtlString;

/// Maximum length of a counted string in bytes, so that the length with a terminator fits too.
const MAX_BYTES: usize = 0xFFFE;
/// Length that stands for "up to the terminator".
const TERMINATED: u32 = u32::MAX;

fn wide_bytes(units: &[u16]) -> Vec<u8> {
    units.iter().flat_map(|unit| unit.to_be_bytes()).collect()
}

/// Stores text in a counted string: in a new buffer, or truncated to the present one.
fn store(
    call: &Call,
    destination: Ptr<AnsiString>,
    text: &[u8],
    unit: usize,
    allocate: bool,
) -> Fallible<NtStatus> {
    let memory = call.memory();
    if text.len() + unit > MAX_BYTES + 1 {
        return Ok(NtStatus::INVALID_PARAMETER_2);
    }
    let mut string = destination.read(memory)?;
    let mut status = NtStatus::SUCCESS;
    let mut text = text.to_vec();
    if allocate {
        string.maximum_length = (text.len() + unit) as u16;
        string.buffer = call.kernel.pool.allocate_for_title(u32::from(string.maximum_length))?;
    } else if text.len() + unit > usize::from(string.maximum_length) {
        status = NtStatus::BUFFER_OVERFLOW;
        // A string without a buffer gets the length of all the text, by which callers ask for it.
        if string.maximum_length > 0 {
            text.truncate(usize::from(string.maximum_length).saturating_sub(unit) / unit * unit);
        }
    }
    string.length = text.len() as u16;
    if string.maximum_length > 0 {
        text.resize((text.len() + unit).min(usize::from(string.maximum_length)), 0);
        memory.write_bytes(string.buffer, &text)?;
    }
    destination.write(memory, string)?;
    Ok(status)
}

/// Frees a counted string's buffer and clears the string.
fn release(call: &Call, string: Ptr<AnsiString>) -> Fallible<()> {
    let buffer = string.read(call.memory())?.buffer;
    if !buffer.is_null()
        && let Err(error) = call.kernel.pool.release_of_title(buffer)
    {
        tracing::warn!(target: "kernel", "freeing a string's buffer at {buffer}: {error}");
    }
    Ok(string.write(call.memory(), AnsiString::default())?)
}

/// Copies a counted string, truncated to the destination.
fn copy(memory: &GuestMemory, destination: Ptr<AnsiString>, source: Option<Ptr<AnsiString>>) -> Fallible<()> {
    let mut target = destination.read(memory)?;
    let bytes = match source {
        Some(source) => source.read(memory)?.bytes(memory)?,
        None => Vec::new(),
    };
    let count = bytes.len().min(usize::from(target.maximum_length));
    memory.write_bytes(target.buffer, &bytes[..count])?;
    target.length = count as u16;
    Ok(destination.write(memory, target)?)
}

/// Appends bytes to a counted string, if all of them fit.
fn append(memory: &GuestMemory, destination: Ptr<AnsiString>, bytes: &[u8]) -> Fallible<NtStatus> {
    let mut target = destination.read(memory)?;
    let length = usize::from(target.length) + bytes.len();
    if length > usize::from(target.maximum_length) {
        return Ok(NtStatus::BUFFER_TOO_SMALL);
    }
    memory.write_bytes(target.buffer.offset(u32::from(target.length)), bytes)?;
    target.length = length as u16;
    destination.write(memory, target)?;
    Ok(NtStatus::SUCCESS)
}

/// Appends UTF-16 units to a counted string like [`append`], with a terminator.
fn append_units(memory: &GuestMemory, destination: Ptr<UnicodeString>, units: &[u16]) -> Fallible<NtStatus> {
    let status = append(memory, as_ansi(destination), &wide_bytes(units))?;
    if status == NtStatus::SUCCESS {
        terminate(memory, destination)?;
    }
    Ok(status)
}

/// Writes the terminator of a UTF-16 string, which its length does not include, if it fits. Strings
/// of bytes have no terminator.
fn terminate(memory: &GuestMemory, string: Ptr<UnicodeString>) -> Fallible<()> {
    let UnicodeString { length, maximum_length, buffer } = string.read(memory)?;
    if u32::from(length) + 2 <= u32::from(maximum_length) {
        memory.write(buffer.offset(length.into()), 0_u16)?;
    }
    Ok(())
}

/// The bytes of a string with this length, or up to its terminator.
fn bytes_of(memory: &GuestMemory, at: GuestAddr, length: u32) -> Result<Vec<u8>, MemoryFault> {
    if length == TERMINATED {
        return Text(at).bytes(memory);
    }
    let mut bytes = vec![0; length.min(0x1_0000) as usize];
    memory.read_bytes(at, &mut bytes)?;
    Ok(bytes)
}

/// The string's structure as an `ANSI_STRING`, which has the same layout.
fn as_ansi(string: Ptr<UnicodeString>) -> Ptr<AnsiString> {
    Ptr::new(string.addr())
}

#[exports(xboxkrnl)]
impl RtlString {
    /// Initialises a counted string from a terminated one.
    #[export(Done)]
    fn RtlInitAnsiString(
        call: &mut Call,
        destination: Out<AnsiString>,
        source: Option<Text>,
    ) -> Fallible<()> {
        let mut string = AnsiString::default();
        if let Some(source) = source {
            let length = source.bytes(call.memory())?.len().min(MAX_BYTES) as u16;
            string = AnsiString { length, maximum_length: length + 1, buffer: source.0 };
        }
        Ok(destination.set(call.memory(), string)?)
    }

    /// Initialises a counted UTF-16 string from a terminated one; returns the counted one.
    #[export(Done)]
    fn RtlInitUnicodeString(
        call: &mut Call,
        destination: Out<UnicodeString>,
        source: Option<WideText>,
    ) -> Fallible<GuestAddr> {
        let mut string = UnicodeString::default();
        if let Some(source) = source {
            let length = (2 * source.units(call.memory())?.len()).min(MAX_BYTES - 2) as u16;
            string = UnicodeString { length, maximum_length: length + 2, buffer: source.0 };
        }
        destination.set(call.memory(), string)?;
        Ok(destination.addr())
    }

    /// Frees the buffer of a string that the kernel allocated.
    #[export(Done)]
    fn RtlFreeAnsiString(call: &mut Call, string: Ptr<AnsiString>) -> Fallible<()> {
        release(call, string)
    }

    /// Frees the buffer of a UTF-16 string that the kernel allocated.
    #[export(Done)]
    fn RtlFreeUnicodeString(call: &mut Call, string: Ptr<UnicodeString>) -> Fallible<()> {
        release(call, as_ansi(string))
    }

    /// Converts UTF-16 to 8-bit text; unrepresentable characters become question marks.
    #[export(Done)]
    fn RtlUnicodeStringToAnsiString(
        call: &mut Call,
        destination: Ptr<AnsiString>,
        source: Ptr<UnicodeString>,
        allocate: bool,
    ) -> Fallible<NtStatus> {
        let units = source.read(call.memory())?.units(call.memory())?;
        let text: Vec<u8> = units.into_iter().map(narrowed).collect();
        store(call, destination, &text, 1, allocate)
    }

    /// Converts 8-bit text to UTF-16.
    #[export(Done)]
    fn RtlAnsiStringToUnicodeString(
        call: &mut Call,
        destination: Ptr<UnicodeString>,
        source: Ptr<AnsiString>,
        allocate: bool,
    ) -> Fallible<NtStatus> {
        let bytes = source.read(call.memory())?.bytes(call.memory())?;
        let string = destination.read(call.memory())?;
        let size = 2 * bytes.len() + 2;
        if !allocate && size > usize::from(string.maximum_length) && size <= MAX_BYTES + 1 {
            // Unlike the other direction, the text is not truncated; the length is that of all.
            destination.write(call.memory(), UnicodeString { length: size as u16 - 2, ..string })?;
            return Ok(NtStatus::BUFFER_OVERFLOW);
        }
        let units: Vec<u16> = bytes.into_iter().map(u16::from).collect();
        store(call, as_ansi(destination), &wide_bytes(&units), 2, allocate)
    }

    /// Creates a UTF-16 string with a new buffer; returns false if there is not enough memory.
    #[export(Done)]
    fn RtlCreateUnicodeString(
        call: &mut Call,
        destination: Ptr<UnicodeString>,
        source: WideText,
    ) -> Fallible<bool> {
        let units = source.units(call.memory())?;
        let status = store(call, as_ansi(destination), &wide_bytes(&units), 2, true)?;
        Ok(status == NtStatus::SUCCESS)
    }

    /// Copies a string, truncated to the destination.
    #[export(Done)]
    fn RtlCopyString(
        call: &mut Call,
        destination: Ptr<AnsiString>,
        source: Option<Ptr<AnsiString>>,
    ) -> Fallible<()> {
        copy(call.memory(), destination, source)
    }

    /// Copies a UTF-16 string, truncated to the destination.
    #[export(Done)]
    fn RtlCopyUnicodeString(
        call: &mut Call,
        destination: Ptr<UnicodeString>,
        source: Option<Ptr<UnicodeString>>,
    ) -> Fallible<()> {
        copy(call.memory(), as_ansi(destination), source.map(as_ansi))?;
        if source.is_some() { terminate(call.memory(), destination) } else { Ok(()) }
    }

    /// Appends a string to another, if all of it fits.
    #[export(Done)]
    fn RtlAppendStringToString(
        call: &mut Call,
        destination: Ptr<AnsiString>,
        source: Ptr<AnsiString>,
    ) -> Fallible<NtStatus> {
        let bytes = source.read(call.memory())?.bytes(call.memory())?;
        append(call.memory(), destination, &bytes)
    }

    /// Appends a UTF-16 string to another, if all of it fits.
    #[export(Done)]
    fn RtlAppendUnicodeStringToString(
        call: &mut Call,
        destination: Ptr<UnicodeString>,
        source: Ptr<UnicodeString>,
    ) -> Fallible<NtStatus> {
        let units = source.read(call.memory())?.units(call.memory())?;
        // An empty counted string changes nothing; an empty terminated one adds a terminator.
        if units.is_empty() {
            return Ok(NtStatus::SUCCESS);
        }
        append_units(call.memory(), destination, &units)
    }

    /// Appends a terminated UTF-16 string to a counted one, if all of it fits.
    #[export(Done)]
    fn RtlAppendUnicodeToString(
        call: &mut Call,
        destination: Ptr<UnicodeString>,
        source: Option<WideText>,
    ) -> Fallible<NtStatus> {
        let Some(source) = source else { return Ok(NtStatus::SUCCESS) };
        let units = source.units(call.memory())?;
        append_units(call.memory(), destination, &units)
    }

    /// Compares two strings. A length of -1 means up to the terminator; at most 64 KiB are
    /// compared.
    #[export(Done)]
    fn RtlCompareStringN(
        call: &mut Call,
        first: GuestAddr,
        first_length: u32,
        second: GuestAddr,
        second_length: u32,
        ignore_case: bool,
    ) -> Fallible<i32> {
        let a = bytes_of(call.memory(), first, first_length)?;
        let b = bytes_of(call.memory(), second, second_length)?;
        Ok(compare(&a, &b, |c| if ignore_case { upper(c) } else { c }))
    }

    /// Compares two counted strings.
    #[export(Done)]
    fn RtlCompareString(
        call: &mut Call,
        first: Ptr<AnsiString>,
        second: Ptr<AnsiString>,
        ignore_case: bool,
    ) -> Fallible<i32> {
        let memory = call.memory();
        let a = first.read(memory)?.bytes(memory)?;
        let b = second.read(memory)?.bytes(memory)?;
        Ok(compare(&a, &b, |c| if ignore_case { upper(c) } else { c }))
    }

    /// Compares two counted UTF-16 strings.
    #[export(Done)]
    fn RtlCompareUnicodeString(
        call: &mut Call,
        first: Ptr<UnicodeString>,
        second: Ptr<UnicodeString>,
        ignore_case: bool,
    ) -> Fallible<i32> {
        let memory = call.memory();
        let a = first.read(memory)?.units(memory)?;
        let b = second.read(memory)?.units(memory)?;
        Ok(compare(&a, &b, |c| if ignore_case { upper_unit(c) } else { c }))
    }

    /// Converts an 8-bit character to upper case.
    #[export(Done, RtlUpperChar, upper)]
    /// Converts an 8-bit character to lower case.
    #[export(Done, RtlLowerChar, lower)]
    fn map_character(_call: &mut Call, map: fn(u8) -> u8, character: u32) -> u8 {
        map(character as u8)
    }

    /// Converts a UTF-16 unit to upper case.
    #[export(Done, RtlUpcaseUnicodeChar, upper_unit)]
    /// Converts a UTF-16 unit to lower case.
    #[export(Done, RtlDowncaseUnicodeChar, lower_unit)]
    fn map_unit(_call: &mut Call, map: fn(u16) -> u16, unit: u32) -> u16 {
        map(unit as u16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xenia_memory::{Heap, Protect};

    #[test]
    fn appending_needs_room_for_everything() {
        let memory = GuestMemory::new().unwrap();
        let at = memory.alloc(Heap::Virtual4K, 0x1000, 0x1000, Protect::READ_WRITE).unwrap();
        let string = Ptr::new(at);
        string.write(&memory, AnsiString { length: 2, maximum_length: 5, buffer: at.offset(0x100) }).unwrap();
        assert_eq!(append(&memory, string, b"abcd").unwrap(), NtStatus::BUFFER_TOO_SMALL);
        assert_eq!(append(&memory, string, b"abc").unwrap(), NtStatus::SUCCESS);
        assert_eq!(string.read(&memory).unwrap().length, 5);
        assert_eq!(string.read(&memory).unwrap().bytes(&memory).unwrap(), b"\0\0abc");
        string.write(&memory, AnsiString { length: 0, maximum_length: 9, buffer: GuestAddr(8) }).unwrap();
        assert_eq!(append(&memory, string, b"a").unwrap_err().status(), NtStatus::ACCESS_VIOLATION);
    }
}
