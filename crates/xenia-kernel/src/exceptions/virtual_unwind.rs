//! Virtual unwinding: computes the registers of a caller from those that its callee's prologue has
//! saved.
//!
//! The `.pdata` section gives the start of each function and the length of its prologue.

use super::prologue::{FIRST_SAVED, Prologue, Saved, Value};
use crate::status::failure::Fallible;
use std::ops::Range;
use xenia_cpu::{CrField, PpcContext};
use xenia_formats::image::FunctionEntry;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_memory::GuestMemory;

/// Indices of CR2, CR3 and CR4, the non-volatile fields.
const SAVED_FIELDS: Range<usize> = 2..5;

/// Target of a `bl` at `at`.
fn call_target(at: GuestAddr, word: u32) -> Option<GuestAddr> {
    (word >> 26 == 18 && word & 3 == 1).then(|| {
        let displacement = ((word & 0x03FF_FFFC) << 6).cast_signed() >> 6;
        GuestAddr(at.0.wrapping_add_signed(displacement))
    })
}

/// Turns a context inside `function` into its caller's, just after the call. `at` is the current
/// instruction of the function: the one that failed, or the call. Returns the function's
/// *establisher frame*, which is r1 on entry: it identifies this activation of the function, and
/// handlers find its variables there. `work` is the remaining budget in instructions; when it is
/// used up, unwinding fails.
pub(crate) fn virtual_unwind(
    memory: &GuestMemory,
    ctx: &mut PpcContext,
    at: GuestAddr,
    function: &FunctionEntry,
    work: &mut u32,
) -> Fallible<GuestAddr> {
    let prologue_end = function.start.offset(function.prologue_size.min(function.size));
    // Inside the prologue, only the executed instructions have saved registers.
    let end = prologue_end.min(at.max(function.start));
    let prologue = execute_prologue(memory, function.start..end, work)?;
    let frame = establisher_frame(memory, ctx, &prologue)?;
    // A register to which the prologue moved the link register; beyond the prologue, only a
    // non-volatile one still holds it.
    let first = if at < prologue_end { 0 } else { FIRST_SAVED };
    if let Some(register) = (first..32).find(|&register| prologue.registers[register] == Value::Link) {
        ctx.lr = ctx.gpr[register];
    }
    for &(saved, offset) in &prologue.saved {
        restore(memory, ctx, saved, GuestAddr(frame.0.wrapping_add_signed(offset)))?;
    }
    ctx.gpr[1] = u64::from(frame.0);
    ctx.pc = ctx.lr as u32 & !3;
    Ok(frame)
}

/// Follows the instructions of a prologue. Their number, and that of the registers that they save,
/// is taken from `work`.
fn execute_prologue(memory: &GuestMemory, code: Range<GuestAddr>, work: &mut u32) -> Fallible<Prologue> {
    let mut prologue = Prologue::new();
    let mut next = code.start;
    while next < code.end {
        let word = memory.read(next)?;
        match call_target(next, word) {
            Some(routine) => prologue.call(memory, routine),
            None => prologue.execute(word),
        }
        next = next.offset(4);
        if prologue.work > *work {
            break;
        }
    }
    let spent = prologue.work.saturating_add(prologue.saved.len() as u32);
    *work = work.checked_sub(spent).ok_or(NtStatus::UNSUCCESSFUL)?;
    Ok(prologue)
}

/// The value of r1 on entry to the function. Fails unless frames grow downwards.
fn establisher_frame(memory: &GuestMemory, ctx: &PpcContext, prologue: &Prologue) -> Fallible<GuestAddr> {
    let stack_pointer = GuestAddr(ctx.gpr[1] as u32);
    let Some(width) = prologue.back_chain else {
        return Ok(match prologue.registers[1] {
            Value::Stack(offset) => GuestAddr(stack_pointer.0.wrapping_add_signed(offset.wrapping_neg())),
            _ => stack_pointer,
        });
    };
    let frame: GuestAddr = memory.read(stack_pointer.offset(width.low_word().into()))?;
    if frame <= stack_pointer { Err(NtStatus::UNSUCCESSFUL.into()) } else { Ok(frame) }
}

/// Loads a register that the prologue has saved in `slot`.
fn restore(memory: &GuestMemory, ctx: &mut PpcContext, saved: Saved, slot: GuestAddr) -> Fallible<()> {
    match saved {
        Saved::General(register) => ctx.gpr[register] = memory.read(slot)?,
        Saved::GeneralWord(register) => ctx.gpr[register] = u64::from(memory.read::<u32>(slot)?),
        Saved::Float(register) => ctx.fpr[register] = memory.read(slot)?,
        Saved::Vector(register) => {
            let mut bytes = [0; 16];
            memory.read_bytes(slot.align_down(16), &mut bytes)?;
            ctx.vr[register] = u128::from_be_bytes(bytes);
        }
        Saved::Link => ctx.lr = u64::from(memory.read::<u32>(slot)?),
        Saved::Condition => {
            let word: u32 = memory.read(slot)?;
            for field in SAVED_FIELDS {
                ctx.cr[field] = CrField::from_nibble((word >> (28 - 4 * field)) as u8);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use xenia_cpu::{EngineConfig, Execute, Interpreter};
    use xenia_memory::{DeviceQueue, Heap, Protect};

    /// Return address of the functions.
    const CALLER: u32 = 0x8200_1234;

    /// Save routines as in the console's library.
    const ROUTINES: &str = "
save_gpr: std 29, -32(1)
        std 30, -24(1)
        std 31, -16(1)
        stw 12, -8(1)
        blr
save_fpr: stfd 30, -16(12)
        stfd 31, -8(12)
        blr
save_vmx: li 11, -32
        stvx 31, 11, 12
        li 11, -16
        stvx128 127, 11, 12
        blr
other:  li 12, -0x400
        blr
";

    /// A function `start`..`body`..`end` in separate memory, with a stack.
    struct Case {
        memory: Arc<GuestMemory>,
        function: FunctionEntry,
        entry: PpcContext,
    }

    impl Case {
        fn new(prologue: &str) -> Self {
            let memory = GuestMemory::new().unwrap();
            let at = memory.alloc(Heap::Virtual4K, 0x4000, 0x1000, Protect::EXECUTE_READ_WRITE).unwrap();
            let source = format!("start: {prologue}\nbody: nop\nend:\n{ROUTINES}");
            let assembly = xenia_isa::assemble(&source, at.0).unwrap();
            memory.write_bytes(at, &assembly.bytes).unwrap();
            let label = |name: &str| assembly.labels[name] - at.0;
            let mut entry = PpcContext { pc: at.0, lr: u64::from(CALLER), ..PpcContext::default() };
            for n in 0..32 {
                entry.gpr[n] = 0x1_0000_0000 + n as u64;
                entry.fpr[n] = 0x2_0000_0000 + n as u64;
            }
            for n in 0..128 {
                entry.vr[n] = 3 << 64 | n as u128;
            }
            entry.gpr[1] = u64::from(at.0 + 0x3800);
            entry.set_cr_word(0x1234_5678);
            let function = FunctionEntry {
                start: at,
                size: label("end"),
                prologue_size: label("body"),
                has_exception_handler: false,
            };
            Self { memory, function, entry }
        }

        /// The registers after `count` instructions.
        fn context_after(&self, count: i64) -> PpcContext {
            let mut ctx = self.entry.clone();
            ctx.begin_visit(count, 0, 1);
            let mut queue = Box::<DeviceQueue>::default();
            Interpreter::new(self.memory.clone(), EngineConfig::default())
                .run(&mut ctx, &mut queue.make_current());
            ctx
        }

        /// Unwinds, and asserts that the non-volatile registers and the pc are the caller's.
        fn check(&self, mut ctx: PpcContext, what: &str) {
            let at = GuestAddr(ctx.pc);
            let frame = virtual_unwind(&self.memory, &mut ctx, at, &self.function, &mut 1000).unwrap();
            let entry = &self.entry;
            assert_eq!((frame.0, ctx.pc), (entry.gpr[1] as u32, CALLER & !3), "{what}");
            assert_eq!(ctx.gpr[14..], entry.gpr[14..], "{what}");
            assert_eq!((ctx.gpr[1], &ctx.fpr[14..]), (entry.gpr[1], &entry.fpr[14..]), "{what}");
            assert_eq!((&ctx.vr[14..32], &ctx.vr[64..]), (&entry.vr[14..32], &entry.vr[64..]), "{what}");
            assert_eq!(ctx.cr[2..5], entry.cr[2..5], "{what}");
        }
    }

    #[test]
    fn every_prologue_is_undone_from_any_instruction() {
        let cases: [(&str, &[usize]); 9] = [
            ("mflr 12; stw 12, -8(1); std 31, -16(1); stfd 31, -24(1); stwu 1, -96(1)", &[31]),
            ("mflr 12; bl save_gpr; subi 31, 1, 128; stwu 1, -128(1)", &[29, 30]),
            (
                "mflr 12; bl save_gpr; subi 12, 1, 32; bl save_fpr; subi 12, 1, 64; bl save_vmx; stwu 1, -816(1)",
                &[29, 30, 31],
            ),
            (
                "mflr 12; bl save_gpr; stfd 31, -40(1); li 12, -64; stvx128 127, 1, 12; ld 12, -0x800(1); \
              stwu 1, -1136(1)",
                &[29, 30, 31],
            ),
            // A filter or handler, which uses the frame of another function.
            (
                "std 31, -8(1); subi 31, 12, 320; std 28, -16(1); mflr 12; stw 12, -32(1); stwu 1, -112(1)",
                &[28, 31],
            ),
            // The link register is kept in another register.
            ("std 31, -72(1); mflr 31; stwu 1, -80(1)", &[]),
            // A frame of computed size; the condition register; registers saved as words.
            (
                "mflr 12; stw 12, -8(1); mfcr 12; stw 12, -12(1); stmw 29, -24(1); lis 12, -1; ori 12, 12, 0xF800; \
              stwux 1, 1, 12",
                &[],
            ),
            // A doubleword back chain.
            ("mflr 0; std 0, -8(1); std 31, -16(1); stdu 1, -64(1)", &[31]),
            // Saves after the frame was allocated.
            ("stwu 1, -64(1); mflr 0; stw 0, 72(1); std 31, 48(1); mr 31, 1", &[31]),
        ];
        for (source, changed) in cases {
            // `stmw` saves only words.
            let narrow = source.contains("stmw");
            let mut case = Case::new(source);
            if narrow {
                for value in &mut case.entry.gpr[29..] {
                    *value &= 0xFFFF_FFFF;
                }
            }
            let body = case.function.start.0 + case.function.prologue_size;
            let mut count = 0;
            loop {
                let mut ctx = case.context_after(count);
                let inside = GuestAddr(ctx.pc).0 < case.function.start.0 + case.function.size;
                if inside {
                    case.check(ctx.clone(), &format!("{source}, after {count}"));
                }
                if ctx.pc == body {
                    // The function has reused the registers that it saved.
                    for &register in changed {
                        ctx.gpr[register] = 0;
                    }
                    ctx.cr[2] = if source.contains("mfcr") { CrField::from_nibble(9) } else { ctx.cr[2] };
                    ctx.lr = 0x8200_0000;
                    ctx.gpr[0] = 0;
                    ctx.gpr[12] = 0;
                    case.check(ctx, source);
                    break;
                }
                count += 1;
            }
        }
    }

    #[test]
    fn other_prologue_calls_save_nothing_and_clobber_volatiles() {
        let case = Case::new("mflr 12; stw 12, -8(1); bl other; stwux 1, 1, 12");
        case.check(case.context_after(6), "a routine that computes the size");
        let case = Case::new("mflr 31; bl 0x10; nop");
        let mut ctx = PpcContext { pc: case.function.start.0 + 8, ..case.entry.clone() };
        ctx.gpr[31] = u64::from(CALLER);
        ctx.lr = 0;
        let at = GuestAddr(ctx.pc);
        virtual_unwind(&case.memory, &mut ctx, at, &case.function, &mut 1000).unwrap();
        assert_eq!(ctx.pc, CALLER & !3, "a routine in no memory");
    }

    #[test]
    fn a_broken_frame_is_an_error_or_somewhere_else_but_no_panic() {
        let case = Case::new("mflr 12; stw 12, -8(1); std 31, -16(1); stwu 1, -96(1)");
        for chain in [0, 4, 0xFFFF_FFFC, 0x8000_0000, u32::MAX] {
            let mut ctx = case.context_after(4);
            case.memory.write(GuestAddr(ctx.gpr[1] as u32), chain).unwrap();
            let at = GuestAddr(ctx.pc);
            assert!(
                virtual_unwind(&case.memory, &mut ctx, at, &case.function, &mut 1000).is_err(),
                "{chain:#x}"
            );
        }
        let far = FunctionEntry { start: GuestAddr(0x10), ..case.function };
        let mut ctx = case.context_after(4);
        let at = GuestAddr(0x20);
        assert!(virtual_unwind(&case.memory, &mut ctx, at, &far, &mut 1000).is_err());
    }
}
