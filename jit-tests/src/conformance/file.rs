//! One annotated file: its code, and the cases that begin at its `test_` labels.

use super::annotation::{self, Annotation, AnnotationError};
use super::harness::{CODE_BASE, EXIT_BASE};
use xenia_cpu::PpcContext;
use xenia_guest::GuestAddr;
use xenia_isa::{AsmError, Assembly, assemble};
use xenia_memory::{GuestMemory, MemoryFault};

/// A case of a file.
#[derive(Clone, Debug)]
pub struct Case {
    /// Name of the label.
    pub name: String,
    /// Start address of the case.
    pub entry: u32,
    /// Start of the next case, or end of the code.
    pub end: u32,
    pub(crate) annotations: Vec<Annotation>,
}

impl Case {
    /// Sets the registers and the memory with which the case begins; its return address is the
    /// harness's.
    ///
    /// # Errors
    /// The memory that it names is missing.
    pub fn begin(&self, ctx: &mut PpcContext, memory: &GuestMemory) -> Result<(), MemoryFault> {
        ctx.pc = self.entry;
        ctx.lr = EXIT_BASE.into();
        for annotation in &self.annotations {
            match annotation {
                Annotation::RegisterIn(register, value) => register.set(ctx, value.bits),
                Annotation::MemoryIn(addr, bytes) => memory.write_bytes(GuestAddr(*addr), bytes)?,
                Annotation::RegisterOut(..) | Annotation::MemoryOut(..) => {}
            }
        }
        Ok(())
    }

    /// Whether the case compares anything.
    pub fn expects_something(&self) -> bool {
        self.annotations.iter().any(|a| matches!(a, Annotation::RegisterOut(..) | Annotation::MemoryOut(..)))
    }
}

/// A parsed and assembled file.
#[derive(Clone, Debug)]
pub struct CaseFile {
    /// The code, for load address [`CODE_BASE`].
    pub code: Vec<u8>,
    /// The cases in file order.
    pub cases: Vec<Case>,
}

/// Reason why a file can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// The code doesn't assemble.
    #[error(transparent)]
    Assembler(#[from] AsmError),
    /// An annotation is malformed.
    #[error("line {line}: {error}")]
    Annotation {
        /// Line number, from 1.
        line: usize,
        error: AnnotationError,
    },
}

/// The case's name, if the line starts a case.
fn label(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let (name, _) = line.split_once(':')?;
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'$'));
    (name.starts_with("test_") && plain).then_some(name)
}

impl CaseFile {
    /// Assembles the source and collects its cases.
    pub fn parse(source: &str) -> Result<Self, FileError> {
        let Assembly { bytes: code, labels, .. } = assemble(source, CODE_BASE)?;
        let mut cases = Vec::<Case>::new();
        for (index, line) in source.lines().enumerate() {
            if let Some(name) = label(line) {
                // A label in a block comment has no address and starts no case.
                if let Some(&entry) = labels.get(name) {
                    let end = CODE_BASE + code.len() as u32;
                    cases.push(Case { name: name.to_owned(), entry, end, annotations: Vec::new() });
                }
            } else if let Some(text) = line.trim_start().strip_prefix("#_") {
                let located = |error| FileError::Annotation { line: index + 1, error };
                let annotation = annotation::parse(text).map_err(located)?;
                let case = cases.last_mut().ok_or_else(|| located(AnnotationError::BeforeFirstCase))?;
                case.annotations.push(annotation);
            }
        }
        for index in 1..cases.len() {
            cases[index - 1].end = cases[index].entry;
        }
        Ok(Self { code, cases })
    }

    /// The words between a case's label and the next case's.
    pub fn code_of(&self, case: &Case) -> impl Iterator<Item = u32> {
        let range = (case.entry - CODE_BASE) as usize..(case.end.max(case.entry) - CODE_BASE) as usize;
        self.code
            .get(range)
            .unwrap_or_default()
            .as_chunks()
            .0
            .iter()
            .map(|&word: &[u8; 4]| u32::from_be_bytes(word))
    }
}
