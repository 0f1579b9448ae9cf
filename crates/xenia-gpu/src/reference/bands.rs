//! Multithreaded drawing, with the same result as on one thread.
//!
//! Prepared triangles are collected in batches. A batch that covers enough pixels is divided into
//! bands, each a row of EDRAM tiles high. Threads take one band after another and draw the batch's
//! triangles in it, in order. Every block of pixels lies in one band, so the sequence of writes to
//! an EDRAM word does not depend on the distribution of bands, provided that no tile belongs to two
//! bands. Surfaces for which that doesn't hold (wider than their pitch, wrapping around, a depth
//! surface under other rows of the colour surface) are drawn by one thread. So are draws that write
//! to memory, where pixels of two bands may write to the same address.

use std::ops::Range;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering::Relaxed};

use rayon::ThreadPool;

use super::EdramSource;
use super::block::{BlockPipeline, surfaces};
use super::budget::Budget;
use super::memory::Edram;
use super::raster::Setup;
use super::tiles::TileRows;
use crate::backend::BackendError;
use crate::draw_state::{DrawCall, Scissor};
use crate::edram::{EdramSurface, TILE_HEIGHT, TILES};
use crate::fetch::{Bindings, Fetcher};
use crate::memory::PhysicalMemory;
use crate::microcode::ShaderInterpreter;

/// Triangles in a batch.
const BATCH: usize = 1024;
/// Least number of pixels, within the bounds of a batch's triangles, for which threads are used:
/// fewer take about as long as waking the threads.
const MIN_SHARED_PIXELS: u64 = 4096;
/// Maximum number of draw threads.
pub(super) const MAX_THREADS: usize = 64;

/// Draw threads, each with a separate interpreter.
pub(super) struct DrawThreads {
    /// One interpreter per thread; the caller's comes first.
    interpreters: Vec<ShaderInterpreter>,
    /// Other threads, started when first needed; `None` if the host can't start any.
    pool: OnceLock<Option<ThreadPool>>,
    /// Storage of a batch, reused by later draws.
    triangles: Vec<Setup>,
}

impl DrawThreads {
    /// Prepares `threads` threads, including the caller's.
    pub(super) fn new(threads: usize) -> Self {
        let threads = threads.clamp(1, MAX_THREADS);
        Self {
            interpreters: std::iter::repeat_with(ShaderInterpreter::default).take(threads).collect(),
            pool: OnceLock::new(),
            triangles: Vec::new(),
        }
    }
}

/// Starts the threads besides the caller's.
fn start(others: usize) -> Option<ThreadPool> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(others)
        .thread_name(|i| format!("raster {}", i + 1))
        .build()
        .inspect_err(|error| tracing::warn!(target: "gpu", %error, "drawing on one thread"))
        .ok()
}

/// EDRAM, with a source of its words if it lacks some.
pub(super) struct SourcedEdram<'a, 's> {
    pub(super) edram: &'a Edram,
    pub(super) source: Option<&'a mut (dyn EdramSource + 's)>,
}

/// Draw whose triangles are being collected.
pub(super) struct Batch<'a, 's> {
    call: &'a DrawCall,
    memory: &'a dyn PhysicalMemory,
    edram: SourcedEdram<'a, 's>,
    textures: &'a Bindings,
    draw_threads: &'a mut DrawThreads,
    budget: Budget<'a>,
    passed: u64,
    /// Error of the source, after which nothing is drawn.
    failure: Option<BackendError>,
}

/// Result of all batches of a draw.
pub(super) struct BatchResult {
    /// Number of samples that passed.
    pub(super) passed: u64,
    /// Whether everything was drawn within the budget.
    pub(super) is_whole: bool,
    /// Error of the source of the EDRAM's words.
    pub(super) failure: Option<BackendError>,
}

impl<'a, 's> Batch<'a, 's> {
    pub(super) fn new(
        call: &'a DrawCall,
        memory: &'a dyn PhysicalMemory,
        edram: SourcedEdram<'a, 's>,
        textures: &'a Bindings,
        draw_threads: &'a mut DrawThreads,
        budget: Budget<'a>,
    ) -> Self {
        Self { call, memory, edram, textures, draw_threads, budget, passed: 0, failure: None }
    }

    /// Adds a triangle.
    pub(super) fn push(&mut self, triangle: Setup) {
        self.draw_threads.triangles.push(triangle);
        if self.draw_threads.triangles.len() == BATCH {
            self.draw();
        }
    }

    /// Draws the remaining triangles.
    pub(super) fn finish(mut self) -> BatchResult {
        self.draw();
        let is_whole = !self.budget.is_exceeded();
        BatchResult { passed: self.passed, is_whole, failure: self.failure }
    }

    /// Takes the words of these rows of tiles that triangles reach from a source.
    fn provide(&mut self, rows: Range<u32>, bounds: &[Scissor]) {
        let call = self.call;
        let edram = self.edram.edram;
        if let Some(source) = &mut self.edram.source
            && self.failure.is_none()
        {
            let [left, right] = reach(bounds).map(|x| x as u32 * call.msaa.columns());
            let area = TileRows { rows, columns: left..right };
            let set = &mut |start: usize, words: &[u32]| edram.replace(start, words);
            self.failure = source.provide(&area.tiles(call), set).err();
        }
    }

    /// Draws the collected triangles.
    fn draw(&mut self) {
        let bounds: Vec<Scissor> = self.draw_threads.triangles.iter().map(Setup::bounds).collect();
        let pixels: u64 = bounds.iter().copied().map(Scissor::area).sum();
        let call = self.call;
        let memory = self.memory;
        let edram = self.edram.edram;
        let textures = self.textures;
        let height = (TILE_HEIGHT / call.msaa.rows()) as i32;
        let Range { start: first, end } = rows(&bounds, height);
        if first < end {
            self.provide(first as u32..end as u32, &bounds);
        }
        let DrawThreads { interpreters, pool, triangles } = &mut *self.draw_threads;
        if self.failure.is_some() {
            triangles.clear();
            return;
        }
        self.budget.begin_batch(first..end);
        let budget = &self.budget;
        let (own, others) = interpreters.split_at_mut(1);
        let mut target = BlockPipeline::new(
            call,
            edram,
            &mut own[0],
            Fetcher::new(&call.constants, memory, textures),
            budget,
        );
        // This thread takes bands, too.
        let helpers = others.len().min((end - first).max(1) as usize - 1);
        let is_shared = pixels >= MIN_SHARED_PIXELS && helpers != 0 && !call.exports_memory() && {
            let columns = reach(&bounds).map(|x| x as u32 * call.msaa.columns());
            are_apart(surfaces(call), first as u32..end as u32, columns)
        };
        let pool = is_shared.then(|| pool.get_or_init(|| start(others.len())).as_ref()).flatten();
        if let Some(pool) = pool {
            let next = AtomicI32::new(first);
            let passed = AtomicU64::new(0);
            let bands = Bands { call, triangles, bounds: &bounds, height, next, end, passed };
            pool.in_place_scope(|scope| {
                for interpreter in &mut others[..helpers] {
                    let bands = &bands;
                    scope.spawn(move |_| {
                        let fetch = Fetcher::new(&call.constants, memory, textures);
                        bands.draw(&mut BlockPipeline::new(call, edram, interpreter, fetch, budget));
                    });
                }
                bands.draw(&mut target);
            });
            self.passed += bands.passed.into_inner();
        } else {
            for triangle in &*triangles {
                triangle.fill(call, 0, i32::MAX, &mut target);
            }
            self.passed += target.samples_passed();
        }
        triangles.clear();
    }
}

/// Bands of a batch, which threads take one after another.
struct Bands<'a> {
    call: &'a DrawCall,
    triangles: &'a [Setup],
    /// Pixels that each triangle may cover.
    bounds: &'a [Scissor],
    /// Height of a band in pixels.
    height: i32,
    /// Row of the next band, and one past the last.
    next: AtomicI32,
    end: i32,
    /// Samples that passed.
    passed: AtomicU64,
}

impl Bands<'_> {
    /// Draws bands until none is left.
    fn draw(&self, target: &mut BlockPipeline<'_>) {
        loop {
            // Relaxed is enough: the end of the scope synchronises the threads' results.
            let row = self.next.fetch_add(1, Relaxed);
            if row >= self.end {
                break;
            }
            let top = row * self.height;
            let bottom = (row + 1) * self.height;
            for (triangle, bounds) in self.triangles.iter().zip(self.bounds) {
                if bounds.top < bottom && bounds.bottom > top {
                    triangle.fill(self.call, top, bottom, target);
                }
            }
        }
        self.passed.fetch_add(target.samples_passed(), Relaxed);
    }
}

/// Columns that triangles touch, by whole blocks: the first, and one past the last.
fn reach(bounds: &[Scissor]) -> [i32; 2] {
    bounds.iter().fold([i32::MAX, 0], |[low, high], bounds| {
        [low.min(bounds.left & !7), high.max((bounds.right + 7) & !7)]
    })
}

/// Rows of tiles that triangles touch, each `height` pixels high.
fn rows(bounds: &[Scissor], height: i32) -> Range<i32> {
    let top = bounds.iter().fold(i32::MAX, |low, bounds| low.min(bounds.top));
    let bottom = bounds.iter().fold(0, |high, bounds| high.max(bounds.bottom));
    if top < bottom { top / height..(bottom + height - 1) / height } else { 0..0 }
}

/// Whether each tile with samples of these columns belongs to only one row of tiles, over all
/// surfaces.
fn are_apart(places: impl Iterator<Item = EdramSurface>, rows: Range<u32>, columns: [u32; 2]) -> bool {
    let mut owners = [u32::MAX; TILES as usize];
    for place in places {
        for row in rows.clone() {
            for tile in place.tiles(row, columns[0], columns[1]) {
                let owner = &mut owners[tile as usize];
                if *owner != u32::MAX && *owner != row {
                    return false;
                }
                *owner = row;
            }
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn band_check_detects_surfaces_sharing_tiles() {
        // 1280 pixels are 16 tiles; 720 rows are 45 rows of tiles, that is 720 tiles.
        let color = |base: u32| EdramSurface::color(base, 1280, 1, 1);
        let depth = |base: u32| EdramSurface::depth(base, 1280, 1);
        for (name, expected, places, rows, columns) in [
            ("side by side", true, vec![color(0), depth(720)], 0..45, [0, 1280]),
            ("the same tiles", true, vec![color(0), depth(0)], 0..45, [0, 1280]),
            ("half a row on", false, vec![color(0), depth(8)], 0..45, [0, 1280]),
            ("half a row on, left half", true, vec![color(0), depth(8)], 0..45, [0, 640]),
            ("the last row under the first", false, vec![color(0), depth(719)], 0..45, [0, 1280]),
            ("wider than the pitch", false, vec![color(0)], 0..2, [0, 1288]),
            ("wider, one row", true, vec![color(0)], 3..4, [0, 1288]),
            ("wrapping around to free tiles", true, vec![color(2000)], 0..45, [0, 1280]),
            ("wrapping around to itself", false, vec![color(0)], 0..129, [0, 1280]),
            ("64 bits beside", true, vec![EdramSurface::color(0, 1280, 1, 2), depth(1216)], 0..38, [0, 1280]),
            ("64 bits over", false, vec![EdramSurface::color(0, 1280, 1, 2), depth(720)], 0..45, [0, 1280]),
            ("no pitch", false, vec![EdramSurface::color(0, 0, 1, 1)], 0..2, [0, 80]),
        ] {
            assert_eq!(are_apart(places.into_iter(), rows, columns), expected, "{name}");
        }
    }

    #[test]
    fn rows_are_those_of_all_tiles_that_triangles_touch() {
        let bounds = |top, bottom| Scissor { left: 0, top, right: 8, bottom };
        assert_eq!(rows(&[], 16), 0..0);
        assert_eq!(rows(&[bounds(15, 16), bounds(33, 48)], 16), 0..3);
        assert_eq!(rows(&[bounds(16, 49)], 16), 1..4);
        assert_eq!(rows(&[bounds(16, 49)], 8), 2..7);
    }
}
