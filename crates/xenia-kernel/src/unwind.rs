//! Virtual unwinding: the registers of a caller, found by reading its callee's prologue.
//!
//! `.pdata` says where a function begins and how long its prologue is. A prologue saves the link register at
//! `-8(r1)`, non-volatile registers below that (`std`, `stfd`, or through the compiler's `__savegprlr_N`),
//! and makes its frame with `stwu r1`. From inside the body the caller's stack pointer is the back chain.

use crate::Kernel;
use crate::failure::Fallible;
use xenia_cpu::PpcContext;
use xenia_formats::image::FunctionEntry;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_memory::GuestMemory;

/// First non-volatile general register.
const FIRST_SAVED: u32 = 14;
/// Frames that are walked at most.
pub(crate) const FRAME_LIMIT: usize = 256;

/// One instruction of a prologue, as far as unwinding cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Saving {
    /// `std rN, offset(r1)`.
    General(u32, i32),
    /// `stfd fN, offset(r1)`.
    Float(u32, i32),
    /// `stw r12, -8(r1)`: the link register.
    Link,
    /// `stwu r1, …`: from here on r1 is the new frame.
    Frame,
    /// `bl`: perhaps a routine that saves registers.
    Call(GuestAddr),
}

fn classify(at: GuestAddr, word: u32) -> Option<Saving> {
    let (opcode, register, base) = (word >> 26, word >> 21 & 31, word >> 16 & 31);
    let offset = i32::from(word as i16);
    Some(match opcode {
        62 if word.is_multiple_of(4) && base == 1 => Saving::General(register, offset),
        54 if base == 1 => Saving::Float(register, offset),
        36 if base == 1 && register == 12 && offset == -8 => Saving::Link,
        37 if base == 1 && register == 1 => Saving::Frame,
        // stwux r1, r1, rB
        31 if word >> 1 & 0x3FF == 183 && base == 1 && register == 1 => Saving::Frame,
        18 if word & 3 == 1 => {
            let displacement = ((word & 0x03FF_FFFC) << 6).cast_signed() >> 6;
            Saving::Call(GuestAddr(at.0.wrapping_add_signed(displacement)))
        }
        _ => return None,
    })
}

/// Restores what the callee saved: `stack_pointer` is the caller's.
fn restore(
    memory: &GuestMemory,
    ctx: &mut PpcContext,
    stack_pointer: GuestAddr,
    saving: Saving,
) -> Fallible<()> {
    let slot = |offset: i32| GuestAddr(stack_pointer.0.wrapping_add_signed(offset));
    match saving {
        Saving::General(register, offset) if register >= FIRST_SAVED => {
            ctx.gpr[register as usize] = memory.read(slot(offset))?;
        }
        Saving::Float(register, offset) if register >= FIRST_SAVED => {
            ctx.fpr[register as usize] = memory.read(slot(offset))?;
        }
        _ => {}
    }
    Ok(())
}

/// Turns a context inside `function` into its caller's, right after the call.
pub(crate) fn virtual_unwind(
    memory: &GuestMemory,
    ctx: &mut PpcContext,
    function: &FunctionEntry,
) -> Fallible<()> {
    let pc = GuestAddr(ctx.pc);
    let end = function.start.offset(function.prologue_size.min(function.size));
    // In the prologue only what has been executed has been saved.
    let end = end.min(pc.max(function.start));
    let mut savings = Vec::new();
    let mut at = function.start;
    while at < end {
        if let Some(saving) = classify(at, memory.read(at)?) {
            savings.push(saving);
        }
        at = at.offset(4);
    }
    let stack_pointer = if savings.contains(&Saving::Frame) {
        memory.read(GuestAddr(ctx.gpr[1] as u32))?
    } else {
        GuestAddr(ctx.gpr[1] as u32)
    };
    let mut link = savings.contains(&Saving::Link);
    for saving in savings {
        if let Saving::Call(routine) = saving {
            link |= restore_by_routine(memory, ctx, stack_pointer, routine)?;
        } else {
            restore(memory, ctx, stack_pointer, saving)?;
        }
    }
    if link {
        ctx.lr = u64::from(memory.read::<u32>(GuestAddr(stack_pointer.0.wrapping_sub(8)))?);
    }
    ctx.gpr[1] = u64::from(stack_pointer.0);
    ctx.pc = ctx.lr as u32 & !3;
    Ok(())
}

/// A save routine is a run of `std` that ends in `stw r12, -8(r1)` and `blr`; says whether this was one.
fn restore_by_routine(
    memory: &GuestMemory,
    ctx: &mut PpcContext,
    stack_pointer: GuestAddr,
    routine: GuestAddr,
) -> Fallible<bool> {
    let mut at = routine;
    let mut savings = Vec::new();
    for _ in 0..32 {
        match classify(at, memory.read(at)?) {
            Some(Saving::Link) => {
                for saving in savings {
                    restore(memory, ctx, stack_pointer, saving)?;
                }
                return Ok(true);
            }
            Some(saving @ Saving::General(..)) => savings.push(saving),
            _ => return Ok(false),
        }
        at = at.offset(4);
    }
    Ok(false)
}

impl Kernel {
    /// The caller's registers. A pc in no known function is a leaf's.
    pub(crate) fn unwind_frame(&self, ctx: &mut PpcContext) -> Fallible<()> {
        let function = {
            let modules = self.modules.lock();
            modules.function_at(GuestAddr(ctx.pc)).map(|(_, function)| *function)
        };
        match function {
            Some(function) => virtual_unwind(&self.memory, ctx, &function),
            None if ctx.pc == ctx.lr as u32 => Err(NtStatus::UNSUCCESSFUL.into()),
            None => {
                ctx.pc = ctx.lr as u32 & !3;
                Ok(())
            }
        }
    }

    /// Unwinds until the stack pointer is `frame`, the frame of the function that goes on.
    pub(crate) fn unwind_to(&self, ctx: &mut PpcContext, frame: GuestAddr) -> Fallible<()> {
        for _ in 0..FRAME_LIMIT {
            let before = ctx.gpr[1] as u32;
            if before == frame.0 {
                return Ok(());
            }
            if before > frame.0 {
                break;
            }
            self.unwind_frame(ctx)?;
            if ctx.gpr[1] as u32 == before && ctx.pc == ctx.lr as u32 && before == 0 {
                break;
            }
        }
        Err(NtStatus::UNSUCCESSFUL.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xenia_memory::{Heap, Protect};

    const SP: u32 = 0x400;

    /// Code at 0, stack at 0x400..0x800 of one allocation.
    fn memory(code: &[u32]) -> (std::sync::Arc<GuestMemory>, GuestAddr) {
        let memory = GuestMemory::new().unwrap();
        let at = memory.alloc(Heap::Virtual4K, 0x1000, 0x1000, Protect::READ_WRITE, false).unwrap();
        for (index, &word) in code.iter().enumerate() {
            memory.write(at.offset(4 * index as u32), word).unwrap();
        }
        (memory, at)
    }

    fn function(start: GuestAddr, words: u32, prologue: u32) -> FunctionEntry {
        FunctionEntry { start, size: words * 4, prologue_size: prologue * 4, has_exception_handler: false }
    }

    #[test]
    fn a_frame_with_its_own_saves() {
        let code = [
            0x7D88_02A6, // mflr r12
            0x9181_FFF8, // stw r12, -8(r1)
            0xFBE1_FFF0, // std r31, -16(r1)
            0xDBE1_FFE8, // stfd f31, -24(r1)
            0x9421_FFA0, // stwu r1, -96(r1)
            0x6000_0000,
        ];
        let (memory, at) = memory(&code);
        let caller = at.offset(SP);
        let frame = GuestAddr(caller.0 - 96);
        memory.write(frame, caller).unwrap();
        memory.write(GuestAddr(caller.0 - 8), 0x8200_1234_u32).unwrap();
        memory.write(GuestAddr(caller.0 - 16), 31_u64).unwrap();
        memory.write(GuestAddr(caller.0 - 24), 1.5_f64).unwrap();
        let mut ctx = PpcContext { pc: at.0 + 20, ..PpcContext::default() };
        ctx.gpr[1] = u64::from(frame.0);
        virtual_unwind(&memory, &mut ctx, &function(at, 6, 5)).unwrap();
        assert_eq!((ctx.pc, ctx.gpr[1] as u32, ctx.gpr[31]), (0x8200_1234, caller.0, 31));
        assert_eq!(f64::from_bits(ctx.fpr[31]), 1.5);
    }

    #[test]
    fn a_frame_saved_by_the_compilers_routine() {
        let code = [
            0x7D88_02A6, // mflr r12
            0x4800_000D, // bl +12: the routine
            0x9421_FF80, // stwu r1, -128(r1)
            0x6000_0000,
            0xFBC1_FFE8, // the routine: std r30, -24(r1)
            0xFBE1_FFF0, // std r31, -16(r1)
            0x9181_FFF8, // stw r12, -8(r1)
            0x4E80_0020,
        ];
        let (memory, at) = memory(&code);
        let caller = at.offset(SP);
        let frame = GuestAddr(caller.0 - 128);
        memory.write(frame, caller).unwrap();
        memory.write(GuestAddr(caller.0 - 8), 0x8200_4444_u32).unwrap();
        memory.write(GuestAddr(caller.0 - 24), 30_u64).unwrap();
        memory.write(GuestAddr(caller.0 - 16), 31_u64).unwrap();
        let mut ctx = PpcContext { pc: at.0 + 12, ..PpcContext::default() };
        ctx.gpr[1] = u64::from(frame.0);
        // `bl` is at +4 and goes to +16.
        memory.write(at.offset(4), 0x4800_000D_u32).unwrap();
        virtual_unwind(&memory, &mut ctx, &function(at, 4, 3)).unwrap();
        assert_eq!((ctx.pc, ctx.gpr[1] as u32, ctx.gpr[30], ctx.gpr[31]), (0x8200_4444, caller.0, 30, 31));
    }

    #[test]
    fn in_the_prologue_only_what_has_happened_counts() {
        let code = [0x7D88_02A6, 0x9181_FFF8, 0x9421_FFA0, 0x6000_0000];
        let (memory, at) = memory(&code);
        let mut ctx = PpcContext { pc: at.0 + 4, lr: 0x8200_5678, ..PpcContext::default() };
        ctx.gpr[1] = u64::from(at.0 + SP);
        virtual_unwind(&memory, &mut ctx, &function(at, 4, 3)).unwrap();
        assert_eq!((ctx.pc, ctx.gpr[1] as u32), (0x8200_5678, at.0 + SP));
    }
}
