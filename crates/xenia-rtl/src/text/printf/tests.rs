//! Tests of formats against the output of the console's runtime.

use super::*;
use proptest::prelude::*;

/// Arguments in a list; addresses are indexes into `strings`, from 1.
#[derive(Default)]
struct List {
    arguments: Vec<u64>,
    next: usize,
    strings: Vec<&'static str>,
    stored: Vec<(u32, u32, u64)>,
}

impl List {
    fn string(&self, at: u32) -> Result<&'static str, String> {
        let index = (at as usize).wrapping_sub(1);
        self.strings.get(index).copied().ok_or_else(|| format!("bad pointer {at:#x}"))
    }
}

impl ArgumentSource for List {
    type Error = String;
    fn next(&mut self) -> Result<u64, String> {
        self.next += 1;
        Ok(self.arguments.get(self.next - 1).copied().unwrap_or(0))
    }
    fn narrow(&mut self, at: u32, limit: u32) -> Result<Vec<u8>, String> {
        Ok(self.string(at)?.bytes().take(limit as usize).collect())
    }
    fn wide(&mut self, at: u32, limit: u32) -> Result<Vec<u16>, String> {
        Ok(self.string(at)?.encode_utf16().take(limit as usize).collect())
    }
    fn counted(&mut self, at: u32, _wide: bool, limit: u32) -> Result<Vec<u16>, String> {
        Ok(self.string(at)?.encode_utf16().take(limit as usize).collect())
    }
    fn store(&mut self, at: u32, bytes: u32, count: u64) -> Result<(), String> {
        self.stored.push((at, bytes, count));
        Ok(())
    }
}

fn print(format: &str, arguments: &[u64]) -> String {
    let strings = vec!["text", "w\u{20ac}de"];
    let mut list = List { arguments: arguments.to_vec(), strings, ..List::default() };
    let bytes = format_narrow(format.as_bytes(), &mut list).unwrap();
    bytes.into_iter().map(char::from).collect()
}

#[test]
fn integers_are_printed_by_size_sign_and_width() {
    let minus = |value: i64| value as u64;
    for (format, arguments, expected) in [
        ("plain %% %", &[][..], "plain % "),
        ("%d %i", &[minus(-5), 7], "-5 7"),
        // The register of a 32-bit argument may have any upper half.
        ("%d", &[0xDEAD_BEEF_FFFF_FFFF], "-1"),
        ("%u", &[0xDEAD_BEEF_FFFF_FFFF], "4294967295"),
        ("%hd %hu", &[0xF_FFFF, 0xF_FFFF], "-1 65535"),
        ("%I64d %lld", &[minus(-5_000_000_000), 5_000_000_000], "-5000000000 5000000000"),
        ("%I64x %llX", &[0xFEDC_BA98_7654_3210, u64::MAX], "fedcba9876543210 FFFFFFFFFFFFFFFF"),
        ("%I32u %Iu %lu", &[1, 2, 3], "1 2 3"),
        ("[%5d|%-5d|%05d|%+d|% d]", &[42, 42, 42, 42, 42], "[   42|42   |00042|+42| 42]"),
        ("[%.3d|%5.3d|%05.3d]", &[7, 7, 7], "[007|  007|  007]"),
        ("[%.0d|%d]", &[0, 0], "[|0]"),
        ("%x %X %#x %#X %#o %o", &[255, 255, 255, 255, 8, 8], "ff FF 0xff 0XFF 010 10"),
        ("%#x %#o", &[0, 0], "0 0"),
        ("%#08x", &[0x1F], "0x00001f"),
        ("%p", &[0x8200_1234], "82001234"),
        ("[%*d|%-*d|%*d]", &[4, 1, 4, 2, minus(-4), 3], "[   1|2   |3   ]"),
        ("[%.*d|%.*d]", &[3, 5, minus(-1), 5], "[005|5]"),
        ("%y", &[], "y"),
    ] {
        assert_eq!(print(format, arguments), expected, "{format}");
    }
}

#[test]
fn strings_and_characters_are_cut_and_padded() {
    for (format, arguments, expected) in [
        ("[%s|%6s|%-6s|%.2s|%06s]", &[1, 1, 1, 1, 1][..], "[text|  text|text  |te|00text]"),
        ("%S %ls %ws %hs", &[2, 2, 2, 1], "w?de w?de w?de text"),
        ("%s %.3s", &[0, 0], "(null) (nu"),
        ("%c%c%3c", &[b'a' as u64, 0x162, b'c' as u64], "ab  c"),
        ("%Z %wZ %Z", &[1, 2, 0], "text w?de (null)"),
        ("%.2Z|%.0Z|%.3Z", &[1, 1, 0], "te||(nu"),
        ("%.*s", &[0, 0xDEAD_0000], ""),
    ] {
        assert_eq!(print(format, arguments), expected, "{format}");
    }
    let mut list = List { arguments: vec![99], ..List::default() };
    assert!(format_narrow(b"%s", &mut list).is_err(), "a bad pointer");
}

#[test]
fn wide_formats_swap_what_the_letters_mean() {
    let format: Vec<u16> = "%s|%S|%hs|%c".encode_utf16().collect();
    let mut list =
        List { arguments: vec![1, 2, 2, 0x20AC], strings: vec!["w\u{20ac}", "narrow"], ..List::default() };
    let text = format_wide(&format, &mut list).unwrap();
    assert_eq!(String::from_utf16(&text).unwrap(), "w\u{20ac}|narrow|narrow|\u{20ac}");
}

#[test]
fn doubles_are_passed_as_their_bits() {
    let bits = f64::to_bits;
    assert_eq!(
        print("[%f|%8.2f|%-8.1f|%08.2f|%+.1e]", &[1.5, 1.5, 1.5, -1.5, 1.5].map(bits)),
        "[1.500000|    1.50|1.5     |-0001.50|+1.5e+000]"
    );
    assert_eq!(print("%g %Lf", &[0.1, 2.0].map(bits)), "0.1 2.000000");
}

#[test]
fn counts_are_stored_where_the_argument_points() {
    let mut list = List { arguments: vec![0x100, 0x200], ..List::default() };
    format_narrow(b"abc%nd%hn", &mut list).unwrap();
    assert_eq!(list.stored, [(0x100, 4, 3), (0x200, 2, 4)]);
}

#[test]
fn formatted_output_has_a_length_limit() {
    let format = "%99999999d".repeat(100);
    assert_eq!(print(&format, &[1]).len(), MAX_OUTPUT);
    assert_eq!(print("%.99999999f", &[f64::MAX.to_bits()]).len(), 309 + 1 + MAX_FIELD as usize);
}

proptest! {
    #[test]
    fn any_format_is_printed_without_a_panic(
        format in "[%0-9.*#+ hlIwdiouxXeEfgGaAcCsSpnZ64]{0,24}",
        arguments in any::<[u64; 8]>(),
    ) {
        let mut list = List { arguments: arguments.to_vec(), ..List::default() };
        let _ = format_narrow(format.as_bytes(), &mut list);
    }

    #[test]
    fn integers_agree_with_rust(value in any::<i32>(), width in 0_usize..12) {
        let argument = value as u32 as u64;
        prop_assert_eq!(print(&format!("%{width}d"), &[argument]), format!("{value:width$}"));
        prop_assert_eq!(print("%x", &[argument]), format!("{value:x}"));
    }
}
