//! Finishing of command encoders on a separate thread.
//!
//! wgpu checks and encodes the commands of an encoder when it is finished, which takes about half
//! as long as to record them. The device's commands are submitted from one thread and in order,
//! but the encoders of one submission can be finished while later ones record.
//!
//! Commands that the device has executed are freed by the thread that polls it, which takes time in
//! drivers, too. So the thread that has made them polls before it waits for encoders.

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
            while let Ok(first) = from.recv() {
                for encoder in std::iter::once(first).chain(from.try_iter()) {
                    if to.send(encoder.finish()).is_err() {
                        return;
                    }
                }
                // The backend notices a loss before its next command, and opens another device.
                if !device.is_lost() {
                    let _ = device.poll();
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
