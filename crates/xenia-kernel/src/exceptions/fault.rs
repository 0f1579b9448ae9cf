//! Exception records of processor exceptions, with the codes and parameters of Windows NT on
//! PowerPC.

use crate::exception_state::ExceptionRecord;
use xenia_cpu::{ExceptionKind, GuestException};
use xenia_guest::{GuestAddr, NtStatus};
use xenia_memory::{AccessKind, FaultKind, GuestMemory, MemoryFault};
use xenia_sched::FailedAccess;

/// `TO` fields of the traps that compilers emit after a division: for a divisor of 0 (`twllei rN,
/// 0`), and for the smallest integer divided by −1 (`twlgei`).
mod trap {
    pub(super) const DIVIDE_BY_ZERO: u32 = 6;
    pub(super) const OVERFLOW: u32 = 5;
}

/// Exception bits of FPSCR with their enable bits, in order of precedence.
const FLOATING_POINT: [(u32, u32, NtStatus); 5] = [
    (1 << 29, 1 << 7, NtStatus::FLOAT_INVALID_OPERATION),
    (1 << 26, 1 << 4, NtStatus::FLOAT_DIVIDE_BY_ZERO),
    (1 << 28, 1 << 6, NtStatus::FLOAT_OVERFLOW),
    (1 << 27, 1 << 5, NtStatus::FLOAT_UNDERFLOW),
    (1 << 25, 1 << 3, NtStatus::FLOAT_INEXACT_RESULT),
];

/// The record of a failed access: whether it was a store, and its address.
pub(super) fn memory_record(pc: GuestAddr, fault: &MemoryFault) -> ExceptionRecord {
    let is_misaligned = fault.kind == FaultKind::Misaligned;
    let code = if is_misaligned { NtStatus::DATATYPE_MISALIGNMENT } else { NtStatus::ACCESS_VIOLATION };
    record(code, pc, vec![u32::from(fault.access == AccessKind::Store), fault.addr.0])
}

/// The record of a failed access of guest code. The guard of a guard page is removed. `None` if
/// another thread has removed it since the access, or given the page the right.
fn guarded_record(memory: &GuestMemory, pc: GuestAddr, fault: &MemoryFault) -> Option<ExceptionRecord> {
    let mut record = memory_record(pc, fault);
    if fault.kind == FaultKind::ReadProtected && memory.open_guard_page(fault.addr).unwrap_or(false) {
        record.code = NtStatus::GUARD_PAGE_VIOLATION.0;
    } else if memory.is_allowed(fault) {
        return None;
    }
    Some(record)
}

/// The memory access of such a record.
pub(super) fn failed_access(record: &ExceptionRecord) -> Option<FailedAccess> {
    let of_access =
        [NtStatus::DATATYPE_MISALIGNMENT, NtStatus::ACCESS_VIOLATION, NtStatus::GUARD_PAGE_VIOLATION]
            .contains(&NtStatus(record.code));
    let &[write, address] = record.parameters.as_slice() else { return None };
    let kind = match (write, address == record.address.0) {
        (0, true) => "fetch",
        (0, false) => "read",
        _ => "write",
    };
    of_access.then_some(FailedAccess { kind, address })
}

/// The record of a processor exception, given FPSCR at that time. `None` if the instruction is to
/// be repeated, because another thread has made its access possible.
pub(super) fn processor_record(
    memory: &GuestMemory,
    exception: &GuestException,
    fpscr: u32,
) -> Option<ExceptionRecord> {
    let pc = exception.pc;
    Some(match exception.kind {
        ExceptionKind::Memory(fault) | ExceptionKind::Fetch(fault) => {
            return guarded_record(memory, pc, &fault);
        }
        ExceptionKind::IllegalInstruction { .. } | ExceptionKind::Unavailable { .. } => {
            record(NtStatus::ILLEGAL_INSTRUCTION, pc, Vec::new())
        }
        ExceptionKind::Privileged { .. } => record(NtStatus::PRIVILEGED_INSTRUCTION, pc, Vec::new()),
        ExceptionKind::Trap { word } => match word >> 21 & 31 {
            trap::DIVIDE_BY_ZERO => record(NtStatus::INTEGER_DIVIDE_BY_ZERO, pc, Vec::new()),
            trap::OVERFLOW => record(NtStatus::INTEGER_OVERFLOW, pc, Vec::new()),
            _ => record(NtStatus::BREAKPOINT, pc, vec![word & 0xFFFF]),
        },
        ExceptionKind::FloatingPoint => {
            let occurred = |&(bit, enable, _): &(u32, u32, NtStatus)| fpscr & bit != 0 && fpscr & enable != 0;
            let found = FLOATING_POINT.iter().find(|row| occurred(row));
            record(found.map_or(NtStatus::FLOAT_INVALID_OPERATION, |&(.., code)| code), pc, Vec::new())
        }
    })
}

fn record(code: NtStatus, address: GuestAddr, parameters: Vec<u32>) -> ExceptionRecord {
    ExceptionRecord { code: code.0, address, parameters, ..ExceptionRecord::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xenia_memory::{DeviceQueue, Heap, Protect};

    #[test]
    fn every_kind_has_its_documented_code_and_parameters() {
        let memory = GuestMemory::new().unwrap();
        let fault = |kind, access| MemoryFault { addr: GuestAddr(0x10), kind, access };
        let cases: [(ExceptionKind, u32, &[u32]); 12] = [
            (ExceptionKind::Memory(fault(FaultKind::Unmapped, AccessKind::Load)), 0xC000_0005, &[0, 0x10]),
            (
                ExceptionKind::Memory(fault(FaultKind::WriteProtected, AccessKind::Store)),
                0xC000_0005,
                &[1, 0x10],
            ),
            (ExceptionKind::Memory(fault(FaultKind::Misaligned, AccessKind::Store)), 0x8000_0002, &[1, 0x10]),
            (ExceptionKind::Fetch(fault(FaultKind::Unmapped, AccessKind::Load)), 0xC000_0005, &[0, 0x10]),
            (ExceptionKind::IllegalInstruction { word: 0 }, 0xC000_001D, &[]),
            (ExceptionKind::Privileged { word: 0 }, 0xC000_0096, &[]),
            (ExceptionKind::Trap { word: 0x0CC3_0000 }, 0xC000_0094, &[]), // twllei r3, 0
            (ExceptionKind::Trap { word: 0x0CA3_FFFF }, 0xC000_0095, &[]), // twlgei r3, -1
            (ExceptionKind::Trap { word: 0x7CC3_0008 }, 0xC000_0094, &[]), // twlle r3, r0
            (ExceptionKind::Trap { word: 0x0FE0_0016 }, 0x8000_0003, &[0x16]),
            (ExceptionKind::Unavailable { word: 0 }, 0xC000_001D, &[]),
            (ExceptionKind::FloatingPoint, 0xC000_008E, &[]),
        ];
        for (kind, code, parameters) in cases {
            let exception = GuestException { pc: GuestAddr(0x8200_0000), kind };
            let record = processor_record(&memory, &exception, 1 << 26 | 1 << 4 | 1 << 28).unwrap();
            assert_eq!((record.code, record.parameters.as_slice()), (code, parameters), "{kind:?}");
            assert_eq!(record.address, exception.pc);
        }
    }

    #[test]
    fn a_guard_page_fails_once() {
        let memory = GuestMemory::new().unwrap();
        let at = memory.alloc(Heap::Virtual4K, 0x3000, 0x1000, Protect::READ_WRITE).unwrap();
        memory.protect(at, 0x2000, Protect(Protect::READ_WRITE.0 | Protect::GUARD.0)).unwrap();
        memory.protect(at.offset(0x2000), 0x1000, Protect::NO_ACCESS).unwrap();
        let record = |fault: MemoryFault| {
            let record = guarded_record(&memory, GuestAddr(0x8200_0000), &fault).unwrap();
            (record.code, record.parameters)
        };
        let mut devices = DeviceQueue::new();
        let load = memory.load_u32(at.0 + 0x10, &mut devices).unwrap_err();
        assert_eq!(record(load), (0x8000_0001, vec![0, at.0 + 0x10]));
        assert_eq!(memory.load_u32(at.0 + 0x10, &mut devices), Ok(0));
        let store = memory.store_u32(at.0 + 0x1000, 1, &mut devices).unwrap_err();
        assert_eq!(record(store), (0x8000_0001, vec![1, at.0 + 0x1000]), "a guard of its own");
        assert_eq!(memory.store_u32(at.0 + 0x1000, 1, &mut devices), Ok(()));
        for _ in 0..2 {
            let load = memory.load_u32(at.0 + 0x2000, &mut devices).unwrap_err();
            assert_eq!(record(load), (0xC000_0005, vec![0, at.0 + 0x2000]), "no guard page");
        }
    }

    #[test]
    fn an_access_is_repeated_if_another_thread_has_removed_the_guard() {
        let memory = GuestMemory::new().unwrap();
        let at = memory.alloc(Heap::Virtual4K, 0x1000, 0x1000, Protect::READ_ONLY).unwrap();
        memory.protect(at, 0x1000, Protect(Protect::READ_ONLY.0 | Protect::GUARD.0)).unwrap();
        let mut devices = DeviceQueue::new();
        let loads = [(); 2].map(|()| memory.load_u32(at.0, &mut devices).unwrap_err());
        let store = memory.store_u32(at.0, 1, &mut devices).unwrap_err();
        let code = |fault: MemoryFault| {
            guarded_record(&memory, GuestAddr(0x8200_0000), &fault).map(|record| record.code)
        };
        assert_eq!(loads.map(code), [Some(0x8000_0001), None]);
        assert_eq!(code(store), Some(0xC000_0005), "the page may not be written");
    }
}
