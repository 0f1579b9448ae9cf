//! Runs functions of a plain ELF on one engine in bare guest memory: without kernel, scheduler and
//! devices.
//!
//! `bench` uses this to measure only the engine. The image is placed in fresh guest memory; a call
//! sets up r1, r3 and LR, and runs until the function returns to a page that holds one `sc`. The
//! system call that writes text is supported.

use anyhow::{Context, Result, bail};
use std::sync::Arc;
use xenia_cpu::{Execute, Exit, PpcContext};
use xenia_formats::{KeyRing, LoadedImage, ReadAt};
use xenia_guest::GuestAddr;
use xenia_isa::word::sc;
use xenia_memory::{AllocKind, DeviceQueue, GuestMemory, Heap, Protect};

/// The instruction `sc`, at the return address.
const SYSTEM_CALL: u32 = sc(0);
const STACK_SIZE: u32 = 0x10_0000;
/// Bytes reserved above the initial stack pointer.
const STACK_TOP: u32 = 0x100;
/// Instructions that an engine executes per call.
const SLICE: i64 = 50_000_000;

/// Largest amount of text that a program may write, in bytes.
const MAX_TEXT: usize = 1 << 20;

/// Result of a run.
pub(crate) struct FlatOutcome {
    /// The exit code.
    pub value: u32,
    /// Guest instructions executed.
    pub instructions: u64,
    /// Text that the program wrote.
    pub text: Vec<u8>,
}

/// An image in otherwise empty guest memory.
pub(crate) struct FlatImage {
    /// The memory, for engines to run in.
    pub memory: Arc<GuestMemory>,
    /// The image that was placed.
    pub image: Arc<LoadedImage>,
}

impl FlatImage {
    /// Places the image as its file has it; imports are not resolved.
    pub(crate) fn place(image: Arc<LoadedImage>) -> Result<Self> {
        let memory = GuestMemory::new()?;
        memory.alloc_fixed(image.base, image.size, AllocKind::ReserveCommit, Protect::EXECUTE_READ_WRITE)?;
        // Fresh memory is zero, so only the other bytes are copied.
        for (offset, bytes) in image.filled_runs() {
            memory.write_bytes(image.base.offset(offset), bytes)?;
        }
        Ok(Self { memory, image })
    }
}

/// A plain ELF in otherwise empty guest memory, ready to be called.
pub(crate) struct FlatProgram {
    /// The memory, for engines to run in.
    pub memory: Arc<GuestMemory>,
    image: Arc<LoadedImage>,
    return_to: GuestAddr,
    stack: GuestAddr,
}

impl FlatProgram {
    /// Places the image of an ELF.
    pub(crate) fn load(elf: &dyn ReadAt) -> Result<Self> {
        let FlatImage { memory, image } =
            FlatImage::place(xenia_formats::load(elf, &KeyRing::development())?.into())?;
        let heap = Heap::of(GuestAddr(0x1000_0000)).context("no general heap")?;
        let page = memory.alloc(heap, 0x1000, 0x1000, Protect::READ_WRITE)?;
        memory.write(page, SYSTEM_CALL)?;
        let stack = memory.alloc(heap, STACK_SIZE, 0x1000, Protect::READ_WRITE)?;
        Ok(Self { memory, image, return_to: page, stack: stack.offset(STACK_SIZE - STACK_TOP) })
    }

    /// Names and addresses of the functions whose names start with `prefix`.
    pub(crate) fn functions(&self, prefix: &str) -> Vec<(String, GuestAddr)> {
        let found = self.image.symbols.iter().filter(|symbol| symbol.is_function);
        found
            .filter_map(|symbol| Some((symbol.name.strip_prefix(prefix)?.to_owned(), symbol.address)))
            .collect()
    }

    /// Calls `function(argument)`; returns r3 and the number of instructions executed.
    pub(crate) fn call(
        &self,
        engine: &mut dyn Execute,
        function: GuestAddr,
        argument: u32,
    ) -> Result<(u32, u64)> {
        let ended = self.go(engine, function, argument, SLICE)?;
        Ok((ended.value, ended.instructions))
    }

    /// Runs the program from its entry point to its end, in slices of `quantum` instructions.
    pub(crate) fn run(&self, engine: &mut dyn Execute, quantum: i64) -> Result<FlatOutcome> {
        self.go(engine, self.image.entry, 0, quantum)
    }

    fn go(
        &self,
        engine: &mut dyn Execute,
        from: GuestAddr,
        argument: u32,
        slice: i64,
    ) -> Result<FlatOutcome> {
        let mut ctx = PpcContext { pc: from.0, lr: u64::from(self.return_to.0), ..PpcContext::default() };
        ctx.gpr[1] = u64::from(self.stack.0);
        ctx.gpr[3] = u64::from(argument);
        let mut devices = DeviceQueue::new();
        let mut instructions = 0;
        let mut text = Vec::new();
        loop {
            ctx.begin_visit(slice, 0, u32::MAX);
            let exit = engine.run(&mut ctx, &mut devices);
            instructions += ctx.executed();
            match exit {
                Exit::Budget | Exit::Yield => {}
                Exit::Syscall { .. } if ctx.pc == self.return_to.0 + 4 => {
                    return Ok(FlatOutcome {
                        value: ctx.gpr[3] as u32,
                        instructions: instructions - 1,
                        text,
                    });
                }
                Exit::Syscall { .. } if ctx.gpr[0] == 0 => {
                    let length = ctx.gpr[4] as u32;
                    if length as usize > MAX_TEXT - text.len() {
                        bail!("{} writes more than {MAX_TEXT} bytes of text", engine.name());
                    }
                    let mut part = vec![0; length as usize];
                    self.memory.read_bytes(GuestAddr(ctx.gpr[3] as u32), &mut part)?;
                    text.append(&mut part);
                }
                other => bail!("{} at {:#010x}: {other:?}", engine.name(), ctx.pc),
            }
        }
    }
}
