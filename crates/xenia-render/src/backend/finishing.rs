//! Finishing of command encoders on a separate thread.
//!
//! wgpu checks and encodes the commands of an encoder when it is finished, which takes about half
//! as long as to record them. The device's commands are submitted from one thread and in order,
//! but the encoders of one submission can be finished while later ones record.
//!
//! Commands that the device has executed are freed by the thread that polls it or submits next,
//! which takes time in drivers, too. So the thread that has made them polls before it hands them
//! over to be submitted, and it polls and waits for late results. Other waits stay on the thread
//! that needs them.

use std::sync::mpsc::{Receiver, SendError, Sender, channel};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use xenia_gpu::BackendError;

use super::Device;

/// Minimum time between polls without a waiting caller.
const POLL_PERIOD: Duration = Duration::from_millis(1);

/// Work of the thread.
enum Work {
    Finish(wgpu::CommandEncoder),
    /// Polls the device.
    Poll,
    /// Polls the device for a thread that waits for it.
    PollForCaller,
    /// Waits for a submission, or for the last one that was noted, as another thread does.
    WaitForCaller(Option<wgpu::SubmissionIndex>),
}

/// Finishes encoders in order, on a thread that is started for the first one.
#[derive(Default)]
pub(super) struct Finisher {
    worker: Option<Worker>,
    /// Number of encoders that the thread has, or whose commands have not been taken from it.
    handed_over: usize,
    /// Commands of encoders that were finished without a thread, or taken from it.
    done: Vec<wgpu::CommandBuffer>,
    /// Time of the last poll without a waiting caller.
    last_poll: Option<Instant>,
}

struct Worker {
    device: Device,
    work: Sender<Work>,
    commands: Receiver<wgpu::CommandBuffer>,
    /// One message for each poll or wait of another thread.
    polled: Receiver<()>,
    thread: JoinHandle<()>,
}

impl Worker {
    fn start(device: &Device) -> Option<Self> {
        let (work, from) = channel();
        let (to, commands) = channel();
        let (answer, polled) = channel();
        let own = device.clone();
        let finish = move || {
            let mut done = Vec::new();
            while let Ok(first) = from.recv() {
                let mut waiting = 0;
                for work in std::iter::once(first).chain(from.try_iter()) {
                    match work {
                        Work::Finish(encoder) => done.push(encoder.finish()),
                        Work::Poll => {}
                        Work::PollForCaller => waiting += 1,
                        Work::WaitForCaller(submission) => {
                            let _ = own.wait(submission);
                            waiting += 1;
                        }
                    }
                }
                // The backend notices a loss before its next command, and opens another device.
                if !own.is_lost() {
                    let _ = own.poll();
                }
                for commands in done.drain(..) {
                    if to.send(commands).is_err() {
                        return;
                    }
                }
                for _ in 0..waiting {
                    if answer.send(()).is_err() {
                        return;
                    }
                }
            }
        };
        let thread = Builder::new().name("commands".into()).spawn(finish).ok()?;
        Some(Self { device: device.clone(), work, commands, polled, thread })
    }
}

impl Finisher {
    /// Begins to finish an encoder, whose passes have ended.
    pub(super) fn begin(&mut self, device: &Device, encoder: wgpu::CommandEncoder) {
        if self.worker.is_none() && self.done.is_empty() {
            self.worker = Worker::start(device);
        }
        let Some(worker) = &self.worker else {
            self.done.push(encoder.finish());
            return;
        };
        let Err(SendError(Work::Finish(encoder))) = worker.work.send(Work::Finish(encoder)) else {
            self.handed_over += 1;
            return;
        };
        self.take_finished();
        self.forget_panicked();
        self.done.push(encoder.finish());
    }

    /// Takes the commands of the encoders that were handed over.
    fn take_finished(&mut self) {
        let count = std::mem::take(&mut self.handed_over);
        let Some(worker) = &self.worker else { return };
        let expected = self.done.len() + count;
        self.done.extend(worker.commands.iter().take(count));
        if self.done.len() < expected {
            self.forget_panicked();
        }
    }

    /// Forgets a thread that has panicked, with the encoders that it had: they may have had stores
    /// of tiles, textures and copies for deliveries, which only a recovery makes anew. The next
    /// encoder of a submission without others starts another thread.
    fn forget_panicked(&mut self) {
        if let Some(Worker { device, .. }) = self.worker.take() {
            device.note_lost("the thread that finishes commands has panicked");
        }
    }

    /// Whether no encoder was handed over since the last end.
    pub(super) fn is_empty(&self) -> bool {
        self.handed_over == 0 && self.done.is_empty()
    }

    /// Collects what the device has executed, as [`Device::poll`], but on the thread.
    pub(super) fn poll(&self, device: &Device) -> Result<(), BackendError> {
        self.run_on_thread(device, Work::PollForCaller).unwrap_or_else(|| device.poll())
    }

    /// Waits for a submission, as [`Device::wait`], but on the thread.
    pub(super) fn wait(
        &self,
        device: &Device,
        submission: Option<wgpu::SubmissionIndex>,
    ) -> Result<(), BackendError> {
        self.run_on_thread(device, Work::WaitForCaller(submission.clone()))
            .unwrap_or_else(|| device.wait(submission))
    }

    /// Waits until the thread has done some work; `None` if it doesn't run.
    fn run_on_thread(&self, device: &Device, work: Work) -> Option<Result<(), BackendError>> {
        let worker = self.worker.as_ref()?;
        // A thread that has panicked does not answer.
        worker.work.send(work).ok()?;
        worker.polled.recv().ok()?;
        // Any error of the thread's waits is a loss.
        Some(device.check_loss())
    }

    /// As [`Self::poll`], but without a wait for the thread, which polls soon.
    pub(super) fn begin_poll(&mut self, device: &Device) -> Result<(), BackendError> {
        let Some(worker) = &self.worker else { return device.poll() };
        if self.last_poll.is_some_and(|last| last.elapsed() < POLL_PERIOD) {
            return Ok(());
        }
        self.last_poll = Some(Instant::now());
        if worker.work.send(Work::Poll).is_ok() { Ok(()) } else { device.poll() }
    }

    /// Waits for the commands of all encoders; returns them in order.
    pub(super) fn end(&mut self) -> Vec<wgpu::CommandBuffer> {
        self.take_finished();
        std::mem::take(&mut self.done)
    }
}

impl Drop for Finisher {
    fn drop(&mut self) {
        if let Some(Worker { work, commands, polled, thread, .. }) = self.worker.take() {
            // The thread ends when it finds a channel closed.
            drop((work, commands, polled));
            // A panic of the thread was reported where it happened.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    use super::super::device;
    use super::*;

    #[test]
    fn polls_on_the_thread_notice_what_was_executed() {
        device::tests::with_device(|device| {
            let mut finisher = Finisher::default();
            let executed = Arc::new(AtomicUsize::new(0));
            assert_eq!((finisher.poll(device), finisher.begin_poll(device)), (Ok(()), Ok(())), "no thread");
            for count in 1..4 {
                for _ in 0..count {
                    let encoder = device.wgpu().create_command_encoder(&Default::default());
                    finisher.begin(device, encoder);
                    assert_eq!(finisher.begin_poll(device), Ok(()));
                }
                let commands = finisher.end();
                assert_eq!((commands.len(), finisher.is_empty()), (count, true));
                device.submit(commands);
                let number = executed.clone();
                device.queue().on_submitted_work_done(move || number.store(count, Relaxed));
                if count == 2 {
                    assert_eq!(finisher.wait(device, device.last_submission()), Ok(()));
                    assert_eq!(executed.load(Relaxed), count);
                }
                let start = Instant::now();
                while executed.load(Relaxed) != count {
                    assert_eq!(finisher.poll(device), Ok(()));
                    assert!(start.elapsed() < Duration::from_mins(1));
                }
            }
        });
    }

    #[test]
    fn a_thread_that_has_panicked_is_replaced_and_a_loss() {
        // One encoder is lost with the thread: the next one or the end notices it.
        for ends_first in [false, true] {
            let Some(device) = device::tests::own() else { return };
            let encoder = || device.wgpu().create_command_encoder(&Default::default());
            let (work, _) = channel();
            let (_, commands) = channel();
            let (_, polled) = channel();
            let thread = std::thread::spawn(|| ());
            let worker = Some(Worker { device: device.clone(), work, commands, polled, thread });
            let mut finisher = Finisher { worker, handed_over: 1, done: Vec::new(), last_poll: None };
            if ends_first {
                assert!(finisher.end().is_empty());
            }
            assert_eq!(device.is_lost(), ends_first);
            finisher.begin(&device, encoder());
            assert!(device.is_lost());
            finisher.begin(&device, encoder());
            assert_eq!((finisher.end().len(), finisher.is_empty()), (2, true), "{ends_first}");
            finisher.begin(&device, encoder());
            assert!(finisher.worker.is_some());
            assert_eq!((finisher.end().len(), finisher.is_empty()), (1, true), "{ends_first}");
        }
    }

    #[test]
    fn an_error_of_a_wait_on_the_thread_has_its_reason() {
        let Some(device) = device::tests::own() else { return };
        let mut finisher = Finisher::default();
        finisher.begin(&device, device.wgpu().create_command_encoder(&Default::default()));
        drop(finisher.end());
        device::tests::lose(&device);
        let reason = device.loss().unwrap().to_owned();
        assert_eq!(finisher.wait(&device, None), Err(BackendError::Host(reason)));
    }
}
