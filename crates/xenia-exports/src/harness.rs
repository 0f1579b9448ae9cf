//! Test harness for exports: calls them through the guest ABI, with arguments in the registers and
//! on the stack of a guest thread.

use super::{registry, resume};
use crate::abi::{Call, Continuation, Flow, Rest};
use crate::ports::{Chipset, Devices, Disc, Network, Ports};
use crate::thread::life::NewThread;
use crate::{Kernel, KernelConfig, KernelSystem};
use std::path::Path;
use std::sync::{Arc, Mutex};
use xenia_cpu::PpcContext;
use xenia_guest::layout::kpcr;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_imports::Library;
use xenia_memory::{GuestMemory, Heap, Protect};
use xenia_sched::{Cpu, Disposition, Running, Scheduler, System, TICKS_PER_SECOND, ThreadRef};

/// A machine with one guest thread and some scratch memory.
pub struct Harness {
    pub kernel: Arc<Kernel>,
    pub scheduler: Scheduler,
    pub thread: ThreadRef,
    pub scratch: GuestAddr,
    pub text: Arc<Mutex<String>>,
}

impl Default for Harness {
    fn default() -> Self {
        Self::with_ports(Ports::default())
    }
}

impl Harness {
    /// Creates a machine without devices.
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates a machine with these ports; its text output is captured.
    pub fn with_ports(ports: Ports) -> Self {
        Self::with_config(KernelConfig::default(), ports)
    }

    /// Like [`Self::with_ports`], with these settings.
    pub fn with_config(config: KernelConfig, ports: Ports) -> Self {
        Self::build(config, Chipset::default(), ports)
    }

    /// Creates a machine with this network.
    pub fn with_network(network: Box<dyn Network>) -> Self {
        let chipset = Chipset { network, ..Chipset::default() };
        Self::build(KernelConfig::default(), chipset, Ports::default())
    }

    /// Replaces the machine by a new one, to which the same devices are lent. Text of both is
    /// captured together.
    pub fn replaced(self) -> Self {
        let devices = self.kernel.devices.clone();
        let text = self.text.clone();
        drop(self);
        devices.start_over();
        Self::lend(KernelConfig::default(), Chipset::default(), devices, text)
    }

    fn build(config: KernelConfig, chipset: Chipset, ports: Ports) -> Self {
        let text = Arc::new(Mutex::new(String::new()));
        let sink = text.clone();
        let text_sink = Box::new(move |part: &[u8]| {
            sink.lock().unwrap().push_str(&String::from_utf8_lossy(part));
        });
        let devices = Arc::new(Devices::new(Ports { text: text_sink, ..ports }));
        Self::lend(config, chipset, devices, text)
    }

    /// Creates a machine under `devices`, whose text goes to `text`.
    fn lend(config: KernelConfig, chipset: Chipset, devices: Arc<Devices>, text: Arc<Mutex<String>>) -> Self {
        let memory = GuestMemory::new().unwrap();
        let kernel = Kernel::new(memory.clone(), config, chipset, devices, registry()).unwrap();
        let mut scheduler = Scheduler::default();
        let new = NewThread::new(GuestAddr(0x8200_0000), kernel.imports.own_stubs.thread_return, 0);
        let thread = kernel.thread_life().create(&mut scheduler, &new).unwrap().reference;
        let scratch = memory.alloc(Heap::Virtual4K, 0x2_0000, 0x1_0000, Protect::READ_WRITE).unwrap();
        Self { kernel, scheduler, thread, scratch, text }
    }

    /// Returns the registers of the calling thread.
    pub fn context(&mut self) -> &mut PpcContext {
        self.scheduler.context_mut(self.thread).unwrap()
    }

    pub fn memory(&self) -> &GuestMemory {
        &self.kernel.memory
    }

    pub fn call(&mut self, library: Library, name: &str, arguments: &[u64]) -> Flow {
        let export = registry().find_by_name(library, name).unwrap_or_else(|| panic!("no {name}"));
        let stack = u64::from(self.scratch.0) + 0x1_8000;
        let ctx = self.context();
        ctx.gpr[1] = stack;
        for (index, &argument) in arguments.iter().enumerate().take(8) {
            ctx.gpr[3 + index] = argument;
        }
        for (index, &argument) in arguments.iter().skip(8).enumerate() {
            let at = self.scratch.offset(0x1_8050 + 8 * index as u32);
            self.kernel.memory.write(at, argument).unwrap();
        }
        self.with_call(export.shim)
    }

    /// Runs `f` during a call of the thread.
    pub fn with_call<R>(&mut self, f: impl FnOnce(&mut Call) -> R) -> R {
        let mut result = None;
        let mut system = KernelSystem::new(self.kernel.clone());
        let ran = self.scheduler.run_for(&mut system, self.thread, |scheduler, running| {
            result = Some(f(&mut Call::new(&self.kernel, scheduler, running)));
            Disposition::Continue
        });
        assert!(ran.is_some(), "the thread is gone");
        self.kernel.run_deferred_deletions();
        result.unwrap()
    }

    /// Continues an export as if the guest code that it called had returned `result`.
    pub fn resume(&mut self, then: Continuation, result: u64) -> Flow {
        self.with_call(|call| Self::resume_call(call, then, result))
    }

    /// Like [`Self::resume`], within a call.
    pub fn resume_call(call: &mut Call, then: Continuation, result: u64) -> Flow {
        call.resume(then, result)
    }

    /// Continues a long call for another turn.
    pub fn continue_long_call(&mut self, rest: Rest) -> Flow {
        self.with_call(|call| resume::continue_long_call(call, rest))
    }

    /// Runs a kernel action for a thread, as the executor does.
    pub fn act(
        &mut self,
        thread: ThreadRef,
        f: impl FnOnce(&mut dyn Cpu, &mut Running) -> Disposition,
    ) -> Disposition {
        let mut system = KernelSystem::new(self.kernel.clone());
        self.scheduler
            .run_for(&mut system, thread, |scheduler, running| f(scheduler, running))
            .unwrap_or(Disposition::Continue)
    }

    /// Creates another thread of the title.
    pub fn add_thread(&mut self) -> ThreadRef {
        let new = NewThread::new(GuestAddr(0x8200_0000), self.kernel.imports.own_stubs.thread_return, 0);
        self.kernel.thread_life().create(&mut self.scheduler, &new).unwrap().reference
    }

    /// Selects the calling thread; returns the previous one.
    pub fn act_as(&mut self, thread: ThreadRef) -> ThreadRef {
        std::mem::replace(&mut self.thread, thread)
    }

    /// Calls a kernel function and carries out the resulting control flow, as the machine would.
    /// `None` means that the thread waits.
    pub fn carry_out(&mut self, name: &str, arguments: &[u64]) -> Option<u64> {
        let flow = self.call(Library::xboxkrnl, name, arguments);
        let kernel = self.kernel.clone();
        let disposition = self.act(self.thread, |cpu, running| {
            let mut call = Call::new(&kernel, cpu, running);
            kernel.apply(&mut call, flow)
        });
        assert!(!matches!(disposition, Disposition::End(_)), "{name}: {disposition:?}");
        self.answer(self.thread)
    }

    /// Returns r3 of a thread, unless it waits.
    pub fn answer(&self, thread: ThreadRef) -> Option<u64> {
        let thread = self.scheduler.thread(thread).unwrap();
        thread.wait().is_none().then(|| thread.context().unwrap().gpr[3])
    }

    /// Returns the address of the thread's object.
    pub fn kthread(&mut self) -> u64 {
        let kpcr = GuestAddr(self.context().gpr[13] as u32);
        u64::from(self.memory().read::<u32>(kpcr.offset(kpcr::CURRENT_THREAD)).unwrap())
    }

    /// Calls a kernel function that must return at once; returns its result.
    pub fn kernel_call(&mut self, name: &str, arguments: &[u64]) -> u64 {
        match self.call(Library::xboxkrnl, name, arguments) {
            Flow::Return(value) => value,
            other => panic!("{name}: {other:?}"),
        }
    }

    pub fn xam_call(&mut self, name: &str, arguments: &[u64]) -> u64 {
        match self.call(Library::xam, name, arguments) {
            Flow::Return(value) => value,
            other => panic!("{name}: {other:?}"),
        }
    }

    pub fn status(&mut self, name: &str, arguments: &[u64]) -> NtStatus {
        NtStatus(self.kernel_call(name, arguments) as u32)
    }

    /// Stores an 8-bit text in the scratch memory.
    pub fn put_text(&self, offset: u32, text: &str) -> u64 {
        let at = self.scratch.offset(offset);
        self.memory().write_bytes(at, text.as_bytes()).unwrap();
        self.memory().write(at.offset(text.len() as u32), 0_u8).unwrap();
        u64::from(at.0)
    }

    /// Stores a UTF-16 text in the scratch memory.
    pub fn put_wide_text(&self, offset: u32, text: &str) -> u64 {
        let at = self.scratch.offset(offset);
        let bytes: Vec<u8> = text.encode_utf16().chain([0]).flat_map(u16::to_be_bytes).collect();
        self.memory().write_bytes(at, &bytes).unwrap();
        u64::from(at.0)
    }

    /// Stores an `ANSI_STRING` in the scratch memory.
    pub fn put_string(&self, offset: u32, text: &str) -> u64 {
        let at = self.scratch.offset(offset);
        let buffer = self.put_text(offset + 0x10, text);
        self.memory().write(at, (text.len() as u32 * 0x1_0001) + 1).unwrap();
        self.memory().write(at.offset(4), buffer as u32).unwrap();
        u64::from(at.0)
    }

    /// Stores `OBJECT_ATTRIBUTES` with a name in the scratch memory. The flags ignore case and open
    /// existing objects.
    pub fn put_attributes(&self, offset: u32, name: &str) -> u64 {
        let string = self.put_string(offset + 0x10, name);
        let at = self.scratch.offset(offset);
        for (index, word) in [0, string as u32, 0xC0].into_iter().enumerate() {
            self.memory().write::<u32>(at.offset(4 * index as u32), word).unwrap();
        }
        u64::from(at.0)
    }

    /// Advances guest time by one field.
    pub fn pass_a_field(&mut self) {
        let later = self.scheduler.now() + TICKS_PER_SECOND / 60;
        self.scheduler.set_now(later);
        KernelSystem::new(self.kernel.clone()).advance(&mut self.scheduler);
    }

    /// Advances guest time until all asynchronous calls are complete.
    pub fn end_background_calls(&mut self) {
        while let Some(due) = self.kernel.requests.next_due() {
            self.scheduler.set_now(due.max(self.scheduler.now()));
            KernelSystem::new(self.kernel.clone()).advance(&mut self.scheduler);
        }
    }

    /// Makes an asynchronous call of a `xam` function and advances time until it is complete.
    pub fn call_in_background(&mut self, name: &str, arguments: &[u64]) {
        assert_eq!(self.xam_call(name, arguments), 0x3E5, "{name}");
        self.end_background_calls();
    }

    pub fn word(&self, offset: u32) -> u32 {
        self.memory().read(self.scratch.offset(offset)).unwrap()
    }

    pub fn mount(&self, folder: &Path) {
        self.kernel.files.lock().insert_disc(None, &Disc::Folder(folder.to_owned())).unwrap();
    }
}
