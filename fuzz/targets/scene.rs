//! Scenes of any choices are drawn alike by the reference and by the host's device.
//!
//! Input: a byte that selects the family, then the words of its choices, big-endian, as they follow
//! `words` in the files of `xenia-rs fuzz --scenes`. Without a driver two references are compared,
//! with one thread and with two.
#![cfg_attr(fuzzing, no_main)]

use libfuzzer_sys::fuzz_target;
use std::cell::{Cell, RefCell};
use std::mem::ManuallyDrop;
use xenia_gpu::{Backend, Reference};
use xenia_render::backend::{AdapterChoice, Device, WgpuBackend};
use xenia_scenes::{Backends, SceneCase, SceneFamily};

/// Number of scenes after which both backends are recreated, fewer than for other runs of scenes:
/// their caches count against libFuzzer's limit of memory.
const SCENES_PER_BACKEND: u32 = 64;

thread_local! {
    /// Never dropped: drivers must not be unloaded while the process ends.
    static BACKENDS: RefCell<ManuallyDrop<Backends<'static>>> = RefCell::new(ManuallyDrop::new(backends()));
    static SCENES: Cell<u32> = const { Cell::new(0) };
}

fn backends() -> Backends<'static> {
    let device = Device::open(AdapterChoice::default()).ok();
    let other = move || -> Box<dyn Backend> {
        match &device {
            Some(device) => Box::new(WgpuBackend::new(device.clone())),
            None => Box::new(Reference::with_threads(2)),
        }
    };
    Backends::new(|| Box::new(Reference::with_threads(1)), other)
}

fuzz_target!(|bytes: &[u8]| {
    let Some((&family, words)) = bytes.split_first() else { return };
    let family = SceneFamily::ALL[usize::from(family) % SceneFamily::ALL.len()];
    let words = words.as_chunks().0.iter().map(|word| u32::from_be_bytes(*word)).collect();
    let case = SceneCase { family, words };
    let outcome = BACKENDS.with_borrow_mut(|backends| {
        SCENES.set(SCENES.get() + 1);
        if SCENES.get().is_multiple_of(SCENES_PER_BACKEND) {
            backends.renew();
        }
        case.run(backends)
    });
    if let Err(difference) = outcome {
        panic!("{}", case.to_text(&difference.0));
    }
});
