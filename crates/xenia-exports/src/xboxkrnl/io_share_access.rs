//! Sharing of files among opens (`Io*ShareAccess`), for file systems that a title contains.
//!
//! The rules are NT's. The structures are those of the original Xbox's kernel: bytes for the
//! counts, and bits of a file object for the claim of one open. This console's compiler places the
//! first bit at the top. The public header set xkelib has the same structures for this console.

use crate::abi::Call;
use crate::files::{accesses, share};
use crate::status::failure::Fallible;
use xenia_guest::layout::{file_object, share_access};
use xenia_guest::{GuestAddr, NtStatus};
use xenia_kernel_macros::exports;
use xenia_memory::{GuestMemory, MemoryFault};

/// The exports for sharing of files.
pub struct IoShareAccess;

/// Accesses in the order of the structures: their bits in `CLAIM` as used and as shared, and their
/// bit of a share mode.
const ACCESSES: [Access; 3] = [
    Access { used: 0x40, shared: 8, mode: share::READ },
    Access { used: 0x20, shared: 4, mode: share::WRITE },
    Access { used: 0x10, shared: 2, mode: share::DELETE },
];

struct Access {
    used: u8,
    shared: u8,
    mode: u32,
}

/// The claim of one open.
#[derive(Clone, Copy)]
struct Claim(u8);

impl Claim {
    /// Stores the claim of an open in its file object. An open without any of the accesses keeps
    /// its bits for sharing.
    fn store(memory: &GuestMemory, file: GuestAddr, rights: u32, mode: u32) -> Result<Self, MemoryFault> {
        let at = file.offset(file_object::CLAIM);
        let mut bits: u8 = memory.read(at)?;
        let set = |bits: u8, bit: u8, on: bool| if on { bits | bit } else { bits & !bit };
        for access in &ACCESSES {
            bits = set(bits, access.used, accesses(rights) & access.mode != 0);
        }
        if Self(bits).uses_any() {
            for access in &ACCESSES {
                bits = set(bits, access.shared, mode & access.mode != 0);
            }
        }
        memory.write(at, bits)?;
        Ok(Self(bits))
    }

    fn load(memory: &GuestMemory, file: GuestAddr) -> Result<Self, MemoryFault> {
        memory.read(file.offset(file_object::CLAIM)).map(Self)
    }

    fn uses_any(self) -> bool {
        ACCESSES.iter().any(|access| self.0 & access.used != 0)
    }

    /// The counts that the claim adds: one open, the accesses used, the accesses shared.
    fn counts(self) -> Counts {
        let claimed = if self.uses_any() { self.0 } else { 0 };
        let bit = |bit: u8| u8::from(claimed & bit != 0);
        Counts {
            opens: u8::from(claimed != 0),
            used: ACCESSES.each_ref().map(|access| bit(access.used)),
            shared: ACCESSES.each_ref().map(|access| bit(access.shared)),
        }
    }
}

/// Counts of all opens of a file: `SHARE_ACCESS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Counts {
    opens: u8,
    used: [u8; 3],
    shared: [u8; 3],
}

impl Counts {
    fn load(memory: &GuestMemory, at: GuestAddr) -> Result<Self, MemoryFault> {
        let mut bytes = [0; share_access::SIZE];
        memory.read_bytes(at, &mut bytes)?;
        let [opens, used @ .., _, _, _] = bytes;
        let [.., first, second, third] = bytes;
        Ok(Self { opens, used, shared: [first, second, third] })
    }

    fn store(self, memory: &GuestMemory, at: GuestAddr) -> Result<(), MemoryFault> {
        let Self { opens, used, shared } = self;
        memory.write_bytes(at, &[&[opens], &used[..], &shared[..]].concat())
    }

    /// Each count combined with that of `other`.
    fn with(self, other: Self, combine: fn(u8, u8) -> u8) -> Self {
        let each = |one: [u8; 3], other: [u8; 3]| std::array::from_fn(|n| combine(one[n], other[n]));
        Self {
            opens: combine(self.opens, other.opens),
            used: each(self.used, other.used),
            shared: each(self.shared, other.shared),
        }
    }

    /// Whether an open with this claim conflicts with the others.
    fn conflicts(self, claim: Claim) -> bool {
        let one = claim.counts();
        (0..ACCESSES.len()).any(|n| {
            one.used[n] != 0 && self.shared[n] < self.opens || self.used[n] != 0 && one.shared[n] == 0
        })
    }
}

#[exports(xboxkrnl)]
impl IoShareAccess {
    /// Checks whether an open can share a file with the opens counted in `at`, and counts it if
    /// `update` is set.
    #[export(Done)]
    fn IoCheckShareAccess(
        call: &mut Call,
        rights: u32,
        mode: u32,
        file: GuestAddr,
        at: GuestAddr,
        update: bool,
    ) -> Fallible<NtStatus> {
        let memory = call.memory();
        let claim = Claim::store(memory, file, rights, mode)?;
        if !claim.uses_any() {
            return Ok(NtStatus::SUCCESS);
        }
        let counts = Counts::load(memory, at)?;
        if counts.conflicts(claim) {
            return Ok(NtStatus::SHARING_VIOLATION);
        }
        if update {
            counts.with(claim.counts(), u8::wrapping_add).store(memory, at)?;
        }
        Ok(NtStatus::SUCCESS)
    }

    /// Sets the counts of a file to those of its first open.
    #[export(Done)]
    fn IoSetShareAccess(
        call: &mut Call,
        rights: u32,
        mode: u32,
        file: GuestAddr,
        at: GuestAddr,
    ) -> Fallible<()> {
        let claim = Claim::store(call.memory(), file, rights, mode)?;
        Ok(claim.counts().store(call.memory(), at)?)
    }

    /// Removes the claim of an open that is closed from the counts.
    #[export(Done)]
    fn IoRemoveShareAccess(call: &mut Call, file: GuestAddr, at: GuestAddr) -> Fallible<()> {
        let memory = call.memory();
        let claim = Claim::load(memory, file)?;
        if claim.uses_any() {
            Counts::load(memory, at)?.with(claim.counts(), u8::wrapping_sub).store(memory, at)?;
        }
        Ok(())
    }
}
