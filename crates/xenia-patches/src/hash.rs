//! The hash by which patch files name an executable.
//!
//! It is xenia-canary's *module hash* (`UserModule::CalculateHash`): XXH3 with 64 bits and without
//! a seed, over guest memory from the first code page to the end of the last, after that emulator
//! has bound the imports. So it depends on what its loader writes there: each import thunk is
//! `sc 2; blr; nop; nop`, and the slot of a function has a fixed word. It counts pages by page
//! descriptors, and takes the page size from the address.

use crate::quotation::quoted;
use std::fmt;
use std::str::FromStr;
use twox_hash::XxHash3_64;
use xenia_formats::image::{ImageKind, Import, ImportLibrary, LoadedImage, PageRun, Protection};
use xenia_guest::GuestAddr;

/// Code that the hashed memory has at each import thunk.
const THUNK: [u32; 4] = [0x4400_0042, 0x4E80_0020, 0x6000_0000, 0x6000_0000];
/// Word that the hashed memory has in the slot of a function of the console.
const KNOWN_SLOT: u32 = 0xDEAD_C0DE;
/// Word that the hashed memory has in the slot of another library's function.
const UNKNOWN_SLOT: u32 = 0xF00D_F00D;
/// Libraries of the console.
const CONSOLE: [&str; 3] = ["xboxkrnl.exe", "xam.xex", "xbdm.xex"];
/// Size of a page at addresses of 64 KiB pages, and elsewhere.
const PAGES: [u32; 2] = [0x1_0000, 0x1000];

/// Hash of an executable's code, as patch files name it: 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExecutableHash(pub u64);

impl fmt::Display for ExecutableHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016X}", self.0)
    }
}

impl FromStr for ExecutableHash {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_hash = text.len() == 16 && text.bytes().all(|digit| digit.is_ascii_hexdigit());
        let value = u64::from_str_radix(text, 16).ok().filter(|_| is_hash);
        value.map(Self).ok_or_else(|| format!("`{}` is not a hash of 16 hexadecimal digits", quoted(text)))
    }
}

/// The hash of an executable. `None` if it has no code pages (a plain ELF), or if the slot of a
/// variable is among them, whose contents differ between runs.
pub fn executable_hash(image: &LoadedImage) -> Option<ExecutableHash> {
    if image.kind != ImageKind::Xex {
        return None;
    }
    let is_code = |run: &PageRun| run.protection == Protection::Code;
    let first = image.page_runs.iter().position(is_code)?;
    let last = image.page_runs.iter().rposition(is_code)?;
    let page = page_size(image.base);
    let start = u32::try_from(first).ok()?.checked_mul(page)?;
    let end = u32::try_from(last + 1).ok()?.checked_mul(page)?;
    if end > image.size {
        return None;
    }
    let stored = image.bytes.get(start as usize..).unwrap_or_default();
    let mut memory = stored[..stored.len().min((end - start) as usize)].to_vec();
    memory.resize((end - start) as usize, 0);
    let from = image.base.offset(start);
    for library in &image.imports {
        for import in &library.imports {
            bind(&mut memory, from, library, import)?;
        }
    }
    Some(ExecutableHash(XxHash3_64::oneshot(&memory)))
}

/// Page size of the memory at an address.
fn page_size(base: GuestAddr) -> u32 {
    let has_large_pages = matches!(base.0 >> 28, 0x4..=0x8 | 0xA..=0xB);
    PAGES[usize::from(!has_large_pages)]
}

/// Binds an import in the hashed memory, which is from `from`. `None` if its contents are unknown.
fn bind(memory: &mut [u8], from: GuestAddr, library: &ImportLibrary, import: &Import) -> Option<()> {
    let mut write = |at: GuestAddr, word: u32| {
        let offset = at.0.checked_sub(from.0)? as usize;
        memory.get_mut(offset..offset.checked_add(4)?)?.copy_from_slice(&word.to_be_bytes());
        Some(())
    };
    let is_console = CONSOLE.iter().any(|name| library.name.eq_ignore_ascii_case(name));
    let slot = if is_console { KNOWN_SLOT } else { UNKNOWN_SLOT };
    let is_hashed = import.slot.and_then(|at| write(at, slot)).is_some();
    let Some(thunk) = import.thunk else {
        return (!is_hashed).then_some(());
    };
    for (index, word) in (0..).zip(THUNK) {
        // A thunk outside of the code pages is not hashed.
        let _ = write(thunk.offset(4 * index), word);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use xenia_guest::Ordinal;

    const BASE: GuestAddr = GuestAddr(0x8200_0000);

    fn image(imports: Vec<Import>) -> LoadedImage {
        let imports = ImportLibrary::any("xam.xex", imports);
        let mut image = LoadedImage::in_memory(BASE, vec![7; 0x1_2000], imports);
        // Data, two pages of code, data.
        let run =
            |page: u32, protection| PageRun { start: BASE.offset(page << 16), size: 1 << 16, protection };
        image.page_runs = [Protection::ReadOnly, Protection::Code, Protection::Code, Protection::ReadWrite]
            .into_iter()
            .zip(0..)
            .map(|(protection, page)| run(page, protection))
            .collect();
        image.size = 4 << 16;
        image
    }

    #[test]
    fn the_function_is_the_published_one() {
        assert_eq!(XxHash3_64::oneshot(b""), 0x2D06_8005_38D3_94C2);
    }

    #[test]
    fn all_from_the_first_code_page_to_the_last_is_hashed_with_bound_thunks() {
        let of = |image: &LoadedImage| executable_hash(image).unwrap();
        let plain = image(Vec::new());
        let mut memory = vec![0; 2 << 16];
        memory[..0x2000].fill(7);
        assert_eq!(of(&plain), ExecutableHash(XxHash3_64::oneshot(&memory)));
        let mut changed = plain.clone();
        changed.bytes[0xFFFF] = 0;
        assert_eq!(of(&changed), of(&plain), "the page before is data");
        changed.bytes[0x1_0000] = 0;
        assert_ne!(of(&changed), of(&plain));
        let import = |slot, thunk: u32| Import {
            ordinal: Ordinal(1),
            slot: Some(BASE.offset(slot)),
            thunk: Some(BASE.offset(thunk)),
        };
        for (at, word) in (4..).step_by(4).zip(THUNK) {
            memory[at..at + 4].copy_from_slice(&word.to_be_bytes());
        }
        let bound = image(vec![import(0x10, 0x1_0004)]);
        assert_eq!(of(&bound), ExecutableHash(XxHash3_64::oneshot(&memory)));
        memory[..4].copy_from_slice(&KNOWN_SLOT.to_be_bytes());
        let bound = image(vec![import(0x1_0000, 0x1_0004)]);
        assert_eq!(of(&bound), ExecutableHash(XxHash3_64::oneshot(&memory)));
    }

    #[test]
    fn a_hash_that_cannot_be_known_is_none() {
        let variable = |slot| Import { ordinal: Ordinal(1), slot: Some(BASE.offset(slot)), thunk: None };
        assert!(executable_hash(&image(vec![variable(0x20)])).is_some());
        assert_eq!(executable_hash(&image(vec![variable(0x1_0020)])), None);
        let mut data = image(Vec::new());
        data.page_runs.iter_mut().for_each(|run| run.protection = Protection::ReadOnly);
        assert_eq!(executable_hash(&data), None);
        let mut small = image(Vec::new());
        small.size = 2 << 16;
        assert_eq!(executable_hash(&small), None);
    }

    #[test]
    fn hashes_have_sixteen_digits() {
        let hash: ExecutableHash = "56209c4732826FCF".parse().unwrap();
        assert_eq!(hash.to_string(), "56209C4732826FCF");
        for wrong in ["", "56209C4732826FC", "56209C4732826FCFF", "+6209C4732826FCF", "G6209C4732826FCF"] {
            assert!(wrong.parse::<ExecutableHash>().is_err(), "{wrong}");
        }
    }
}
