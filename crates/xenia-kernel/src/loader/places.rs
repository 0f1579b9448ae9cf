//! Symbolization of code addresses for reports: the export that a thunk calls, or module and
//! function, by symbol, export or `.pdata`.

use super::modules::{Module, Modules};
use crate::imports::ImportBindings;
use crate::imports::thunks::Target;
use xenia_formats::image::{LoadedImage, Symbol};
use xenia_guest::GuestAddr;
use xenia_sched::SymbolicAddress;
use xenia_sync::Mutex;

/// Named functions of an image, by ascending address: symbols, and exports by name.
pub(super) fn named_functions(image: &LoadedImage) -> Vec<Symbol> {
    let exports = image.exports.iter().filter_map(|export| {
        let name = export.name.clone()?;
        Some(Symbol { name, address: export.address, size: 0, is_function: true })
    });
    let symbols = image.symbols.iter().filter(|symbol| symbol.is_function).cloned();
    let mut named: Vec<Symbol> = symbols.chain(exports).collect();
    named.sort_by_key(|symbol| symbol.address);
    named
}

impl Module {
    /// Named functions, sorted by address.
    pub fn named_functions(&self) -> &[Symbol] {
        &self.named
    }

    /// Symbolizes an address in this module. The title's executable is called `report_name` if the
    /// linker has recorded no name.
    fn place_of(&self, address: GuestAddr, report_name: Option<&str>) -> SymbolicAddress {
        let after = self.functions.partition_point(|function| function.start <= address);
        let function = after.checked_sub(1).and_then(|index| self.functions.get(index));
        let start = function
            .filter(|function| address.0 - function.start.0 < function.size)
            .map(|function| function.start);
        let after = self.named.partition_point(|symbol| symbol.address <= address);
        let symbol =
            after.checked_sub(1).and_then(|index| self.named.get(index)).filter(|symbol| match start {
                // A symbol before the function's start belongs to another function.
                Some(start) => symbol.address >= start,
                None => symbol.size == 0 || address.0 - symbol.address.0 < symbol.size,
            });
        // Most titles' files are called default.xex, so the linker's name is more informative.
        let title = self.linked_name.as_deref().or(report_name).filter(|_| !self.is_library);
        let module = title.unwrap_or(&self.name);
        let (name, from) = match (symbol, start) {
            (Some(symbol), _) => (format!("{module}!{}", symbol.name), symbol.address),
            (None, Some(start)) => (format!("{module}!sub_{:08X}", start.0), start),
            (None, None) => (module.to_owned(), self.base),
        };
        SymbolicAddress { name, offset: address.0 - from.0 }
    }
}

/// Name of a stub or thunk in reports.
fn stub_name(target: Target) -> String {
    match target {
        Target::Export(export) => export.name.to_owned(),
        Target::Missing { library, ordinal } => match library {
            Some(library) => format!("{}#{ordinal} (not implemented)", library.name()),
            None => format!("import {ordinal} of an unknown library"),
        },
        Target::CallReturn => "(called by the kernel)".to_owned(),
        Target::ThreadReturn => "(start of the thread)".to_owned(),
        Target::ProgramReturn => "(start of the program)".to_owned(),
        Target::ServiceReturn => "(called by a kernel thread)".to_owned(),
        Target::TitleBegin => "(start of the title)".to_owned(),
    }
}

/// Symbolization of code addresses.
#[derive(Clone, Copy)]
pub struct Symbolizer<'k> {
    pub(crate) imports: &'k ImportBindings,
    pub(crate) modules: &'k Mutex<Modules>,
    pub(crate) report_name: Option<&'k str>,
}

impl Symbolizer<'_> {
    /// Symbolizes the address of an instruction.
    pub(crate) fn instruction(&self, address: u32) -> Option<SymbolicAddress> {
        let at = GuestAddr(address);
        // A thread inside a call is past the stub's first instruction.
        let stub =
            [at, GuestAddr(address.wrapping_sub(4))].into_iter().find_map(|at| self.imports.target(at));
        if let Some(target) = stub {
            return Some(SymbolicAddress { name: stub_name(target), offset: 0 });
        }
        let modules = self.modules.lock();
        let inside = |module: &&Module| at >= module.base && at.0 - module.base.0 < module.size;
        modules.iter().find(inside).map(|module| module.place_of(at, self.report_name))
    }

    /// Symbolizes a return address.
    pub(crate) fn return_address(&self, address: u32) -> Option<SymbolicAddress> {
        // Some return addresses are kernel stubs, not calls.
        if let Some(target) = self.imports.target(GuestAddr(address)) {
            return Some(SymbolicAddress { name: stub_name(target), offset: 0 });
        }
        let SymbolicAddress { name, offset } = self.instruction(address.wrapping_sub(4))?;
        Some(SymbolicAddress { name, offset: offset.wrapping_add(4) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xenia_formats::image::{FunctionEntry, ImageKind};

    fn place(module: &Module, address: u32) -> String {
        module.place_of(GuestAddr(address), None).to_string()
    }

    #[test]
    fn a_title_has_the_linker_s_name_or_that_of_reports() {
        let module = |linked_name: Option<&str>, is_library| Module {
            name: "default.xex".to_owned(),
            linked_name: linked_name.map(str::to_owned),
            is_library,
            base: GuestAddr(0x800),
            ..Module::default()
        };
        let name = |module: &Module| module.place_of(GuestAddr(0x900), Some("t.elf")).to_string();
        assert_eq!(name(&module(None, false)), "t.elf+0x100");
        assert_eq!(name(&module(Some("l.exe"), false)), "l.exe+0x100");
        assert_eq!(name(&module(None, true)), "default.xex+0x100", "a library has a name of its own");
    }

    #[test]
    fn place_uses_nearest_symbol_in_the_same_function() {
        let function = |start, size| FunctionEntry {
            start: GuestAddr(start),
            size,
            prologue_size: 0,
            has_exception_handler: false,
        };
        let symbol = |name: &str, address, size, is_function| Symbol {
            name: name.to_owned(),
            address: GuestAddr(address),
            size,
            is_function,
        };
        let image = LoadedImage {
            symbols: vec![
                symbol("main", 0x1000, 0, true),
                symbol("table", 0x1008, 0, false),
                symbol("small", 0x3000, 0x10, true),
            ],
            ..LoadedImage::empty(ImageKind::Elf)
        };
        let module = Module {
            name: "t.elf".to_owned(),
            base: GuestAddr(0x800),
            size: 0x8000,
            functions: vec![function(0x1000, 0x20), function(0x2000, 0x20)],
            named: named_functions(&image),
            ..Module::default()
        };
        assert_eq!(place(&module, 0x1000), "t.elf!main");
        assert_eq!(place(&module, 0x101C), "t.elf!main+0x1c", "data is not a function");
        assert_eq!(place(&module, 0x2004), "t.elf!sub_00002000+0x4", "main is another function");
        assert_eq!(place(&module, 0x3008), "t.elf!small+0x8");
        assert_eq!(place(&module, 0x3010), "t.elf+0x2810", "behind the last");
        assert_eq!(place(&module, 0x900), "t.elf+0x100");
    }
}
