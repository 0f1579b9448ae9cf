//! Test harness of the cases: fresh memory, zeroed registers, a stack, a PCR, and a return address.
//!
//! ```text
//!  10001000 – 1000FFFF  data, readable and writable
//!  81FF0000             return address: LR points at a system call with a reserved level
//!  81FF1000             PCR (r13)
//!  82000000 – 8200FFFF  stack (r1 near its end)
//!  82010000 –           the file's code
//! ```
//! One memory serves all cases; between two cases it is restored, so that an engine can't
//! distinguish it from a fresh one.

use super::annotation::Annotation;
use super::file::{Case, CaseFile};
use std::sync::Arc;
use xenia_cpu::{Execute, Exit, GuestException, PpcContext};
use xenia_guest::GuestAddr;
use xenia_isa::word::sc;
use xenia_memory::{AllocKind, DeviceQueue, GuestMemory, HeapError, MemoryError, MemoryFault, Protect};

/// Load address of code.
pub const CODE_BASE: u32 = 0x8201_0000;
/// Size of the code area in bytes.
pub const CODE_SIZE: u32 = 0x00FF_0000;
/// First byte of the cases' data.
pub const DATA_BASE: u32 = 0x1000_1000;
/// Size of the cases' data in bytes.
pub const DATA_SIZE: u32 = 0xF000;
/// Initial value of LR.
pub const EXIT_BASE: u32 = 0x81FF_0000;
const PCR: u32 = 0x81FF_1000;
const STACK_BASE: u32 = 0x8200_0000;
const STACK_SIZE: u32 = 0x1_0000;
const STACK_TOP: u32 = STACK_BASE + STACK_SIZE - 0x200;
/// Level of the system call that ends a case.
pub const EXIT_LEVEL: u8 = 0x7F;
/// Limit on the instructions of a case.
const MAX_INSTRUCTIONS: i64 = 20_000_000;

/// Reason why a machine could not be set up, or a case did not complete.
#[derive(Debug, thiserror::Error)]
pub enum CaseRunError {
    /// The address space could not be created.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// Guest memory could not be allocated.
    #[error(transparent)]
    Heap(#[from] HeapError),
    /// The harness could not access its memory.
    #[error(transparent)]
    Fault(#[from] MemoryFault),
    /// The file has too much code.
    #[error("{0} bytes of code are more than {CODE_SIZE}")]
    CodeSize(usize),
    /// An exception ended the case.
    #[error("{kind:?} at {pc:08X}", kind = .0.kind, pc = .0.pc.0)]
    Exception(GuestException),
    /// The instruction budget is spent.
    #[error("still running at {0:08X} after {MAX_INSTRUCTIONS} instructions")]
    Endless(u32),
}

/// A difference in the results of a case: what, expected, actual.
pub(super) type Difference = (String, String, String);

/// A memory with the cases' layout.
pub struct CaseMachine {
    memory: Arc<GuestMemory>,
    devices: DeviceQueue,
    /// The code that is loaded now.
    code: Vec<u8>,
}

impl CaseMachine {
    /// Creates an address space with the cases' layout.
    pub fn new() -> Result<Self, CaseRunError> {
        let memory = GuestMemory::new()?;
        let all = Protect::READ_WRITE;
        for (base, size) in
            [(DATA_BASE, DATA_SIZE), (EXIT_BASE, 0x1_0000), (STACK_BASE, STACK_SIZE), (CODE_BASE, CODE_SIZE)]
        {
            memory.alloc_fixed(GuestAddr(base), size, AllocKind::ReserveCommit, all)?;
        }
        memory.write(GuestAddr(EXIT_BASE), sc(EXIT_LEVEL))?;
        Ok(Self { memory, devices: DeviceQueue::new(), code: Vec::new() })
    }

    /// The memory, for creating engines.
    pub fn memory(&self) -> Arc<GuestMemory> {
        Arc::clone(&self.memory)
    }

    /// Restores the initial memory, with `code` loaded.
    fn reset(&mut self, code: &[u8]) -> Result<(), CaseRunError> {
        if code.len() > CODE_SIZE as usize {
            return Err(CaseRunError::CodeSize(code.len()));
        }
        self.memory.fill(GuestAddr(DATA_BASE), DATA_SIZE, 0)?;
        self.memory.fill(GuestAddr(STACK_BASE), STACK_SIZE, 0)?;
        self.memory.fill(GuestAddr(PCR), 0x1000, 0)?;
        // Only changed code is written, so that engines can keep their translations.
        let size = code.len().max(self.code.len());
        let mut present = vec![0; size];
        self.memory.read_bytes(GuestAddr(CODE_BASE), &mut present)?;
        let mut wanted = code.to_vec();
        wanted.resize(size, 0);
        if present != wanted {
            self.memory.write_bytes(GuestAddr(CODE_BASE), &wanted)?;
            code.clone_into(&mut self.code);
        }
        Ok(())
    }

    /// Runs a case and returns the differences from its expectations.
    pub(super) fn run(
        &mut self,
        engine: &mut dyn Execute,
        file: &CaseFile,
        case: &Case,
    ) -> Result<Vec<Difference>, CaseRunError> {
        self.reset(&file.code)?;
        let mut ctx = PpcContext::default();
        ctx.gpr[1] = STACK_TOP.into();
        ctx.gpr[13] = PCR.into();
        case.begin(&mut ctx, &self.memory)?;
        self.execute(engine, &mut ctx)?;
        let mut differences = Vec::new();
        for annotation in &case.annotations {
            match annotation {
                Annotation::RegisterOut(register, value) => {
                    let actual = register.get(&ctx);
                    if !value.matches(actual) {
                        let text = (register.text(value.bits), register.text(actual));
                        differences.push((register.to_string(), text.0, text.1));
                    }
                }
                Annotation::MemoryOut(addr, bytes) => {
                    let mut actual = vec![0; bytes.len()];
                    self.memory.read_bytes(GuestAddr(*addr), &mut actual)?;
                    if actual != *bytes {
                        differences.push((
                            format!("memory {addr:08X}"),
                            hexadecimal(bytes),
                            hexadecimal(&actual),
                        ));
                    }
                }
                Annotation::RegisterIn(..) | Annotation::MemoryIn(..) => {}
            }
        }
        Ok(differences)
    }

    /// Runs until the case has returned. The case's system calls complete without effect.
    fn execute(&mut self, engine: &mut dyn Execute, ctx: &mut PpcContext) -> Result<(), CaseRunError> {
        let mut left = MAX_INSTRUCTIONS;
        let mut time = 0;
        while left > 0 {
            ctx.begin_visit(left, time, u32::MAX);
            let exit = engine.run(ctx, &mut self.devices);
            left = ctx.budget;
            time = ctx.now();
            self.devices.clear();
            match exit {
                Exit::Syscall { lev: EXIT_LEVEL } if ctx.pc == EXIT_BASE + 4 => return Ok(()),
                Exit::Exception(exception) => return Err(CaseRunError::Exception(exception)),
                Exit::Syscall { .. } | Exit::Yield | Exit::Budget => {}
            }
        }
        Err(CaseRunError::Endless(ctx.pc))
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    let texts: Vec<String> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    texts.join(" ")
}
