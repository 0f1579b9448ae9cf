//! Graphics device of the host, opened for a window or without one.

mod gate;
mod in_flight;
mod window_device;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use xenia_gpu::BackendError;

use super::adapter::{AdapterChoice, make_instance};
use super::work::Traffic;
use gate::SubmissionGate;
use in_flight::InFlight;
use window_device::WINDOW_TIMEOUT;
pub(crate) use window_device::WindowDevice;
use xenia_sync::{Level, Mutex, MutexGuard};

/// Longest time from a panic of a device's user to the callback of the loss that caused it.
const LOSS_TIMEOUT: Duration = Duration::from_secs(1);

/// Time after which a device that has not finished its work counts as lost.
pub(super) const MAX_WAIT: Duration = Duration::from_secs(30);
/// Longest wait within wgpu, which holds a lock meanwhile that a window needs to show its picture.
const MAX_WAIT_STEP: Duration = Duration::from_millis(2);

/// Optional features, enabled if the adapter has them. Code that uses one describes the
/// alternative.
const WELCOME: wgpu::Features = wgpu::Features::FLOAT32_FILTERABLE
    .union(wgpu::Features::FLOAT32_BLENDABLE)
    .union(wgpu::Features::TEXTURE_FORMAT_16BIT_NORM)
    .union(wgpu::Features::TEXTURE_COMPRESSION_BC)
    .union(wgpu::Features::TEXTURE_ADAPTER_SPECIFIC_FORMAT_FEATURES)
    .union(wgpu::Features::DEPTH_CLIP_CONTROL)
    .union(wgpu::Features::CLIP_DISTANCES)
    .union(wgpu::Features::ADDRESS_MODE_CLAMP_TO_BORDER)
    .union(wgpu::Features::ADDRESS_MODE_CLAMP_TO_ZERO);
/// Optional features that cost a driver in software more than the alternative: its code for each
/// pipeline decompresses the texels of each fetch, and takes twice as long to compile.
const SLOW_IN_SOFTWARE: wgpu::Features = wgpu::Features::TEXTURE_COMPRESSION_BC;
/// Features that a device must have.
const NEEDED: wgpu::Features = wgpu::Features::DEPTH32FLOAT_STENCIL8;

/// Error while opening the device.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeviceError {
    /// The system offers no graphics adapter.
    #[error("no graphics adapter: {0}. A software driver will do (Debian package mesa-vulkan-drivers)")]
    NoAdapter(String),
    /// No adapter has the requested name.
    #[error("no graphics adapter that can be used is called {name}; there are: {there_are}")]
    NotNamed {
        /// The part of a name.
        name: String,
        /// Names of all adapters.
        there_are: String,
    },
    /// The adapter can't be used.
    #[error("the graphics adapter {adapter} can't be used: {reason}")]
    Unusable {
        /// Name of the adapter.
        adapter: String,
        /// Error message of the system.
        reason: String,
    },
}

/// Device with its queue. Clones refer to the same device.
#[allow(clippy::struct_field_names, reason = "`device` is what wgpu calls it")]
#[derive(Clone)]
pub struct Device {
    pub(crate) device: wgpu::Device,
    pub(crate) queue: wgpu::Queue,
    /// Features of the device that the backend uses.
    pub(crate) features: wgpu::Features,
    pub(crate) adapter: wgpu::Adapter,
    /// Largest width and height of a 2D texture. Asking wgpu takes a lock and copies all limits.
    pub(super) max_texture_side: u32,
    software: bool,
    /// Part of the adapter's name, if it was requested by name.
    named: Option<Arc<str>>,
    /// Whether a window shows pictures of this device.
    serves_window: bool,
    /// The window whose device the backend shares, or shared before a loss.
    window: Option<Arc<WindowDevice>>,
    /// Reason of the loss, once the device is lost.
    loss: Arc<OnceLock<String>>,
    in_flight: Arc<Mutex<InFlight>>,
    /// Number of submissions that the device has executed, as far as it has reported.
    executed: Arc<AtomicU64>,
    /// Errors of the graphics API, except those of a lost device.
    errors: Arc<AtomicU64>,
    gate: Arc<SubmissionGate>,
    pub(super) traffic: Arc<Traffic>,
    /// Whether its sample counts were probed.
    pub(super) is_probed: Arc<AtomicBool>,
}

impl std::fmt::Debug for Device {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Device {}", self.name())
    }
}

impl Device {
    /// Name of the adapter that [`open`](Self::open) would use, without opening it; the error says
    /// why no adapter is usable.
    pub fn probe(name: Option<&str>) -> Result<String, DeviceError> {
        adapter(AdapterChoice { software: false, name }).map(|adapter| adapter.get_info().name)
    }

    /// Opens an adapter, by default the system's best.
    pub fn open(choice: AdapterChoice<'_>) -> Result<Self, DeviceError> {
        Self::open_adapter(adapter(choice)?, choice)
    }

    /// Opens the device of an adapter that shows a window. If it can't draw, it has no features.
    pub(crate) fn for_window(
        adapter: wgpu::Adapter,
        choice: AdapterChoice<'_>,
        window: &Arc<WindowDevice>,
    ) -> Result<Self, DeviceError> {
        Ok(Self::open_adapter(adapter, choice)?.serving(window))
    }

    /// The same device, which serves a window.
    fn serving(self, window: &Arc<WindowDevice>) -> Self {
        Self { serves_window: true, window: Some(window.clone()), ..self }
    }

    fn open_adapter(
        adapter: wgpu::Adapter,
        AdapterChoice { software, name }: AdapterChoice<'_>,
    ) -> Result<Self, DeviceError> {
        let unusable =
            |reason: String| DeviceError::Unusable { adapter: adapter.get_info().name.clone(), reason };
        let offered = adapter.features();
        let features =
            if offered.contains(NEEDED) { NEEDED | offered & WELCOME } else { wgpu::Features::empty() };
        let (device, queue) = pollster::block_on(adapter.request_device(&wgpu::DeviceDescriptor {
            label: Some("xenia-rs"),
            required_features: features,
            required_limits: adapter.limits(),
            ..Default::default()
        }))
        .map_err(|error| unusable(error.to_string()))?;
        let loss = Arc::new(OnceLock::new());
        let errors = Arc::new(AtomicU64::new(0));
        // Resources that a title requests are checked at creation. Any other error is our bug,
        // which need not end the title; tests fail. A lost device refuses everything.
        let counted = errors.clone();
        let known = loss.clone();
        device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| {
            if known.get().is_none() {
                counted.fetch_add(1, Relaxed);
            }
            tracing::error!(target: "gpu", %error, "the graphics device refuses a command");
        }));
        let noted = loss.clone();
        device.set_device_lost_callback(move |reason, message| {
            tracing::debug!(target: "gpu", ?reason, message, "the graphics device is gone");
            noted.get_or_init(|| format!("{reason:?}: {message}"));
        });
        let in_flight = Arc::new(Mutex::new(Level::Leaf, InFlight::default()));
        let (executed, gate, traffic, is_probed) = Default::default();
        let max_texture_side = device.limits().max_texture_dimension_2d;
        let is_cpu = adapter.get_info().device_type == wgpu::DeviceType::Cpu;
        Ok(Self {
            device,
            queue,
            features: if is_cpu { features - SLOW_IN_SOFTWARE } else { features },
            adapter,
            max_texture_side,
            software,
            named: name.map(Arc::from),
            serves_window: false,
            window: None,
            loss,
            in_flight,
            executed,
            errors,
            gate,
            traffic,
            is_probed,
        })
    }

    /// Replaces a lost device by the window's next one, or else by another with the same options.
    /// It continues the counters of traffic.
    pub(crate) fn reopen(&self) -> Result<Self, DeviceError> {
        let shared = self.window.as_ref().and_then(|window| window.replacement(WINDOW_TIMEOUT));
        let next = match shared {
            Some(shared) => shared,
            None => Self::open(AdapterChoice { software: self.software, name: self.named.as_deref() })?,
        };
        Ok(Self { window: self.window.clone(), traffic: self.traffic.clone(), ..next })
    }

    /// Whether both are one device. wgpu compares numbers, which each instance counts anew.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.loss, &other.loss)
    }

    /// Whether the device has all features that the backend needs.
    pub(crate) fn can_draw(&self) -> bool {
        self.features.contains(NEEDED)
    }

    /// Whether a window shows pictures of this device.
    pub(super) fn serves_window(&self) -> bool {
        self.serves_window
    }

    /// Number of errors that the graphics API reported, except those of a lost device: bugs of the
    /// backend.
    pub fn validation_errors(&self) -> u64 {
        self.errors.load(Relaxed)
    }

    /// Number of waits so far.
    #[cfg(test)]
    pub(crate) fn waits(&self) -> u64 {
        self.traffic.waits.load(Relaxed)
    }

    /// The same device with separate traffic counters, which begin at zero.
    #[must_use]
    pub fn with_fresh_counters(&self) -> Self {
        Self { traffic: Arc::default(), ..self.clone() }
    }

    /// Writes bytes to a buffer before all later submissions.
    pub(crate) fn upload(&self, buffer: &wgpu::Buffer, offset: u64, bytes: &[u8]) {
        self.traffic.bytes_up.fetch_add(bytes.len() as u64, Relaxed);
        self.queue.write_buffer(buffer, offset, bytes);
    }

    /// Whether the device is lost: commands have no effect any more.
    pub fn is_lost(&self) -> bool {
        self.loss().is_some()
    }

    /// Reason of the loss, if the device is lost: the first error, from which later ones follow.
    pub(crate) fn loss(&self) -> Option<&str> {
        self.loss.get().map(String::as_str)
    }

    /// Fails with the reason of the loss, if the device is lost.
    pub(super) fn check_loss(&self) -> Result<(), BackendError> {
        self.loss().map_or(Ok(()), |reason| Err(BackendError::Host(reason.to_owned())))
    }

    /// Notes a loss, unless another one is known. Also for a device that works, if what it has does
    /// not fit together any more.
    pub(super) fn note_lost(&self, reason: &str) {
        self.loss.get_or_init(|| reason.to_owned());
    }

    /// Collects what the device has executed, without a wait: frees commands and calls callbacks.
    pub(crate) fn poll(&self) -> Result<(), BackendError> {
        self.noting_loss(|| self.device.poll(wgpu::PollType::Poll))
    }

    /// Calls wgpu's poll; after an error the device counts as lost. wgpu panics if the driver has
    /// lost the device, with no lock held and after the device's callbacks.
    fn noting_loss(
        &self,
        poll: impl FnOnce() -> Result<wgpu::PollStatus, wgpu::PollError>,
    ) -> Result<(), BackendError> {
        let reason = match catch_unwind(AssertUnwindSafe(poll)) {
            Ok(Ok(_)) => return Ok(()),
            Ok(Err(error)) => {
                if matches!(error, wgpu::PollError::Timeout) && !self.is_lost() {
                    // The drop of a queue waits until the driver has executed all commands, which
                    // would block this thread, which continues with another device: so this queue
                    // is leaked. The drop of a window's surface has to wait: a window has only one.
                    std::mem::forget(self.queue.clone());
                }
                error.to_string()
            }
            Err(_) => "it is lost".to_owned(),
        };
        Err(BackendError::Host(self.loss.get_or_init(|| reason).clone()))
    }

    /// Submits commands. If too many submissions are in flight, waits for the oldest one.
    pub(crate) fn submit(&self, commands: impl IntoIterator<Item = wgpu::CommandBuffer>) {
        self.traffic.submissions.fetch_add(1, Relaxed);
        let passing = self.gate.pass();
        let index = self.queue.submit(commands);
        let mut in_flight = self.lock_in_flight();
        in_flight.count += 1;
        let number = in_flight.count;
        in_flight.submissions.push_back((number, index));
        drop(in_flight);
        let executed = self.executed.clone();
        self.queue.on_submitted_work_done(move || {
            executed.fetch_max(number, Relaxed);
        });
        // The request for a callback may submit writes, too.
        drop(passing);
        self.hold_back();
    }

    /// Submits a command buffer that is neither counted nor waited for.
    pub(super) fn submit_unnoted(&self, commands: wgpu::CommandBuffer) {
        let _passing = self.gate.pass();
        self.queue.submit([commands]);
    }

    /// Last submission, unless the device is known to have executed all.
    pub(crate) fn last_submission(&self) -> Option<wgpu::SubmissionIndex> {
        self.lock_in_flight().submissions.back().map(|(_, index)| index.clone())
    }

    /// Ends a frame. If too many are in flight, waits for the oldest one.
    pub(crate) fn end_frame(&self) {
        let mut in_flight = self.lock_in_flight();
        if let Some(last) = in_flight.submissions.back().cloned()
            && in_flight.frames.back().is_none_or(|(number, _)| *number != last.0)
        {
            in_flight.frames.push_back(last);
        }
        drop(in_flight);
        self.hold_back();
    }

    fn lock_in_flight(&self) -> MutexGuard<'_, InFlight> {
        self.in_flight.lock()
    }

    /// Waits until no more is in flight than may be.
    fn hold_back(&self) {
        if self.lock_in_flight().excess().is_none() {
            return;
        }
        // An unresponsive device becomes lost, which is noticed before the next command.
        let polled = self.poll();
        let executed = self.executed.load(Relaxed);
        let mut in_flight = self.lock_in_flight();
        in_flight.forget(executed);
        let excess = in_flight.excess();
        drop(in_flight);
        // A lost device executes nothing, and wgpu would panic again.
        if let Some(submission) = excess
            && polled.is_ok()
        {
            let start = Instant::now();
            let _ = self.wait_uncounted(Some(submission));
            self.traffic.held_back(start);
            let executed = self.executed.load(Relaxed);
            self.lock_in_flight().forget(executed);
        }
    }

    /// Waits until a submission, or the last one that was noted, and those before it are complete.
    /// A device that takes too long counts as lost.
    pub(crate) fn wait(&self, submission: Option<wgpu::SubmissionIndex>) -> Result<(), BackendError> {
        let start = Instant::now();
        let waited = self.wait_uncounted(submission);
        self.traffic.waited(start);
        waited
    }

    fn wait_uncounted(&self, submission: Option<wgpu::SubmissionIndex>) -> Result<(), BackendError> {
        // Only until this submission is done, or the last one that was noted: threads may submit
        // more at any time, so a wait for all might not end.
        let Some(submission) = submission.or_else(|| self.last_submission()) else { return self.poll() };
        let wait = |step| {
            let submission_index = Some(submission.clone());
            match self.device.poll(wgpu::PollType::Wait { submission_index, timeout: Some(step) }) {
                // A lost device has not taken the submission: nothing else to wait for.
                Err(wgpu::PollError::WrongSubmissionIndex(..)) => self.device.poll(wgpu::PollType::Poll),
                waited => waited,
            }
        };
        self.noting_loss(|| wait_in_steps(MAX_WAIT, wait))
    }

    /// Creates a resource that the device may refuse, for its size or because of a bug; returns the
    /// error. A panic after an error, or on a lost device, is one, too: egui's renderer needs each
    /// of its buffers.
    pub(crate) fn attempt<T>(&self, make: impl FnOnce(&wgpu::Device) -> T) -> Result<T, String> {
        use wgpu::ErrorFilter::{Internal, OutOfMemory, Validation};
        let scopes = [OutOfMemory, Internal, Validation].map(|filter| self.device.push_error_scope(filter));
        let made = catch_unwind(AssertUnwindSafe(|| make(&self.device)));
        // Error scopes are popped in reverse order.
        let errors: Vec<_> =
            scopes.into_iter().rev().filter_map(|scope| pollster::block_on(scope.pop())).collect();
        match (made, errors.first()) {
            (Ok(made), None) => Ok(made),
            (Err(_), _) if self.turns_out_lost() => Err("the device is lost".to_owned()),
            (_, Some(error)) => Err(error.to_string()),
            (Err(panic), None) => resume_unwind(panic),
        }
    }

    /// Whether the device is lost, or is found to be within [`LOSS_TIMEOUT`]: wgpu calls back only
    /// after all submissions.
    fn turns_out_lost(&self) -> bool {
        let end = Instant::now() + LOSS_TIMEOUT;
        while !self.is_lost() && self.poll().is_ok() && Instant::now() < end {
            std::thread::sleep(LOSS_TIMEOUT / 100);
        }
        self.is_lost()
    }

    pub fn wgpu(&self) -> &wgpu::Device {
        &self.device
    }

    pub fn queue(&self) -> &wgpu::Queue {
        &self.queue
    }

    /// Adapter name and driver, for display.
    pub fn name(&self) -> String {
        let info = self.adapter.get_info();
        format!("{} ({:?}, {})", info.name, info.backend, info.driver)
    }
}

/// Repeats a wait of at most [`MAX_WAIT_STEP`] until it is over, or for `limit`.
fn wait_in_steps(
    limit: Duration,
    wait: impl Fn(Duration) -> Result<wgpu::PollStatus, wgpu::PollError>,
) -> Result<wgpu::PollStatus, wgpu::PollError> {
    let start = Instant::now();
    loop {
        match wait(MAX_WAIT_STEP) {
            Err(wgpu::PollError::Timeout) if start.elapsed() < limit => {}
            waited => return waited,
        }
    }
}

/// Finds the adapter of a choice, if it has the required features.
fn adapter(choice: AdapterChoice<'_>) -> Result<wgpu::Adapter, DeviceError> {
    let instance = make_instance(wgpu::InstanceDescriptor::new_without_display_handle());
    let adapter = choice.find(&instance, None)?;
    let offered = adapter.features();
    if offered.contains(NEEDED) {
        return Ok(adapter);
    }
    let reason = format!("it lacks {:?}", NEEDED - offered);
    Err(DeviceError::Unusable { adapter: adapter.get_info().name.clone(), reason })
}

#[cfg(test)]
pub(crate) mod tests;
