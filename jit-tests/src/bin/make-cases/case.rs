//! A case under construction.

use std::collections::BTreeMap;
use std::fmt;
use xenia_isa::Op;

/// Start of the memory window of load and store cases: it crosses a page.
pub(crate) const WINDOW: u32 = 0x1000_1FC0;
/// Size of the window in bytes.
pub(crate) const WINDOW_SIZE: usize = 128;

/// A register that cases set or compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reg {
    R(u8),
    F(u8),
    V(u8),
    Cr,
    Xer,
    Ctr,
    Fpscr,
    Vscr,
    Vrsave,
}

impl fmt::Display for Reg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::R(n) => write!(f, "r{n}"),
            Self::F(n) => write!(f, "f{n}"),
            Self::V(n) => write!(f, "v{n}"),
            Self::Cr => f.write_str("cr"),
            Self::Xer => f.write_str("xer"),
            Self::Ctr => f.write_str("ctr"),
            Self::Fpscr => f.write_str("fpscr"),
            Self::Vscr => f.write_str("vscr"),
            Self::Vrsave => f.write_str("vrsave"),
        }
    }
}

impl Reg {
    /// A value in the annotations' syntax.
    pub(crate) fn text(self, value: u128) -> String {
        match self {
            Self::V(_) => {
                let word = |n: u32| (value >> (96 - 32 * n)) as u32;
                format!("[{:08X}, {:08X}, {:08X}, {:08X}]", word(0), word(1), word(2), word(3))
            }
            Self::R(_) | Self::F(_) | Self::Ctr => format!("0x{value:016X}"),
            _ => format!("0x{value:08X}"),
        }
    }
}

/// Expected result of a case.
#[derive(Clone, Debug)]
pub(crate) enum Expected {
    Register(Reg, u128),
    Memory(u32, Vec<u8>),
}

/// A question for qemu: code and the state to compare.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    /// Code for qemu: the case's code or an equivalent.
    pub(crate) code: String,
    /// Vector registers that have other numbers in qemu's code: (here, there).
    pub(crate) vectors: Vec<(u8, u8)>,
    /// A processor model that has the instructions.
    pub(crate) cpu: &'static str,
    /// Value of MSR\[SF\].
    pub(crate) sf: bool,
    /// Registers to compare.
    pub(crate) registers: Vec<Reg>,
    /// Whether the memory window is compared.
    pub(crate) memory: bool,
}

/// A case with its inputs and expected results.
#[derive(Clone, Debug)]
pub(crate) struct GeneratedCase {
    pub(crate) op: Op,
    pub(crate) code: String,
    pub(crate) ins: BTreeMap<Reg, u128>,
    pub(crate) memory_in: Vec<(u32, Vec<u8>)>,
    pub(crate) outs: Vec<Expected>,
    pub(crate) source: &'static str,
    pub(crate) question: Option<Question>,
}

/// Source line of qemu's results.
pub(crate) const QEMU: &str = "qemu-ppc64 7.2 with MSR[SF] cleared through its gdb stub.";
/// Source line of qemu's results in 64-bit mode.
pub(crate) const QEMU_SF: &str = "qemu-ppc64 7.2 with MSR[SF] set, for cases that set it.";
/// Source line of results derived from the books.
pub(crate) const BOOK: &str = "worked out by hand from PowerISA 2.02 and the AltiVec manual.";
/// Source line of measured facts.
pub(crate) const FACTS: &str = "measured on a Cell PPE (https://github.com/RPCS3/ps3autotests, tests/cpu).";
/// Source line of results by a rule that measurements of the console show.
pub(crate) const CONSOLE: &str =
    "by the rule of Xbox 360 captures (https://github.com/xenia-project/xenia/pull/1348).";
/// Source line of results by published tables.
pub(crate) const TABLES: &str =
    "from RPCS3's tables of a Cell PPE (https://github.com/RPCS3/rpcs3, Emu/Cell/Common.h).";
/// Source line of results derived from the VMX128 notes.
pub(crate) const NOTES: &str = "worked out by hand from the VMX128 encoding notes.";

impl GeneratedCase {
    /// A case with known expectations.
    pub(crate) fn known(
        op: Op,
        code: &str,
        ins: &[(Reg, u128)],
        outs: &[(Reg, u128)],
        source: &'static str,
    ) -> Self {
        Self {
            op,
            code: code.to_owned(),
            ins: ins.iter().copied().collect(),
            memory_in: Vec::new(),
            outs: outs.iter().map(|&(register, value)| Expected::Register(register, value)).collect(),
            source,
            question: None,
        }
    }

    /// A case whose expectations come from qemu.
    pub(crate) fn for_qemu(op: Op, code: &str, ins: &[(Reg, u128)], registers: &[Reg]) -> Self {
        let question = Question {
            code: code.to_owned(),
            vectors: Vec::new(),
            cpu: "970fx",
            sf: false,
            registers: registers.to_vec(),
            memory: false,
        };
        let mut case = Self::known(op, code, ins, &[], QEMU);
        case.question = Some(question);
        case
    }

    /// Fills the memory window before the case.
    pub(crate) fn with_memory(mut self, bytes: &[u8; WINDOW_SIZE]) -> Self {
        self.memory_in = vec![(WINDOW, bytes.to_vec())];
        self
    }

    /// The expected value of a register.
    pub(crate) fn out(&mut self, register: Reg) -> Option<&mut u128> {
        self.outs.iter_mut().find_map(|expected| match expected {
            Expected::Register(found, value) if *found == register => Some(value),
            _ => None,
        })
    }
}
