//! Device of a window: its presenter draws with it, and a backend shares it, also after a loss.
//!
//! Only the window's thread opens devices for the window. A backend that has lost its device wakes
//! the window and waits for the next one, for at most [`WINDOW_TIMEOUT`]: the window's thread may
//! be busy, or wait for the machine. It never waits for the backend's thread while it opens a
//! device, and the backend holds no lock that this needs.

use std::time::{Duration, Instant};

use xenia_sync::{Level, Mutex};

use super::Device;

/// Longest time that a backend waits for the window's next device after a loss.
pub(super) const WINDOW_TIMEOUT: Duration = Duration::from_secs(3);
/// Time between two looks for the next device.
const POLL: Duration = Duration::from_millis(5);

impl Device {
    /// Configures a surface of the device, when its work is done and before there is more.
    pub(crate) fn configure(
        &self,
        surface: &wgpu::Surface<'_>,
        config: &wgpu::SurfaceConfiguration,
    ) -> Result<(), String> {
        let _closed = self.gate.close();
        // wgpu's own wait is not made of steps.
        self.wait_uncounted(None).map_err(|error| error.to_string())?;
        self.attempt(|device| surface.configure(device, config))
    }
}

/// The device that a window offers to backends.
pub(crate) struct WindowDevice {
    /// `None` if there is none: before the window is open, after it has closed, while it can't open
    /// one, or if the window's can't draw.
    offered: Mutex<Option<Device>>,
    /// Wakes the window's thread, which replaces a lost device.
    wake: Box<dyn Fn() + Send + Sync>,
}

impl WindowDevice {
    /// Offers none yet.
    pub(crate) fn new(wake: impl Fn() + Send + Sync + 'static) -> Self {
        Self { offered: Mutex::new(Level::Leaf, None), wake: Box::new(wake) }
    }

    /// Replaces the device.
    pub(crate) fn offer(&self, device: Option<Device>) {
        let last = std::mem::replace(&mut *self.offered.lock(), device);
        // Without the lock: the end of a device may call back.
        drop(last);
    }

    /// The device, which may be lost.
    pub(crate) fn offered(&self) -> Option<Device> {
        self.offered.lock().clone()
    }

    /// Waits until the window offers a device that is not lost; `None` if it offers none, or no
    /// other one in this time. Must not be called on the window's thread.
    pub(super) fn replacement(&self, timeout: Duration) -> Option<Device> {
        let start = Instant::now();
        let mut is_woken = false;
        loop {
            let device = self.offered()?;
            if !device.is_lost() {
                return Some(device);
            }
            if start.elapsed() >= timeout {
                tracing::debug!(target: "gpu", ?timeout, "the window has opened no other device");
                return None;
            }
            if !std::mem::replace(&mut is_woken, true) {
                (self.wake)();
            }
            std::thread::sleep(POLL);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{lose, offered_by, own};
    use super::*;
    use std::sync::{Arc, mpsc};

    #[test]
    fn the_next_device_is_the_windows() {
        let (wakes, woken) = mpsc::channel();
        let window = Arc::new(WindowDevice::new(move || wakes.send(()).unwrap()));
        let Some(first) = offered_by(&window) else { return };
        let Some(second) = offered_by(&window) else { return };
        window.offer(Some(first.clone()));
        lose(&first);
        let next = second.clone();
        let thread = std::thread::spawn({
            let window = window.clone();
            move || {
                woken.recv().unwrap();
                window.offer(Some(second));
            }
        });
        let found = first.reopen().unwrap();
        thread.join().unwrap();
        assert!(found.is_same(&next) && found.serves_window() && !found.is_lost());
        assert!(Arc::ptr_eq(&found.traffic, &first.traffic), "counters go on");
        window.offer(None);
    }

    #[test]
    fn a_window_without_a_device_is_not_waited_for() {
        let window = Arc::new(WindowDevice::new(|| ()));
        let Some(first) = offered_by(&window) else { return };
        window.offer(Some(first.clone()));
        lose(&first);
        assert!(window.replacement(Duration::from_millis(20)).is_none(), "it is too slow");
        // The window is minimised, has closed, or can't open a device.
        window.offer(None);
        let found = first.reopen().unwrap();
        assert!(!found.serves_window() && !found.is_lost());
        let Some(later) = offered_by(&window) else { return };
        window.offer(Some(later.clone()));
        lose(&found);
        assert!(found.reopen().unwrap().is_same(&later), "the next loss joins them again");
        window.offer(None);
    }

    #[test]
    fn a_device_without_a_window_is_replaced_by_another() {
        let Some(first) = own() else { return };
        lose(&first);
        let found = first.reopen().unwrap();
        assert!(!found.is_same(&first) && !found.is_lost() && !found.serves_window());
    }
}
