//! Test harness: a machine with a hand-assembled title and kernel imports, on the interpreter.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use xenia_cpu::{EngineConfig, Interpreter};
use xenia_exports::registry;
use xenia_formats::image::{ImageKind, Import, ImportLibrary, LoadedImage, import_thunk};
use xenia_guest::{GuestAddr, Ordinal};
use xenia_imports::ordinals::{ExportKind, OrdinalRow, xboxkrnl};
use xenia_kernel::imports::{CallFilter, CallTrace};
use xenia_kernel::loader::LoadError;
use xenia_kernel::ports::{Chipset, Devices, Ports, SwapCommands, Video, VideoEvent};
use xenia_kernel::reload::reload_core;
use xenia_kernel::{Kernel, KernelConfig, KernelSystem};
use xenia_memory::GuestMemory;
use xenia_sched::{Event, EventSink, GuestTicks, Limits, LockstepExecutor, RunEnd, Scheduler};

/// Load address of the title's code.
pub(crate) const CODE: u32 = 0x8200_0000;
/// Address of the title's zero-initialised data.
pub(crate) const DATA: u32 = 0x8201_0000;

/// Number of reloads of the kernel's core in a run, about.
const RELOADS: u64 = 100;
/// Instructions after which a run is cut.
const MAX_INSTRUCTIONS: u64 = 10_000_000;

/// Builder of a title's code.
#[derive(Default)]
pub(crate) struct Code {
    words: Vec<u32>,
    imports: Vec<Import>,
}

impl Code {
    /// Address of the next instruction.
    pub(crate) fn here(&self) -> u32 {
        CODE + 4 * self.words.len() as u32
    }

    /// Appends one instruction.
    pub(crate) fn word(&mut self, word: u32) -> &mut Self {
        self.words.push(word);
        self
    }

    /// Appends `lis` and `ori`.
    pub(crate) fn load(&mut self, register: u32, value: u32) -> &mut Self {
        self.word(15 << 26 | register << 21 | value >> 16);
        self.word(24 << 26 | register << 21 | register << 16 | value & 0xFFFF)
    }

    /// Appends `mr to, from`.
    pub(crate) fn copy(&mut self, to: u32, from: u32) -> &mut Self {
        self.word(31 << 26 | from << 21 | to << 16 | from << 11 | 444 << 1)
    }

    /// Appends `stw register, offset(base)`.
    pub(crate) fn store(&mut self, register: u32, offset: i16, base: u32) -> &mut Self {
        self.word(36 << 26 | register << 21 | base << 16 | u32::from(offset as u16))
    }

    /// Appends `lwz register, offset(base)`.
    pub(crate) fn read(&mut self, register: u32, offset: i16, base: u32) -> &mut Self {
        self.word(32 << 26 | register << 21 | base << 16 | u32::from(offset as u16))
    }

    /// Appends `lbz register, offset(base)`.
    pub(crate) fn read_byte(&mut self, register: u32, offset: i16, base: u32) -> &mut Self {
        self.word(34 << 26 | register << 21 | base << 16 | u32::from(offset as u16))
    }

    /// Stores a register to `DATA + offset`; clobbers r12.
    pub(crate) fn record(&mut self, register: u32, offset: u32) -> &mut Self {
        self.load(12, DATA + offset).store(register, 0, 12)
    }

    /// Calls a kernel export with these arguments, through its thunk.
    pub(crate) fn call(&mut self, name: &str, arguments: &[u32]) -> &mut Self {
        for (index, &argument) in arguments.iter().enumerate() {
            self.load(3 + index as u32, argument);
        }
        self.call_with_registers(name)
    }

    /// Calls a kernel export with the arguments already in registers.
    pub(crate) fn call_with_registers(&mut self, name: &str) -> &mut Self {
        let row = kernel_export(name);
        assert_eq!(row.kind, ExportKind::Function, "{name}");
        // The thunk is inline: `bl` skips the branch over it.
        let at = self.here();
        self.word(0x4800_0009); // bl +8
        self.word(0x4800_0014); // b +20: over the thunk
        self.imports.push(Import {
            ordinal: row.ordinal,
            slot: Some(GuestAddr(DATA + 0xF000 + 4 * self.imports.len() as u32)),
            thunk: Some(GuestAddr(at + 8)),
        });
        import_thunk(0).into_iter().fold(self, Self::word)
    }

    /// Loads the address of an imported variable into a register.
    pub(crate) fn variable(&mut self, register: u32, name: &str) -> &mut Self {
        let row = kernel_export(name);
        assert_eq!(row.kind, ExportKind::Variable, "{name}");
        let slot = GuestAddr(DATA + 0xF000 + 4 * self.imports.len() as u32);
        self.imports.push(Import { ordinal: row.ordinal, slot: Some(slot), thunk: None });
        self.load(register, slot.0).read(register, 0, register)
    }

    /// Imports an unknown ordinal and calls it.
    pub(crate) fn call_ordinal(&mut self, ordinal: u16) -> &mut Self {
        self.call("DbgBreakPoint", &[]);
        self.imports.last_mut().unwrap().ordinal = Ordinal(ordinal);
        self
    }

    /// Appends `blr`, a return.
    pub(crate) fn ret(&mut self) -> &mut Self {
        self.word(0x4E80_0020)
    }

    /// Ends the title.
    pub(crate) fn end(&mut self) -> &mut Self {
        self.call("HalReturnToFirmware", &[1])
    }

    /// Builds the image of the title.
    pub(crate) fn image(&self, kind: ImageKind, entry: u32) -> LoadedImage {
        let bytes: Vec<u8> = self.words.iter().flat_map(|word| word.to_be_bytes()).collect();
        assert!(bytes.len() <= 0x1_0000);
        let imports = ImportLibrary::any("xboxkrnl.exe", self.imports.clone());
        let mut image = LoadedImage::in_memory(GuestAddr(CODE), bytes, imports);
        image.kind = kind;
        image.entry = GuestAddr(entry);
        if kind == ImageKind::Elf {
            image.imports.clear();
        }
        image
    }
}

/// Row of a kernel export.
fn kernel_export(name: &str) -> &'static OrdinalRow {
    let row = xboxkrnl::ROWS.iter().find(|row| row.name == name);
    row.unwrap_or_else(|| panic!("the kernel does not export {name}"))
}

/// A graphics chip whose events are scripted by guest time.
#[derive(Clone, Default)]
pub(crate) struct ScriptedVideo(pub(crate) Arc<Mutex<VecDeque<(GuestTicks, VideoEvent)>>>, GuestTicks);

impl Video for ScriptedVideo {
    fn initialize_ring(&mut self, _: u32, _: u32) {}
    fn enable_read_pointer_write_back(&mut self, _: u32, _: u32) {}
    fn store_register(&mut self, _: u32, _: u32, _: GuestTicks) {}
    fn advance(&mut self, now: GuestTicks) {
        self.1 = now;
    }
    fn set_field_period(&mut self, _: GuestTicks) {}
    fn next_event(&self) -> Option<GuestTicks> {
        self.0.lock().unwrap().front().map(|&(at, _)| at)
    }
    fn take_events(&mut self) -> Vec<VideoEvent> {
        let mut events = self.0.lock().unwrap();
        let mut due = Vec::new();
        while let Some((_, event)) = events.pop_front_if(|&mut (at, _)| at <= self.1) {
            due.push(event);
        }
        due
    }
    fn swap_commands(&self) -> SwapCommands {
        |_| [0x8000_0000; 64]
    }
}

#[derive(Clone, Default)]
struct Lines {
    lines: Arc<Mutex<Vec<String>>>,
    traced: Option<(Arc<CallTrace>, Arc<GuestMemory>)>,
}

impl EventSink for Lines {
    fn event(&mut self, now: GuestTicks, event: &Event<'_>) {
        self.lines.lock().unwrap().push(format!("{now} {event}"));
        if let Some((trace, memory)) = &self.traced {
            trace.event(memory, now, event);
        }
    }
}

/// A loaded title and its machine.
pub(crate) struct TitleHarness {
    pub(crate) kernel: Arc<Kernel>,
    pub(crate) executor: LockstepExecutor<KernelSystem>,
    text: Arc<Mutex<String>>,
    lines: Lines,
    /// Lines of the trace of calls.
    trace: Arc<Mutex<Vec<String>>>,
}

impl TitleHarness {
    /// Loads a title with this entry point.
    pub(crate) fn new(code: &Code, kind: ImageKind, entry: u32, video: ScriptedVideo) -> Self {
        Self::load(&code.image(kind, entry), video)
    }

    /// Loads an image, which must succeed.
    pub(crate) fn load(image: &LoadedImage, video: ScriptedVideo) -> Self {
        Self::try_load(image, video, |_| ()).unwrap()
    }

    /// Loads an image into a machine that `prepare` has set up.
    pub(crate) fn try_load(
        image: &LoadedImage,
        video: ScriptedVideo,
        prepare: impl FnOnce(&Kernel),
    ) -> Result<Self, LoadError> {
        Self::configured(image, KernelConfig::default(), video, prepare)
    }

    /// Like [`Self::try_load`], with a kernel of this configuration.
    pub(crate) fn configured(
        image: &LoadedImage,
        config: KernelConfig,
        video: ScriptedVideo,
        prepare: impl FnOnce(&Kernel),
    ) -> Result<Self, LoadError> {
        Self::build(image, config, video, None, prepare)
    }

    /// Runs a title whose calls are traced; returns the lines of the trace.
    pub(crate) fn traced(code: &Code, entry: u32, filter: &str) -> (Vec<String>, RunEnd) {
        let image = code.image(ImageKind::Xex, entry);
        let filter = Some(filter.parse().unwrap());
        let mut machine =
            Self::build(&image, KernelConfig::default(), ScriptedVideo::default(), filter, |_| ()).unwrap();
        let end = machine.go();
        let trace = machine.trace.lock().unwrap().clone();
        (trace, end)
    }

    fn build(
        image: &LoadedImage,
        config: KernelConfig,
        video: ScriptedVideo,
        traced: Option<CallFilter>,
        prepare: impl FnOnce(&Kernel),
    ) -> Result<Self, LoadError> {
        let memory = GuestMemory::new().unwrap();
        let trace = Arc::<Mutex<Vec<String>>>::default();
        let traces = trace.clone();
        let call_trace = traced.map(|filter| {
            let sink = Box::new(move |line: &str| traces.lock().unwrap().push(line.to_owned()));
            Arc::new(CallTrace::new(filter, sink))
        });
        let traced = call_trace.clone().map(|trace| (trace, memory.clone()));
        let text = Arc::new(Mutex::new(String::new()));
        let sink = text.clone();
        let ports = Ports {
            text: Box::new(move |text| sink.lock().unwrap().push_str(&String::from_utf8_lossy(text))),
            ..Ports::default()
        };
        let devices = Arc::new(Devices::new(ports));
        let chipset = Chipset { video: Box::new(video), ..Chipset::default() };
        let config = KernelConfig { call_trace, ..config };
        let kernel = Kernel::new(memory.clone(), config, chipset, devices, registry()).unwrap();
        let mut scheduler = Scheduler::default();
        let lines = Lines { traced, ..Lines::default() };
        scheduler.set_events(Box::new(lines.clone()));
        prepare(&kernel);
        kernel.load_title(&mut scheduler, image)?;
        let engine = Interpreter::new(memory, EngineConfig::default());
        let executor = LockstepExecutor::new(scheduler, Box::new(engine), KernelSystem::new(kernel.clone()));
        Ok(Self { kernel, executor, text, lines, trace })
    }

    /// Runs a XEX title to its end, for at most [`MAX_INSTRUCTIONS`].
    pub(crate) fn run(code: &Code, entry: u32) -> (Self, RunEnd) {
        Self::run_with(code, entry, ScriptedVideo::default())
    }

    /// Like [`Self::run`], with a graphics chip. A second machine runs the title in pieces, between
    /// which the kernel's core is saved and restored: its events must be the same.
    pub(crate) fn run_with(code: &Code, entry: u32, video: ScriptedVideo) -> (Self, RunEnd) {
        let same_video = ScriptedVideo(Arc::new(Mutex::new(video.0.lock().unwrap().clone())), 0);
        let mut machine = Self::new(code, ImageKind::Xex, entry, video);
        let end = machine.go();
        let mut other = Self::new(code, ImageKind::Xex, entry, same_video);
        machine.assert_reloaded(&end, &mut other);
        (machine, end)
    }

    /// Runs `other`, a machine with the same title, with reloads of the kernel's core: all must be
    /// as in this machine, which has run to `end`.
    pub(crate) fn assert_reloaded(&self, end: &RunEnd, other: &mut Self) {
        let step = self.executor.instructions() / RELOADS + 1;
        assert_eq!(other.go_with_reloads(step), *end, "with reloads");
        assert_eq!(other.events(), self.events(), "with reloads");
        assert_eq!((other.text(), other.objects()), (self.text(), self.objects()), "with reloads");
        assert!(other.data_page() == self.data_page(), "with reloads");
    }

    /// Like [`Self::go`], with a reload of the kernel's core after each `step` instructions.
    fn go_with_reloads(&mut self, step: u64) -> RunEnd {
        let memory = GuestMemory::new().unwrap();
        let config = KernelConfig::default();
        let idle = Kernel::new(memory, config, Chipset::default(), Arc::default(), registry()).unwrap();
        loop {
            let instructions = Some((self.executor.instructions() + step).min(MAX_INSTRUCTIONS));
            let limits = Limits { instructions, halt_on_deadlock: true, ..Limits::default() };
            let end = self.executor.run(&limits);
            if end != RunEnd::Instructions || instructions == Some(MAX_INSTRUCTIONS) {
                return end;
            }
            self.executor.system.kernel = idle.clone();
            let kernel = Arc::get_mut(&mut self.kernel).expect("only the executor has it too");
            assert!(reload_core(kernel));
            self.executor.system.kernel = self.kernel.clone();
        }
    }

    /// The first page of the title's data, if it has one.
    fn data_page(&self) -> Option<Vec<u8>> {
        let mut page = vec![0; 0x1000];
        self.kernel.memory.read_bytes(GuestAddr(DATA), &mut page).ok().map(|()| page)
    }

    /// The kernel's objects, as they are in a digest.
    fn objects(&self) -> Vec<String> {
        let mut lines = Vec::new();
        self.kernel.describe_objects(&mut |line| lines.push(line.to_owned()));
        lines
    }

    /// Runs to the end, for at most [`MAX_INSTRUCTIONS`]. A deadlock ends the run.
    pub(crate) fn go(&mut self) -> RunEnd {
        self.executor.run(&Limits {
            instructions: Some(MAX_INSTRUCTIONS),
            halt_on_deadlock: true,
            ..Limits::default()
        })
    }

    /// The word at `DATA + offset`.
    pub(crate) fn data(&self, offset: u32) -> u32 {
        self.kernel.memory.read(GuestAddr(DATA + offset)).unwrap()
    }

    /// Text that the guest has written.
    pub(crate) fn text(&self) -> String {
        self.text.lock().unwrap().clone()
    }

    /// The lines of the event log.
    pub(crate) fn events(&self) -> Vec<String> {
        self.lines.lines.lock().unwrap().clone()
    }
}
