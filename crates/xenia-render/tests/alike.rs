//! Differential test: random scenes of xenia-scenes, drawn by the reference and on the host's
//! graphics device.
//!
//! A failure names the case's number and is written as text, which `xenia-rs fuzz --scene FILE`
//! repeats:
//!
//! ```sh
//! XENIA_ALIKE_SCENES=0..2000 cargo nextest run -p xenia-render alike::
//! XENIA_ALIKE_SCENES=77..78 cargo nextest run -p xenia-render alike::targets
//! ```

use std::cell::RefCell;
use std::sync::{Arc, OnceLock};

use xenia_gpu::Reference;
use xenia_render::backend::{
    AdapterChoice, BackendTally, Device, DeviceError, Options, Scale, WgpuBackend, WorkCounts,
};
use xenia_scenes::{Backends, Choices, SceneCase, SceneFamily, SceneOutcome};
use xenia_testing::{Cases, Tool, draws_in_software, obtain};

fn device() -> Option<&'static Device> {
    static DEVICE: OnceLock<Result<Device, DeviceError>> = OnceLock::new();
    let choice = AdapterChoice { software: draws_in_software(), name: None };
    obtain(Tool::Vulkan, DEVICE.get_or_init(|| Device::open(choice)).as_ref())
}

/// The counters of backends that draw on the device.
type Tallies = RefCell<Vec<Arc<BackendTally>>>;

/// Settings of the device's backend.
#[derive(Clone, Copy, Default)]
struct Settings {
    scale: Scale,
    expands_on_cpu: bool,
}

/// The reference and the device.
fn backends<'a>(device: &'a Device, settings: Settings, tallies: &'a Tallies) -> Backends<'a> {
    let made = move || {
        let Settings { scale, expands_on_cpu } = settings;
        let options = Options { scale, expands_on_cpu, ..Options::default() };
        let backend = WgpuBackend::with_options(device.clone(), &options);
        tallies.borrow_mut().push(backend.tally());
        Box::new(backend) as _
    };
    Backends::new(|| Box::new(Reference::with_threads(2)), made)
}

/// Runs the cases of a family, if there is a device. A family in which few cases change something
/// tests little, as does one whose draws the device leaves to the reference.
fn family(family: SceneFamily, usual: u64) {
    family_with(Settings::default(), family, usual);
}

/// As [`family`], with settings.
fn family_with(settings: Settings, family: SceneFamily, usual: u64) {
    let Some(device) = device() else { return };
    let tallies = Tallies::default();
    let mut backends = backends(device, settings, &tallies);
    let mut count = 0;
    let mut strong = 0;
    let cases = Cases::new("XENIA_ALIKE_SCENES", usual);
    let are_usual = cases.are_usual();
    cases.max_kib(4 << 20).each(|seed| {
        let mut choices = Choices::of_seed(seed);
        let outcome = family.run(&mut backends, &mut choices);
        count += 1;
        strong += u64::from(outcome == Ok(SceneOutcome::Same));
        if let Err(difference) = outcome {
            let case = SceneCase { family, words: choices.drawn().to_vec() };
            panic!("{}", case.to_text(&difference.0));
        }
    });
    println!("{strong} of {count} cases changed what was there");
    assert_eq!(device.validation_errors(), 0, "errors of the graphics API");
    assert!(!are_usual || strong * 2 >= count, "{strong} of {count}");
    let works: Vec<_> = tallies.borrow().iter().map(|tally| tally.work().total).collect();
    let sum = |counter: fn(&WorkCounts) -> u64| works.iter().map(counter).sum::<u64>();
    let draws = sum(|work| work.draws);
    let by_reference = sum(|work| work.fallback_draws);
    println!("{by_reference} of {draws} draws were the reference's");
    let is_right = match family {
        SceneFamily::Copies => by_reference == 0,
        SceneFamily::Fallbacks => (1..draws).contains(&by_reference),
        _ => draws > 0 && by_reference * 4 <= draws,
    };
    assert!(!are_usual || is_right, "{by_reference} of {draws}");
    let expanded = sum(|work| work.expanded_draws);
    println!("the CPU shaded the vertices of {expanded}");
    assert!(!are_usual || !settings.expands_on_cpu || expanded > 0, "{expanded} of {draws}");
}

#[test]
fn resolves_leave_the_same() {
    family(SceneFamily::Copies, 8);
}

/// Resolves of words that the CPU sets have nothing finer than the guest's pixels.
#[test]
fn resolves_leave_the_same_at_higher_resolutions() {
    for factor in [2, 3] {
        let scale = Scale::new(factor).unwrap();
        family_with(Settings { scale, ..Settings::default() }, SceneFamily::Copies, 4);
    }
}

#[test]
fn render_targets_agree_with_the_reference() {
    family(SceneFamily::Targets, 12);
}

#[test]
fn primitives_agree_on_coverage() {
    family(SceneFamily::Primitives, 12);
}

#[test]
fn primitives_are_shaded_the_same() {
    family(SceneFamily::Shading, 16);
}

/// As the tests of both families, but the CPU shades the vertices of rectangles, points and lines.
#[test]
fn primitives_that_the_cpu_expands_agree() {
    let settings = Settings { expands_on_cpu: true, ..Settings::default() };
    family_with(settings, SceneFamily::Primitives, 12);
    family_with(settings, SceneFamily::Shading, 16);
}

#[test]
fn textures_are_sampled_the_same() {
    family(SceneFamily::Sampling, 32);
}

#[test]
fn vertex_fetches_agree_with_the_reference() {
    family(SceneFamily::Fetches, 12);
}

#[test]
fn programs_give_the_same() {
    family(SceneFamily::Programs, 16);
}

#[test]
fn passes_that_share_tiles_agree() {
    family(SceneFamily::Passes, 10);
}

#[test]
fn pipelines_of_random_programs_agree() {
    family(SceneFamily::Pipelines, 8);
}

#[test]
fn fetch_operations_agree_with_the_reference() {
    family(SceneFamily::Operations, 24);
}

#[test]
fn several_textures_and_draws_agree() {
    family(SceneFamily::Textures, 12);
}

#[test]
fn primitives_of_all_types_are_assembled_alike() {
    family(SceneFamily::Assembly, 16);
}

#[test]
fn draws_agree_between_those_of_the_reference() {
    family(SceneFamily::Fallbacks, 10);
}
