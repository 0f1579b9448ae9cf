//! Special registers, by each number that an instruction can name.

use crate::common::*;
use xenia_cpu::msr_bit;
use xenia_isa::Op;
use xenia_jit::JitConfig;

#[test]
fn every_special_register_is_as_the_interpreter_has_it() {
    let config = JitConfig::compile_everything();
    let mut jit = JitHarness::jit_with(config);
    let mut interpreter = JitHarness::interpreter();
    let mut r = Random::new(5);
    for number in 0..1024 {
        // The time base depends on where it is read; `flow` tests it.
        if matches!(number, 268 | 269) {
            continue;
        }
        let low = number & 31;
        let high = number >> 5;
        let words = [
            x(Op::mfspr, 5, low, high, 0),
            SC,
            x(Op::mtspr, 6, low, high, 0),
            x(Op::mfspr, 7, low, high, 0),
            SC,
        ];
        for machine in [&jit, &interpreter] {
            machine.put(CODE, &words);
        }
        randomize(&mut interpreter.ctx, &mut r);
        interpreter.ctx.vrsave = r.next() as u32;
        interpreter.ctx.sprg = std::array::from_fn(|_| r.next());
        interpreter.ctx.hw_id = (r.next() % 6) as u8;
        for at in [CODE, CODE + 8] {
            interpreter.ctx.pc = at;
            jit.ctx = interpreter.ctx.clone();
            compare(&mut jit, &mut interpreter, 100, &|| format!("SPR {number} at {at:x}"));
            let privileged = (jit.ctx.sprg, jit.ctx.hw_id);
            assert_eq!(privileged, (interpreter.ctx.sprg, interpreter.ctx.hw_id), "SPR {number}");
        }
    }
    let counters = jit.engine.counters();
    assert_eq!((counters.interpreted_instructions, counters.fallback_instructions), (0, 0), "{counters:?}");
}

#[test]
fn problem_state_turns_interrupts_and_translation_on() {
    let config = JitConfig::compile_everything();
    let mut jit = JitHarness::jit_with(config);
    let mut interpreter = JitHarness::interpreter();
    // The code that follows runs with PR set, in which only `sc` is certain to be allowed.
    for machine in [&jit, &interpreter] {
        machine.put(CODE, &[x(Op::mtmsr, 5, 0, 0, 0), SC]);
    }
    let usual = interpreter.ctx.msr;
    for cleared in [0, msr_bit::EE, msr_bit::RI] {
        for pr in [0, msr_bit::PR] {
            interpreter.ctx.msr = usual;
            interpreter.ctx.gpr[5] = usual & !cleared | pr;
            interpreter.ctx.pc = CODE;
            jit.ctx = interpreter.ctx.clone();
            compare(&mut jit, &mut interpreter, 100, &|| format!("without {cleared:x}, PR {pr:x}"));
            let on = if pr == 0 { usual & !cleared } else { usual & !cleared | msr_bit::EE };
            let kept = msr_bit::EE | msr_bit::RI;
            assert_eq!(jit.ctx.msr & kept, on & kept, "without {cleared:x}, PR {pr:x}");
        }
    }
}
