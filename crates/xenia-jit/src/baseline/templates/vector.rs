//! Templates for operations on vector registers that are one instruction of the host: logic,
//! modular sums and differences, averages and extremes, and splats. Floating-point rows depend on
//! MXCSR, which baseline code sets up for scalar arithmetic only, so the interpreter's arms run
//! them.
//!
//! The context holds a vector register as a number of 128 bits, so that the host's lanes are the
//! guest's in reverse order.

use super::Templates;
use crate::baseline::encode::{Form, RAX, Rm, XMM0, XMM1};
use crate::baseline::map::vector;
use xenia_isa::{Family, Instruction, Op};

/// Loads and stores of 128 bits at any address.
const MOVUPS: Form = Form::sse(0, 0x10);
const MOVUPS_STORE: Form = Form::sse(0, 0x11);
const PXOR: Form = Form::sse(0x66, 0xEF);
/// All ones, if both operands are one register.
const PCMPEQD: Form = Form::sse(0x66, 0x76);

/// A host instruction that computes `b op a`, and whether its result is inverted.
#[derive(Clone, Copy, Debug)]
struct HostOperation {
    opcode: u8,
    is_inverted: bool,
    /// Whether it computes `a op b` instead, which differs.
    is_swapped: bool,
}

impl HostOperation {
    /// The host instruction for a row on VA and VB.
    fn of(op: Op) -> Option<Self> {
        let (opcode, is_inverted, is_swapped) = match op {
            Op::vand | Op::vand128 => (0xDB, false, false),
            // The host inverts the first operand.
            Op::vandc | Op::vandc128 => (0xDF, false, false),
            Op::vor | Op::vor128 => (0xEB, false, false),
            Op::vnor | Op::vnor128 => (0xEB, true, false),
            Op::vxor | Op::vxor128 => (0xEF, false, false),
            Op::vaddubm => (0xFC, false, false),
            Op::vadduhm => (0xFD, false, false),
            Op::vadduwm => (0xFE, false, false),
            Op::vsububm => (0xF8, false, true),
            Op::vsubuhm => (0xF9, false, true),
            Op::vsubuwm => (0xFA, false, true),
            Op::vavgub => (0xE0, false, false),
            Op::vavguh => (0xE3, false, false),
            Op::vmaxsh => (0xEE, false, false),
            Op::vmaxub => (0xDE, false, false),
            Op::vminsh => (0xEA, false, false),
            Op::vminub => (0xDA, false, false),
            _ => return None,
        };
        Some(Self { opcode, is_inverted, is_swapped })
    }
}

impl Templates {
    /// Emits an operation on vector registers.
    pub(super) fn vector(&mut self, op: Op, i: Instruction) -> bool {
        let is_128 = op.row().family == Family::Vector128;
        let (d, a, b) = if is_128 { (i.vd128(), i.va128(), i.vb128()) } else { (i.vd(), i.va(), i.vb()) };
        if let Some(operation) = HostOperation::of(op) {
            let (first, second) = if operation.is_swapped { (a, b) } else { (b, a) };
            self.e.op32(MOVUPS, XMM0, Rm::Ctx(vector(first)));
            if first != second {
                self.e.op32(MOVUPS, XMM1, Rm::Ctx(vector(second)));
            }
            let second = if first == second { XMM0 } else { XMM1 };
            self.e.op32(Form::sse(0x66, operation.opcode), XMM0, Rm::Reg(second));
            if operation.is_inverted {
                self.e.op32(PCMPEQD, XMM1, Rm::Reg(XMM1));
                self.e.op32(PXOR, XMM0, Rm::Reg(XMM1));
            }
            self.e.op32(MOVUPS_STORE, XMM0, Rm::Ctx(vector(d)));
            return true;
        }
        let lane = match op {
            Op::vspltw | Op::vspltw128 => {
                self.e.op32(MOVUPS, XMM0, Rm::Ctx(vector(b)));
                // pshufd xmm0, xmm0, four times the lane
                let lane = 3 - (i.uimm5() & 3) as u8;
                // The product repeats the two bits of the lane.
                self.e.raw(&[0x66, 0x0F, 0x70, 0xC0, lane * 0x55]);
                self.e.op32(MOVUPS_STORE, XMM0, Rm::Ctx(vector(d)));
                return true;
            }
            Op::vspltisb => u64::from(i.simm5() as u8) * 0x0101_0101_0101_0101,
            Op::vspltish => u64::from(i.simm5() as u16) * 0x0001_0001_0001_0001,
            Op::vspltisw | Op::vspltisw128 => u64::from(i.simm5() as u32) * 0x0000_0001_0000_0001,
            _ => return false,
        };
        self.e.address(RAX, lane);
        for half in [0, 8] {
            self.e.store(Rm::Ctx(vector(d) + half), RAX);
        }
        true
    }
}
