//! Writes a thunk: the rows' code, followed by the code for rare cases.
//!
//! ```text
//!  hot:   [is the state set up?]  row: operands, record, operation, checks, result │ row … │ ret
//!  cold:  of each row: range and midpoint, its arm, setting up the state
//! ```

use super::rows::{FloatRow, Operation};
use super::{READY, ThunkCode};
use crate::baseline::encode::{
    Condition, Dword, Encoder, HostReg, MOV, MOVD, MOVD_FROM, MOVSD, MOVSD_STORE, Qword, RAX, RCX, Rm, Shift,
    XMM0, XMM3, XMM5,
};
use crate::baseline::map::{displacement, numbered_fpr};
use crate::baseline::templates::CodeThunk;
use std::mem::offset_of;
use xenia_cpu::fpscr::CONTROL;
use xenia_cpu::{FpLazy, PpcContext};
use xenia_lifter::float::float_state::pending;

const FPSCR: i32 = displacement(offset_of!(PpcContext, fpscr));
const CR: i32 = displacement(offset_of!(PpcContext, cr));
/// Displacement of [`FpLazy`].
pub(super) const LAZY: i32 = displacement(offset_of!(PpcContext, fp_lazy));
/// Displacement of the pending operation.
pub(super) const LAZY_OP: i32 = LAZY + offset_of!(FpLazy, op) as i32;
/// Position of frD in packed operands.
const RESULT: u8 = 24;

/// A position in a row's code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Label {
    /// The state may not be set up.
    Prepare,
    /// The operands are loaded; the state is set up.
    Body,
    /// A double has been rounded to single precision, and converted to a single.
    Rounded,
    /// A double is the midpoint of two singles.
    Midpoint,
    /// A result is next to the limits of the normal range, or outside of it.
    Range,
    /// The result is written.
    Deliver,
    /// The arm runs.
    Arm,
}

/// A label of a row, and its offset.
struct DefinedLabel {
    row: usize,
    label: Label,
    at: usize,
}

/// A jump to a label of a row, whose distance is at the offset `field`.
struct LabelJump {
    field: usize,
    row: usize,
    label: Label,
}

/// Continuation after a row's code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RowEnd {
    /// The next row's code.
    Next,
    /// The thunk returns.
    Return,
    /// The thunk converts the result for a store.
    Store,
}

impl RowEnd {
    /// The end of row `number` of these rows; the last result is stored if `stores`.
    fn of(rows: &[FloatRow], number: usize, stores: bool) -> Self {
        if number + 1 < rows.len() {
            Self::Next
        } else if stores {
            Self::Store
        } else {
            Self::Return
        }
    }
}

/// A thunk being written.
pub(super) struct ThunkWriter {
    pub(super) e: Encoder,
    calls: Vec<(usize, CodeThunk)>,
    labels: Vec<DefinedLabel>,
    jumps: Vec<LabelJump>,
    /// The row being written.
    pub(super) number: usize,
}

impl ThunkWriter {
    pub(super) fn new() -> Self {
        Self { e: Encoder::new(), calls: Vec::new(), labels: Vec::new(), jumps: Vec::new(), number: 0 }
    }

    /// The code of rows; the last one's result is converted if `stores`.
    pub(super) fn write(mut self, rows: &[FloatRow], stores: bool) -> ThunkCode {
        self.compare_ready();
        self.jump_if(Condition::EQUAL, 0, Label::Prepare);
        for (number, &row) in rows.iter().enumerate() {
            let end = RowEnd::of(rows, number, stores);
            self.number = number;
            self.label(Label::Body);
            self.load_operands(row);
            if row.replaces_status() && !rows[number + 1..].iter().any(|row| row.replaces_status()) {
                self.record(row);
            }
            self.compute(row);
            self.deliver(row, end);
        }
        for (number, &row) in rows.iter().enumerate() {
            self.number = number;
            self.rare_results(row);
            self.label(Label::Arm);
            self.run_arm(row, RowEnd::of(rows, number, stores));
            self.label(Label::Prepare);
            self.e.raw(&[0xF7, 0x85]); // test dword ptr [rbp + FPSCR], CONTROL
            self.e.raw(&FPSCR.to_le_bytes());
            self.e.raw(&CONTROL.to_le_bytes());
            self.branch(Condition::NOT_EQUAL, Label::Arm);
            self.call(CodeThunk::PrepareFloat);
            self.jump(number, Label::Body);
        }
        for jump in &self.jumps {
            let target = self.labels.iter().find(|to| to.row == jump.row && to.label == jump.label);
            self.e.set_distance(jump.field, target.map_or(0, |to| to.at as i64));
        }
        ThunkCode { code: self.e.code().to_vec(), calls: self.calls }
    }

    fn load_operands(&mut self, row: FloatRow) {
        for read in row.fields() {
            match read.field {
                0 => self.e.raw(&[0x0F, 0xB6, 0xC8]), // movzx ecx, al
                1 => self.e.raw(&[0x0F, 0xB6, 0xCC]), // movzx ecx, ah
                field => {
                    self.e.op32(MOV, RCX, Rm::Reg(RAX));
                    self.e.shift(Dword, Shift::Right, RCX, 8 * field);
                    self.e.raw(&[0x0F, 0xB6, 0xC9]); // movzx ecx, cl
                }
            }
            self.e.op32(MOVSD, read.to, numbered_fpr(RCX));
        }
    }

    /// Records the row and its operands, from which FPRF, FR and FI are computed.
    fn record(&mut self, row: FloatRow) {
        self.e.constant(Rm::Ctx(LAZY_OP), pending(row.word.into()).cast_signed());
        for read in row.fields() {
            self.e.op32(MOVSD_STORE, read.to, Rm::Ctx(LAZY + read.recorded as i32));
        }
    }

    /// Writes the result of a row that has one, and ends the row.
    fn deliver(&mut self, row: FloatRow, end: RowEnd) {
        if matches!(row.operation, Operation::Compare | Operation::ToInteger { .. }) {
            return;
        }
        self.label(Label::Deliver);
        let result = row.result();
        if row.negates() {
            self.e.op64(MOVD_FROM, result, Rm::Reg(RCX));
            // NaNs, whose sign stays, have gone to the arm.
            self.e.raw(&[0x48, 0x0F, 0xBA, 0xF9, 63]); // btc rcx, 63
            self.e.op64(MOVD, result, Rm::Reg(RCX));
        }
        if end == RowEnd::Next {
            self.e.op32(MOV, RCX, Rm::Reg(RAX));
            self.e.shift(Dword, Shift::Right, RCX, RESULT);
            self.e.op32(MOVSD_STORE, result, numbered_fpr(RCX));
            self.e.shift(Qword, Shift::Right, RAX, 32);
            return;
        }
        self.e.shift(Dword, Shift::Right, RAX, RESULT);
        self.e.op32(MOVSD_STORE, result, numbered_fpr(RAX));
        if end == RowEnd::Store && !row.is_single {
            self.go(CodeThunk::StoreAny);
            return;
        }
        if end == RowEnd::Store {
            self.e.op32(MOVD_FROM, XMM5, Rm::Reg(RCX));
            if row.negates() {
                self.e.raw(&[0x0F, 0xBA, 0xF9, 31]); // btc ecx, 31
            }
        }
        self.e.ret();
    }

    /// Runs a row by the interpreter's arm, and continues with the next one.
    fn run_arm(&mut self, row: FloatRow, end: RowEnd) {
        self.e.word(RCX, row.word);
        match end {
            RowEnd::Next => {
                self.call(CodeThunk::RunFloatRow);
                self.e.shift(Qword, Shift::Right, RAX, 32);
                self.compare_ready();
                self.jump_if(Condition::NOT_EQUAL, self.number + 1, Label::Body);
                self.jump(self.number + 1, Label::Prepare);
            }
            RowEnd::Store => {
                self.call(CodeThunk::RunFloatRow);
                self.e.shift(Dword, Shift::Right, RAX, RESULT);
                self.go(CodeThunk::StoreAny);
            }
            RowEnd::Return if row.operation == Operation::Compare => {
                self.call(CodeThunk::RunFloatRow);
                // crfD is the upper three bits of the field that is frD in other rows.
                self.e.shift(Dword, Shift::Right, RAX, RESULT + 2);
                self.e.raw(&[0x48, 0x8B, 0x8C, 0xC5]); // mov rcx, [rbp + rax * 8 + CR]
                self.e.raw(&CR.to_le_bytes());
                self.e.ret();
            }
            RowEnd::Return => self.go(CodeThunk::RunFloatRow),
        }
    }

    /// Compares the byte at [`READY`] with 0.
    fn compare_ready(&mut self) {
        self.e.raw(&[0x80, 0xBD]);
        self.e.raw(&READY.to_le_bytes());
        self.e.raw(&[0]);
    }

    /// Defines a label of the row being written.
    pub(super) fn label(&mut self, label: Label) {
        self.labels.push(DefinedLabel { row: self.number, label, at: self.e.len() });
    }

    pub(super) fn jump(&mut self, row: usize, label: Label) {
        let field = self.e.jump();
        self.jumps.push(LabelJump { field, row, label });
    }

    fn jump_if(&mut self, condition: Condition, row: usize, label: Label) {
        let field = self.e.jump_if(condition);
        self.jumps.push(LabelJump { field, row, label });
    }

    /// A conditional jump to a label of the row being written.
    pub(super) fn branch(&mut self, condition: Condition, label: Label) {
        self.jump_if(condition, self.number, label);
    }

    /// Calls another thunk.
    fn call(&mut self, thunk: CodeThunk) {
        let field = self.e.call();
        self.calls.push((field, thunk));
    }

    /// Ends by another thunk.
    fn go(&mut self, thunk: CodeThunk) {
        let field = self.e.jump();
        self.calls.push((field, thunk));
    }
}

impl FloatRow {
    /// The register of its result.
    pub(super) fn result(self) -> HostReg {
        if self.is_single { XMM3 } else { XMM0 }
    }

    fn negates(self) -> bool {
        matches!(self.operation, Operation::Fused { negates: true, .. })
    }
}
