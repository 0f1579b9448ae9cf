//! Views of a debugged machine for a debugger of this process: its moments, symbols, and the
//! compiler's output. Views that a window also has are in `machine/inspect.rs`.

use super::super::{Machine, MachinePosition, register_functions};
use super::Debugged;
use anyhow::{Context, Result};
use xenia_guest::{GuestAddr, PAGE_SIZE};
use xenia_jit::{Dump, Jit, JitConfig};
use xenia_kernel::loader::Module;
use xenia_memory::{AllocKind, GuestMemory, Protect};
use xenia_sched::RunEnd;

/// Origin of the last store to some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastWriter {
    /// Nobody since the earliest moment.
    Nobody {
        /// The earliest moment.
        since: u64,
    },
    /// The kernel or a device.
    Kernel {
        /// The moment before it.
        moment: u64,
    },
    /// An instruction of the title.
    Instruction {
        /// The moment before it.
        moment: u64,
        /// Address of the instruction.
        pc: u32,
    },
}

impl Debugged<'_, '_> {
    /// The machine, for its views.
    pub fn machine(&self) -> &Machine {
        self.machine
    }

    /// The present moment of the machine.
    pub fn position(&self) -> MachinePosition {
        self.machine.position()
    }

    /// Name of the title.
    pub fn title_name(&self) -> &str {
        &self.machine.spec.title.name
    }

    /// Name of the engine that runs guest code.
    pub fn engine_name(&self) -> &'static str {
        self.machine.inside.executor.engine_name()
    }

    /// Why the run ended, once it has.
    pub fn end(&self) -> Option<&RunEnd> {
        self.end.as_ref()
    }

    /// Takes the messages for the user that are not part of an answer to a command.
    pub fn take_notes(&mut self) -> Vec<String> {
        self.notes.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// The checkpoints in a line, or the reason why the run does not go back. After a change the
    /// past begins at this moment.
    ///
    /// # Errors
    /// The run does not go back; the error says why.
    pub fn describe_history(&mut self) -> Result<String> {
        self.begin_edited();
        self.history().map(|history| history.describe())
    }

    /// Guest id of the thread that executed the last instruction; 0 if its visit is over.
    pub fn visited_thread(&self) -> u32 {
        self.last_thread()
    }

    /// The word at an address, without breakpoints.
    pub fn word_at(&self, at: u32) -> Option<u32> {
        let mut bytes = [0; 4];
        (xenia_gdb::Debuggee::read(self, at, &mut bytes) == 4).then(|| u32::from_be_bytes(bytes))
    }

    /// Addresses at which the title calls an export.
    pub fn imports_named(&self, name: &str) -> Vec<u32> {
        let addresses = self.machine.inside.kernel.imports.addresses_of(name);
        addresses.into_iter().map(|address| address.0).collect()
    }

    /// Calls `visit` with name and address of every named function, until it returns `false`.
    pub fn each_symbol(&self, mut visit: impl FnMut(&str, u32) -> bool) {
        let modules = self.machine.inside.kernel.modules.lock();
        for symbol in modules.iter().flat_map(Module::named_functions) {
            if !visit(&symbol.name, symbol.address.0) {
                return;
            }
        }
    }

    /// The compiler's output by its default settings for the function around an address, of the
    /// memory as it is now.
    ///
    /// # Errors
    /// No module is at the address, or it has no code there.
    pub fn compiled(&self, pc: u32) -> Result<Dump> {
        let found = {
            let modules = self.machine.inside.kernel.modules.lock();
            let mut modules = modules.iter();
            let module = modules.find(|module| pc >= module.base.0 && pc - module.base.0 < module.size);
            module.map(|module| (module.base, module.size, module.functions.clone()))
        };
        let (base, size, functions) = found.with_context(|| format!("no module is at {pc:#010x}"))?;
        let copy = GuestMemory::new()?;
        let size = size.next_multiple_of(PAGE_SIZE);
        copy.alloc_fixed(base, size, AllocKind::ReserveCommit, Protect::EXECUTE_READ_WRITE)?;
        let mut page = [0; PAGE_SIZE as usize];
        for offset in (0..size).step_by(PAGE_SIZE as usize) {
            let at = base.offset(offset);
            let count = xenia_gdb::Debuggee::read(self, at.0, &mut page);
            if page[..count].iter().any(|&byte| byte != 0) {
                copy.write_bytes(at, &page[..count])?;
            }
        }
        let jit = Jit::new(copy, JitConfig::default())?;
        register_functions(&jit, &functions);
        jit.dump(GuestAddr(pc))?.with_context(|| format!("there is no code at {pc:#010x}"))
    }
}
