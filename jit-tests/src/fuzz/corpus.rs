//! The seed corpus: cases whose code is run first, with the given state and with other states.
//!
//! It can contain any annotated file whose code returns by its last word, such as the files written
//! by `--out`. Pointers into the cases' data, registers from r20 on that the file sets, CTR and
//! XER's byte count are kept, so that accesses and loops do not move; all other registers are
//! random in each variant.

use super::generate::{self, Choice};
use super::sequence::{Item, MFLR_R1, MTLR_R1, SANDBOX, SANDBOX_SIZE, Sequence, Unit};
use crate::conformance::{
    Annotation, Case, CaseFile, DATA_BASE, DATA_SIZE, PpcRegister, RunError, files, text,
};
use std::io;
use std::path::Path;
use xenia_isa::word::BLR;
use xenia_isa::{Instruction, Op, Operand, decode};

/// Number of states in which each case is run: its given state, then random ones.
const VARIANTS: u64 = 64;

/// A sequence to run, and its name.
#[derive(Clone)]
pub(super) struct Planned {
    /// Number of the sequence, or of the variant.
    pub(super) number: u64,
    /// Name of the case, if it is from the corpus.
    pub(super) name: Option<String>,
    pub(super) sequence: Sequence,
}

/// Reads the cases below `folder` and creates their variants.
pub(super) fn load(folder: &Path, seed: u64, choice: &Choice) -> Result<Vec<Planned>, RunError> {
    let mut planned = Vec::new();
    for path in files(&[folder.to_owned()])? {
        let unusable = |reason: String| RunError::Read {
            path: path.clone(),
            source: io::Error::new(io::ErrorKind::InvalidData, reason),
        };
        let source = text(&path)?;
        let file = CaseFile::parse(&source).map_err(|error| unusable(error.to_string()))?;
        for case in &file.cases {
            let original =
                sequence(&file, case).map_err(|reason| unusable(format!("{}: {reason}", case.name)))?;
            for number in 0..VARIANTS {
                let mut sequence = original.clone();
                if number != 0 {
                    vary(&mut sequence, seed, number, choice);
                }
                planned.push(Planned { number, name: Some(case.name.clone()), sequence });
            }
        }
    }
    if planned.is_empty() {
        let source = io::Error::new(io::ErrorKind::NotFound, "no cases");
        return Err(RunError::Read { path: folder.to_owned(), source });
    }
    Ok(planned)
}

/// Converts a case to a sequence.
fn sequence(file: &CaseFile, case: &Case) -> Result<Sequence, String> {
    let mut words: Vec<u32> = file.code_of(case).collect();
    if words.pop() != Some(BLR) {
        return Err("its last word is not a blr".to_owned());
    }
    // The fuzzer's files keep LR in r1; sequences do so anyway.
    if words.first() == Some(&MFLR_R1) && words.last() == Some(&MTLR_R1) {
        words.pop();
        words.remove(0);
    }
    let count = words.len();
    let unit = |(index, &word): (usize, &u32)| {
        let displacement = match decode(word) {
            Some(Op::bx) => Operand::li.extract(Instruction(word)),
            Some(Op::bcx) => Operand::bd.extract(Instruction(word)),
            _ => 0,
        };
        let target = i64::try_from(index).ok().and_then(|at| u16::try_from(at + displacement / 4).ok());
        let item = match target.filter(|&target| displacement != 0 && usize::from(target) <= count) {
            Some(target) if word & 2 == 0 => Item::Branch { word, target },
            _ if displacement != 0 => return Err("a branch leaves the case".to_owned()),
            _ => Item::Word(word),
        };
        Ok(Unit { id: index as u16, items: vec![item] })
    };
    let units = words.iter().enumerate().map(unit).collect::<Result<_, _>>()?;
    let mut state = Box::<xenia_cpu::PpcContext>::default();
    state.gpr[13] = u64::from(SANDBOX) + SANDBOX_SIZE as u64 / 2;
    state.gpr[14] = state.gpr[13];
    let mut memory = Box::new([0; SANDBOX_SIZE]);
    for annotation in &case.annotations {
        match annotation {
            Annotation::RegisterIn(PpcRegister::Gpr(13), value) if value.bits != state.gpr[13].into() => {
                return Err(format!("r13 has to be {:#x}", state.gpr[13]));
            }
            Annotation::RegisterIn(register, value) => register.set(&mut state, value.bits),
            Annotation::MemoryIn(addr, bytes) => {
                let at = addr.wrapping_sub(SANDBOX) as usize;
                let place = memory.get_mut(at..at.saturating_add(bytes.len()));
                let place = place.ok_or_else(|| format!("memory at {addr:08X} is outside the fuzzer's"))?;
                place.copy_from_slice(bytes);
            }
            Annotation::RegisterOut(..) | Annotation::MemoryOut(..) => {}
        }
    }
    Ok(Sequence { units, state, memory })
}

/// Creates another state for the same code.
fn vary(sequence: &mut Sequence, seed: u64, number: u64, choice: &Choice) {
    let (mut state, memory) = generate::surroundings(seed ^ 0xC0_0005, number, choice);
    let kept = &sequence.state;
    for (n, (new, &old)) in state.gpr.iter_mut().zip(&kept.gpr).enumerate() {
        let pointer = (u64::from(DATA_BASE)..u64::from(DATA_BASE + DATA_SIZE)).contains(&old);
        if pointer || n >= 20 && old != 0 {
            *new = old;
        }
    }
    state.ctr = kept.ctr;
    state.xer_count = kept.xer_count;
    *sequence.state = *state;
    sequence.memory = memory;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(source: &str) -> Result<Vec<Planned>, RunError> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.s"), source).unwrap();
        load(folder.path(), 1, &Choice::everything())
    }

    #[test]
    fn a_case_becomes_its_own_state_and_drawn_ones() {
        let planned = planned(
            "test_loop:\n  #_ REGISTER_IN r4 0x10002010\n  #_ REGISTER_IN r5 7\n  #_ REGISTER_IN ctr 3\n\
             \x20 #_ MEMORY_IN 10002010 11 22\n  mflr r1\nagain:\n  lbzu r3,1(r4)\n  bdnz again\n  mtlr r1\n  blr\n",
        )
        .unwrap();
        assert_eq!(planned.len() as u64, VARIANTS);
        let own = &planned[0].sequence;
        assert_eq!(own.text(), ["lbzu r3,1(r4)", "bdnz 0x82010004"]);
        assert_eq!((own.state.gpr[5], own.state.ctr), (7, 3));
        assert_eq!(own.memory[0x810..0x812], [0x11, 0x22]);
        for variant in &planned[1..] {
            let state = &variant.sequence.state;
            assert_eq!((state.gpr[4], state.ctr), (0x1000_2010, 3));
        }
        assert!(planned[1..].iter().any(|variant| variant.sequence.state.gpr[5] != 7));
    }

    #[test]
    fn corpus_cases_outside_fuzzer_limits_are_rejected() {
        for (source, reason) in [
            ("test_a:\n  nop\n", "its last word is not a blr"),
            ("test_a:\n  b test_a-64\n  blr\n", "a branch leaves the case"),
            ("test_a:\n  #_ MEMORY_IN 10001000 11\n  blr\n", "memory at 10001000 is outside the fuzzer's"),
            ("test_a:\n  #_ REGISTER_IN r13 1\n  blr\n", "r13 has to be"),
            ("nothing:\n  blr\n", "no cases"),
        ] {
            let error = planned(source).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains(reason), "{error}");
        }
    }
}
