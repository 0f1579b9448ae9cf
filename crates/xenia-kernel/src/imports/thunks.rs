//! Entry points from guest code into the kernel: patched import thunks, and stubs of the kernel.
//!
//! Each starts with `sc 2`; the address of that instruction identifies the call target. Stubs serve
//! functions whose address the guest requests, and returns from guest code to the host.

mod state;

pub(crate) use state::StubsState;

use super::call_targets::{CallTargets, Numbers};
use crate::imports::Export;
use crate::status::failure::Fallible;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use xenia_guest::{GuestAddr, NtStatus, Ordinal};
use xenia_imports::Library;
use xenia_isa::word;
use xenia_limits::{Limit, ResourceLimits};
use xenia_memory::{AllocRequest, GuestMemory, Heap, Protect};

/// `sc 2`: a system call with LEV 2.
pub const SYSTEM_CALL: u32 = word::sc(2);

/// Size of a stub in bytes: `sc 2`, `blr`.
const STUB: u32 = 8;
/// Size of a stub page in bytes.
const PAGE: u32 = 0x1_0000;

/// Call target of a stub or thunk.
#[derive(Clone, Copy, Debug)]
pub enum Target {
    /// An implemented export.
    Export(&'static Export),
    /// An unimplemented export.
    Missing {
        /// Library; `None` if it is also unknown.
        library: Option<Library>,
        ordinal: Ordinal,
    },
    /// Return from a guest function that an export called.
    CallReturn,
    /// Return from a thread's start function; the result is the exit code.
    ThreadReturn,
    /// Return from a plain ELF's entry function; the result is the program's exit code.
    ProgramReturn,
    /// Return from a work item of a service thread.
    ServiceReturn,
    /// Start of a title's first thread, which notifies the libraries of their load.
    TitleBegin,
}

/// Stubs and thunks of a machine.
#[derive(Debug, Default)]
pub struct Stubs {
    pub(super) targets: Arc<CallTargets>,
    numbers: Numbers,
    limits: Arc<ResourceLimits>,
    /// Pages that have a target, or had one: their nodes in the map of targets stay.
    pages: BTreeSet<GuestAddr>,
    exports: BTreeMap<(Library, u16), GuestAddr>,
    /// Stubs of missing functions; those of unknown libraries have none as the library.
    missing: BTreeMap<(Option<Library>, u16), GuestAddr>,
    page: Option<GuestAddr>,
    used: u32,
    /// The kernel's return stubs.
    pub own: OwnStubs,
}

/// Addresses of the kernel's return stubs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnStubs {
    /// Address of [`Target::CallReturn`].
    pub call_return: GuestAddr,
    /// Address of [`Target::ThreadReturn`].
    pub thread_return: GuestAddr,
    /// Address of [`Target::ProgramReturn`].
    pub program_return: GuestAddr,
    /// Address of [`Target::ServiceReturn`].
    pub service_return: GuestAddr,
}

impl Stubs {
    /// No stubs and thunks.
    pub(super) fn new(limits: Arc<ResourceLimits>) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Makes the kernel's return stubs.
    pub fn initialize(&mut self, memory: &GuestMemory) -> Fallible<()> {
        self.own = OwnStubs {
            call_return: self.add(memory, Target::CallReturn)?,
            thread_return: self.add(memory, Target::ThreadReturn)?,
            program_return: self.add(memory, Target::ProgramReturn)?,
            service_return: self.add(memory, Target::ServiceReturn)?,
        };
        Ok(())
    }

    /// Sets the target of the `sc 2` at `address`.
    fn bind(&mut self, address: GuestAddr, target: Target) -> Fallible<()> {
        let page = address.page_base();
        if !self.pages.contains(&page) {
            self.limits.admit(Limit::CallPages, self.pages.len())?;
            self.pages.insert(page);
        }
        self.targets.bind(&mut self.numbers, address, target);
        Ok(())
    }

    /// Removes all targets in this range, whose code was unloaded.
    pub fn unbind(&mut self, start: GuestAddr, size: u32) {
        self.targets.unbind(start, size);
    }

    /// Makes a stub.
    pub fn add(&mut self, memory: &GuestMemory, target: Target) -> Fallible<GuestAddr> {
        let page = match self.page {
            Some(page) if self.used + STUB <= PAGE => page,
            _ => {
                let request = AllocRequest::new(Heap::Virtual4K, PAGE, Protect::EXECUTE_READ);
                let (page, _) = memory.alloc_with(&AllocRequest { top_down: true, ..request })?;
                self.used = 0;
                *self.page.insert(page)
            }
        };
        let at = page.offset(self.used);
        memory.write(at, SYSTEM_CALL)?;
        memory.write(at.offset(4), word::BLR)?;
        self.bind(at, target)?;
        self.used += STUB;
        Ok(at)
    }

    /// The stub of an export, made on first use.
    pub fn export_stub(&mut self, memory: &GuestMemory, export: &'static Export) -> Fallible<GuestAddr> {
        let key = (export.library, export.ordinal);
        if let Some(&at) = self.exports.get(&key) {
            return Ok(at);
        }
        let at = self.add(memory, Target::Export(export))?;
        self.exports.insert(key, at);
        Ok(at)
    }

    /// The stub of an unimplemented function, made on first use.
    pub fn missing_stub(
        &mut self,
        memory: &GuestMemory,
        library: Option<Library>,
        ordinal: Ordinal,
    ) -> Fallible<GuestAddr> {
        if let Some(&at) = self.missing.get(&(library, ordinal.0)) {
            return Ok(at);
        }
        let at = self.add(memory, Target::Missing { library, ordinal })?;
        self.missing.insert((library, ordinal.0), at);
        Ok(at)
    }

    /// Patches the 16-byte import thunk at `address` to call `target`.
    pub fn patch_thunk(&mut self, memory: &GuestMemory, address: GuestAddr, target: Target) -> Fallible<()> {
        write_thunk(memory, address, [SYSTEM_CALL, word::BLR, word::NOP, word::NOP])?;
        self.bind(address, target)
    }
}

/// Patches the 16-byte import thunk at `address` to jump to code of another module.
pub fn patch_jump(memory: &GuestMemory, address: GuestAddr, to: GuestAddr) -> Fallible<()> {
    /// `lis r11`, `ori r11, r11`, `mtctr r11`, `bctr`.
    const JUMP: [u32; 4] = [0x3D60_0000, 0x616B_0000, 0x7D69_03A6, word::BCTR];
    let [high, low, count, branch] = JUMP;
    write_thunk(memory, address, [high | to.0 >> 16, low | to.0 & 0xFFFF, count, branch])
}

fn write_thunk(memory: &GuestMemory, address: GuestAddr, words: [u32; 4]) -> Fallible<()> {
    if !address.0.is_multiple_of(4) {
        return Err(NtStatus::INVALID_IMAGE_FORMAT.into());
    }
    for (index, word) in words.into_iter().enumerate() {
        memory.write(address.offset(4 * index as u32), word)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_function_has_one_stub() {
        let memory = GuestMemory::new().unwrap();
        let mut stubs = Stubs::default();
        let functions = [(None, 1), (Some(Library::xam), 1), (Some(Library::xam), 2)];
        let mut all = || {
            functions
                .map(|(library, ordinal)| stubs.missing_stub(&memory, library, Ordinal(ordinal)).unwrap())
        };
        let first = all();
        assert_eq!(all(), first, "also when the library is loaded again");
        let different: BTreeSet<_> = first.into_iter().collect();
        assert_eq!(different.len(), functions.len());
    }

    #[test]
    fn pages_with_calls_are_limited() {
        let mut stubs = Stubs::default();
        let most = Limit::CallPages.row().value as u32;
        let mut bind = |page: u32, offset: u32| {
            stubs.bind(GuestAddr(page * 0x1000 + offset), Target::CallReturn).is_ok()
        };
        assert!((0..most).all(|page| bind(page, 0)));
        assert!(!bind(most, 0));
        assert!(bind(most - 1, 8), "its page is there");
        stubs.unbind(GuestAddr::NULL, 0x1000);
        assert!(stubs.bind(GuestAddr(most * 0x1000), Target::CallReturn).is_err(), "a page stays");
        assert!(stubs.bind(GuestAddr::NULL, Target::CallReturn).is_ok());
        assert_eq!(stubs.limits.hits().get("call_pages"), Some(&2));
        assert!(stubs.targets.find(GuestAddr(most * 0x1000)).is_none());
    }
}
