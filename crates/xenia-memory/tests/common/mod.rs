//! Shared parts of the test programs: spaces, pages, and plain host accesses in the guest view.
#![allow(dead_code)] // each test program uses a part of it

#[cfg_attr(target_arch = "aarch64", path = "aarch64.rs")]
#[cfg_attr(target_arch = "x86_64", path = "x86_64.rs")]
pub(crate) mod accesses;

use std::sync::{Arc, OnceLock};
use xenia_guest::GuestAddr;
use xenia_memory::{Action, AllocKind, CodeHook, GuestMemory, HostFault, Protect, register_code_hook};

pub(crate) const RW: Protect = Protect::READ_WRITE;

unsafe extern "C" {
    /// Bounds of the program's code, defined by the linker.
    #[cfg_attr(windows, link_name = "__image_base__")]
    static __executable_start: u8;
    static etext: u8;
}

/// Creates a space that this program's own code may use as compiled code does.
pub(crate) fn space() -> Arc<GuestMemory> {
    hook_own_code();
    GuestMemory::new().unwrap()
}

/// Allows this program's own code to use guest views as compiled code does.
pub(crate) fn hook_own_code() {
    static HOOK: OnceLock<CodeHook> = OnceLock::new();
    HOOK.get_or_init(|| {
        let range = &raw const __executable_start as usize..&raw const etext as usize;
        register_code_hook(range, Box::new(|_: &mut HostFault| Action::NotMine)).unwrap()
    });
}

pub(crate) fn commit(memory: &GuestMemory, addr: u32, size: u32, protect: Protect) {
    memory.alloc_fixed(GuestAddr(addr), size, AllocKind::ReserveCommit, protect).unwrap();
}

pub(crate) fn version(memory: &GuestMemory, addr: u32) -> u32 {
    memory.page_version(GuestMemory::page_index(GuestAddr(addr)).unwrap())
}

/// A store as compiled code makes it: one host instruction in the guest view.
pub(crate) fn host_store(memory: &GuestMemory, addr: u32, value: u32) {
    // SAFETY: the tests store to pages that the guest may write, or to devices.
    unsafe { accesses::store_u32(memory.guest_base(), addr, value.to_be()) };
}

/// A load as compiled code makes it.
pub(crate) fn host_load(memory: &GuestMemory, addr: u32) -> u32 {
    // SAFETY: the tests load from pages that the guest may read, or from devices.
    unsafe { accesses::load_u32(memory.guest_base(), addr) }.swap_bytes()
}
