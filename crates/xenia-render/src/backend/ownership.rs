//! Ownership of EDRAM tiles: tracks whether the buffer or a render target has the newest contents.
//!
//! Each tile has a version that increases with every write. The buffer and each target record the
//! version that they have of each tile, so that only stale tiles are transferred:
//! * a target that is drawn to loads its stale tiles,
//! * from the buffer, into which the owner of the newest version dumps them first.
//!
//! The CPU's copy of the words ([`edram_shadow`](super::edram_shadow)) records versions, too.
//!
//! This module only decides on transfers ([`Step`]s); [`targets`](super::targets) executes them.

use std::ops::Range;

use xenia_gpu::edram::TILES;

/// Version of each tile of a new EDRAM.
pub(super) const FIRST_VERSION: u64 = 1;

/// Index of a target.
pub(super) type TargetId = usize;

/// Transfer of tiles, which are counted from the target's first one, row by row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// From a target to the buffer.
    Dump(TargetId, Range<u32>),
    /// From the buffer to a target.
    Load(TargetId, Range<u32>),
}

/// Tiles of a target.
struct Held {
    base: u32,
    /// Versions of the target's tiles; 0 for tiles that it never had.
    has: Vec<u64>,
}

/// Versions and owners of all tiles.
pub(super) struct Ownership {
    newest: Vec<u64>,
    in_buffer: Vec<u64>,
    /// Owner of the newest version, if that is not the buffer.
    holder: Vec<TargetId>,
    targets: Vec<Held>,
    clock: u64,
}

impl Default for Ownership {
    /// The buffer owns all tiles.
    fn default() -> Self {
        let all = || vec![FIRST_VERSION; TILES as usize];
        Self {
            newest: all(),
            in_buffer: all(),
            holder: vec![0; TILES as usize],
            targets: Vec::new(),
            clock: FIRST_VERSION,
        }
    }
}

/// Extends the last of a list of runs by a tile, or begins a new run.
fn extend(runs: &mut Vec<(TargetId, Range<u32>)>, target: TargetId, tile: u32) {
    match runs.last_mut() {
        Some((last, run)) if *last == target && run.end == tile => run.end = tile + 1,
        _ => runs.push((target, tile..tile + 1)),
    }
}

impl Ownership {
    /// Adds a target of `tiles` tiles (limited to the number of EDRAM tiles), starting at tile
    /// `base`.
    pub(super) fn add(&mut self, base: u32, tiles: u32) -> TargetId {
        self.targets.push(Held { base, has: vec![0; tiles.min(TILES) as usize] });
        self.targets.len() - 1
    }

    /// Removes targets; the others are numbered anew, in order. The buffer must own all tiles.
    pub(super) fn retain_targets(&mut self, is_kept: impl Fn(TargetId) -> bool) {
        let mut next: TargetId = 0;
        self.targets.retain(|_| {
            next += 1;
            is_kept(next - 1)
        });
    }

    /// Newest versions of all tiles.
    pub(super) fn versions(&self) -> &[u64] {
        &self.newest
    }

    /// EDRAM tile of a target's tile.
    fn tile(&self, target: TargetId, index: u32) -> usize {
        (self.targets[target].base.wrapping_add(index) % TILES) as usize
    }

    /// Number of a target's tiles.
    pub(super) fn tile_count(&self, target: TargetId) -> u32 {
        self.targets[target].has.len() as u32
    }

    fn existing_tiles(&self, target: TargetId, tiles: Range<u32>) -> Range<u32> {
        let count = self.tile_count(target);
        tiles.start.min(count)..tiles.end.min(count)
    }

    /// Appends the dumps that bring EDRAM tiles into the buffer, and records them as done.
    fn bring(&mut self, tiles: impl Iterator<Item = usize>, steps: &mut Vec<Step>) {
        let mut runs = Vec::new();
        for tile in tiles {
            if self.in_buffer[tile] != self.newest[tile] {
                let holder = self.holder[tile];
                // The difference may wrap, as the number of tiles divides 2^32.
                let index = (tile as u32).wrapping_sub(self.targets[holder].base) % TILES;
                extend(&mut runs, holder, index);
                self.in_buffer[tile] = self.newest[tile];
            }
        }
        steps.extend(runs.into_iter().map(|(target, run)| Step::Dump(target, run)));
    }

    /// Whether a target has the newest contents of one of its tiles.
    pub(super) fn has_newest(&self, target: TargetId, index: u32) -> bool {
        let has = self.targets[target].has.get(index as usize);
        has.is_some_and(|version| *version == self.newest[self.tile(target, index)])
    }

    /// Returns the transfers that give a target the newest contents of its tiles, and records them
    /// as done.
    pub(super) fn acquire(&mut self, target: TargetId, tiles: Range<u32>) -> Vec<Step> {
        let mut loads = Vec::new();
        for index in self.existing_tiles(target, tiles) {
            if self.targets[target].has[index as usize] != self.newest[self.tile(target, index)] {
                extend(&mut loads, target, index);
            }
        }
        let mut steps = Vec::new();
        for (_, run) in &loads {
            let tiles: Vec<usize> = run.clone().map(|index| self.tile(target, index)).collect();
            self.bring(tiles.into_iter(), &mut steps);
        }
        for (target, run) in loads {
            for index in run.clone() {
                let tile = self.tile(target, index);
                self.targets[target].has[index as usize] = self.newest[tile];
            }
            steps.push(Step::Load(target, run));
        }
        steps
    }

    /// Records a draw to a target's tiles.
    pub(super) fn drawn(&mut self, target: TargetId, tiles: Range<u32>) {
        self.clock += 1;
        for index in self.existing_tiles(target, tiles) {
            let tile = self.tile(target, index);
            self.targets[target].has[index as usize] = self.clock;
            self.newest[tile] = self.clock;
            self.holder[tile] = target;
        }
    }

    /// Returns the transfers that give the buffer the newest contents of tiles (by EDRAM address),
    /// and records them as done.
    pub(super) fn read(&mut self, tiles: impl Iterator<Item = u32>) -> Vec<Step> {
        let mut steps = Vec::new();
        self.bring(tiles.map(|tile| (tile % TILES) as usize), &mut steps);
        steps
    }

    /// Records a write to tiles of the buffer. If tiles are written only in part, they must be read
    /// first.
    pub(super) fn note_write(&mut self, tiles: impl Iterator<Item = u32>) {
        self.clock += 1;
        for tile in tiles.map(|tile| (tile % TILES) as usize) {
            self.newest[tile] = self.clock;
            self.in_buffer[tile] = self.clock;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_move_only_from_another_owner() {
        let mut tiles = Ownership::default();
        let a = tiles.add(0, 32);
        let b = tiles.add(16, 32);
        assert_eq!(tiles.acquire(a, 0..32), [Step::Load(a, 0..32)]);
        tiles.drawn(a, 0..32);
        assert_eq!(tiles.acquire(a, 0..32), [], "it has them already");
        assert_eq!(tiles.acquire(b, 0..4), [Step::Dump(a, 16..20), Step::Load(b, 0..4)]);
        assert_eq!(tiles.acquire(a, 0..32), [], "b only read");
        tiles.drawn(b, 0..4);
        assert_eq!(tiles.acquire(a, 0..32), [Step::Dump(b, 0..4), Step::Load(a, 16..20)]);
        assert_eq!(tiles.read(0..18), [Step::Dump(a, 0..16)], "b's are in the buffer");
        tiles.note_write(0..2);
        assert_eq!(tiles.acquire(a, 0..3), [Step::Load(a, 0..2)]);
        tiles.read(0..48);
        let versions = tiles.versions().to_vec();
        tiles.retain_targets(|_| false);
        let c = tiles.add(0, 48);
        assert_eq!(tiles.acquire(c, 0..48), [Step::Load(c, 0..48)]);
        assert_eq!(tiles.versions(), versions, "contents stay what they were");
    }

    #[test]
    fn targets_that_stay_keep_their_tiles() {
        let mut tiles = Ownership::default();
        tiles.add(0, 32);
        for base in [16, 100] {
            let target = tiles.add(base, 8);
            tiles.acquire(target, 0..4);
            tiles.drawn(target, 0..4);
        }
        tiles.read(0..TILES);
        tiles.retain_targets(|target| target != 0);
        assert_eq!(tiles.acquire(0, 0..4), []);
        tiles.note_write(17..18);
        assert_eq!(tiles.acquire(0, 0..5), [Step::Load(0, 1..2), Step::Load(0, 4..5)]);
        assert_eq!(tiles.acquire(1, 0..4), []);
        assert_eq!(tiles.tile_count(1), 8);
    }

    #[test]
    fn tile_numbers_continue_at_zero_after_the_last() {
        let mut tiles = Ownership::default();
        let a = tiles.add(2040, 5000);
        tiles.acquire(a, 0..16);
        tiles.drawn(a, 0..16);
        assert_eq!(tiles.read([2047, 0, 7, 8].into_iter()), [Step::Dump(a, 7..9), Step::Dump(a, 15..16)]);
    }

    #[test]
    fn random_use_never_shows_old_contents() {
        // Contents are numbers; every draw and write gives its tiles a new one.
        let mut dice = xenia_testing::Dice(1);
        let mut next = |limit: u32| dice.below(limit as usize) as u32;
        let mut ownership = Ownership::default();
        let bases = [0, 5, 30, 2030];
        let targets: Vec<_> = bases.iter().map(|base| ownership.add(*base, 64)).collect();
        let mut truth = vec![0; TILES as usize];
        let mut buffer = vec![0; TILES as usize];
        let mut hosts = vec![vec![0; 64]; 4];
        let run = |steps: Vec<Step>, buffer: &mut Vec<u32>, hosts: &mut Vec<Vec<u32>>| {
            for step in steps {
                let (target, run, is_dump) = match step {
                    Step::Dump(target, run) => (target, run, true),
                    Step::Load(target, run) => (target, run, false),
                };
                for index in run {
                    let tile = ((bases[target] + index) % TILES) as usize;
                    if is_dump {
                        buffer[tile] = hosts[target][index as usize];
                    } else {
                        hosts[target][index as usize] = buffer[tile];
                    }
                }
            }
        };
        for number in 1..4000 {
            let first = next(64);
            let last = first + next(64 - first) + 1;
            let target = next(4) as usize;
            let tile = |index: u32| ((bases[target] + index) % TILES) as usize;
            if next(5) == 0 {
                let tiles = || (first..last).map(|index| tile(index) as u32);
                run(ownership.read(tiles()), &mut buffer, &mut hosts);
                for at in tiles() {
                    assert_eq!(buffer[at as usize], truth[at as usize]);
                    buffer[at as usize] = number;
                    truth[at as usize] = number;
                }
                ownership.note_write(tiles());
            } else {
                run(ownership.acquire(targets[target], first..last), &mut buffer, &mut hosts);
                for index in first..last {
                    assert_eq!(hosts[target][index as usize], truth[tile(index)]);
                    hosts[target][index as usize] = number;
                    truth[tile(index)] = number;
                }
                ownership.drawn(targets[target], first..last);
            }
        }
    }
}
