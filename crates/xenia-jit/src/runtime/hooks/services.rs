//! Implementations of the hooks; each has the name of its row in [`super::Hook`].

use super::Call;
use crate::runtime::enter::drop_frames;
use crate::runtime::strings;
use xenia_cpu::fpscr::CONTROL;
use xenia_cpu::{ExceptionKind, Exit, GuestException, PpcContext, vscr_bit};
use xenia_guest::GuestAddr;
use xenia_isa::{Instruction, OP_COUNT, Op, decode};
use xenia_lifter::SINGLE_RESULT;
use xenia_lifter::float::exact_vector;
use xenia_lifter::float::float_state::{self, DEFAULT_MXCSR, FLAGS, FLUSH_DENORMALS};
use xenia_lifter::float::soft_single;
use xenia_lifter::host::{Leave, Word};
use xenia_memory::{FaultKind, MemoryFault};

impl Call<'_, '_> {
    /// Counts an instruction done in software.
    fn count(&mut self, op: Option<Op>) {
        self.run.counts.software[op.map_or(OP_COUNT, |op| op as usize)] += 1;
    }
}

pub(super) fn move_string(call: &mut Call<'_, '_>, word: u64) -> u64 {
    let i = Instruction(word as u32);
    let ea = (word >> 32) as u32;
    let op = decode(i.0);
    call.count(op);
    let size = u32::from(call.ctx.xer_count & 127);
    if call.run.strict && op == Some(Op::stswx) && size > 0 {
        begin_store(call, ea, size);
    }
    let moved = strings::move_string(call.ctx, i, ea, call.run.memory, call.run.devices);
    end_store(call);
    match moved {
        Ok(()) => 0,
        Err(fault) => raise(call, fault),
    }
}

pub(super) fn landing(call: &mut Call<'_, '_>) -> u64 {
    let host = call.ctx.host[Word::FaultCode as usize];
    let landing = call.run.code.lock().landing_of(host);
    landing.unwrap_or(drop_frames as *const () as u64)
}

pub(super) fn reserve(call: &mut Call<'_, '_>, addr: u64) -> u64 {
    call.run.memory.reservations().reserve(GuestAddr(addr as u32), call.ctx.hw_id).into()
}

pub(super) fn commit(call: &mut Call<'_, '_>, word: u64, value: u64) -> u64 {
    let addr = word as u32;
    let memory = call.run.memory;
    if let Err(fault) = memory.before_store(addr) {
        return raise(call, fault);
    }
    let matches = word >> 32 & 1 != 0;
    if matches && let Err(fault) = memory.check_writable(addr) {
        return raise(call, fault);
    }
    let reservation = std::mem::take(&mut call.ctx.reservation);
    let held = matches.then_some((GuestAddr(addr), reservation.generation));
    let stored = memory.reservations().commit(held, call.ctx.hw_id, || {
        if word >> 33 & 1 != 0 {
            memory.compare_exchange_u64(addr, reservation.value, value)
        } else {
            memory.compare_exchange_u32(addr, reservation.value as u32, value as u32)
        }
    });
    match stored.unwrap_or(Ok(false)) {
        Ok(stored) => stored.into(),
        Err(fault) => raise(call, fault),
    }
}

/// Handles a failed memory access at the context's pc: returns the region's second result. The
/// interpreter executes stores to a page that contains code.
fn raise(call: &mut Call<'_, '_>, fault: MemoryFault) -> u64 {
    let pc = call.ctx.pc;
    if fault.kind == FaultKind::HoldsCode {
        return u64::from(Leave::Alone as u32) << 32 | u64::from(pc);
    }
    let kind = ExceptionKind::Memory(fault);
    call.run.exit = Some(Exit::Exception(GuestException { pc: GuestAddr(pc), kind }));
    u64::from(Leave::Exit as u32) << 32 | u64::from(pc)
}

pub(super) fn store_begins(call: &mut Call<'_, '_>, word: u64) -> u64 {
    begin_store(call, word as u32, (word >> 32) as u32);
    0
}

pub(super) fn stored(call: &mut Call<'_, '_>) -> u64 {
    end_store(call);
    0
}

fn begin_store(call: &mut Call<'_, '_>, addr: u32, size: u32) {
    call.run.taken = Some(call.run.memory.reservations().begin_store(GuestAddr(addr), size));
}

fn end_store(call: &mut Call<'_, '_>) {
    let PpcContext { reservation, hw_id, .. } = &mut *call.ctx;
    if let Some(taken) = call.run.taken.take() {
        call.run.memory.reservations().end_store(taken, *hw_id, reservation.held());
    }
}

pub(super) fn code_written(call: &mut Call<'_, '_>) -> u64 {
    u64::from(call.run.memory.code_epoch() != call.run.epoch)
}

pub(super) fn float_in_software(call: &mut Call<'_, '_>, word: u64) -> u64 {
    let i = Instruction(word as u32);
    let op = decode(i.0);
    call.count(op);
    let operands = [Word::Operands, Word::SecondOperand, Word::ThirdOperand];
    let operands = float_state::operands(word, operands.map(|operand| call.ctx.host[operand as usize]));
    let plain = call.ctx.fpscr & CONTROL == 0;
    if !plain {
        float_state::materialize_fpscr(call.ctx, call.mxcsr);
        // Flags mean nothing in this mode. If all are set, Rust's arithmetic raises no new ones:
        // loads of MXCSR that change flags are slow (`exchange_for_rust`).
        *call.mxcsr |= FLAGS;
    }
    let quick = op.filter(|_| plain).and_then(|op| float_state::perform_single(call.ctx, op, operands));
    let bits = match quick {
        Some(bits) => bits,
        None => float_state::perform(call.ctx, i, op, operands),
    };
    if word & SINGLE_RESULT == 0 {
        return bits;
    }
    let single = soft_single::narrowed(bits);
    debug_assert!(single.is_some(), "{i:?} of singles gives {bits:x}");
    single.unwrap_or(0).into()
}

pub(super) fn narrow(_: &mut Call<'_, '_>, bits: u64) -> u64 {
    soft_single::narrowed(bits).map_or(1 << 32, u64::from)
}

pub(super) fn widen(call: &mut Call<'_, '_>, registers: u64, open: u64) -> u64 {
    let singles = &mut call.ctx.host[Word::OpenSingles as usize];
    let named = *singles & open;
    *singles &= !open;
    soft_single::widen(&mut call.ctx.fpr, (registers | named) as u32);
    0
}

pub(super) fn exact_lanes(call: &mut Call<'_, '_>, word: u64) -> u64 {
    let op = exact_vector::execute(call.ctx, Instruction(word as u32));
    debug_assert!(op.is_some(), "compiled code asks for the rows that are there");
    call.count(op);
    0
}

pub(super) fn scalar_mode(call: &mut Call<'_, '_>) -> u64 {
    call.ctx.host[Word::VectorMode as usize] = 0;
    // Vector arithmetic has mostly raised the same flags, and then the load of MXCSR is fast, as in
    // `exchange_for_rust`.
    let flags = std::mem::take(&mut call.ctx.host[Word::ScalarFlags as usize]) as u32;
    *call.mxcsr = DEFAULT_MXCSR | flags & FLAGS;
    0
}

pub(super) fn vector_mode(call: &mut Call<'_, '_>) -> u64 {
    let flags = *call.mxcsr & FLAGS;
    call.ctx.host[Word::ScalarFlags as usize] |= u64::from(flags);
    call.ctx.host[Word::VectorMode as usize] = 1;
    let flush = if call.ctx.vscr & vscr_bit::NJ != 0 { FLUSH_DENORMALS } else { 0 };
    *call.mxcsr = DEFAULT_MXCSR | flush | flags;
    0
}

pub(super) fn exact_status(call: &mut Call<'_, '_>, exceptions: u64) -> u64 {
    if exceptions == 0 {
        float_state::materialize_fpscr(call.ctx, call.mxcsr);
    } else {
        // FPSCR has them and keeps them, so they may be raised again.
        let flags = *call.mxcsr & FLAGS;
        float_state::materialize_exceptions(call.ctx, call.mxcsr);
        *call.mxcsr |= flags;
    }
    u64::from(call.ctx.fpscr)
}
