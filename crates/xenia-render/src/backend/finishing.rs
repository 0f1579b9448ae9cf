//! Finishing of command encoders on a separate thread.
//!
//! wgpu checks and encodes the commands of an encoder when it is finished, which takes about half
//! as long as to record them. The device's commands are submitted from one thread and in order,
//! but the encoders of one submission can be finished while later ones record.
//!
//! Commands that the device has executed are freed by the thread that polls it or submits next,
//! which takes time in drivers, too. So the thread that has made them polls before it hands them
//! over to be submitted: the other one finds nothing to free then.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{Builder, JoinHandle};

use super::Device;

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
    fn start(device: &Device) -> Option<Self> {
        let (encoders, from) = channel::<wgpu::CommandEncoder>();
        let (to, commands) = channel();
        let device = device.clone();
        let finish = move || {
            let mut done = Vec::new();
            while let Ok(first) = from.recv() {
                let encoders = std::iter::once(first).chain(from.try_iter());
                done.extend(encoders.map(wgpu::CommandEncoder::finish));
                // The backend notices a loss before its next command, and opens another device.
                if !device.is_lost() {
                    let _ = device.poll();
                }
                for commands in done.drain(..) {
                    if to.send(commands).is_err() {
                        return;
                    }
                }
            }
        };
        let thread = Builder::new().name("commands".into()).spawn(finish).ok()?;
        Some(Self { encoders, commands, thread })
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
        // Only a thread that has panicked takes none; the commands are lost with it.
        self.handed_over += usize::from(worker.encoders.send(encoder).is_ok());
    }

    /// Whether no encoder was handed over since the last end.
    pub(super) fn is_empty(&self) -> bool {
        self.handed_over == 0 && self.done.is_empty()
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
