//! Scene of tests: the one of xenia-scenes with the test crate's backend. Its commands run at each
//! draw, and must not cause problems.
//!
//! The parent module provides the backend: `super::backend(threads)`, and the number of errors of
//! the graphics API: `super::device_errors()`.
#![allow(dead_code, unreachable_pub, unused_imports)] // each test crate uses a part

use std::cell::{Cell, RefCell};
use std::io::Write;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex};
use std::thread::LocalKey;

use xenia_gpu::packets::{opcode, swap_commands, type0, type3};
use xenia_gpu::replay::Player;
use xenia_gpu::texture::layout::tiled_2d;
use xenia_gpu::trace::{Reader, Recorder};
use xenia_gpu::{Frame, PhysicalMemory, Ram};
pub use xenia_scenes::scene::*;

pub const TEXTURED_PS: &str = "tfetch2D r0, r0.xy, tf1, mag=point, min=point\nalloc colors\nmax oC0, r0, r0";

thread_local! {
    /// Draw threads of scenes.
    pub static THREADS: Cell<usize> = const { Cell::new(2) };
    /// Whether draws run on the thread that runs the scene.
    pub static INLINE: Cell<bool> = const { Cell::new(true) };
    /// Whether scenes are recorded, and replayed at their end.
    pub static RECORD: Cell<bool> = const { Cell::new(false) };
    /// Digests of the final states of scenes, if a test requests them: they take longer than most
    /// scenes.
    pub static LEFT: RefCell<Option<Vec<blake3::Hash>>> = const { RefCell::new(None) };
}

/// A setting of the scenes of this thread. Dropping it restores the one before, also after a panic.
#[must_use]
pub struct SceneSetting<T: Copy + 'static> {
    setting: &'static LocalKey<Cell<T>>,
    before: T,
}

impl<T: Copy + 'static> SceneSetting<T> {
    pub fn new(setting: &'static LocalKey<Cell<T>>, value: T) -> Self {
        Self { setting, before: setting.replace(value) }
    }
}

impl<T: Copy + 'static> Drop for SceneSetting<T> {
    fn drop(&mut self) {
        self.setting.set(self.before);
    }
}

pub struct Scene {
    scene: SceneBuilder,
    pub trace: Option<Bytes>,
}

impl Deref for Scene {
    type Target = SceneBuilder;

    fn deref(&self) -> &Self::Target {
        &self.scene
    }
}

impl DerefMut for Scene {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.scene
    }
}

/// Shared buffer of bytes, to be written and read later.
#[derive(Clone, Default)]
pub struct Bytes(pub Arc<Mutex<Vec<u8>>>);

impl Write for Bytes {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Scene {
    /// Creates a surface of that size, with the state of xenia-scenes' new scenes.
    pub fn new(width: u32, height: u32, msaa: u32) -> Self {
        Self::with_memory(MEMORY, [width, height], msaa)
    }

    /// As [`new`](Self::new), with that many bytes of memory.
    pub fn with_memory(bytes: usize, [width, height]: [u32; 2], msaa: u32) -> Self {
        let trace = RECORD.get().then(Bytes::default);
        let recorder = trace.as_ref().map(|trace| Recorder::new(Box::new(trace.clone()), 0, u64::MAX));
        let options = SceneOptions {
            memory: Arc::new(Ram::new(bytes)),
            backend: super::backend(THREADS.get()),
            inline: INLINE.get(),
            recorder,
            width,
            height,
            msaa: Msaa::from_bits(msaa),
        };
        Self { scene: SceneBuilder::with_options(options), trace }
    }

    pub fn shader(&mut self, kind: u32, text: &str) {
        self.scene.shader(kind, text).unwrap();
    }

    /// Draws vertices in order.
    pub fn draw(&mut self, primitive: u32, count: u32) {
        self.scene.draw(primitive, count);
        self.run();
    }

    /// Runs the queued commands, which must not cause problems.
    pub fn run(&mut self) {
        self.run_anyway();
        assert_eq!(self.gpu.statistics().problems.iter().collect::<Vec<_>>(), []);
    }

    /// Runs the queued commands.
    pub fn run_anyway(&mut self) {
        assert!(self.execute());
    }

    /// Resolves the surface to a tiled front buffer and shows it, with the surface's alpha.
    pub fn show(&mut self) -> Frame {
        let mut frame = self.swap();
        // Alpha is not shown, but tests want to see it, so it is read from the resolved front
        // buffer.
        let w = self.width;
        for (i, pixel) in frame.rgba.chunks_exact_mut(4).enumerate() {
            let x = i as u32 % w;
            let y = i as u32 / w;
            let word = self.memory.read_u32(FRONT + tiled_2d(x, y, w, 2));
            assert_eq!((word & 0xff, pixel[3]), (u32::from(pixel[0]), 255));
            pixel[3] = (word >> 24) as u8;
        }
        frame
    }

    /// Resolves the surface to a texture at `FRONT`, of a size in texels. The mode remains.
    pub fn resolve(&mut self, [width, height]: [u32; 2], info: With<RbCopyDestInfo>) {
        self.copy_rectangle();
        self.write(RbModecontrol::with().edram_mode(EdramMode::Copy));
        self.write(all_samples());
        self.set(RB_COPY_DEST_BASE, FRONT);
        self.write(RbCopyDestPitch::with().copy_dest_pitch(width).copy_dest_height(height));
        self.write(info);
        self.draw(8, 3);
    }

    /// Resolves the surface to a tiled front buffer, and returns the frame.
    pub fn swap(&mut self) -> Frame {
        let w = self.width;
        let h = self.height;
        // 8_8_8_8, big-endian words.
        self.resolve([w, h], RbCopyDestInfo::with().copy_dest_endian(2).copy_dest_format(6));
        self.write(RbModecontrol::with().edram_mode(EdramMode::ColorDepth));
        let fetch = [
            2 | 1 << 31 | w.div_ceil(32) << 22,
            6 | 2 << 6 | FRONT,
            (w - 1) | (h - 1) << 13,
            0x688 << 1,
            0,
            1 << 9,
        ];
        self.words.extend(swap_commands(fetch, FRONT, w, h));
        self.run();
        let swaps = self.gpu.statistics().swaps;
        self.gpu.take_frame(swaps).unwrap()
    }
}

impl Scene {
    /// Plays the recording and compares the frames and the end.
    pub fn play(&mut self, trace: &Bytes) {
        let done = self.gpu.finish_recording().unwrap().unwrap();
        let bytes = trace.0.lock().unwrap();
        let player = Player::with_frames(Reader::open(&bytes[..]).unwrap(), super::backend(1)).unwrap();
        let mut frames = 0;
        let summary = player.run(&mut |_, _| frames += 1).unwrap();
        assert_eq!((summary.events, summary.frames, summary.same_end), (done.events, frames, Some(true)));
        assert_eq!(summary.statistics.draws, self.gpu.statistics().draws);
    }
}

impl Scene {
    /// Digest of the EDRAM, memory and the number of passed samples.
    fn digest(&mut self) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new();
        self.gpu.backend().digest(&mut |bytes| {
            hasher.update(bytes);
        });
        let mut bytes = vec![0; MEMORY];
        self.memory.read(0, &mut bytes);
        hasher.update(&bytes);
        hasher.update(&self.gpu.backend().samples_passed().unwrap_or(0).to_le_bytes());
        hasher.finalize()
    }
}

impl Drop for Scene {
    /// Keeps the digest and plays the recording, if the test has requested them.
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        if let Some(mut left) = LEFT.take() {
            left.push(self.digest());
            LEFT.set(Some(left));
        }
        if let Some(trace) = self.trace.take() {
            self.play(&trace);
        }
        assert_eq!(super::device_errors(), 0, "errors of the graphics API");
    }
}

pub fn pixel(frame: &Frame, x: u32, y: u32) -> [u8; 4] {
    let at = ((x + y * frame.width) * 4) as usize;
    frame.rgba[at..at + 4].try_into().unwrap()
}

pub const RED: [f32; 4] = [1.0, 0.0, 0.0, 1.0];
pub const GREEN: [f32; 4] = [0.0, 1.0, 0.0, 1.0];
pub const BLUE: [f32; 4] = [0.0, 0.0, 1.0, 1.0];
