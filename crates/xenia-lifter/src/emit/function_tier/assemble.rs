//! Assembly of a region's code from Cranelift's: fault exits are marked in it, the entries come
//! before it, and offsets in it become offsets in the whole.

use super::{EntryOffset, Landing, SiteStart};
use crate::arch::DepthCheck;
use crate::arch::thunks::{ENTRY_SIZE, PADDING, entry_thunk, first_thunk};
use crate::cfg::region::Region;
use crate::emit::Site;
use crate::fault_exit::{self, LEAVES};
use crate::peephole::Moved;
use cranelift_codegen::CompiledCode;

/// Cranelift's code with marks at the accesses that have a fault exit.
pub(super) struct MarkedCode {
    pub(super) code: Vec<u8>,
    /// Instructions to which nothing falls through: Cranelift and the marks append them.
    pub(super) starts: Vec<u32>,
    /// The marked accesses, in the order of Cranelift's traps.
    pub(super) landings: Vec<Landing>,
}

impl MarkedCode {
    /// Returns `None` if code lies between an access in a loop and the branch of its fault exit.
    pub(super) fn of(compiled: &CompiledCode) -> Option<Self> {
        let traps = compiled.buffer.traps();
        let mut code = compiled.buffer.data().to_vec();
        let mut starts: Vec<u32> = traps.iter().map(|trap| trap.offset).collect();
        let mut marked = Vec::new();
        for trap in traps.iter().filter(|trap| trap.code == LEAVES) {
            let end = code.len();
            fault_exit::mark(&mut code, trap.offset as usize)?;
            marked.push(trap.offset);
            starts.extend((code.len() > end).then_some(end as u32));
        }
        let landing = |&access: &u32| {
            let distance = fault_exit::distance(code.get(access as usize..)?)?;
            Some(Landing { access, exit: access + distance as u32 })
        };
        let landings = marked.iter().map(landing).collect::<Option<_>>()?;
        Some(Self { code, starts, landings })
    }
}

/// The entries of a region, which come before its function.
pub(super) struct EntryCode {
    pub(super) code: Vec<u8>,
    /// In the order of `Region::entries`.
    pub(super) entries: Vec<EntryOffset>,
}

impl EntryCode {
    /// `calls`: whether the region calls others.
    pub(super) fn new(region: &Region, calls: bool) -> Self {
        let others = region.entries.len() - 1;
        let check = match (calls, others) {
            (false, _) => DepthCheck::None,
            (true, 0) => DepthCheck::First,
            (true, _) => DepthCheck::All,
        };
        let first = first_thunk(check);
        let start = (others * ENTRY_SIZE + first.code.len()).next_multiple_of(32);
        let first_at = start - first.code.len();
        let mut code = vec![PADDING; start];
        code[first_at..].copy_from_slice(&first.code);
        let mut entries = Vec::with_capacity(region.entries.len());
        entries.push(EntryOffset { pc: region.entries[0], offset: (first_at + first.entry) as u32 });
        for (number, &pc) in region.entries.iter().enumerate().skip(1) {
            let at = (number - 1) * ENTRY_SIZE;
            let distance = (first_at + first.others - at) as i32;
            code[at..at + ENTRY_SIZE].copy_from_slice(&entry_thunk(number as u32, distance, check));
            entries.push(EntryOffset { pc, offset: at as u32 });
        }
        Self { code, entries }
    }
}

/// Offsets in Cranelift's code as offsets in the region's.
pub(super) struct FinalOffsets {
    /// The offsets that the peephole optimisation has changed.
    pub(super) moved: Moved,
    /// Offset of the function, after the entries.
    pub(super) start: u32,
}

impl FinalOffsets {
    pub(super) fn final_offset(&self, offset: u32) -> u32 {
        self.moved.moved_offset(offset) + self.start
    }

    /// The landings in ascending order.
    pub(super) fn landings(&self, landings: Vec<Landing>) -> Vec<Landing> {
        let placed = |Landing { access, exit }| Landing {
            access: self.final_offset(access),
            exit: self.final_offset(exit),
        };
        let mut landings: Vec<Landing> = landings.into_iter().map(placed).collect();
        landings.sort_unstable();
        landings
    }

    /// The starts of the code of guest instructions; `sites` are numbered by source locations.
    pub(super) fn sites(&self, compiled: &CompiledCode, sites: &[Site]) -> Vec<SiteStart> {
        let mut starts: Vec<SiteStart> = Vec::new();
        for range in compiled.buffer.get_srclocs_sorted() {
            let site = sites.get(range.loc.bits() as usize).copied();
            let offset = self.final_offset(range.start);
            match starts.last_mut() {
                Some(last) if last.offset == offset => last.site = site,
                _ => starts.push(SiteStart { offset, site }),
            }
            starts.push(SiteStart { offset: self.final_offset(range.end), site: None });
        }
        starts
    }
}
