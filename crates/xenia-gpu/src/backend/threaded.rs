//! Runs a backend's draws on a separate thread.
//!
//! ```text
//!   packets ──► draw ──► Snapshot of the memory read ──► queue ──► thread ──► backend
//!          └──► resolve, memexport draw, present, query, digest: drain the queue, then run
//! ```
//!
//! Most draws read memory and change only the backend's own state. They may run late, provided that
//! they read the memory contents of the time of their packet ([`Snapshot`]) and that every
//! operation which observes results first drains the queue. Guest-visible state is then the same,
//! at the same guest time, as if each draw ran immediately.

use std::any::Any;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use super::snapshot::{PageCopies, Snapshot};
use super::{Backend, BackendError, Frame, Inputs, PresentCall};
use crate::Cancel;
use crate::draw_state::{ConditionalSurvey, DrawCall, ResolveCall};
use crate::edram::EdramPage;
use crate::limits::MAX_QUEUED_BYTES;
use crate::memory::PhysicalMemory;

/// Maximum number of queued draws; the command processor waits for the thread while the queue is
/// full.
const MAX_WAITING: usize = 256;
/// Maximum number of errors kept until they are collected; later ones are dropped.
const MAX_ERRORS: usize = 4096;

#[derive(Default)]
struct Queue {
    jobs: VecDeque<(DrawCall, Snapshot)>,
    /// Bytes copied for the queued draws and the running one.
    bytes: usize,
    /// A draw is running.
    busy: bool,
    closing: bool,
    errors: Vec<BackendError>,
    /// Panic payload of a draw, rethrown by [`Threaded::backend`].
    panic: Option<Box<dyn Any + Send>>,
}

struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
    backend: Mutex<Box<dyn Backend>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    /// Waits until the queue satisfies a condition.
    fn wait(&self, until: impl Fn(&Queue) -> bool) -> MutexGuard<'_, Queue> {
        let mut queue = lock(&self.queue);
        while !until(&queue) {
            queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        queue
    }

    /// Thread function: takes draws from the queue and runs them until the queue closes.
    fn work(&self) {
        loop {
            let mut queue = self.wait(|queue| queue.closing || !queue.jobs.is_empty());
            if queue.closing {
                return;
            }
            let Some((call, memory)) = queue.jobs.pop_front() else { continue };
            queue.busy = true;
            // Unlocked during the draw, so that packets can queue more.
            drop(queue);
            let bytes = memory.copied();
            // A panic must not end the thread: callers would wait for the draw forever.
            let done = catch_unwind(AssertUnwindSafe(|| lock(&self.backend).draw(&call, &memory)));
            let mut queue = lock(&self.queue);
            queue.busy = false;
            queue.bytes -= bytes;
            match done {
                Ok(Ok(())) => {}
                Ok(Err(error)) if queue.errors.len() < MAX_ERRORS => queue.errors.push(error),
                Ok(Err(_)) => {}
                Err(panic) => {
                    queue.panic.get_or_insert(panic);
                }
            }
            self.changed.notify_all();
        }
    }
}

/// Wrapper that queues the draws of a [`Backend`] for a thread.
pub(crate) struct Threaded {
    shared: Arc<Shared>,
    page_copies: PageCopies,
    inputs: Inputs,
    name: &'static str,
    cancel: Option<Cancel>,
    /// Maximum total size in bytes of the snapshots of queued draws.
    max_bytes: usize,
    thread: Option<JoinHandle<()>>,
}

impl Threaded {
    /// Wraps a backend with a draw thread. A backend that cannot list what its draws read is
    /// returned unchanged; if the thread cannot be started, draws run immediately.
    pub(crate) fn wrap(backend: Box<dyn Backend>) -> Box<dyn Backend> {
        Self::with_room(backend, MAX_QUEUED_BYTES)
    }

    /// Like [`wrap`](Self::wrap), with a limit on the bytes that queued draws may hold.
    fn with_room(backend: Box<dyn Backend>, max_bytes: usize) -> Box<dyn Backend> {
        let Some(inputs) = backend.inputs() else { return backend };
        let name = backend.name();
        let cancel = backend.cancel();
        let shared = Arc::new(Shared {
            queue: Mutex::default(),
            changed: Condvar::new(),
            backend: Mutex::new(backend),
        });
        let thread = std::thread::Builder::new().name("draws".to_owned()).spawn({
            let shared = shared.clone();
            move || shared.work()
        });
        if let Err(error) = &thread {
            tracing::warn!(target: "gpu", %error, "no thread for draws: they run on the calling thread");
        }
        Box::new(Self {
            shared,
            page_copies: PageCopies::default(),
            inputs,
            name,
            cancel,
            max_bytes,
            thread: thread.ok(),
        })
    }

    /// Waits until all draws are done and locks the backend. Rethrows a draw's panic.
    fn backend(&self) -> MutexGuard<'_, Box<dyn Backend>> {
        let mut queue = self.shared.wait(|queue| queue.jobs.is_empty() && !queue.busy);
        if let Some(panic) = queue.panic.take() {
            drop(queue);
            std::panic::resume_unwind(panic);
        }
        drop(queue);
        lock(&self.shared.backend)
    }
}

/// `set_readback` is not passed on, so the backend writes resolved texels at once; nor is
/// `expect_draw`, which would wait for the queued draws. The other methods that are missing have
/// their defaults in the [reference](crate::reference::Reference), the one backend with inputs.
impl Backend for Threaded {
    fn name(&self) -> &'static str {
        self.name
    }

    fn draw(&mut self, call: &DrawCall, memory: &dyn PhysicalMemory) -> Result<(), BackendError> {
        let mut wanted = Vec::new();
        let is_known = self.thread.is_some() && (self.inputs)(call, &mut |range| wanted.push(range));
        let snapshot = if is_known { self.page_copies.snapshot(&wanted, memory) } else { None };
        let Some(snapshot) = snapshot else { return self.backend().draw(call, memory) };
        let bytes = snapshot.copied();
        let max_bytes = self.max_bytes;
        let mut queue = self.shared.wait(|queue| {
            // An empty queue accepts any draw, so that one above the limit does not wait forever.
            let has_room = queue.jobs.is_empty() || queue.bytes.saturating_add(bytes) <= max_bytes;
            queue.jobs.len() < MAX_WAITING && has_room
        });
        queue.bytes += bytes;
        queue.jobs.push_back((call.clone(), snapshot));
        self.shared.changed.notify_all();
        Ok(())
    }

    fn resolve(&mut self, call: &ResolveCall, memory: &dyn PhysicalMemory) -> Result<(), BackendError> {
        self.backend().resolve(call, memory)
    }

    fn present(&mut self, call: &PresentCall, memory: &dyn PhysicalMemory) -> Option<Frame> {
        self.backend().present(call, memory)
    }

    fn samples_passed(&mut self) -> Option<u64> {
        self.backend().samples_passed()
    }

    fn samples_so_far(&mut self) -> Option<u64> {
        self.backend().samples_so_far()
    }

    fn survey(&mut self, survey: ConditionalSurvey) -> bool {
        self.backend().survey(survey)
    }

    fn poll_survey(&mut self, survey: ConditionalSurvey) -> Option<bool> {
        let queue = lock(&self.shared.queue);
        let is_working = queue.busy || !queue.jobs.is_empty();
        drop(queue);
        // Unlocked above, since `backend` locks the queue again.
        if is_working { None } else { self.backend().poll_survey(survey) }
    }

    fn digest(&mut self, sink: &mut dyn FnMut(&[u8])) {
        self.backend().digest(sink);
    }

    fn edram(&mut self) -> Option<Vec<u32>> {
        self.backend().edram()
    }

    fn edram_since(&mut self, since: u64, each: &mut dyn FnMut(u32, &EdramPage)) -> Option<u64> {
        self.backend().edram_since(since, each)
    }

    fn set_edram(&mut self, words: &[u32]) -> Result<(), String> {
        self.backend().set_edram(words)
    }

    fn target_picture(&mut self, call: &DrawCall) -> Option<Frame> {
        self.backend().target_picture(call)
    }

    fn cancel(&self) -> Option<Cancel> {
        self.cancel.clone()
    }

    fn late_errors(&mut self) -> Vec<BackendError> {
        // Waits for the queued draws, whose errors count, too.
        drop(self.backend());
        std::mem::take(&mut lock(&self.shared.queue).errors)
    }
}

impl Drop for Threaded {
    /// Queued draws are discarded: their results can no longer be observed.
    fn drop(&mut self) {
        let mut queue = lock(&self.shared.queue);
        queue.closing = true;
        queue.jobs.clear();
        drop(queue);
        // Also cancel the running draw, so that the join does not wait for its end.
        if let Some(cancel) = &self.cancel {
            cancel.set();
        }
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::NullBackend;
    use crate::draw_state::{DrawRequest, IndexSource};
    use crate::enums::EdramMode;
    use crate::memory::{PhysicalRange, Ram};
    use crate::microcode::{Shader, ShaderKind};
    use crate::registers::{RegisterFile, rb, vgt};
    use std::sync::mpsc::{Receiver, Sender, channel};

    /// Test backend: each draw waits for a message and reads a word. Odd words are errors; 99
    /// panics.
    struct Slow {
        go: Receiver<()>,
        seen: Seen,
    }

    impl Backend for Slow {
        fn name(&self) -> &'static str {
            "slow"
        }

        fn draw(&mut self, _: &DrawCall, memory: &dyn PhysicalMemory) -> Result<(), BackendError> {
            if self.go.recv().is_err() {
                return Ok(()); // the test has ended
            }
            let value = memory.read_u32(0x100);
            assert_ne!(value, 99, "99 bottles");
            lock(&self.seen).push(value);
            if value.is_multiple_of(2) {
                Ok(())
            } else {
                Err(BackendError::Invalid(format!("{value} is odd")))
            }
        }

        fn resolve(&mut self, _: &ResolveCall, memory: &dyn PhysicalMemory) -> Result<(), BackendError> {
            memory.write_u32(0x200, lock(&self.seen).len() as u32);
            Ok(())
        }

        fn samples_passed(&mut self) -> Option<u64> {
            Some(lock(&self.seen).len() as u64)
        }

        fn inputs(&self) -> Option<Inputs> {
            Some(|_, want| {
                want(PhysicalRange { start: 0x100, length: 4 });
                true
            })
        }
    }

    type Seen = Arc<Mutex<Vec<u32>>>;

    fn slow() -> (Box<dyn Backend>, Sender<()>, Seen) {
        let (sender, go) = channel();
        let seen = Seen::default();
        (Threaded::wrap(Box::new(Slow { go, seen: seen.clone() })), sender, seen)
    }

    fn call() -> DrawCall {
        let mut registers = RegisterFile::new();
        registers.write(rb::RbModecontrol::with().edram_mode(EdramMode::Depth));
        let request = DrawRequest { initiator: vgt::VgtDrawInitiator(4), indices: IndexSource::Counted };
        let shader = Arc::new(Shader::new(ShaderKind::Vertex, &[]));
        DrawCall::capture(&registers, request, Some(&shader), None, Arc::default()).unwrap()
    }

    #[test]
    fn queued_draws_read_old_memory_and_resolves_wait_for_draws() {
        let (mut backend, go, seen) = slow();
        let memory = Ram::new(0x1000);
        for value in [2, 3, 4] {
            memory.write_u32(0x100, value);
            backend.draw(&call(), &memory).unwrap();
        }
        memory.write_u32(0x100, 6);
        assert_eq!(lock(&seen).len(), 0);
        for _ in 0..3 {
            go.send(()).unwrap();
        }
        let registers = RegisterFile::new();
        backend.resolve(&ResolveCall::capture(&registers), &memory).unwrap();
        assert_eq!((memory.read_u32(0x200), &lock(&seen)[..]), (3, &[2, 3, 4][..]));
        assert_eq!(backend.late_errors(), [BackendError::Invalid("3 is odd".to_owned())]);
        assert_eq!((backend.late_errors().len(), backend.samples_passed()), (0, Some(3)));
    }

    #[test]
    fn draws_that_hold_too_much_wait_for_those_before() {
        let (sender, go) = channel();
        let seen = Seen::default();
        let slow = Box::new(Slow { go, seen: seen.clone() });
        let mut backend = Threaded::with_room(slow, xenia_guest::PAGE_SIZE as usize);
        let memory = Ram::new(0x1000);
        let ticking = std::thread::spawn(move || {
            for _ in 0..4 {
                std::thread::sleep(std::time::Duration::from_millis(30));
                sender.send(()).unwrap();
            }
            sender
        });
        // One draw runs and one waits; each holds one page.
        for value in [2, 4, 6, 8] {
            memory.write_u32(0x100, value);
            backend.draw(&call(), &memory).unwrap();
        }
        assert!(!lock(&seen).is_empty(), "the fourth has waited");
        let _sender = ticking.join().unwrap();
        assert_eq!((backend.samples_passed(), &lock(&seen)[..]), (Some(4), &[2, 4, 6, 8][..]));
    }

    #[test]
    fn a_panic_of_the_draw_thread_resumes_in_the_waiter() {
        let (mut backend, go, _) = slow();
        let memory = Ram::new(0x1000);
        memory.write_u32(0x100, 99);
        backend.draw(&call(), &memory).unwrap();
        go.send(()).unwrap();
        let panic = catch_unwind(AssertUnwindSafe(|| backend.samples_passed())).unwrap_err();
        assert!(panic.downcast_ref::<String>().is_some_and(|text| text.contains("99 bottles")));
        assert_eq!(backend.samples_passed(), Some(0), "it was the draw's, not the backend's");
    }

    #[test]
    fn polling_a_survey_does_not_wait_for_draws() {
        let (mut backend, go, seen) = slow();
        let survey = ConditionalSurvey { id: 1, number: 1 };
        assert_eq!(backend.poll_survey(survey), Some(true));
        backend.draw(&call(), &Ram::new(0x1000)).unwrap();
        assert_eq!(backend.poll_survey(survey), None);
        go.send(()).unwrap();
        assert!(backend.survey(survey));
        assert_eq!((lock(&seen).len(), backend.poll_survey(survey)), (1, Some(true)));
    }

    #[test]
    fn drop_discards_queued_draws() {
        let (mut backend, go, seen) = slow();
        let memory = Ram::new(0x1000);
        for _ in 0..3 {
            backend.draw(&call(), &memory).unwrap();
        }
        go.send(()).unwrap();
        drop(go);
        drop(backend);
        assert!(lock(&seen).len() < 2);
    }

    #[test]
    fn a_backend_that_cannot_tell_what_it_reads_gets_no_thread() {
        let backend = Threaded::wrap(Box::new(NullBackend));
        assert!(backend.inputs().is_none() && backend.name() == "none");
    }
}
