//! Devices of tests, and tests of waits and losses.

use super::in_flight::{MAX_FRAMES_IN_FLIGHT, MAX_IN_FLIGHT};
use super::*;
use std::cell::Cell;
use std::sync::{Mutex, PoisonError};
use xenia_testing::{Tool, draws_in_software, obtain};

static DEVICE: OnceLock<Result<Mutex<Device>, DeviceError>> = OnceLock::new();

/// A device of a test's own, for tests that lose it. `None` if there is no driver.
pub(crate) fn own() -> Option<Device> {
    obtain(Tool::Vulkan, Device::open(AdapterChoice { software: draws_in_software(), name: None }))
}

/// A device of a test's own that serves a window.
pub(crate) fn serving() -> Option<Device> {
    own().map(|device| Device { serves_window: true, ..device })
}

/// A device of a test's own for a window to offer.
pub(crate) fn offered_by(window: &Arc<WindowDevice>) -> Option<Device> {
    own().map(|device| device.serving(window))
}

/// Loses a device, and waits until that is known.
pub(crate) fn lose(device: &Device) {
    device.wgpu().destroy();
    // Waits also for submissions that other code made with the wgpu device.
    let _ = device.noting_loss(|| device.device.poll(wgpu::PollType::wait_indefinitely()));
    assert!(device.is_lost());
}

/// Runs a test with the shared device, one test at a time; prints a message if there is no
/// driver.
pub(crate) fn with_device(test: impl FnOnce(&Device)) {
    let device = DEVICE.get_or_init(|| {
        Device::open(AdapterChoice { software: draws_in_software(), name: None }).map(Mutex::new)
    });
    if let Some(device) = obtain(Tool::Vulkan, device.as_ref()) {
        let device = device.lock().unwrap_or_else(PoisonError::into_inner);
        test(&device);
        // The process may end next, and lavapipe crashes if it is compiling a shader then.
        let _ = device.noting_loss(|| device.device.poll(wgpu::PollType::wait_indefinitely()));
        assert_eq!(device.validation_errors(), 0, "errors of the graphics API");
    }
}

#[test]
fn two_frames_are_in_flight() {
    with_device(|device| {
        let device = device.with_fresh_counters();
        device.wait(None).unwrap();
        for frame in 0..40 {
            for _ in 0..5 {
                device.submit([]);
            }
            device.end_frame();
            // A frame without commands counts with the previous one.
            device.end_frame();
            let in_flight = device.lock_in_flight();
            assert!(in_flight.frames.len() <= MAX_FRAMES_IN_FLIGHT, "{frame}");
            assert!(in_flight.submissions.len() <= MAX_IN_FLIGHT);
        }
        for _ in 0..3 * MAX_IN_FLIGHT {
            device.submit([]);
            assert!(device.lock_in_flight().submissions.len() <= MAX_IN_FLIGHT);
        }
        assert_eq!(device.waits(), 1, "holding back is counted apart");
    });
}

#[test]
fn a_wait_has_short_steps_and_ends_with_its_limit() {
    for (limit, is_over, steps) in [(MAX_WAIT, true, 6), (Duration::ZERO, false, 1)] {
        let count = Cell::new(0);
        let waited = wait_in_steps(limit, |step| {
            assert!(step <= Duration::from_millis(2), "a window waits for it");
            count.set(count.get() + 1);
            if count.get() <= 5 { Err(wgpu::PollError::Timeout) } else { Ok(wgpu::PollStatus::WaitSucceeded) }
        });
        assert_eq!((waited.is_ok(), count.get()), (is_over, steps));
    }
}

#[test]
fn a_panic_of_wgpu_in_a_poll_is_a_loss() {
    let Some(device) = own() else { return };
    assert!(device.poll().is_ok() && !device.is_lost());
    assert!(device.noting_loss(|| panic!("as at an error of the driver")).is_err());
    assert!(device.is_lost());
}

#[test]
fn the_first_error_of_a_wait_is_the_reason_of_the_loss() {
    let Some(device) = own() else { return };
    assert_eq!(device.loss(), None);
    let first = wgpu::PollError::Timeout.to_string();
    for error in [wgpu::PollError::Timeout, wgpu::PollError::WrongSubmissionIndex(2, 1)] {
        assert_eq!(device.noting_loss(|| Err(error)), Err(BackendError::Host(first.clone())));
        assert_eq!(device.loss(), Some(first.as_str()));
    }
}

#[test]
fn a_device_that_does_not_answer_stays_and_nobody_waits_for_its_end() {
    for (is_timeout, poll) in
        [(true, wgpu::PollError::Timeout), (false, wgpu::PollError::WrongSubmissionIndex(2, 1))]
    {
        let Some(device) = own() else { return };
        // The handler of errors, which the queue has, counts with it.
        let errors = device.errors.clone();
        assert!(device.noting_loss(|| Err(poll)).is_err() && device.is_lost());
        drop(device);
        assert_eq!(Arc::strong_count(&errors) > 1, is_timeout);
    }
}

#[test]
fn a_panic_while_a_resource_is_made_is_an_error_after_another_or_on_a_lost_device() {
    let Some(device) = own() else { return };
    let panics = || device.attempt(|_| panic!("as egui does without a buffer"));
    assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
    let after_error: Result<(), _> = device.attempt(|device| {
        drop(device.create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size: u64::MAX - 3,
            usage: wgpu::BufferUsages::INDEX,
            mapped_at_creation: false,
        }));
        panic!("as egui does with a buffer that has no memory")
    });
    assert!(after_error.is_err() && !device.is_lost());
    device.wgpu().destroy();
    assert_eq!(panics(), Err::<(), _>("the device is lost".to_owned()));
}

#[test]
fn the_device_has_a_name() {
    with_device(|device| assert!(!device.name().is_empty()));
}
