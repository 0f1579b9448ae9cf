//! Tests of the path that draws take, according to the backend's counters: the host's device, or
//! the reference with or without EDRAM transfers. With any path, the final EDRAM and memory equal
//! the reference's.

#[path = "../../xenia-gpu/tests/scene/mod.rs"]
mod scene;

#[path = "paths/by_reference.rs"]
mod by_reference;

#[path = "paths/expanded.rs"]
mod expanded;

#[path = "paths/groups.rs"]
mod groups;

#[path = "paths/indices.rs"]
mod indices;

#[path = "paths/queries.rs"]
mod queries;

#[path = "paths/readback.rs"]
mod readback;

#[path = "paths/resolution.rs"]
mod resolution;

#[path = "paths/surveys.rs"]
mod surveys;

use std::cell::RefCell;
use std::sync::OnceLock;

use scene::*;
use xenia_gpu::{Backend, Frame, PhysicalMemory, Readback, Reference};
use xenia_render::backend::{AdapterChoice, Device, DeviceError, WgpuBackend, WgpuCounters, WorkCounts};
use xenia_scenes::SharedBackend;
use xenia_testing::{Tool, draws_in_software, obtain};

/// State change of a scene.
type Change = fn(&mut Scene);
/// Backend that the test inspects while it draws.
type Drawing = SharedBackend<WgpuBackend>;

thread_local! {
    /// Backend of the next scene; `None` means the reference.
    static DRAWING: RefCell<Option<Drawing>> = const { RefCell::new(None) };
}

static DEVICE: OnceLock<Result<Device, DeviceError>> = OnceLock::new();

fn device() -> Option<&'static Device> {
    let choice = AdapterChoice { software: draws_in_software(), name: None };
    obtain(Tool::Vulkan, DEVICE.get_or_init(|| Device::open(choice)).as_ref())
}

fn device_errors() -> u64 {
    DEVICE.get().and_then(|device| device.as_ref().ok()).map_or(0, Device::validation_errors)
}

fn backend(threads: usize) -> Box<dyn Backend> {
    match DRAWING.take() {
        Some(drawing) => Box::new(drawing),
        None => Box::new(Reference::with_threads(threads)),
    }
}

/// Final state of a scene: the EDRAM and all of memory.
fn left(scene: &mut Scene) -> (Vec<u32>, Vec<u8>) {
    scene.gpu.set_readback(Readback::Full);
    let mut memory = vec![0; MEMORY];
    scene.memory.read(0, &mut memory);
    (scene.gpu.backend().edram().unwrap(), memory)
}

/// Index of the first difference. Slices are compared as a whole first: element by element, ten
/// million of them take a development build longer than most scenes.
fn first_difference<T: PartialEq>(expected: &[T], found: &[T]) -> Option<usize> {
    if expected == found {
        return None;
    }
    Some(expected.iter().zip(found).take_while(|(a, b)| a == b).count())
}

/// Draws a scene on both backends, whose final states must be equal; returns the device's counters.
/// Without a Vulkan driver the test counts as not run, though the reference draws its scene.
fn drawn(make: impl Fn() -> Scene) -> Option<WgpuCounters> {
    worked(make).map(|(counters, _)| counters)
}

/// Like [`drawn`], with the counters of work.
fn worked(make: impl Fn() -> Scene) -> Option<(WgpuCounters, WorkCounts)> {
    let (edram, memory) = left(&mut make());
    let drawing = Drawing::new(Box::new(WgpuBackend::new(device()?.with_fresh_counters())));
    DRAWING.set(Some(drawing.clone()));
    let mut scene = make();
    let counters = drawing.get().counters();
    drawing.get().end_frame();
    let work = drawing.get().tally().work().total;
    let (found_edram, found_memory) = left(&mut scene);
    assert_eq!(first_difference(&edram, &found_edram), None, "of the EDRAM's words");
    assert_eq!(first_difference(&memory, &found_memory), None, "of memory's bytes");
    Some((counters, work))
}

/// Number of fallbacks by reason.
fn fallbacks(counters: &WgpuCounters) -> Vec<(&str, u64)> {
    counters.fallbacks.iter().map(|(reason, count)| (reason.as_str(), *count)).collect()
}

/// Loads a vertex shader that writes its index to memory, and its position if it has one.
fn exporting(scene: &mut Scene, position: &str) {
    const TABLE: u32 = 0x4_0000;
    let stream = [1 << 30 | TABLE >> 2, 0x4b00_0000, 0x4b00_0000 | 36 << 8 | 7 << 16 | 2, 0x4b00_0000 | 64];
    for (i, word) in (0..).zip(stream.into_iter().chain([0, 1.0_f32.to_bits(), 0, 0])) {
        scene.set(FLOAT_CONSTANTS + i, word);
    }
    let text = "alloc memory 1\nmad eA, r0.x, c[1], c[0]\nmax eM0, r0.x, r0.x\n";
    scene.shader(0, &format!("{text}{position}"));
}

#[test]
fn an_export_without_pixels_leaves_the_edram_where_it_is() {
    let red = rectangle(8.0, 8.0, 40.0, 40.0, RED);
    let place = "alloc position\nmax oPos, r0.x, r0.x";
    // State of the draw, and the number of EDRAM transfers.
    let ways: [(&str, Change, u64); 5] = [
        ("", |_| {}, 0),
        (place, |scene| scene.write(RbModecontrol::with().edram_mode(EdramMode::Ignore)), 0),
        (place, |scene| scene.scissor([5, 5, 5, 60]), 0),
        (place, |scene| scene.write(RbColorMask::with()), 0),
        (place, |_| {}, 3),
    ];
    for (position, state, trips) in ways {
        let counters = drawn(|| {
            let mut scene = Scene::new(80, 64, 0);
            scene.vertices(&red);
            scene.draw(8, 3);
            exporting(&mut scene, position);
            state(&mut scene);
            (0..3).for_each(|_| scene.draw(1, 38));
            scene
        });
        let Some(counters) = counters else { return };
        assert_eq!(fallbacks(&counters), [("an export to memory", 3)], "{position}");
        assert_eq!(counters.edram_trips, trips, "{position}");
    }
}

#[test]
fn unusual_fetches_are_as_the_references() {
    // Fetch, third coordinate, dimension of the texture, and the reason for the reference.
    for (fetch, at, dimension, reason) in [
        ("tfetchCube r0, r0.xyz, tf1", [1.3, 1.6, 2.0, 0.0], 1, None),
        ("tfetch2D r0, r0.xy, tf1", [0.3, 0.6, 0.0, 0.0], 2, Some("a fetch of a plane from a volume")),
        ("tfetch2D r0, r0.xy, tf1 ; no type", [0.3, 0.6, 0.0, 0.0], 1, None),
        ("getWeights2D r0, r0.xy, tf1", [f32::NAN, f32::INFINITY, 0.0, 0.0], 1, None),
    ] {
        let counters = drawn(|| {
            let mut scene = Scene::new(80, 64, 0);
            for texel in 0..0x1000 {
                scene.memory.write_u32(TEXTURE + 4 * texel, texel.wrapping_mul(0x9e37_79b9));
            }
            let size = if dimension == 2 { 31 | 31 << 11 | 3 << 22 } else { 31 | 31 << 13 };
            let kind = if fetch.ends_with("no type") { 0 } else { 2 };
            let tiled = kind | 1 << 22 | 1 << 31;
            let words = [tiled, 6 | TEXTURE, size, 0x688 << 1 | 2 << 23, 0, dimension << 9];
            (0..).zip(words).for_each(|(i, word)| scene.set(0x4806 + i, word));
            scene.shader(1, &format!("{fetch}\nalloc colors\nmax oC0, r0, r0"));
            scene.vertices(&rectangle(8.0, 8.0, 40.0, 40.0, at));
            scene.draw(8, 3);
            scene
        });
        let Some(counters) = counters else { return };
        let expected: Vec<_> = reason.into_iter().map(|reason| (reason, 1)).collect();
        assert_eq!(fallbacks(&counters), expected, "{fetch}");
    }
}

#[test]
fn a_texture_that_cannot_be_decoded_reads_as_zeros() {
    for fetch in ["tfetch2D", "getWeights2D"] {
        let counters = drawn(|| {
            let mut scene = Scene::new(80, 64, 0);
            // Format 39, 32_AS_8, whose fourth component is the constant one.
            scene.texture(1, [2 | 1 << 22 | 1 << 31, 0x27 | TEXTURE, 31 | 31 << 13, 0xa88 << 1, 0, 1 << 9]);
            scene.shader(1, &format!("{fetch} r0, r0.xy, tf1\nalloc colors\nmax oC0, r0, r0"));
            scene.vertices(&rectangle(8.0, 8.0, 40.0, 40.0, [0.3, 0.6, 0.0, 0.0]));
            scene.draw(8, 3);
            scene
        });
        let Some(counters) = counters else { return };
        assert_eq!(fallbacks(&counters), [], "{fetch}");
    }
}

#[test]
fn alpha_becomes_a_mask_on_the_device() {
    for msaa in 0..3 {
        let counters = drawn(|| {
            let mut scene = Scene::new(160, 32, msaa);
            scene.write(depth(Compare::Always));
            scene.vertices(&rectangle(0.0, 0.0, 160.0, 32.0, BLUE));
            scene.draw(8, 3);
            let control = RbColorcontrol::with().alpha_func(Compare::Always).alpha_to_mask_enable(true);
            let control = control.alpha_to_mask_offset0(0).alpha_to_mask_offset1(3);
            scene.write(control.alpha_to_mask_offset2(2).alpha_to_mask_offset3(1));
            // Values between all thresholds, and a NaN at the end. Depth is written where colour
            // is.
            for step in 0..20 {
                let alpha = if step == 19 { f32::NAN } else { (2 * step - 1) as f32 / 32.0 };
                let x = 8.0 * step as f32;
                let corners = [(x, 0.0), (x + 8.0, 0.0), (x + 8.0, 32.0), (x, 32.0)];
                scene.vertices(&corners.map(|(x, y)| [x, y, 0.5, 1.0, 0.0, 0.0, alpha]));
                scene.draw(13, 4);
            }
            scene
        });
        let Some(counters) = counters else { return };
        assert_eq!((fallbacks(&counters), counters.edram_trips), (vec![], 0), "{msaa}");
    }
}

#[test]
fn a_killed_vertex_takes_its_triangle_away_on_the_device() {
    for (any, reasons) in
        [(true, vec![]), (false, vec![("vertices that take away their primitive together", 3)])]
    {
        let counters = drawn(|| {
            let mut scene = Scene::new(160, 32, 0);
            scene.write(SqProgramCntl::with().vs_export_mode(VertexExportMode::Kill));
            let clip = PaClClipCntl::with().clip_disable(true).dx_clip_space_def(true);
            scene.write(clip.vtx_kill_or(any));
            scene.shader(
                0,
                "vfetch r1.xy1w, r0.x, vf0, format=38, stride=7, offset=0
                 vfetch r2.x, r0.x, vf0, format=36, stride=7, offset=2
                 alloc position
                 max oPos.xy01, r1, r1
                 max oPts.z, r2.x, r2.x
                 alloc interpolators 1
                 max o0.1111, r1, r1",
            );
            // In the first shape no vertex is killed, in the second one of four, which both of its
            // triangles contain, in the third all.
            for shape in 0..3_usize {
                let x = 8.0 + 48.0 * shape as f32;
                let places = [(x, 8.0), (x + 32.0, 8.0), (x + 32.0, 24.0), (x, 24.0)];
                let kill = |i: usize| [-0.0, if i == 0 { -1.0 } else { 0.0 }, f32::NAN][shape];
                let corners: Vec<_> =
                    (0..4).map(|i| [places[i].0, places[i].1, kill(i), 0.0, 0.0, 0.0, 0.0]).collect();
                scene.vertices(&corners);
                scene.draw(13, 4);
            }
            scene
        });
        let Some(counters) = counters else { return };
        assert_eq!(fallbacks(&counters), reasons, "{any}");
    }
}

#[test]
fn meshes_of_one_buffer_send_what_their_indices_name() {
    // Draws forty triangles twice, a page apart in one buffer, with fetch constants that extend to
    // the buffer's end. Then draws one with another page written while the earlier draws are not
    // submitted yet, with indices from the middle on.
    const BUFFER: u32 = 0x20_0000;
    const SIZE: u32 = 0x20_0000;
    let counters = drawn(|| {
        let mut scene = Scene::new(160, 32, 0);
        let mesh = |scene: &mut Scene, mesh: u32, color: [f32; 4], moved: f32| {
            let x = 4.0 * mesh as f32 + moved;
            let corners = [vertex(x, 0.0, color), vertex(x + 4.0, 0.0, color), vertex(x, 32.0, color)];
            for (i, value) in (0..).zip(corners.iter().flatten()) {
                scene.memory.write_u32(BUFFER + mesh * 0x1000 + i * 4, value.to_bits());
            }
        };
        let draw = |scene: &mut Scene, mesh: u32| {
            scene.set(FETCH_CONSTANTS, (BUFFER + mesh * 0x1000) | 3);
            scene.set(FETCH_CONSTANTS + 1, 2 | (SIZE - mesh * 0x1000));
            scene.draw(4, 3);
        };
        (0..40).for_each(|i| mesh(&mut scene, i, RED, 0.0));
        (0..80).for_each(|i| draw(&mut scene, i % 40));
        mesh(&mut scene, 3, GREEN, 20.0);
        draw(&mut scene, 3);
        scene.set(FETCH_CONSTANTS, BUFFER | 3);
        scene.set(FETCH_CONSTANTS + 1, 2 | SIZE);
        // Index 585 lies 4095 words into the buffer.
        scene.write(VgtIndxOffset::with().indx_offset(585));
        scene.draw(4, 3);
        scene
    });
    let Some(counters) = counters else { return };
    assert_eq!(fallbacks(&counters), []);
    // A page for each mesh; for the last draw the written page at another position, and the page
    // after it.
    assert_eq!((counters.vertices.sent_bytes, counters.vertices.reused), (42 * 4096, 40));
    assert_eq!(counters.submissions, 0, "nobody had to wait");
}

#[test]
fn equal_draws_are_submitted_before_there_are_too_many() {
    let counters = drawn(|| {
        let mut scene = Scene::new(80, 64, 0);
        scene.vertices(&[vertex(8.0, 8.0, RED), vertex(12.0, 8.0, RED), vertex(8.0, 12.0, RED)]);
        (0..4100).for_each(|_| scene.draw(4, 3));
        scene
    });
    let Some(counters) = counters else { return };
    assert_eq!((fallbacks(&counters), counters.submissions), (vec![], 1));
}

#[test]
fn work_is_counted_by_frame() {
    let Some(device) = device() else { return };
    let drawing = Drawing::new(Box::new(WgpuBackend::new(device.with_fresh_counters())));
    let tally = drawing.get().tally();
    DRAWING.set(Some(drawing));
    let mut scene = Scene::new(80, 64, 0);
    let mut frame = |draws: u32| {
        scene.shader(1, TEXTURED_PS);
        scene.texture(1, [2 | 1 << 31 | 1 << 22, 6 | TEXTURE, 31 | 31 << 13, 0x688 << 1, 0, 1 << 9]);
        for _ in 0..draws {
            let [a, b, d] = rectangle(8.0, 8.0, 40.0, 40.0, RED);
            scene.vertices(&[a, b, vertex(40.0, 40.0, RED), d]);
            scene.draw(13, 4);
        }
        scene.show();
    };
    frame(3);
    frame(1);
    let work = tally.work();
    let total = work.total;
    let most = work.most_in_a_frame;
    assert_eq!((work.frames, total.draws, most.draws), (2, 4, 3));
    assert_eq!((total.textures_made, total.levels_decoded, most.textures_made), (1, 1, 1));
    // Six indices of four bytes a quad; a wait and six pages of 32 x 32 pixels for each resolve.
    assert_eq!((total.index_bytes, most.index_bytes), (4 * 24, 3 * 24));
    assert_eq!((total.waits, most.waits), (2, 1));
    assert_eq!((total.bytes_back, most.bytes_back), (2 * 6 * 4096, 6 * 4096));
    assert!(total.bytes_up > 4 * 24 + 4096 && total.ns_waited > 0 && total.groups_made > 0);
    assert!(total.pipelines_in_play >= 1 && total.ns_in_pipelines > 0);
    assert_eq!((total.fallback_draws, total.edram_trips, total.validation_errors), (0, 0, 0));
    // The rectangle of each resolve is not a draw.
    assert_eq!((total.expanded_draws, total.resolves_through_cpu), (0, 0));
    assert!(work.fallbacks.is_empty());
    assert_eq!(total.submissions, 2, "one for each frame");
}
