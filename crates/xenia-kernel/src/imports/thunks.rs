//! Addresses at which guest code enters the kernel: patched import thunks, and small stubs of the
//! kernel's own.
//!
//! Each begins with `sc 2`; the address of that instruction says what is called. Stubs are for
//! functions whose address the guest asks for, and for the places that guest code "returns to the
//! host" by.

use super::call_targets::{CallTargets, Numbers};
use crate::imports::{Export, Library};
use crate::status::failure::Fallible;
use std::collections::BTreeMap;
use std::sync::Arc;
use xenia_guest::{GuestAddr, NtStatus, Ordinal};
use xenia_memory::{GuestMemory, Heap, Protect};

/// `sc 2`: a system call with LEV 2.
pub const SYSTEM_CALL: u32 = 0x4400_0042;
/// `blr`.
pub const RETURN: u32 = 0x4E80_0020;
/// `nop`.
pub const NOP: u32 = 0x6000_0000;

/// Bytes of a stub: `sc 2`, `blr`.
const STUB: u32 = 8;
/// Bytes of the page that stubs are in.
const PAGE: u32 = 0x1_0000;

/// What guest code calls at an address.
#[derive(Clone, Copy, Debug)]
pub enum Target {
    /// An export.
    Export(&'static Export),
    /// An export that is not implemented.
    Missing {
        /// Its library; `None` if that is unknown as well.
        library: Option<Library>,
        /// Its ordinal.
        ordinal: Ordinal,
    },
    /// The end of guest code that an export called.
    CallReturn,
    /// The end of a thread's start function: its result is the exit code.
    ThreadReturn,
    /// The end of a plain ELF's entry function: its result is the program's exit code.
    ProgramReturn,
    /// The end of what a service thread was given to do.
    ServiceReturn,
    /// The beginning of a title's first thread, where libraries are to be told first that they have
    /// come.
    TitleBegin,
}

/// See the module's documentation.
#[derive(Debug, Default)]
pub struct Stubs {
    pub(super) targets: Arc<CallTargets>,
    numbers: Numbers,
    exports: BTreeMap<(Library, u16), GuestAddr>,
    page: Option<GuestAddr>,
    used: u32,
    /// The kernel's own stubs.
    pub own: OwnStubs,
}

/// Where the kernel's own stubs are.
#[derive(Clone, Copy, Debug, Default)]
pub struct OwnStubs {
    /// [`Target::CallReturn`].
    pub call_return: GuestAddr,
    /// [`Target::ThreadReturn`].
    pub thread_return: GuestAddr,
    /// [`Target::ProgramReturn`].
    pub program_return: GuestAddr,
    /// [`Target::ServiceReturn`].
    pub service_return: GuestAddr,
}

impl Stubs {
    /// Makes the kernel's own stubs.
    pub fn initialize(&mut self, memory: &GuestMemory) -> Fallible<()> {
        self.own = OwnStubs {
            call_return: self.add(memory, Target::CallReturn)?,
            thread_return: self.add(memory, Target::ThreadReturn)?,
            program_return: self.add(memory, Target::ProgramReturn)?,
            service_return: self.add(memory, Target::ServiceReturn)?,
        };
        Ok(())
    }

    /// Says what the `sc 2` at `address` calls.
    pub fn bind(&mut self, address: GuestAddr, target: Target) {
        self.targets.bind(&mut self.numbers, address, target);
    }

    /// Nothing in this range calls the kernel any more: the code there is gone.
    pub fn unbind(&mut self, start: GuestAddr, size: u32) {
        self.targets.unbind(start, size);
    }

    /// A new stub.
    pub fn add(&mut self, memory: &GuestMemory, target: Target) -> Fallible<GuestAddr> {
        let page = match self.page {
            Some(page) if self.used + STUB <= PAGE => page,
            _ => {
                let page = memory.alloc(Heap::Virtual4K, PAGE, 0x1000, Protect::EXECUTE_READ, true)?;
                self.used = 0;
                *self.page.insert(page)
            }
        };
        let at = page.offset(self.used);
        self.used += STUB;
        memory.write(at, SYSTEM_CALL)?;
        memory.write(at.offset(4), RETURN)?;
        self.bind(at, target);
        Ok(at)
    }

    /// The stub of an export, made at the first question.
    pub fn of_export(&mut self, memory: &GuestMemory, export: &'static Export) -> Fallible<GuestAddr> {
        let key = (export.library, export.ordinal);
        if let Some(&at) = self.exports.get(&key) {
            return Ok(at);
        }
        let at = self.add(memory, Target::Export(export))?;
        self.exports.insert(key, at);
        Ok(at)
    }

    /// Turns the 16-byte import thunk at `address` into a call of `target`.
    pub fn patch_thunk(&mut self, memory: &GuestMemory, address: GuestAddr, target: Target) -> Fallible<()> {
        write_thunk(memory, address, [SYSTEM_CALL, RETURN, NOP, NOP])?;
        self.bind(address, target);
        Ok(())
    }
}

/// Turns the 16-byte import thunk at `address` into a jump to code of another module.
pub fn patch_jump(memory: &GuestMemory, address: GuestAddr, to: GuestAddr) -> Fallible<()> {
    /// `lis r11`, `ori r11, r11`, `mtctr r11`, `bctr`.
    const JUMP: [u32; 4] = [0x3D60_0000, 0x616B_0000, 0x7D69_03A6, 0x4E80_0420];
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
