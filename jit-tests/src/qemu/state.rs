//! A register state and the sandbox's bytes, in the format of the pipe.

use super::program::{BLOCK_SIZE, SANDBOX_SIZE};
use crate::conformance::PpcRegister;

/// Offsets in a block, from its first byte; the sandbox's bytes come first.
pub(super) mod at {
    use super::SANDBOX_SIZE;

    pub(in super::super) const GPR: usize = SANDBOX_SIZE;
    pub(in super::super) const FPR: usize = GPR + 256;
    pub(in super::super) const VR: usize = FPR + 256;
    pub(in super::super) const CR: usize = VR + 512;
    pub(in super::super) const XER: usize = CR + 8;
    pub(in super::super) const CTR: usize = XER + 8;
    pub(in super::super) const LR: usize = CTR + 8;
    pub(in super::super) const FPSCR: usize = LR + 8;
    pub(in super::super) const VRSAVE: usize = FPSCR + 8;
    /// Before: entry address. After: the exit taken.
    pub(in super::super) const WAY: usize = VRSAVE + 8;
    pub(in super::super) const VSCR: usize = WAY + 16;
    pub(in super::super) const END: usize = VSCR + 16;
}

/// Registers and memory before or after a job.
///
/// There are 32 vector registers. The server uses r1 (before: the value for LR), r13 and MSR.
#[derive(Clone, PartialEq, Eq)]
pub struct QemuState(Vec<u8>);

impl Default for QemuState {
    fn default() -> Self {
        Self(vec![0; BLOCK_SIZE])
    }
}

impl QemuState {
    /// Creates a state from a returned block.
    pub(super) fn from_block(block: Vec<u8>) -> Self {
        debug_assert_eq!(block.len(), BLOCK_SIZE);
        Self(block)
    }

    /// The block for the server, with entry address `entry`.
    pub(super) fn block(&self, entry: u32) -> Vec<u8> {
        let mut block = self.0.clone();
        block[at::WAY..at::WAY + 8].copy_from_slice(&u64::from(entry).to_be_bytes());
        block
    }

    /// Offset and size of a register, if the state has it.
    fn place(register: PpcRegister) -> Option<(usize, usize)> {
        Some(match register {
            PpcRegister::Gpr(n) => (at::GPR + 8 * n, 8),
            PpcRegister::Fpr(n) => (at::FPR + 8 * n, 8),
            PpcRegister::Vector(n) if n < 32 => (at::VR + 16 * n, 16),
            PpcRegister::Vector(_) | PpcRegister::Msr => return None,
            PpcRegister::Cr => (at::CR, 8),
            PpcRegister::Xer => (at::XER, 8),
            PpcRegister::Ctr => (at::CTR, 8),
            PpcRegister::Lr => (at::LR, 8),
            PpcRegister::Fpscr => (at::FPSCR, 8),
            PpcRegister::Vrsave => (at::VRSAVE, 8),
            PpcRegister::Vscr => (at::VSCR, 16),
        })
    }

    /// A register's value; 0 for one that the state doesn't have (v32 and above, MSR).
    pub fn get(&self, register: PpcRegister) -> u128 {
        let Some((at, size)) = Self::place(register) else { return 0 };
        let mut bytes = [0; 16];
        bytes[16 - size..].copy_from_slice(&self.0[at..at + size]);
        u128::from_be_bytes(bytes)
    }

    /// Whether a register has the same value in both states.
    pub fn agrees(&self, other: &Self, register: PpcRegister) -> bool {
        Self::place(register).is_none_or(|(at, size)| self.0[at..at + size] == other.0[at..at + size])
    }

    /// Sets a register. Registers that the state doesn't have are ignored.
    pub fn set(&mut self, register: PpcRegister, value: u128) {
        if let Some((at, size)) = Self::place(register) {
            self.0[at..at + size].copy_from_slice(&value.to_be_bytes()[16 - size..]);
        }
    }

    /// The bytes of the sandbox.
    pub fn memory(&self) -> &[u8] {
        &self.0[..SANDBOX_SIZE]
    }

    /// The bytes of the sandbox, mutable.
    pub fn memory_mut(&mut self) -> &mut [u8] {
        &mut self.0[..SANDBOX_SIZE]
    }

    /// After a job: whether it left by the second exit.
    pub fn left_by_other_exit(&self) -> bool {
        self.0[at::WAY + 7] == 1
    }
}
