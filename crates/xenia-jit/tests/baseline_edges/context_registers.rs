//! Registers in the context: read and written by whole plain moves, or read from the register from
//! which they were just written.

use super::*;
use crate::common::pair::assembled;

impl Pair {
    /// Writes code to both machines, at [`CODE`].
    fn put(&self, words: &[u32]) {
        for machine in [&self.jit, &self.interpreter] {
            machine.put(CODE, words);
        }
    }

    /// Runs both machines from `ctx`, and compares them.
    fn compare_from(&mut self, ctx: &PpcContext, what: &dyn Fn() -> String) {
        for machine in [&mut self.jit, &mut self.interpreter] {
            machine.ctx = ctx.clone();
        }
        compare(&mut self.jit, &mut self.interpreter, 100, what);
    }
}

/// Sums and carries, in registers inside and outside of the map, whose target is an operand.
#[test]
fn chains_of_carries_agree() {
    let values = [0, 1, -1, i64::from(i32::MIN), 0x7FFF_FFFF, 0xFFFF_FFFF, 0x1_0000_0000, i64::MIN];
    for text in [
        "addc r3,r4,r13\n adde r13,r13,r4\n adde. r4,r4,r13\n addze r13,r13\n addme r4,r4",
        "subfc r3,r4,r13\n subfe r13,r13,r4\n subfe. r4,r13,r4\n subfze r13,r13\n subfme r4,r4",
        "subfe r3,r4,r4\n subfc r5,r4,r13\n subfe. r12,r13,r13\n addze r6,r12\n subfe r13,r13,r13",
        "addic r12,r4,-1\n subfe r4,r12,r4\n subfic r3,r13,0\n addze. r13,r13\n subfme. r4,r13",
        "addic r3,r4,-1\n subfe r3,r3,r4\n addze r5,r13\n srawi r13,r13,4\n addze r6,r4\n sradi r4,r4,9",
        "addic r14,r13,-1\n subfe r13,r14,r13\n subfc r14,r14,r4\n adde r12,r14,r13\n addc r3,r4,r12",
        "addic r5,r13,-1\n subfe r5,r5,r13\n subfe r6,r6,r6\n subfc r4,r4,r13\n subfe r3,r4,r4",
        "add r13,r13,r4\n subfc r4,r4,r13\n subfe r3,r3,r4\n subfc r4,r4,r13\n adde r6,r4,r4",
        "add r13,r13,r6\n subfc r4,r4,r13\n subfe r4,r4,r4",
        "add r13,r13,r6\n subfc r4,r4,r13\n addze r3,r3",
    ] {
        let words = assembled(&[text, "sc 2"]);
        let mut pair = Pair::new(ReservationMode::default(), false);
        pair.put(&words);
        for (a, b) in values.into_iter().flat_map(|a| values.map(|b| (a, b))) {
            for xer_ca in [0, 1] {
                let mut ctx = PpcContext { pc: CODE, xer_ca, ..PpcContext::default() };
                ctx.gpr[4] = a as u64;
                ctx.gpr[13] = b as u64;
                pair.compare_from(&ctx, &|| format!("{text}\nof {a:x}, {b:x}, CA {xer_ca}"));
            }
        }
    }
}

/// A jump through CTR goes where `mtctr` said, whatever becomes of its source in between.
#[test]
fn jumps_through_ctr_agree_after_changes_of_its_source() {
    let changes = ["nop", "addi rX,rX,4", "lwzu r6,4(rX)", "li rX,0", "mr rX,r4", "rlwinm rX,rX,0,0,15"];
    let others = ["lmw rX,0(r3)", "mflr rX", "mtctr r4", "mtctr r4\n mr rX,r3", "mtctr r4\n li r4,0"];
    for (change, source) in changes.into_iter().chain(others).flat_map(|text| [(text, "r12"), (text, "r11")])
    {
        let text = format!("mtctr rX\n {change}\n bctr\n sc 2\n li r5,1\n sc 2\n li r5,2\n sc 2");
        let words = assembled(&[&text.replace("rX", source)]);
        let first = CODE + 4 * (words.len() as u32 - 4);
        let mut pair = Pair::new(ReservationMode::default(), false);
        pair.put(&words);
        let mut ctx = PpcContext { pc: CODE, ..PpcContext::default() };
        ctx.gpr[3] = DATA.into();
        ctx.gpr[4] = u64::from(first + 8);
        // Neither the upper half nor the two lowest bits belong to the address.
        ctx.gpr[11] = u64::from(first) | 0xABCD << 32 | 3;
        ctx.gpr[12] = ctx.gpr[11];
        pair.compare_from(&ctx, &|| format!("{source}: {text}"));
        assert_ne!(pair.interpreter.ctx.gpr[5], 0, "{source}: {text}");
    }
}

/// Each operand of each row may be the register that the instruction in front wrote.
#[test]
fn operands_that_were_just_written_agree() {
    let writers = ["add r20,r4,r13", "addi r20,r13,-7", "mr r20,r4", "lwz r20,0(r21)", "ld r20,0(r21)"];
    let users = "add r20,r20,r20; add r3,r20,r4; add r3,r4,r20; add r3,r3,r20; add. r3,r20,r3;
        add r14,r14,r20; add r20,r20,r14; add r20,r14,r20; add r14,r13,r20; add r3,r20,r20;
        subf r3,r20,r4; subf r3,r4,r20; subf r3,r20,r3; subf r3,r3,r20; subf r20,r20,r14;
        subf r14,r20,r13; subf r14,r20,r14; subf r4,r20,r13; subf r4,r13,r20; subf r4,r20,r4;
        subf r20,r14,r20; subf r20,r20,r20; subf r14,r14,r20; and r14,r20,r14; or. r3,r13,r20;
        xor r20,r4,r20; mulld r3,r4,r20; mullw r3,r20,r4; mullw r3,r4,r20; mullw r20,r20,r20;
        mullw r4,r20,r4; mulhw r3,r3,r20; mulhw r3,r20,r3; mulhwu r20,r4,r20; mulhwu. r3,r20,r13;
        mulli r3,r20,-5; mulli r20,r20,300; neg r3,r20; neg r20,r20; neg r14,r20; nor r3,r20,r20;
        nor r14,r20,r20; nor r3,r20,r4; nor r3,r4,r20; nand r20,r20,r13; eqv r3,r20,r20;
        andc r3,r20,r4; andc r3,r4,r20; andc r14,r20,r13; andc r14,r20,r20; orc r3,r4,r20;
        mr r3,r20; mr r14,r20; mr r20,r20; mr. r3,r20; extsb r3,r20; extsh r14,r20; extsw r20,r20;
        cntlzw r3,r20; cntlzd r14,r20; ori r3,r20,7; oris r14,r20,32768; xori r20,r20,1;
        andi. r3,r20,255; andis. r20,r20,65535; rlwinm r3,r20,0,24,31; rlwinm r14,r20,0,16,31;
        rlwinm. r14,r20,5,3,20; rlwimi r3,r20,8,8,15; slw r3,r20,r4; slw r3,r4,r20; slw r20,r20,r20;
        srw r14,r13,r20; srw r3,r20,r20; sraw r3,r20,r4; sraw r3,r4,r20; sraw r14,r20,r20;
        srawi r3,r20,3; srawi. r14,r20,31; sld r3,r4,r20; srd r14,r20,r13; srad r3,r20,r20;
        cmpw r20,r4; cmpw r4,r20; cmpw cr1,r20,r20; cmpw cr7,r4,r20; cmplw cr6,r20,r14;
        cmplw cr6,r14,r20; cmpwi cr1,r20,5; cmplwi r20,0; cmpd cr1,r20,r4; cmpld r4,r20;
        addi r3,r20,4; addi r20,r20,4; addis r14,r20,1; addic r3,r20,1; subfic r3,r20,5;
        adde r3,r20,r20; addze r3,r20; subfe r3,r20,r4; divwu r3,r4,r20; divw r20,r20,r4;
        stw r20,4(r9); stb r20,8(r9); sth r20,12(r9); std r20,0(r9); stwu r20,4(r9);
        stwx r20,r9,r10; stwx r20,r21,r10; stwbrx r20,r9,r10; stdx r20,r9,r10; stw r20,8(r21);
        mtlr r20; mtctr r20";
    let programs: Vec<_> = writers
        .iter()
        .flat_map(|writer| users.split(';').map(|user| assembled(&[*writer, user.trim()])))
        .collect();
    let values = [0, 1, 0x7FFF_FFFF, 0x8000_0021, 0xFFFF_FFFF_FFFF_FFFF, 0x1234_5678_9ABC_DEF0];
    let states = states(pairs(&values), |ctx, (a, b)| {
        ctx.gpr[4] = a;
        ctx.gpr[13] = b;
        ctx.gpr[9] = u64::from(DATA + 0x100);
        ctx.gpr[10] = 16;
        ctx.gpr[21] = u64::from(DATA + 0x100);
    });
    for mut pair in Pair::hosts() {
        pair.agree(&programs, |_| states.clone());
    }
}

/// Registers in the context are loaded whole where an address or a word is needed.
#[test]
fn upper_halves_of_registers_do_not_reach_addresses_and_words() {
    let text = [
        "lwz r3,8(r13)\n lwzu r12,4(r13)\n lwzu r5,0(r21)\n lwzx r6,r13,r14\n lwzx r7,r4,r14",
        "stw r15,12(r13)\n stb r15,16(r13)\n sth r15,18(r13)\n stwux r15,r13,r14\n stwu r15,0(r22)",
        "rlwinm r16,r15,3,0,28\n rlwimi r16,r15,8,8,23\n rlwnm r17,r15,r14,0,31\n rldimi r16,r15,8,8",
        "slw r18,r15,r14\n srw r19,r15,r16\n andi. r20,r15,255\n addc r21,r15,r15\n addic r22,r15,-1",
        "add r16,r16,r15\n subf r16,r15,r16\n and r16,r15,r16\n mulld r16,r16,r15\n xor r16,r16,r16",
        "subf r17,r17,r15\n andc r15,r15,r4\n orc r18,r18,r18\n add r19,r3,r19\n add r20,r20,r20",
        "add r23,r15,r16\n subf r24,r23,r15\n xor r3,r3,r24\n subf r4,r24,r4\n subf r5,r5,r24\n or r6,r7,r24",
        "sc 2",
    ];
    let words = assembled(&text);
    for mut pair in Pair::hosts() {
        pair.put(&words);
        for upper in [0, 1 << 32, u64::MAX << 32] {
            let mut ctx = PpcContext { pc: CODE, ..PpcContext::default() };
            for n in [4, 13, 21, 22] {
                ctx.gpr[n] = upper | u64::from(DATA);
            }
            ctx.gpr[14] = upper | 4;
            ctx.gpr[15] = upper ^ 0x8765_4321_FEDC_BA98;
            ctx.gpr[16] = upper ^ 0x1234_5678_9ABC_DEF0;
            pair.compare_from(&ctx, &|| format!("with {upper:x}"));
        }
        assert!(pair.jit.engine.counters().baseline_units > 0);
    }
}

/// The next instruction reads a register from where it was written to the context.
#[test]
fn registers_that_were_just_written_agree() {
    let nodes: Vec<u32> = (1..32).flat_map(|n| [DATA + 16 * n, DATA + 16 * n, 0x1234_8765, !n]).collect();
    for text in [
        "lwz r14,0(r13)\n lwz r14,4(r14)\n lwz r15,4(r14)\n lbz r16,7(r15)\n lwz r15,4(r14)\n lha r3,10(r15)",
        "lwz r14,0(r13)\n stw r3,8(r14)\n lwz r14,0(r13)\n sth r15,10(r14)\n lwz r14,0(r13)\n stb r4,12(r14)",
        "lwz r14,0(r13)\n stwu r3,8(r14)\n lwz r14,0(r13)\n lwzu r15,4(r14)\n ld r14,0(r13)\n lwz r3,4(r14)",
        "li r5,3\n mtctr r5\n lwz r14,0(r13)\n again: lwz r14,4(r14)\n bdnz again\n lwz r3,4(r14)",
        "lwz r14,0(r13)\n addi r14,r14,16\n lwz r3,4(r14)\n lwz r14,0(r13)\n lis r14,4096\n ori r14,r14,32",
        "lwz r14,0(r13)\n lis r14,4096\n ori r14,r14,32\n lwz r4,4(r14)",
        "lwz r14,0(r13)\n mr r14,r13\n lwz r5,4(r14)",
        "addi r14,r13,16\n stw r15,8(r14)\n addi r14,r13,16\n stw r3,4(r14)",
        "add r14,r13,r16\n lwz r4,4(r14)",
        "lwz r14,0(r13)\n cmpwi r14,0\n lwz r14,0(r13)\n cmplwi cr1,r14,7\n ld r14,8(r13)\n cmplwi cr2,r14,7",
        "ld r14,8(r13)\n rlwinm r3,r14,3,0,28\n add. r15,r14,r13\n andi. r0,r15,255\n rlwinm. r16,r15,1,4,9",
        "ld r14,8(r13)\n slw r3,r3,r14\n ld r14,8(r13)\n addic r5,r14,1",
        "ld r14,8(r13)\n rlwimi r5,r14,9,3,9",
        "mr r14,r13\n lwz r4,4(r14)\n mr r15,r3\n add r5,r5,r15\n rlwimi. r16,r15,8,8,23\n add r6,r6,r16",
        // A branch leads behind the write; r3 is negative.
        "addi r14,r13,32\n cmpwi r3,0\n blt skip\n lwz r14,0(r13)\n skip: lwz r4,4(r14)",
        "addi r14,r13,32\n addi r15,r13,48\n cmpwi r3,0\n blt skip\n addi r14,r13,16\n\
         skip: rlwinm. r5,r14,1,0,30",
        // The loads find NaNs, so a thunk converts them; it returns before RA is updated.
        "lwz r14,0(r13)\n lfsu f1,12(r14)\n lwz r5,4(r14)\n li r17,12\n lwz r14,0(r13)\n\
         lfsux f2,r14,r17\n lwz r6,4(r14)",
        // RA = 0 is not a register: the access faults.
        "lwz r0,0(r13)\n lwz r3,8(r0)",
        // The third word is not an address: the second access faults.
        "lwz r14,8(r13)\n lwz r14,4(r14)",
        "lwz r14,8(r13)\n stw r3,4(r14)",
    ] {
        let words = assembled(&[text, "sc 2"]);
        for mut pair in Pair::hosts() {
            pair.put(&words);
            for machine in [&pair.jit, &pair.interpreter] {
                machine.put(DATA, &nodes);
            }
            let mut ctx = PpcContext { pc: CODE, ..PpcContext::default() };
            ctx.gpr[3] = 0x8765_4321;
            ctx.gpr[4] = 0xA5;
            ctx.gpr[13] = u64::MAX << 32 | u64::from(DATA);
            ctx.gpr[15] = 0x1122_3344;
            pair.compare_from(&ctx, &|| text.to_owned());
        }
    }
}
