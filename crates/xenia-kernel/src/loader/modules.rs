//! Loaded modules, and their entries in guest memory.

use crate::Kernel;
use crate::failure::{Failure, Fallible};
use crate::layout::ldr;
use xenia_formats::image::{Export, FunctionEntry, LoadedImage, Resource};
use xenia_guest::{GuestAddr, TitleId};

/// Why an image could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The image's pages are not where an image can be.
    #[error("image at {base}, {size:#x} bytes: {source}")]
    Place {
        /// First address.
        base: GuestAddr,
        /// Bytes.
        size: u32,
        /// Why memory refused.
        source: xenia_memory::HeapError,
    },
    /// The image has no entry point.
    #[error("the image has no entry point")]
    NoEntry,
    /// A title is loaded already.
    #[error("a title is loaded already")]
    Loaded,
    /// The kernel failed.
    #[error("{what}: {source}")]
    Kernel {
        /// What it was doing.
        what: &'static str,
        /// Why it failed.
        source: Failure,
    },
}

/// A module in guest memory.
#[derive(Clone, Debug)]
pub struct Module {
    /// Its handle: address of its entry in the list of loaded modules.
    pub handle: GuestAddr,
    /// File name.
    pub name: String,
    /// First address.
    pub base: GuestAddr,
    /// Bytes.
    pub size: u32,
    /// First instruction, or null.
    pub entry: GuestAddr,
    /// Guest copy of the XEX headers; null for an ELF.
    pub headers: GuestAddr,
    /// Bytes of stack that its main thread wants.
    pub stack_size: Option<u32>,
    /// Title id, if it has one.
    pub title_id: Option<TitleId>,
    /// Named data.
    pub resources: Vec<Resource>,
    /// Exports by ordinal.
    pub exports: Vec<Export>,
    /// Function table, by address.
    pub functions: Vec<FunctionEntry>,
}

/// All loaded modules; the title is the first.
#[derive(Debug, Default)]
pub struct Modules {
    list: Vec<Module>,
}

impl Modules {
    /// Adds a module.
    pub fn push(&mut self, module: Module) {
        self.list.push(module);
    }

    /// The title's own module.
    pub fn title(&self) -> Option<&Module> {
        self.list.first()
    }

    /// The module with this handle.
    pub fn find(&self, handle: GuestAddr) -> Option<&Module> {
        self.list.iter().find(|module| module.handle == handle)
    }

    /// The module of this file name; case does not matter.
    pub fn find_name(&self, name: &str) -> Option<&Module> {
        self.list.iter().find(|module| module.name.eq_ignore_ascii_case(name))
    }

    /// All modules, in the order they were loaded.
    pub fn iter(&self) -> impl Iterator<Item = &Module> {
        self.list.iter()
    }

    /// The function that `address` lies in, with its module.
    pub fn function_at(&self, address: GuestAddr) -> Option<(&Module, &FunctionEntry)> {
        self.list.iter().find_map(|module| {
            let after = module.functions.partition_point(|function| function.start <= address);
            let function = module.functions.get(after.checked_sub(1)?)?;
            (address.0 - function.start.0 < function.size).then_some((module, function))
        })
    }
}

impl Kernel {
    /// Makes the guest-visible entry of a module and adds it to the list.
    pub(crate) fn register_module(&self, image: &LoadedImage, name: &str) -> Fallible<GuestAddr> {
        let memory = &*self.memory;
        let handle = self.allocate(ldr::SIZE)?;
        let mut headers = GuestAddr::NULL;
        if !image.headers.is_empty() {
            headers = self.allocate(image.headers.len() as u32)?;
            memory.write_bytes(headers, &image.headers)?;
        }
        let (wide, units) = self.wide_name(name)?;
        for list in [0, 8, 0x10] {
            crate::lists::initialize(memory, handle.offset(list))?;
        }
        for (offset, value) in [
            (ldr::DLL_BASE, image.base.0),
            (ldr::IMAGE_BASE, image.base.0),
            (ldr::IMAGE_SIZE, image.size),
            (ldr::FULL_IMAGE_SIZE, image.size),
            (ldr::ENTRY_POINT, image.entry.0),
            (ldr::DLL_BASE_ORIGINAL, image.base.0),
            (ldr::XEX_HEADER_BASE, headers.0),
        ] {
            memory.write(handle.offset(offset), value)?;
        }
        memory.write(handle.offset(ldr::LOAD_COUNT), 1_u16)?;
        for name_at in [ldr::FULL_NAME, ldr::BASE_NAME] {
            memory.write(handle.offset(name_at), units * 2)?;
            memory.write(handle.offset(name_at + 2), (units + 1) * 2)?;
            memory.write(handle.offset(name_at + 4), wide)?;
        }
        let mut functions = image.functions.clone();
        functions.sort_by_key(|function| function.start);
        self.modules.lock().push(Module {
            handle,
            name: name.to_owned(),
            base: image.base,
            size: image.size,
            entry: image.entry,
            headers,
            stack_size: image.stack_size,
            title_id: image.execution.map(|execution| execution.title_id),
            resources: image.resources.clone(),
            exports: image.exports.clone(),
            functions,
        });
        Ok(handle)
    }

    /// A name as UTF-16 in kernel memory: its address, and its units without the terminator.
    pub(crate) fn wide_name(&self, name: &str) -> Fallible<(GuestAddr, u16)> {
        let units: Vec<u16> = name.encode_utf16().take(255).collect();
        let at = self.allocate(units.len() as u32 * 2 + 2)?;
        for (index, &unit) in units.iter().enumerate() {
            self.memory.write(at.offset(2 * index as u32), unit)?;
        }
        Ok((at, units.len() as u16))
    }
}
