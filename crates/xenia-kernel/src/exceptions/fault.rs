//! Exception records of processor exceptions, with the codes and parameters of Windows NT on
//! PowerPC.

use crate::exception_state::ExceptionRecord;
use xenia_cpu::{ExceptionKind, GuestException};
use xenia_guest::{GuestAddr, NtStatus};
use xenia_memory::{AccessKind, FaultKind, MemoryFault};
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
    let code = match fault.kind {
        FaultKind::Misaligned => NtStatus::DATATYPE_MISALIGNMENT,
        _ => NtStatus::ACCESS_VIOLATION,
    };
    record(code, pc, vec![u32::from(fault.access == AccessKind::Store), fault.addr.0])
}

/// The memory access of such a record.
pub(super) fn failed_access(record: &ExceptionRecord) -> Option<FailedAccess> {
    let of_access = [NtStatus::DATATYPE_MISALIGNMENT.0, NtStatus::ACCESS_VIOLATION.0].contains(&record.code);
    let &[write, address] = record.parameters.as_slice() else { return None };
    let kind = match (write, address == record.address.0) {
        (0, true) => "fetch",
        (0, false) => "read",
        _ => "write",
    };
    of_access.then_some(FailedAccess { kind, address })
}

/// The record of a processor exception, given FPSCR at that time.
pub(super) fn processor_record(exception: &GuestException, fpscr: u32) -> ExceptionRecord {
    let pc = exception.pc;
    match exception.kind {
        ExceptionKind::Memory(fault) | ExceptionKind::Fetch(fault) => memory_record(pc, &fault),
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
    }
}

fn record(code: NtStatus, address: GuestAddr, parameters: Vec<u32>) -> ExceptionRecord {
    ExceptionRecord { code: code.0, address, parameters, ..ExceptionRecord::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_documented_code_and_parameters() {
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
            let record = processor_record(&exception, 1 << 26 | 1 << 4 | 1 << 28);
            assert_eq!((record.code, record.parameters.as_slice()), (code, parameters), "{kind:?}");
            assert_eq!(record.address, exception.pc);
        }
    }
}
