//! Assembled titles with functions, prologues and scope tables as the console's compiler emits
//! them. Shared with the tests that run them on every engine.

use std::collections::BTreeMap;
use xenia_formats::image::{FunctionEntry, Import, ImportLibrary, LoadedImage};
use xenia_guest::GuestAddr;
use xenia_kernel::imports::ordinals::xboxkrnl;

/// Load address of the code.
pub(crate) const CODE: u32 = 0x8200_0000;
/// Address of the zero-initialised data.
pub(crate) const DATA: u32 = 0x8201_0000;

const PRELUDE: &str = include_str!("prelude.s");

pub(crate) const CALLBACK: &str = include_str!("callback.s");
pub(crate) const COLLIDE: &str = include_str!("collide.s");
pub(crate) const FAULT: &str = include_str!("fault.s");
pub(crate) const FILTER: &str = include_str!("filter.s");
pub(crate) const INSIDE: &str = include_str!("inside.s");
pub(crate) const LONGJMP: &str = include_str!("longjmp.s");
pub(crate) const NESTED: &str = include_str!("nested.s");
pub(crate) const REFUSE: &str = include_str!("refuse.s");

/// Assembles a program. Labels named like exports are import thunks, and a function extends from
/// `NAME` to `NAME_end`. Returns the labels as well.
pub(crate) fn assemble(source: &str) -> (LoadedImage, BTreeMap<String, u32>) {
    let assembly = xenia_isa::assemble(&format!("{PRELUDE}{source}"), CODE).unwrap();
    let bytes = assembly.bytes;
    let labels = assembly.labels;
    assert!(bytes.len() <= 0x1_0000);
    let called = xboxkrnl::ROWS.iter().filter_map(|row| Some((row.ordinal, *labels.get(row.name)?)));
    let imports = called.enumerate().map(|(index, (ordinal, thunk))| {
        let slot = Some(GuestAddr(DATA + 0xF000 + 4 * index as u32));
        Import { ordinal, slot, thunk: Some(GuestAddr(thunk)) }
    });
    let functions = labels.iter().filter_map(|(name, &start)| {
        let end = *labels.get(&format!("{name}_end"))?;
        let body = *labels.get(&format!("{name}_body"))?;
        Some(FunctionEntry {
            start: GuestAddr(start),
            size: end - start,
            prologue_size: body - start,
            has_exception_handler: labels.contains_key(&format!("{name}_scopes")),
        })
    });
    let library = ImportLibrary::any("xboxkrnl.exe", imports.collect());
    let image = LoadedImage {
        entry: GuestAddr(labels["entry"]),
        functions: functions.collect(),
        ..LoadedImage::in_memory(GuestAddr(CODE), bytes, library)
    };
    (image, labels)
}
