//! Accesses of compiled code whose address has no host rights, emulated in the fault handler.
//!
//! The faulting instruction is decoded and executed on the saved registers
//! ([`crate::arch::emulate`]); its memory operand goes through a [`Bus`]: device registers, or the
//! alias view if the host refused to open a page. Only plain loads and stores are emulated; the
//! fault of any other instruction goes to the code's hook.

/// The memory operand of an emulated access. Bytes are in memory order, starting at index 0.
pub(crate) trait Bus {
    /// The GS base of the emulated code.
    #[allow(dead_code)] // processors other than x86-64 have no such register
    fn segment_base(&self) -> u64;
    /// Loads `size` ≤ 16 bytes; `None` refuses.
    fn load(&mut self, host_addr: u64, size: usize) -> Option<[u8; 16]>;
    /// Stores bytes; `None` refuses.
    fn store(&mut self, host_addr: u64, bytes: &[u8]) -> Option<()>;
}
