//! Tests of strings, characters, formatted text, memory and times (`Rtl*`, the printf family)
//! through the guest ABI.

use super::*;

const BUFFER: u32 = 0x400;

/// Reads the `length`, `maximum_length` and `buffer` of the counted string at an offset.
fn counted(b: &Harness, offset: u32) -> (u32, u32, u32) {
    (b.word(offset) >> 16, b.word(offset) & 0xFFFF, b.word(offset + 4))
}

/// Stores an empty counted string, with a buffer of `room` bytes at an offset.
fn put_room(b: &Harness, offset: u32, room: u32, buffer: u32) -> u64 {
    let at = b.scratch.offset(offset);
    b.memory().write(at, room & 0xFFFF).unwrap();
    b.memory().write(at.offset(4), b.scratch.offset(buffer)).unwrap();
    b.memory().fill(b.scratch.offset(buffer), 0x40, 0xFF).unwrap();
    u64::from(at.0)
}

/// Stores a counted UTF-16 string.
fn put_wide_string(b: &Harness, offset: u32, text: &str) -> u64 {
    let buffer = b.put_wide_text(offset + 0x10, text);
    let at = b.scratch.offset(offset);
    let bytes = 2 * text.encode_utf16().count() as u32;
    b.memory().write(at, bytes * 0x1_0001 + 2).unwrap();
    b.memory().write(at.offset(4), buffer as u32).unwrap();
    u64::from(at.0)
}

fn bytes(b: &Harness, at: u32, length: u32) -> Vec<u8> {
    let mut bytes = vec![0; length as usize];
    b.memory().read_bytes(GuestAddr(at), &mut bytes).unwrap();
    bytes
}

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_be_bytes).collect()
}

#[test]
fn formatted_text_is_the_same_from_registers_lists_and_in_both_widths() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    let format = b.put_text(0x100, "%d-%s");
    let wide_format = b.put_wide_text(0x120, "%d-%S");
    let word = b.put_text(0x180, "ab");
    for (index, value) in [7, word].into_iter().enumerate() {
        b.memory().write(b.scratch.offset(0x200 + 8 * index as u32), value).unwrap();
    }
    let to = base + u64::from(BUFFER);
    let list = base + 0x200;
    // The buffer contains "7-ab" after each call; the second argument is the size, if there is one.
    for (name, arguments, is_wide) in [
        ("_snprintf", vec![to, 9, format, 7, word], false),
        ("vsprintf", vec![to, format, list], false),
        ("swprintf", vec![to, wide_format, 7, word], true),
        ("_snwprintf", vec![to, 9, wide_format, 7, word], true),
        ("vswprintf", vec![to, wide_format, list], true),
        ("_vsnwprintf", vec![to, 9, wide_format, list], true),
    ] {
        b.memory().fill(b.scratch.offset(BUFFER), 0x20, 0xFF).unwrap();
        assert_eq!(b.kernel_call(name, &arguments), 4, "{name}");
        let expected = if is_wide { wide("7-ab\0\u{FFFF}") } else { b"7-ab\0\xFF".to_vec() };
        assert_eq!(bytes(&b, to as u32, expected.len() as u32), expected, "{name}");
    }
    for (name, arguments) in [
        ("_scprintf", &[format, 7, word][..]),
        ("_scwprintf", &[wide_format, 7, word]),
        ("_vscprintf", &[format, list]),
        ("_vscwprintf", &[wide_format, list]),
    ] {
        assert_eq!(b.kernel_call(name, arguments), 4, "{name}");
    }
    // If the buffer is too small, the result is −1, without a terminator.
    for (name, arguments, expected) in [
        ("_snprintf", vec![to, 2, format, 7, word], b"7-\xFF".to_vec()),
        ("_snwprintf", vec![to, 2, wide_format, 7, word], wide("7-\u{FFFF}")),
        ("_vsnwprintf", vec![to, 2, wide_format, list], wide("7-\u{FFFF}")),
    ] {
        b.memory().fill(b.scratch.offset(BUFFER), 0x20, 0xFF).unwrap();
        assert_eq!(b.kernel_call(name, &arguments), u64::MAX, "{name}");
        assert_eq!(bytes(&b, to as u32, expected.len() as u32), expected, "{name}");
    }
    for (name, arguments) in [
        ("vsprintf", [to, format, 8]),
        ("vswprintf", [to, 8, list]),
        ("swprintf", [8, wide_format, list]),
        ("_scprintf", [8, 7, word]),
        ("_scwprintf", [wide_format, 7, 8]),
        ("_vscprintf", [format, 8, 0]),
        ("_vscwprintf", [wide_format, 8, 0]),
    ] {
        assert!(matches!(b.call(Library::xboxkrnl, name, &arguments), Flow::Fault(_)), "{name}");
    }
}

#[test]
fn counted_strings_are_made_of_terminated_ones() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    let text = b.put_text(0x100, "word");
    let wide_text = b.put_wide_text(0x120, "word");
    b.kernel_call("RtlInitAnsiString", &[base, text]);
    assert_eq!(counted(&b, 0), (4, 5, text as u32));
    assert_eq!(b.kernel_call("RtlInitUnicodeString", &[base, wide_text]), base);
    assert_eq!(counted(&b, 0), (8, 10, wide_text as u32));
    for name in ["RtlInitAnsiString", "RtlInitUnicodeString"] {
        b.kernel_call(name, &[base, 0]);
        assert_eq!(counted(&b, 0), (0, 0, 0), "{name}: no text");
        assert!(matches!(b.call(Library::xboxkrnl, name, &[base, 8]), Flow::Fault(_)));
    }
}

#[test]
fn buffers_that_the_kernel_allocates_it_frees() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    let size = |b: &mut Harness, at: u32| b.kernel_call("ExQueryPoolBlockSize", &[u64::from(at), 0]);
    let narrow = b.put_string(0x100, "Zw\u{41}");
    let wide_string = put_wide_string(&b, 0x200, "Zwölf€");
    let wide_text = b.put_wide_text(0x300, "ab");
    for (name, free, arguments, expected) in [
        (
            "RtlUnicodeStringToAnsiString",
            "RtlFreeAnsiString",
            vec![base, wide_string, 1],
            b"Zw\xF6lf?\0".to_vec(),
        ),
        ("RtlAnsiStringToUnicodeString", "RtlFreeUnicodeString", vec![base, narrow, 1], wide("ZwA\0")),
        ("RtlCreateUnicodeString", "RtlFreeUnicodeString", vec![base, wide_text], wide("ab\0")),
    ] {
        b.memory().fill(b.scratch, 8, 0xFF).unwrap();
        let done = u64::from(name == "RtlCreateUnicodeString");
        assert_eq!(b.kernel_call(name, &arguments), done, "{name}");
        let end = if name == "RtlUnicodeStringToAnsiString" { 1 } else { 2 };
        let (length, room, buffer) = counted(&b, 0);
        assert_eq!((length + end, room), (expected.len() as u32, expected.len() as u32), "{name}");
        assert_eq!(bytes(&b, buffer, room), expected, "{name}");
        assert_eq!(size(&mut b, buffer), u64::from(room));
        b.kernel_call(free, &[base]);
        assert_eq!(counted(&b, 0), (0, 0, 0), "{free}");
        assert_eq!(size(&mut b, buffer), 0, "{free}");
        // Freeing an empty string is not an error.
        b.kernel_call(free, &[base]);
    }
    // Without an allocation the buffer must have room for the terminator, too.
    for (name, source, room, status) in [
        ("RtlUnicodeStringToAnsiString", wide_string, 7, NtStatus::SUCCESS),
        ("RtlUnicodeStringToAnsiString", wide_string, 6, NtStatus::BUFFER_OVERFLOW),
        ("RtlAnsiStringToUnicodeString", narrow, 8, NtStatus::SUCCESS),
        ("RtlAnsiStringToUnicodeString", narrow, 7, NtStatus::BUFFER_OVERFLOW),
    ] {
        let to = put_room(&b, 0, room, BUFFER);
        assert_eq!(b.status(name, &[to, source, 0]), status, "{name} with {room}");
        // Only the conversion to 8-bit text truncates.
        let is_written = status == NtStatus::SUCCESS || name == "RtlUnicodeStringToAnsiString";
        assert_eq!(bytes(&b, b.word(4), 1) != [0xFF], is_written, "{name} with {room}");
        let is_wide = name == "RtlAnsiStringToUnicodeString";
        assert_eq!(counted(&b, 0).0 != 0, is_written || is_wide, "{name} with {room}");
        if is_wide {
            assert_eq!(counted(&b, 0).0, 6, "the whole text's, also where it has no room");
        }
    }
    let to = put_room(&b, 0, 0, BUFFER);
    let status = b.status("RtlUnicodeStringToAnsiString", &[to, wide_string, 0]);
    assert_eq!((status, counted(&b, 0).0), (NtStatus::BUFFER_OVERFLOW, 6), "the room that it needs");
    assert_eq!(bytes(&b, b.word(4), 1), [0xFF]);
    let expected = b.status("RtlUnicodeStringToAnsiString", &[base, 8, 1]);
    assert_eq!(expected, NtStatus::ACCESS_VIOLATION);
}

#[test]
fn strings_are_copied_and_joined_as_far_as_there_is_room() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    let narrow = b.put_string(0x100, "abcd");
    let wide_string = put_wide_string(&b, 0x200, "abcd");
    for (name, source, room, expected) in [
        ("RtlCopyString", narrow, 9, b"abcd".to_vec()),
        ("RtlCopyString", narrow, 3, b"abc".to_vec()),
        ("RtlCopyString", 0, 3, vec![]),
        ("RtlCopyUnicodeString", wide_string, 12, wide("abcd")),
        ("RtlCopyUnicodeString", wide_string, 10, wide("abcd")),
        ("RtlCopyUnicodeString", wide_string, 9, wide("abcd")),
        ("RtlCopyUnicodeString", wide_string, 6, wide("abc")),
        ("RtlCopyUnicodeString", 0, 6, vec![]),
    ] {
        let to = put_room(&b, 0, room, BUFFER);
        b.kernel_call(name, &[to, source]);
        let (length, kept, buffer) = counted(&b, 0);
        assert_eq!((length, kept), (expected.len() as u32, room), "{name}");
        assert_eq!(bytes(&b, buffer, length), expected, "{name}");
        // A UTF-16 text is terminated, so that it is not followed by old contents.
        let ends = name.contains("Unicode") && source != 0 && length + 2 <= room;
        assert_eq!(bytes(&b, buffer + length, 2), if ends { [0, 0] } else { [0xFF, 0xFF] }, "{name} {room}");
    }
    let wide_text = b.put_wide_text(0x300, "abcd");
    for (name, source, once) in [
        ("RtlAppendStringToString", narrow, b"abcd".to_vec()),
        ("RtlAppendUnicodeStringToString", wide_string, wide("abcd")),
        ("RtlAppendUnicodeToString", wide_text, wide("abcd")),
    ] {
        let to = put_room(&b, 0, 2 * once.len() as u32 + 1, BUFFER);
        for behind in [name.contains("Unicode"), false] {
            assert_eq!(b.status(name, &[to, source]), NtStatus::SUCCESS, "{name}");
            let (length, _, buffer) = counted(&b, 0);
            assert_eq!(bytes(&b, buffer + length, 2), if behind { [0, 0] } else { [0xFF, 0xFF] }, "{name}");
        }
        let (length, _, buffer) = counted(&b, 0);
        assert_eq!(bytes(&b, buffer, length), once.repeat(2), "{name}");
        assert_eq!(b.status(name, &[to, source]), NtStatus::BUFFER_TOO_SMALL, "{name}");
        assert_eq!(counted(&b, 0).0, length, "{name}: as it was");
    }
    assert_eq!(b.status("RtlAppendUnicodeToString", &[base, 0]), NtStatus::SUCCESS);
    // Of two empty texts only a terminated one adds a terminator.
    let counted_text = put_wide_string(&b, 0x200, "");
    let text = b.put_wide_text(0x300, "");
    for (name, source, end) in [
        ("RtlAppendUnicodeStringToString", counted_text, [0xFF, 0xFF]),
        ("RtlAppendUnicodeToString", text, [0, 0]),
    ] {
        let to = put_room(&b, 0, 6, BUFFER);
        assert_eq!(b.status(name, &[to, source]), NtStatus::SUCCESS, "{name}");
        assert_eq!(bytes(&b, b.word(4), 2), end, "{name}");
    }
}

#[test]
fn strings_compare_by_character_and_then_by_length() {
    let mut b = Harness::new();
    for (first, second, ignore_case, order) in [
        ("abc", "abc", 0, 0),
        ("abc", "ABC", 1, 0),
        ("abc", "ABC", 0, 1),
        ("ab", "abc", 0, -1),
        ("b", "abc", 1, 1),
        ("", "", 0, 0),
    ] {
        let sign = |result: u64| (result as i32).signum();
        let a = b.put_string(0x100, first);
        let c = b.put_string(0x200, second);
        assert_eq!(sign(b.kernel_call("RtlCompareString", &[a, c, ignore_case])), order, "{first} {second}");
        let lengths = [u64::from(u32::MAX), first.len() as u64];
        for length in lengths {
            let arguments = [a + 0x10, length, c + 0x10, second.len() as u64, ignore_case];
            assert_eq!(sign(b.kernel_call("RtlCompareStringN", &arguments)), order, "{first} {second}");
        }
        let a = put_wide_string(&b, 0x100, first);
        let c = put_wide_string(&b, 0x200, second);
        let result = b.kernel_call("RtlCompareUnicodeString", &[a, c, ignore_case]);
        assert_eq!(sign(result), order, "{first} {second}");
    }
    assert!(matches!(b.call(Library::xboxkrnl, "RtlCompareString", &[8, 8, 0]), Flow::Fault(_)));
}

#[test]
fn characters_change_their_case() {
    let mut b = Harness::new();
    for (name, character, expected) in [
        ("RtlUpperChar", 'a' as u64, 'A' as u64),
        ("RtlUpperChar", 0xE9, 0xC9),
        ("RtlUpperChar", '1' as u64, '1' as u64),
        ("RtlLowerChar", 'Z' as u64, 'z' as u64),
        ("RtlLowerChar", 0xC9, 0xE9),
        ("RtlUpcaseUnicodeChar", 0x3B1, 0x391),
        ("RtlUpcaseUnicodeChar", 0xDF, 0xDF),
        ("RtlDowncaseUnicodeChar", 0x391, 0x3B1),
        // Only the lower 16 bits count.
        ("RtlDowncaseUnicodeChar", 0x1_0041, 0x61),
    ] {
        assert_eq!(b.kernel_call(name, &[character]), expected, "{name}({character:#x})");
    }
}

#[test]
fn text_is_widened_and_narrowed_by_bytes() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    let narrow = b.put_text(0x100, "abcd");
    let wide_text = b.put_wide_text(0x200, "ab€d");
    let to = base + u64::from(BUFFER);
    for (name, source, room, length, expected) in [
        ("RtlMultiByteToUnicodeN", narrow, 0x20, 4, wide("abcd")),
        ("RtlMultiByteToUnicodeN", narrow, 5, 4, wide("ab")),
        ("RtlUnicodeToMultiByteN", wide_text, 0x20, 8, b"ab?d".to_vec()),
        ("RtlUnicodeToMultiByteN", wide_text, 3, 8, b"ab?".to_vec()),
    ] {
        b.memory().fill(b.scratch.offset(BUFFER), 0x20, 0xFF).unwrap();
        assert_eq!(b.status(name, &[to, room, base, source, length]), NtStatus::SUCCESS);
        assert_eq!(b.word(0), expected.len() as u32, "{name}");
        assert_eq!(bytes(&b, to as u32, b.word(0) + 1), [expected, vec![0xFF]].concat(), "{name}");
        assert_eq!(b.status(name, &[8, room, base, source, length]), NtStatus::ACCESS_VIOLATION);
    }
    assert_eq!(b.status("RtlMultiByteToUnicodeSize", &[base, narrow, 4]), NtStatus::SUCCESS);
    assert_eq!(b.word(0), 8);
    assert_eq!(b.status("RtlUnicodeToMultiByteSize", &[base, wide_text, 8]), NtStatus::SUCCESS);
    assert_eq!(b.word(0), 4);
    assert_eq!(b.status("RtlUnicodeToMultiByteSize", &[8, wide_text, 8]), NtStatus::ACCESS_VIOLATION);
}

#[test]
fn memory_is_compared_filled_and_summed() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    b.kernel_call("RtlFillMemoryUlong", &[base, 0x1007, 0xDEAD_BEEF]);
    assert_eq!((b.word(0), b.word(0x1000), b.word(0x1004)), (0xDEAD_BEEF, 0xDEAD_BEEF, 0));
    assert_eq!(b.kernel_call("RtlCompareMemoryUlong", &[base, 0x1008, 0xDEAD_BEEF]), 0x1004);
    assert_eq!(b.kernel_call("RtlCompareMemory", &[base, base + 4, 0x1004]), 0x1000);
    assert_eq!(b.kernel_call("RtlCompareMemory", &[base, base + 1, 4]), 0);
    let text = b.put_text(0x2000, "123456789");
    assert_eq!(b.kernel_call("RtlComputeCrc32", &[0, text, 9]), 0xCBF4_3926);
    let start = b.kernel_call("RtlComputeCrc32", &[0, text, 4]);
    assert_eq!(b.kernel_call("RtlComputeCrc32", &[start, text + 4, 5]), 0xCBF4_3926, "continued");
    for name in ["RtlFillMemoryUlong", "RtlCompareMemory", "RtlCompareMemoryUlong", "RtlComputeCrc32"] {
        assert!(matches!(b.call(Library::xboxkrnl, name, &[8, 8, 8]), Flow::Fault(_)), "{name}");
    }
}

#[test]
fn times_are_split_and_put_together() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    let fields = |b: &Harness| -> [u16; 8] {
        std::array::from_fn(|index| b.memory().read(b.scratch.offset(0x20 + 2 * index as u32)).unwrap())
    };
    // 22 November 2005, 12:34:56.789, a Tuesday.
    let time = 127_771_364_967_890_000_u64;
    b.memory().write(b.scratch, time).unwrap();
    b.kernel_call("RtlTimeToTimeFields", &[base, base + 0x20]);
    assert_eq!(fields(&b), [2005, 11, 22, 12, 34, 56, 789, 2]);
    assert_eq!(b.kernel_call("RtlTimeFieldsToTime", &[base + 0x20, base + 8]), 1);
    assert_eq!(b.memory().read::<u64>(b.scratch.offset(8)).unwrap(), time);
    // The 31st of November does not exist.
    b.memory().write(b.scratch.offset(0x24), 31_u16).unwrap();
    assert_eq!(b.kernel_call("RtlTimeFieldsToTime", &[base + 0x20, base + 8]), 0);
    assert!(matches!(b.call(Library::xboxkrnl, "RtlTimeToTimeFields", &[8, base]), Flow::Fault(_)));
}

#[test]
fn statuses_have_dos_numbers_and_stacks_have_ends() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    for (status, error) in [
        (NtStatus::SUCCESS, 0),
        (NtStatus::NO_MEMORY, 8),
        (NtStatus::OBJECT_NAME_NOT_FOUND, 2),
        (NtStatus::INVALID_HANDLE, 6),
        (NtStatus(0x8007_0057), 0x57),
        // ERROR_MR_MID_NOT_FOUND: the status is unknown.
        (NtStatus(0xC123_4567), 317),
    ] {
        assert_eq!(b.kernel_call("RtlNtStatusToDosError", &[u64::from(status.0)]), error, "{status:?}");
    }
    b.kernel_call("RtlGetStackLimits", &[base, base + 4]);
    let kpcr = GuestAddr(b.context().gpr[13] as u32);
    let read = |offset| b.memory().read::<u32>(kpcr.offset(offset)).unwrap();
    assert_eq!([b.word(0), b.word(4)], [read(0x74), read(0x70)]);
    assert!(b.word(0) < b.word(4));
    assert!(matches!(b.call(Library::xboxkrnl, "RtlGetStackLimits", &[8, base]), Flow::Fault(_)));
}

#[test]
fn text_is_formatted_from_registers_stack_and_lists() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    let format = b.put_text(0x100, "%d %s %I64x %.2f|%d %d %d");
    let word = b.put_text(0x200, "word");
    let values = [0xFFFF_FFFF, word, 0x1_2345_6789, 1.5_f64.to_bits(), 5, 6, 7];
    let arguments: Vec<u64> = [base + 0x400, format].into_iter().chain(values).collect();
    let expected = "-1 word 123456789 1.50|5 6 7";
    assert_eq!(b.kernel_call("sprintf", &arguments), expected.len() as u64);
    let written = |b: &Harness| b.memory().read_c_string(b.scratch.offset(0x400), 100).unwrap();
    assert_eq!(written(&b), expected.as_bytes());
    for (index, value) in values.into_iter().enumerate() {
        b.memory().write(b.scratch.offset(0x300 + 8 * index as u32), value).unwrap();
    }
    b.memory().fill(b.scratch.offset(0x400), 0x100, 0).unwrap();
    let result = b.kernel_call("_vsnprintf", &[base + 0x400, 6, format, base + 0x300]);
    assert_eq!((result as i32, written(&b)), (-1, b"-1 wor".to_vec()));
    let format = b.put_text(0x100, "value %u\n");
    b.kernel_call("DbgPrint", &[format, 42]);
    b.xam_call("OutputDebugStringA", &[format]);
    b.xam_call("OutputDebugStringA", &[0]);
    let wide = b.put_wide_text(0x180, "breit %u");
    b.xam_call("OutputDebugStringW", &[wide]);
    assert_eq!(*b.text.lock().unwrap(), "value 42\nvalue %u\nbreit %u");
    let bad = b.put_text(0x100, "%s");
    assert!(matches!(b.call(Library::xboxkrnl, "sprintf", &[base + 0x400, bad, 4]), Flow::Fault(_)));
}

#[test]
fn a_precision_limits_how_much_of_a_counted_string_is_read() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    let format = b.put_text(0x100, "%.2wZ%.1Z%.0Z");
    let page = b.memory().alloc(Heap::Virtual4K, 0x2000, 0x1000, Protect::READ_WRITE).unwrap();
    b.memory().write_bytes(page.offset(0xFFC), &[0, b'a', 0, b'b']).unwrap();
    b.memory().protect(page.offset(0x1000), 0x1000, Protect::NO_ACCESS).unwrap();
    // The longest strings: most of each can't be read.
    for (string, buffer) in [(0x200, 0xFFC), (0x208, 0xFFF)] {
        b.memory().write(b.scratch.offset(string), u32::MAX).unwrap();
        b.memory().write(b.scratch.offset(string + 4), page.offset(buffer).0).unwrap();
    }
    let arguments = [base + 0x400, format, base + 0x200, base + 0x208, base + 0x208];
    assert_eq!(b.kernel_call("sprintf", &arguments), 3);
    assert_eq!(bytes(&b, base as u32 + 0x400, 4), b"abb\0");
}
