//! Calls of exports through the guest ABI, for tests: arguments in registers and on the stack of a guest thread.

mod accounts;
mod achievements;
mod allocations;
mod answers;
mod before_park;
mod content;
mod crypto;
mod dialogs;
mod discs;
mod disks;
mod files;
mod holders;
mod host_threads;
mod kernel_apcs;
mod locale;
mod locks;
mod long_calls;
mod memory;
mod messages;
mod network;
mod objects;
mod overlapped;
mod queries;
mod races;
mod sequences;
mod sessions;
mod songs;
mod sound;
mod strings;
mod system;
mod threads;
mod tiles;
mod timers;
mod titles;
mod users;
mod utility_drive;
mod waits;
mod win32;

use super::{FAMILIES, Registry};
use crate::abi::{Call, Continuation, Flow};
use crate::imports::Library;
use crate::layout::kpcr;
use crate::ports::Ports;
use crate::thread::life::NewThread;
use crate::{Kernel, KernelConfig, KernelSystem};
use std::path::Path;
use std::sync::{Arc, Mutex};
use xenia_cpu::PpcContext;
use xenia_formats::image::{ExecutionInfo, ImageKind, LoadedImage, Version};
use xenia_guest::{GuestAddr, MediaId, NtStatus, TitleId};
use xenia_memory::{GuestMemory, Heap, Protect};
use xenia_sched::{Cpu, Disposition, EndKind, Running, Scheduler, System, TICKS_PER_SECOND, ThreadRef};

/// A machine with one thread and some memory.
pub(crate) struct Bench {
    pub(crate) kernel: Arc<Kernel>,
    pub(crate) scheduler: Scheduler,
    thread: ThreadRef,
    pub(crate) scratch: GuestAddr,
    text: Arc<Mutex<String>>,
}

/// The image of a title that does nothing.
fn title_image(title: u32) -> LoadedImage {
    LoadedImage {
        base: GuestAddr(0x8200_0000),
        size: 0x1_0000,
        entry: GuestAddr(0x8200_0000),
        bytes: vec![0; 0x1_0000],
        execution: Some(ExecutionInfo {
            media_id: MediaId(0),
            version: Version(0),
            base_version: Version(0),
            title_id: TitleId(title),
            platform: 0,
            executable_type: 0,
            disc_number: 0,
            disc_count: 0,
            savegame_id: 0,
        }),
        ..LoadedImage::empty(ImageKind::Xex)
    }
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::with_ports(Ports::default())
    }

    /// A machine with these ports; text goes to the bench.
    pub(crate) fn with_ports(ports: Ports) -> Self {
        Self::with_config(KernelConfig::default(), ports)
    }

    /// The same with these settings.
    pub(crate) fn with_config(config: KernelConfig, ports: Ports) -> Self {
        let memory = GuestMemory::new().unwrap();
        let text = Arc::new(Mutex::new(String::new()));
        let sink = text.clone();
        let ports = Ports { text: Box::new(move |part: &str| sink.lock().unwrap().push_str(part)), ..ports };
        let kernel = Kernel::new(memory.clone(), config, ports).unwrap();
        let mut scheduler = Scheduler::default();
        let new = NewThread::new(GuestAddr(0x8200_0000), kernel.imports.own_stubs.thread_return, 0);
        let thread = kernel.create_thread(&mut scheduler, &new).unwrap().reference;
        let scratch = memory.alloc(Heap::Virtual4K, 0x2_0000, 0x1_0000, Protect::READ_WRITE, false).unwrap();
        Self { kernel, scheduler, thread, scratch, text }
    }

    /// The registers of the thread that calls.
    pub(crate) fn context(&mut self) -> &mut PpcContext {
        self.scheduler.context_mut(self.thread).unwrap()
    }

    pub(crate) fn memory(&self) -> &GuestMemory {
        &self.kernel.memory
    }

    pub(crate) fn call(&mut self, library: Library, name: &str, arguments: &[u64]) -> Flow {
        let export = Registry::get().find_by_name(library, name).unwrap_or_else(|| panic!("no {name}"));
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

    /// A call of the thread's under way.
    pub(crate) fn with_call<R>(&mut self, f: impl FnOnce(&mut Call) -> R) -> R {
        let mut result = None;
        let mut system = KernelSystem::new(self.kernel.clone());
        let ran = self.scheduler.run_for(&mut system, self.thread, |scheduler, running| {
            result = Some(f(&mut Call::new(&self.kernel, scheduler, running)));
            Disposition::Continue
        });
        assert!(ran.is_some(), "the thread is gone");
        self.kernel.clear_away_deleted();
        result.unwrap()
    }

    /// Lets the kernel act for a thread, as the executor does.
    pub(crate) fn act(
        &mut self,
        thread: ThreadRef,
        f: impl FnOnce(&mut dyn Cpu, &mut Running) -> Disposition,
    ) -> Disposition {
        let mut system = KernelSystem::new(self.kernel.clone());
        self.scheduler
            .run_for(&mut system, thread, |scheduler, running| f(scheduler, running))
            .unwrap_or(Disposition::Continue)
    }

    /// Another thread of the title.
    pub(crate) fn add_thread(&mut self) -> ThreadRef {
        let new = NewThread::new(GuestAddr(0x8200_0000), self.kernel.imports.own_stubs.thread_return, 0);
        self.kernel.create_thread(&mut self.scheduler, &new).unwrap().reference
    }

    /// Calls are this thread's from now on; returns whose they were.
    pub(crate) fn act_as(&mut self, thread: ThreadRef) -> ThreadRef {
        std::mem::replace(&mut self.thread, thread)
    }

    /// Calls a function of the kernel and does what it asks for, as the machine would. `None`: the thread waits.
    pub(crate) fn carry_out(&mut self, name: &str, arguments: &[u64]) -> Option<u64> {
        let flow = self.call(Library::xboxkrnl, name, arguments);
        let kernel = self.kernel.clone();
        let disposition = self.act(self.thread, |cpu, running| {
            let mut call = Call::new(&kernel, cpu, running);
            kernel.apply(&mut call, flow)
        });
        assert!(!matches!(disposition, Disposition::End(_)), "{name}: {disposition:?}");
        self.answer(self.thread)
    }

    /// r3 of a thread, unless it waits.
    pub(crate) fn answer(&self, thread: ThreadRef) -> Option<u64> {
        let thread = self.scheduler.thread(thread).unwrap();
        thread.wait().is_none().then(|| thread.context().unwrap().gpr[3])
    }

    /// The thread's object.
    pub(crate) fn kthread(&mut self) -> u64 {
        let kpcr = GuestAddr(self.context().gpr[13] as u32);
        u64::from(self.memory().read::<u32>(kpcr.offset(kpcr::CURRENT_THREAD)).unwrap())
    }

    /// Calls a function of the kernel and returns what it returns.
    pub(crate) fn kernel_call(&mut self, name: &str, arguments: &[u64]) -> u64 {
        match self.call(Library::xboxkrnl, name, arguments) {
            Flow::Return(value) => value,
            other => panic!("{name}: {other:?}"),
        }
    }

    pub(crate) fn xam_call(&mut self, name: &str, arguments: &[u64]) -> u64 {
        match self.call(Library::xam, name, arguments) {
            Flow::Return(value) => value,
            other => panic!("{name}: {other:?}"),
        }
    }

    pub(crate) fn status(&mut self, name: &str, arguments: &[u64]) -> NtStatus {
        NtStatus(self.kernel_call(name, arguments) as u32)
    }

    /// Places text in the scratch memory.
    pub(crate) fn put_text(&self, offset: u32, text: &str) -> u64 {
        let at = self.scratch.offset(offset);
        self.memory().write_bytes(at, text.as_bytes()).unwrap();
        self.memory().write(at.offset(text.len() as u32), 0_u8).unwrap();
        u64::from(at.0)
    }

    /// Places UTF-16 text in the scratch memory.
    pub(crate) fn put_wide_text(&self, offset: u32, text: &str) -> u64 {
        let at = self.scratch.offset(offset);
        let bytes: Vec<u8> = text.encode_utf16().chain([0]).flat_map(u16::to_be_bytes).collect();
        self.memory().write_bytes(at, &bytes).unwrap();
        u64::from(at.0)
    }

    /// Places an `ANSI_STRING` in the scratch memory.
    pub(crate) fn put_string(&self, offset: u32, text: &str) -> u64 {
        let at = self.scratch.offset(offset);
        let buffer = self.put_text(offset + 0x10, text);
        self.memory().write(at, (text.len() as u32 * 0x1_0001) + 1).unwrap();
        self.memory().write(at.offset(4), buffer as u32).unwrap();
        u64::from(at.0)
    }

    /// Places `OBJECT_ATTRIBUTES` with a name in the scratch memory.
    pub(crate) fn put_attributes(&self, offset: u32, name: &str) -> u64 {
        let string = self.put_string(offset + 0x10, name);
        let at = self.scratch.offset(offset);
        for (index, word) in [0, string as u32, 0x40].into_iter().enumerate() {
            self.memory().write::<u32>(at.offset(4 * index as u32), word).unwrap();
        }
        u64::from(at.0)
    }

    /// A field of guest time passes.
    pub(crate) fn pass_a_field(&mut self) {
        let later = self.scheduler.now() + TICKS_PER_SECOND / 60;
        self.scheduler.set_now(later);
        KernelSystem::new(self.kernel.clone()).advance(&mut self.scheduler);
    }

    /// Guest time passes until every call in the background is over.
    pub(crate) fn end_background_calls(&mut self) {
        while let Some(due) = self.kernel.requests.next_due() {
            self.scheduler.set_now(due.max(self.scheduler.now()));
            KernelSystem::new(self.kernel.clone()).advance(&mut self.scheduler);
        }
    }

    /// Calls a function of `xam` in the background, and lets time pass until it is over.
    pub(crate) fn in_the_background(&mut self, name: &str, arguments: &[u64]) {
        assert_eq!(self.xam_call(name, arguments), 0x3E5, "{name}");
        self.end_background_calls();
    }

    pub(crate) fn word(&self, offset: u32) -> u32 {
        self.memory().read(self.scratch.offset(offset)).unwrap()
    }

    pub(crate) fn mount(&self, folder: &Path) {
        self.kernel.files.lock().mount_title_folder(folder).unwrap();
    }
}

const GENERIC_READ: u64 = 0x8000_0000;
const SYNCHRONOUS: u64 = 0x20;

#[test]
fn text_is_formatted_from_registers_stack_and_lists() {
    let mut b = Bench::new();
    let base = u64::from(b.scratch.0);
    let format = b.put_text(0x100, "%d %s %I64x %.2f|%d %d %d");
    let word = b.put_text(0x200, "word");
    let values = [0xFFFF_FFFF, word, 0x1_2345_6789, 1.5_f64.to_bits(), 5, 6, 7];
    let arguments: Vec<u64> = [base + 0x400, format].into_iter().chain(values).collect();
    let expected = "-1 word 123456789 1.50|5 6 7";
    assert_eq!(b.kernel_call("sprintf", &arguments), expected.len() as u64);
    let written = |b: &Bench| b.memory().read_c_string(b.scratch.offset(0x400), 100).unwrap();
    assert_eq!(written(&b), expected.as_bytes());
    for (index, value) in values.into_iter().enumerate() {
        b.memory().write(b.scratch.offset(0x300 + 8 * index as u32), value).unwrap();
    }
    b.memory().fill(b.scratch.offset(0x400), 0x100, 0).unwrap();
    let result = b.kernel_call("_vsnprintf", &[base + 0x400, 6, format, base + 0x300]);
    assert_eq!((result as i32, written(&b)), (-1, b"-1 wor".to_vec()));
    let format = b.put_text(0x100, "value %u\n");
    b.kernel_call("DbgPrint", &[format, 42]);
    assert_eq!(*b.text.lock().unwrap(), "value 42\n");
    let bad = b.put_text(0x100, "%s");
    assert!(matches!(b.call(Library::xboxkrnl, "sprintf", &[base + 0x400, bad, 4]), Flow::Fault(_)));
}

#[test]
fn message_boxes_complete_through_their_overlapped() {
    let mut b = Bench::new();
    let base = u64::from(b.scratch.0);
    assert_eq!(b.status("NtCreateEvent", &[base, 0, 1, 0]), NtStatus::SUCCESS);
    let event = b.word(0);
    b.memory().write(b.scratch.offset(0x4C), event).unwrap();
    for (index, label) in (0..).zip(["No", "Yes"]) {
        let text = b.put_wide_text(0xA0 + 0x10 * index, label) as u32;
        b.memory().write(b.scratch.offset(0x90 + 4 * index), text).unwrap();
    }
    let arguments = [0, 0, 0, 2, base + 0x90, 1, 0, base + 0x20, base + 0x40];
    assert_eq!(b.xam_call("XamShowMessageBoxUI", &arguments), 0x3E5);
    assert_eq!((b.word(0x20), b.word(0x40)), (0, 0x3E5), "under way");
    b.pass_a_field();
    assert_eq!((b.word(0x20), b.word(0x40), b.word(0x58)), (1, 0, 0));
    assert_eq!(b.status("NtQueryEvent", &[u64::from(event), base + 0x80]), NtStatus::SUCCESS);
    assert_eq!(b.word(0x84), 1);
    assert_eq!(b.xam_call("XamInputGetState", &[0, 0, base]), 0x48F);
    let listener = b.xam_call("XamNotifyCreateListener", &[1, 0]);
    b.xam_call("XamShowSigninUI", &[1, 0]);
    b.pass_a_field();
    let mut heard = Vec::new();
    while b.xam_call("XNotifyGetNext", &[listener, 0, base, base + 4]) == 1 {
        heard.push((b.word(0), b.word(4)));
    }
    assert_eq!(heard, [(9, 0), (0xA, 1), (9, 1), (0xA, 1), (9, 0)]);
}

#[test]
fn modules_and_settings_answer() {
    let mut b = Bench::new();
    let base = u64::from(b.scratch.0);
    let name = b.put_text(0x100, "xam.xex");
    assert_eq!(b.kernel_call("XexGetModuleHandle", &[name, base]), 0);
    let xam = u64::from(b.word(0));
    let input = u64::from(crate::imports::ordinals::xam::number::XamInputGetState);
    assert_eq!(b.status("XexGetProcedureAddress", &[xam, input, base]), NtStatus::SUCCESS);
    assert_eq!(b.memory().read::<u32>(GuestAddr(b.word(0))).unwrap(), crate::imports::thunks::SYSTEM_CALL);
    assert_eq!(
        b.status("XexGetProcedureAddress", &[xam, 0xFFFF, base]),
        NtStatus::DRIVER_ENTRYPOINT_NOT_FOUND
    );
    assert_eq!(b.status("XexGetProcedureAddress", &[base, 1, base]), NtStatus::INVALID_HANDLE);
    let missing = b.put_text(0x100, r"game:\other.xex");
    assert_eq!(b.status("XexLoadImage", &[missing, 0, 0, base]), NtStatus::NO_SUCH_FILE);
    assert_eq!(b.status("ExGetXConfigSetting", &[3, 9, base, 4, base + 8]), NtStatus::SUCCESS);
    assert_eq!((b.word(0), b.word(8) >> 16), (1, 4));
    assert_eq!(b.status("ExGetXConfigSetting", &[3, 9, base, 3, 0]), NtStatus::BUFFER_TOO_SMALL);
    assert_eq!(b.xam_call("XGetLanguage", &[]), 1);
}

#[test]
fn ending_the_title_calls_who_wants_to_know_first() {
    let mut b = Bench::new();
    let base = u64::from(b.scratch.0);
    b.memory().write(b.scratch, 0x8200_4000_u32).unwrap();
    b.kernel_call("ExRegisterTitleTerminateNotification", &[base, 1]);
    let Flow::CallGuest(guest) = b.call(Library::xam, "XamLoaderTerminateTitle", &[]) else { panic!() };
    assert_eq!(guest.pc, GuestAddr(0x8200_4000));
    let Continuation::Export { run, state, .. } = guest.then else { panic!("{guest:?}") };
    assert!(matches!(b.with_call(|call| run(call, 0, state)), Flow::End(_)));
    // The exit code outlasts who wants to know.
    b.kernel_call("ExRegisterTitleTerminateNotification", &[base, 1]);
    let Flow::CallGuest(guest) = b.call(Library::xboxkrnl, "ExTerminateTitleProcess", &[7]) else { panic!() };
    let Continuation::Export { run, state, .. } = guest.then else { panic!("{guest:?}") };
    assert!(matches!(b.with_call(|call| run(call, 0, state)), Flow::End(EndKind::Exit { code: 7 })));
}

#[test]
fn a_title_that_launches_another_leaves_it_data_devices_and_settings() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("Next")).unwrap();
    std::fs::write(folder.path().join("Next/b.xex"), b"executable").unwrap();
    std::fs::write(folder.path().join("Next/b.xexp"), b"update").unwrap();
    for (name, path, file) in [
        (r"d:\next\B.XEX", r"\Device\Cdrom0\next\B.XEX", Ok(b"executable".to_vec())),
        ("", r"\Device\Cdrom0\default.xex", Err(NtStatus::OBJECT_NAME_NOT_FOUND)),
        ("other.xex", r"\Device\Cdrom0\other.xex", Err(NtStatus::OBJECT_NAME_NOT_FOUND)),
        (r"x:\a.xex", r"x:\a.xex", Err(NtStatus::OBJECT_PATH_NOT_FOUND)),
    ] {
        let mut b = Bench::new();
        b.mount(folder.path());
        let base = u64::from(b.scratch.0);
        let attributes = b.put_attributes(0x100, r"cache:\left");
        // Deleted when it is closed, which the end of the title does.
        let create = [base, 0xC001_0000, attributes, base + 8, 0, 0, 0, 2, 0x1000];
        assert_eq!(b.status("NtCreateFile", &create), NtStatus::SUCCESS);
        let attributes = b.put_attributes(0x100, r"cache:\kept");
        let create = [base, 0xC000_0000, attributes, base + 8, 0, 0, 0, 2, 0];
        assert_eq!(b.status("NtCreateFile", &create), NtStatus::SUCCESS);
        b.memory().write(b.scratch, 2_u32).unwrap();
        assert_eq!(b.status("ExSetXConfigSetting", &[3, 9, base, 4]), NtStatus::SUCCESS);
        assert_eq!(b.xam_call("XamShowSigninUI", &[2, 0]), 0);
        b.pass_a_field();
        let data = b.put_text(0x300, "level 7");
        assert_eq!(b.xam_call("XamLoaderSetLaunchData", &[data, 7]), 0);
        let name = b.put_text(0x300, name);
        assert!(matches!(b.call(Library::xam, "XamLoaderLaunchTitle", &[name, 0]), Flow::End(_)));
        let successor = b.kernel.take_successor().unwrap();
        assert_eq!(successor.launch.patch, file.is_ok().then(|| b"update".to_vec()));
        assert_eq!((successor.launch.path.as_str(), successor.launch.file), (path, file));
        assert!(b.kernel.take_successor().is_none());
        let mut next = Bench::new();
        next.kernel.inherit(successor.inheritance);
        assert_eq!(next.xam_call("XamLoaderGetLaunchDataSize", &[base]), 0);
        assert_eq!(next.word(0), 7);
        assert_eq!(next.xam_call("XamLoaderGetLaunchData", &[base, 0x100]), 0);
        assert_eq!(next.word(0), u32::from_be_bytes(*b"leve"));
        assert_eq!(next.xam_call("XGetLanguage", &[]), 2);
        assert_eq!(next.xam_call("XamUserGetSigninState", &[1]), 1);
        let files = next.kernel.files.lock();
        for (path, there) in [(r"cache:\kept", true), (r"cache:\left", false), (r"game:\next\b.xex", true)] {
            let location = files.vfs.resolve(path).unwrap();
            assert_eq!(files.vfs.find(&location).is_ok(), there, "{path}");
        }
    }
    let mut b = Bench::new();
    assert!(matches!(b.call(Library::xam, "XamLoaderLaunchTitle", &[0, 0]), Flow::End(_)));
    assert!(b.kernel.take_successor().is_none(), "the dashboard");
}

/// Every export, with arguments that a hostile title could pass: none may panic, hang, or take the machine down.
#[test]
fn no_export_panics_on_hostile_arguments() {
    const STACK: u64 = 0x1_8000;
    let values = |b: &Bench| {
        let base = u64::from(b.scratch.0);
        [0, 1, 3, 0x1000, 0xFFFF, base, base + 0x1_FFFD, 0x7FC8_0000, 0x8000_0000, 0xFFFF_FFFC, u64::MAX]
    };
    for export in FAMILIES.iter().copied().flatten() {
        let mut b = Bench::new();
        let values = values(&b);
        for round in 0..values.len() * 2 {
            b.memory().fill(b.scratch, STACK as u32, (round * 37) as u8).unwrap();
            // The same value everywhere, then a different one in each place.
            let arguments: Vec<u64> = (0..12)
                .map(|index| values[(round + index * (round / values.len())) % values.len()])
                .collect();
            let _ = b.call(export.library, export.name, &arguments);
        }
    }
}
