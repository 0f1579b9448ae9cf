//! Runs cases under qemu-ppc64 and returns their results.
//!
//! The server uses r1 and r13; cases use other registers.

use crate::case::{Expected, GeneratedCase, Question, Reg, WINDOW, WINDOW_SIZE};
use anyhow::{Context, bail};
use xenia_jit_tests::conformance::PpcRegister;
use xenia_jit_tests::qemu::{CODE_BASE, EXIT, Job, Qemu, QemuAnswer, QemuMode, QemuState, SANDBOX, Twins};

const WINDOW_AT: usize = (WINDOW - SANDBOX) as usize;

/// The number of the register in qemu's code.
fn there(register: Reg, question: &Question) -> PpcRegister {
    match register {
        Reg::R(n) => PpcRegister::Gpr(n.into()),
        Reg::F(n) => PpcRegister::Fpr(n.into()),
        Reg::V(n) => {
            let there = question.vectors.iter().find(|(here, _)| *here == n).map_or(n, |&(_, there)| there);
            PpcRegister::Vector(there.into())
        }
        Reg::Cr => PpcRegister::Cr,
        Reg::Xer => PpcRegister::Xer,
        Reg::Ctr => PpcRegister::Ctr,
        Reg::Fpscr => PpcRegister::Fpscr,
        Reg::Vscr => PpcRegister::Vscr,
        Reg::Vrsave => PpcRegister::Vrsave,
    }
}

/// The state before a case.
fn before(case: &GeneratedCase, question: &Question) -> QemuState {
    let mut state = QemuState::default();
    state.set(PpcRegister::Lr, EXIT.into());
    state.set(PpcRegister::Gpr(13), u128::from(SANDBOX));
    state.set(PpcRegister::Vscr, 0x1_0000);
    for (&register, &value) in &case.ins {
        state.set(there(register, question), value);
    }
    for (addr, bytes) in &case.memory_in {
        let at = (addr - SANDBOX) as usize;
        state.memory_mut()[at..at + bytes.len()].copy_from_slice(bytes);
    }
    state
}

/// Answers all questions for this processor model.
pub(crate) fn answer_questions(
    cases: &mut [GeneratedCase],
    cpu: &'static str,
    sf: bool,
) -> anyhow::Result<()> {
    let asked: Vec<usize> = (0..cases.len())
        .filter(|&n| cases[n].question.as_ref().is_some_and(|q| q.cpu == cpu && q.sf == sf))
        .collect();
    let mut programs = Vec::new();
    for &index in &asked {
        let case = &cases[index];
        let question = case.question.as_ref().context("asked cases have questions")?;
        programs.push((question.code.clone(), before(case, question)));
    }
    let states = run(programs, QemuMode { cpu, sf })?;
    for (&index, state) in asked.iter().zip(states) {
        let case = &mut cases[index];
        let question = case.question.clone().context("asked cases have questions")?;
        for &register in &question.registers {
            case.outs.push(Expected::Register(register, state.get(there(register, &question))));
        }
        if question.memory {
            let window = &state.memory()[WINDOW_AT..WINDOW_AT + WINDOW_SIZE];
            case.outs.push(Expected::Memory(WINDOW, window.to_vec()));
        }
    }
    Ok(())
}

/// The FPRs after running these cases with another initial FPSCR.
pub(crate) fn rerun(
    cases: &[&GeneratedCase],
    fpscr: u128,
    register: impl Fn(&GeneratedCase) -> Reg,
) -> anyhow::Result<Vec<u64>> {
    let mut programs = Vec::new();
    for case in cases {
        let question = case.question.as_ref().context("asked cases have questions")?;
        let mut state = before(case, question);
        state.set(PpcRegister::Fpscr, fpscr);
        programs.push((question.code.clone(), state));
    }
    let states = run(programs, QemuMode { cpu: "970fx", sf: false })?;
    cases
        .iter()
        .zip(states)
        .map(|(case, state)| {
            let question = case.question.as_ref().context("asked cases have questions")?;
            Ok(state.get(there(register(case), question)) as u64)
        })
        .collect()
}

fn run(programs: Vec<(String, QemuState)>, mode: QemuMode) -> anyhow::Result<Vec<QemuState>> {
    let mut jobs = Vec::new();
    let mut entry = CODE_BASE + 4;
    for (source, mut state) in programs {
        let source = source.replace("@N", "");
        let assembly = xenia_isa::assemble(&source, entry).map_err(|error| {
            let line = source.lines().nth(error.line as usize - 1).unwrap_or("").to_owned();
            anyhow::anyhow!("{error}: `{line}`")
        })?;
        let words = assembly.bytes.chunks_exact(4);
        let code: Vec<u32> = words.map(|word| word.iter().fold(0, |w, &b| w << 8 | u32::from(b))).collect();
        // Cases with registers above v31 contain their AltiVec code.
        let no_twin = || anyhow::anyhow!("a word of `{source}` has no AltiVec twin");
        let mut twins = Twins::new(code.iter().copied()).with_context(no_twin)?;
        let code: Vec<u32> =
            code.iter().map(|&word| twins.word(word)).collect::<Option<_>>().with_context(no_twin)?;
        for &(register, value) in twins.constants() {
            state.set(PpcRegister::Vector(register.into()), value);
        }
        let next = entry + 4 * code.len() as u32 + 8;
        jobs.push(Job { entry, code, state });
        entry = next;
    }
    let answers = Qemu::new(mode)?.run(&jobs)?;
    let states = answers.into_iter().enumerate().map(|(index, answer)| match answer {
        QemuAnswer::State(state) => Ok(*state),
        QemuAnswer::Stopped(reason) => bail!("case {index} of this mode: {reason}"),
    });
    states.collect()
}
