//! Tests of the render driver: the time and the thread of callbacks, and clients that unregister.
//! Tests of XMA contexts.

use super::*;
use xenia_guest::xma::{ContextField, field};
use xenia_kernel::ports::{Audio, RenderFrame, SongBytes};
use xenia_kernel::sound::FRAME_TICKS;
use xenia_sched::{GuestTicks, System};

const CALLBACK: u64 = 0x8200_4000;

/// Records the first byte of each frame that is played.
struct Ear(Arc<Mutex<Vec<Vec<u8>>>>);

impl Audio for Ear {
    fn play(&mut self, frames: &[Box<RenderFrame>], _: Option<f32>) {
        self.0.lock().unwrap().push(frames.iter().map(|frame| frame[0]).collect());
    }
    fn set_song(&mut self, _: u64, _: Option<SongBytes>) {}
}

struct Case {
    harness: Harness,
    heard: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Case {
    fn new() -> Self {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let harness = Harness::with_ports(Ports { audio: Box::new(Ear(heard.clone())), ..Ports::default() });
        Self { harness, heard }
    }

    fn register(&mut self, context: u32) -> u64 {
        let base = u64::from(self.harness.scratch.0);
        self.harness.memory().write(self.harness.scratch, CALLBACK as u32).unwrap();
        self.harness.memory().write(self.harness.scratch.offset(4), context).unwrap();
        assert_eq!(self.harness.kernel_call("XAudioRegisterRenderDriverClient", &[base, base + 8]), 0);
        u64::from(self.harness.word(8))
    }

    fn submit(&mut self, client: u64, byte: u8) -> u64 {
        self.harness.memory().fill(self.harness.scratch.offset(0x1000), 6144, byte).unwrap();
        let samples = u64::from(self.harness.scratch.0) + 0x1000;
        self.harness.kernel_call("XAudioSubmitRenderDriverFrame", &[client, samples])
    }

    /// Advances guest time to `now`.
    fn pass(&mut self, now: GuestTicks) {
        self.harness.scheduler.set_now(now);
        KernelSystem::new(self.harness.kernel.clone()).advance(&mut self.harness.scheduler);
    }

    /// Returns the threads that are about to run a callback, with their argument.
    fn asked(&self) -> Vec<(ThreadRef, u32)> {
        let threads = self.harness.scheduler.threads();
        let of = |thread: &xenia_sched::GuestThread| {
            let ctx = thread.context().filter(|ctx| ctx.pc == CALLBACK as u32 && thread.wait().is_none())?;
            Some((thread.reference(), ctx.gpr[3] as u32))
        };
        threads.filter_map(of).collect()
    }

    /// Makes a callback return.
    fn returns(&mut self, thread: ThreadRef) {
        let kernel = self.harness.kernel.clone();
        self.harness.act(thread, |cpu, running| {
            running.ctx.pc = kernel.imports.own_stubs.service_return.0 + 4;
            KernelSystem::new(kernel.clone()).syscall(cpu, running, 2)
        });
    }
}

#[test]
fn a_client_is_called_at_each_point_with_its_context() {
    let mut case = Case::new();
    case.harness.scheduler.set_now(1000);
    let client = case.register(0xC0DE);
    let system = KernelSystem::new(case.harness.kernel.clone());
    assert_eq!(system.next_event(), Some(FRAME_TICKS));
    case.pass(FRAME_TICKS - 1);
    assert!(case.asked().is_empty() && case.heard.lock().unwrap().is_empty());
    case.pass(FRAME_TICKS);
    let [(thread, cell)] = case.asked()[..] else { panic!("{:?}", case.asked()) };
    assert_eq!(thread.hw_id, 4);
    assert_eq!(case.harness.memory().read::<u32>(GuestAddr(cell)), Ok(0xC0DE), "the argument points to it");
    assert_eq!(case.submit(client, 7), 0);
    case.returns(thread);
    assert!(case.asked().is_empty(), "it waits");
    case.pass(2 * FRAME_TICKS);
    assert_eq!(*case.heard.lock().unwrap(), [vec![], vec![7]]);
    // Two periods that pass during a callback cause a single further callback, at once.
    case.pass(4 * FRAME_TICKS);
    assert_eq!(case.asked().len(), 1);
    case.returns(thread);
    assert_eq!(case.asked(), [(thread, cell)]);
    case.returns(thread);
    assert!(case.asked().is_empty());
    let figures = case.harness.kernel.render_driver.figures();
    assert_eq!((figures.callbacks, figures.callbacks_lost, figures.underruns), (3, 1, 2));
}

#[test]
fn clients_are_heard_together_and_one_that_is_gone_not_at_all() {
    let mut case = Case::new();
    let one = case.register(1);
    let two = case.register(2);
    assert_eq!(one, 0x4155_0000);
    for (client, byte) in [(one, 1), (two, 2), (one, 3)] {
        assert_eq!(case.submit(client, byte), 0);
    }
    case.pass(FRAME_TICKS);
    let asked = case.asked();
    assert_eq!(asked.len(), 2);
    assert_eq!(case.harness.kernel_call("XAudioUnregisterRenderDriverClient", &[one]), 0);
    assert_eq!(case.submit(one, 9), 0, "no error");
    assert_eq!(case.harness.kernel_call("XAudioUnregisterRenderDriverClient", &[one]) as u32, 0x8000_4005);
    case.pass(2 * FRAME_TICKS);
    assert_eq!(*case.heard.lock().unwrap(), [vec![1, 2], vec![]]);
    let live = |case: &Case| case.harness.kernel.threads.lock().iter().filter(|thread| !thread.ended).count();
    let before = live(&case);
    for (thread, _) in asked {
        case.returns(thread);
    }
    assert_eq!(live(&case), before - 1, "the thread of the one that is gone has ended");
    assert_eq!(case.harness.kernel_call("XAudioUnregisterRenderDriverClient", &[two]), 0);
    assert_eq!(KernelSystem::new(case.harness.kernel.clone()).next_event(), None, "no client is left");
}

#[test]
fn clients_and_queued_frames_are_limited() {
    let mut case = Case::new();
    let clients: Vec<u64> = (0..8).map(|number| case.register(number)).collect();
    let base = u64::from(case.harness.scratch.0);
    let ninth = case.harness.kernel_call("XAudioRegisterRenderDriverClient", &[base, base + 8]);
    assert_eq!(ninth as u32, 0x8000_4005);
    assert!((0..64).all(|_| case.submit(clients[3], 1) == 0));
    assert_eq!(case.submit(clients[3], 1) as u32, 0x8000_4005);
    let hits = case.harness.kernel.limits_hit();
    assert_eq!((hits["render_clients"], hits["render_frames"]), (1, 1));
    for client in clients {
        assert_eq!(case.harness.kernel_call("XAudioUnregisterRenderDriverClient", &[client]), 0);
    }
    // The clients' threads end once they run, and there is room again.
    case.register(9);
    assert_eq!(
        case.harness.kernel_call("XAudioSubmitRenderDriverFrame", &[0x4155_0000, 0]) as u32,
        0x8007_0057
    );
}

#[test]
fn contexts_are_handed_out_until_there_are_none() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    let mut contexts = Vec::new();
    for _ in 0..320 {
        assert_eq!(b.kernel_call("XMACreateContext", &[base]), 0);
        contexts.push(u64::from(b.word(0)));
    }
    assert_eq!(b.kernel_call("XMACreateContext", &[base]) as u32, 0x8007_000E);
    assert_eq!(b.word(0), 0);
    assert_eq!(b.kernel_call("XMAReleaseContext", &[contexts[17]]), 0);
    assert_eq!(b.kernel_call("XMAReleaseContext", &[contexts[17]]) as u32, 0x8000_4005);
    assert_eq!(b.kernel_call("XMACreateContext", &[base]), 0);
    assert_eq!(u64::from(b.word(0)), contexts[17]);
}

#[test]
fn a_context_has_the_buffers_of_its_description_and_of_later_calls() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    assert_eq!(b.kernel_call("XMACreateContext", &[base]), 0);
    let context = b.word(0);
    let get = |b: &Harness, field: ContextField| {
        field.of(b.memory().read(GuestAddr(context).offset(4 * field.word)).unwrap())
    };
    let context = u64::from(context);
    // Two buffers with packets, read offset, ring with blocks, work memory, blocks at a time,
    // channels, rate, and the loop.
    let description: [u32; 14] =
        [0xA000_1000, 3, 0xC000_2000, 5, 40, 0xA000_3000, 8, 0xA000_4000, 4, 1, 2, 100, 200, 0x0702_0100];
    for (index, word) in (0..).zip(description) {
        b.memory().write(b.scratch.offset(0x100 + 4 * index), word).unwrap();
    }
    assert_eq!(b.kernel_call("XMAInitializeContext", &[context, base + 0x100]), 0);
    for (field, value) in [
        (field::INPUT0, 0x1000),
        (field::INPUT0_PACKETS, 3),
        (field::INPUT1, 0x2000),
        (field::INPUT1_PACKETS, 5),
        (field::INPUT_READ_OFFSET, 40),
        (field::OUTPUT, 0x3000),
        (field::OUTPUT_BLOCKS, 8),
        (field::WORK_BUFFER, 0x4000),
        (field::SUBFRAME_DECODE_COUNT, 4),
        (field::IS_STEREO, 1),
        (field::SAMPLE_RATE, 2),
        (field::LOOP_START, 100),
        (field::LOOP_END, 200),
        (field::LOOP_COUNT, 7),
        (field::LOOP_SUBFRAME_END, 2),
        (field::LOOP_SUBFRAME_SKIP, 1),
    ] {
        assert_eq!(get(&b, field), value, "{field:?}");
    }
    for (name, buffer, packets) in
        [("XMASetInputBuffer1", 0xA000_6000, 9), ("XMASetInputBuffer0", 0xA000_5000, 6)]
    {
        assert_eq!(b.kernel_call(name, &[context, buffer, packets]), 0, "{name}");
    }
    let buffers = [field::INPUT0, field::INPUT0_PACKETS, field::INPUT1, field::INPUT1_PACKETS];
    assert_eq!(buffers.map(|field| get(&b, field)), [0x5000, 6, 0x6000, 9]);
    assert_eq!(b.kernel_call("XMASetInputBuffer1Valid", &[context]), 0);
    let valid = ["XMAIsInputBuffer0Valid", "XMAIsInputBuffer1Valid"];
    assert_eq!(valid.map(|name| b.kernel_call(name, &[context])), [0, 1]);
}
