//! Finishing of command encoders on a separate thread.
//!
//! wgpu checks and encodes the commands of an encoder when it is finished, which takes about half
//! as long as to record them. The device's commands are submitted from one thread and in order,
//! but the encoders of one submission can be finished while later ones record.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{Builder, JoinHandle};

/// Finishes encoders in order, on a thread that is started for the first one.
#[derive(Default)]
pub(super) struct Finisher {
    worker: Option<Worker>,
    /// Number of encoders that the thread has, or whose commands have not been taken from it.
    handed_over: usize,
    /// Commands of encoders that were finished without a thread.
    done: Vec<wgpu::CommandBuffer>,
}

struct Worker {
    encoders: Sender<wgpu::CommandEncoder>,
    commands: Receiver<wgpu::CommandBuffer>,
    thread: JoinHandle<()>,
}

impl Worker {
    fn start() -> Option<Self> {
        let (encoders, from) = channel::<wgpu::CommandEncoder>();
        let (to, commands) = channel();
        let finish = move || {
            for encoder in from {
                if to.send(encoder.finish()).is_err() {
                    return;
                }
            }
        };
        let thread = Builder::new().name("commands".into()).spawn(finish).ok()?;
        Some(Self { encoders, commands, thread })
    }
}

impl Finisher {
    /// Begins to finish an encoder, whose passes have ended.
    pub(super) fn begin(&mut self, encoder: wgpu::CommandEncoder) {
        if self.worker.is_none() && self.done.is_empty() {
            self.worker = Worker::start();
        }
        let Some(worker) = &self.worker else {
            self.done.push(encoder.finish());
            return;
        };
        // Only a thread that has panicked takes none; the commands are lost with it.
        self.handed_over += usize::from(worker.encoders.send(encoder).is_ok());
    }

    /// Waits for the commands of all encoders; returns them in order.
    pub(super) fn end(&mut self) -> Vec<wgpu::CommandBuffer> {
        let mut commands = std::mem::take(&mut self.done);
        let count = std::mem::take(&mut self.handed_over);
        if let Some(worker) = &self.worker {
            commands.extend(worker.commands.iter().take(count));
        }
        commands
    }
}

impl Drop for Finisher {
    fn drop(&mut self) {
        if let Some(Worker { encoders, commands, thread }) = self.worker.take() {
            drop((encoders, commands));
            // A panic of the thread was reported where it happened.
            let _ = thread.join();
        }
    }
}
