//! Tests of stored pipelines, and of draws that don't wait for pipelines.

#[path = "../../xenia-gpu/tests/scene/mod.rs"]
mod scene;

use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use scene::{GREEN, RED, Scene, pixel, rectangle, vertex};
use xenia_gpu::Frame;
use xenia_render::backend::exchange::{ExportedPipelines, PipelineExporter, PipelineTitle};
use xenia_render::backend::{
    AdapterChoice, BackendTally, Device, DeviceError, Options, PipelineCounters, PredictionCounters,
    WgpuBackend,
};
use xenia_testing::{Tool, draws_in_software, obtain};

static DEVICE: OnceLock<Result<Device, DeviceError>> = OnceLock::new();

thread_local! {
    static STORE: RefCell<Option<PathBuf>> = const { RefCell::new(None) };
    static ASYNC: Cell<bool> = const { Cell::new(false) };
    /// Counters of the last created backend.
    static TALLY: RefCell<Arc<BackendTally>> = RefCell::default();
    /// Calls of the progress callback.
    static PROGRESS: RefCell<Vec<(usize, usize)>> = const { RefCell::new(Vec::new()) };
}

fn device() -> Option<Device> {
    let choice = AdapterChoice { software: draws_in_software(), name: None };
    obtain(Tool::Vulkan, DEVICE.get_or_init(|| Device::open(choice)).as_ref()).cloned()
}

fn device_errors() -> u64 {
    device().map_or(0, |device| device.validation_errors())
}

/// Backend of the scenes.
fn backend(_: usize) -> Box<dyn xenia_gpu::Backend> {
    let reports = Mutex::new(Vec::new());
    let progress = |done, total| reports.lock().unwrap().push((done, total));
    let options = Options {
        store: STORE.with_borrow(Clone::clone),
        async_pipelines: ASYNC.get(),
        progress: Some(&progress),
        ..Options::default()
    };
    let backend = WgpuBackend::with_options(device().unwrap(), &options);
    TALLY.set(backend.tally());
    PROGRESS.set(reports.into_inner().unwrap());
    Box::new(backend)
}

fn counters() -> PipelineCounters {
    TALLY.with_borrow(|tally| tally.counters())
}

fn predictions() -> PredictionCounters {
    TALLY.with_borrow(|tally| tally.predictions())
}

/// Path of a store that doesn't exist yet.
fn store(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name).join("title.pipelines");
    let _ = std::fs::remove_file(&path);
    STORE.set(Some(path.clone()));
    path
}

/// Number of draws in [`draw`], each with a separate pipeline.
const DRAWS: u64 = 4;

/// Draws with four pipelines: triangles, blended ones, a rectangle, one with depth.
fn draw(scene: &mut Scene) {
    let triangle = [vertex(8.0, 8.0, RED), vertex(40.0, 8.0, RED), vertex(8.0, 40.0, RED)];
    scene.vertices(&triangle);
    scene.set(0x2201, 0x0001_0001);
    scene.draw(4, 3);
    scene.set(0x2201, 0x0101_0101);
    scene.vertices(&triangle.map(|mut corner| {
        corner[3] = 0.0;
        corner[4] = 1.0;
        corner
    }));
    scene.draw(4, 3);
    scene.set(0x2201, 0x0001_0001);
    scene.vertices(&rectangle(48.0, 8.0, 72.0, 40.0, GREEN));
    scene.draw(8, 3);
    scene.set(0x2200, 2 | 4 | 7 << 4);
    scene.draw(8, 3);
    scene.set(0x2200, 0);
}

fn picture() -> Frame {
    let mut scene = Scene::new(80, 64, 0);
    draw(&mut scene);
    scene.show()
}

fn is_right(frame: &Frame) -> bool {
    pixel(frame, 12, 12) == [255, 255, 0, 255]
        && pixel(frame, 60, 20) == [0, 255, 0, 255]
        && pixel(frame, 44, 20) == [0; 4]
}

#[test]
fn the_second_start_compiles_nothing_in_play() {
    if device().is_none() {
        return;
    }
    let path = store("second");
    assert!(is_right(&picture()));
    let PipelineCounters { at_start, in_play: used, left_out } = counters();
    assert_eq!((at_start, left_out), (0, 0));
    assert!(used > DRAWS, "EDRAM to textures and back, too: {used}");
    assert!(PROGRESS.take().is_empty());

    assert!(is_right(&picture()));
    assert_eq!(counters(), PipelineCounters { at_start: used, in_play: 0, left_out: 0 });
    let mut reports = PROGRESS.take();
    reports.sort_unstable();
    assert_eq!(reports, (1..=used as usize).map(|done| (done, used as usize)).collect::<Vec<_>>());

    // A damaged end loses its records, once.
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() - 3]).unwrap();
    for in_play in [1, 0] {
        assert!(is_right(&picture()));
        assert_eq!(counters(), PipelineCounters { at_start: used - in_play, in_play, left_out: 0 });
    }
    assert_eq!(std::fs::read(&path).unwrap(), bytes);

    // A store that was imported has the same pipelines.
    let mut exporter = PipelineExporter::default();
    exporter.add(&PipelineTitle { name: "title".to_owned(), image: 1 }, &bytes).unwrap();
    let exported = ExportedPipelines::read(&exporter.into_bytes()).unwrap();
    let merged = exported.titles().next().unwrap().merge_into(&[]).unwrap();
    std::fs::write(&path, merged.file).unwrap();
    assert!(is_right(&picture()));
    assert_eq!(counters(), PipelineCounters { at_start: used, in_play: 0, left_out: 0 });
}

#[test]
fn a_store_that_cannot_be_opened_is_done_without() {
    if device().is_none() {
        return;
    }
    STORE.set(Some(Path::new("/dev/null/title.pipelines").to_owned()));
    for _ in 0..2 {
        assert!(is_right(&picture()));
        assert!(counters().at_start == 0 && counters().in_play > DRAWS);
    }
}

#[test]
fn draws_that_do_not_wait_make_the_same_picture_in_the_end() {
    if device().is_none() {
        return;
    }
    store("async");
    ASYNC.set(true);
    let mut scene = Scene::new(80, 64, 0);
    let start = Instant::now();
    let mut frames = 0;
    loop {
        let before = counters();
        draw(&mut scene);
        let frame = scene.show();
        frames += 1;
        let now = counters();
        if now.left_out == before.left_out {
            assert!(is_right(&frame), "frame {frames}, {now:?}");
            break;
        }
        assert!(now.left_out - before.left_out <= DRAWS, "{now:?}");
        assert!(start.elapsed() < Duration::from_mins(1), "{now:?}");
    }
    drop(scene);
    let PipelineCounters { at_start, in_play, left_out } = counters();
    assert_eq!(at_start, 0);
    assert!(left_out >= 1, "the first time nothing was there");

    // Pipelines compiled in the background are stored, too, and at the next start no draw is left
    // out.
    assert!(is_right(&picture()));
    assert_eq!(counters(), PipelineCounters { at_start: in_play, in_play: 0, left_out: 0 });
}

#[test]
fn a_backend_ends_while_it_compiles() {
    if device().is_none() {
        return;
    }
    STORE.set(None);
    ASYNC.set(true);
    let mut scene = Scene::new(80, 64, 0);
    draw(&mut scene);
    assert!(counters().left_out >= 1);
}

/// Draws a triangle, then loads a shader that swaps red and green; waits until the pipeline that it
/// predicts is begun, if one should be, and draws again with this blending.
fn draw_with_new_shader(scene: &mut Scene, blending: u32, predicted: u64) {
    scene.vertices(&[vertex(8.0, 8.0, RED), vertex(40.0, 8.0, RED), vertex(8.0, 40.0, RED)]);
    scene.draw(4, 3);
    scene.shader(1, "alloc colors\nmax oC0, r0.yxzw, r0.yxzw");
    scene.set(0x2201, 0x0001_0001);
    scene.run();
    let start = Instant::now();
    while predictions().predicted < predicted {
        assert!(start.elapsed() < Duration::from_mins(1), "{:?}", predictions());
        std::thread::sleep(Duration::from_millis(1));
    }
    scene.set(0x2201, blending);
    scene.draw(4, 3);
}

#[test]
fn a_new_pixel_shader_is_compiled_before_its_draw() {
    if device().is_none() {
        return;
    }
    // The second draw as predicted, and with another blending.
    for (blending, used, color) in [(0x0001_0001, 1, [0, 255, 0, 255]), (0x0101_0101, 0, [255, 255, 0, 255])]
    {
        store("predicted");
        let mut scene = Scene::new(80, 64, 0);
        draw_with_new_shader(&mut scene, blending, 1);
        assert_eq!(predictions(), PredictionCounters { predicted: 1, used });
        assert_eq!(counters().in_play, 2, "a prediction is counted by its use");
        assert_eq!(pixel(&scene.show(), 12, 12), color);
        let compiled = counters().in_play;
        drop(scene);
        // An unused one is not stored. At the next start the shader is not new.
        let mut scene = Scene::new(80, 64, 0);
        draw_with_new_shader(&mut scene, blending, 0);
        assert_eq!(pixel(&scene.show(), 12, 12), color);
        assert_eq!(counters(), PipelineCounters { at_start: compiled, in_play: 0, left_out: 0 });
        assert_eq!(predictions(), PredictionCounters::default());
    }
}
