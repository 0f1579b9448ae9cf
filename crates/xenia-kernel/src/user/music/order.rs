//! Order in which a playlist's songs are played.

use super::{Current, Music};
use serde::{Deserialize, Serialize};
use xenia_guest::GuestAddr;
use xenia_guest::split_mix::SplitMix;
use xenia_sched::GuestTicks;

/// Playback order: random. All other values mean the playlist's order.
const RANDOM: u32 = 1;
/// Repeat mode: playlists do not repeat. All other values repeat.
const NO_REPEAT: u32 = 1;

/// How playlists are played, in the order of the arguments of `XMPSetPlaybackBehavior`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaybackBehavior {
    pub order: u32,
    pub repeat: u32,
    pub flags: u32,
}

impl PlaybackBehavior {
    fn is_random(self) -> bool {
        self.order == RANDOM
    }

    fn repeats(self) -> bool {
        self.repeat != NO_REPEAT
    }
}

/// A random order of songs. It depends on guest time only, so that runs in lockstep are repeatable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SongOrder {
    seed: u64,
    /// The song that the order begins with.
    first: usize,
}

impl SongOrder {
    /// Draws an order at a time.
    pub(super) fn new(now: GuestTicks, first: usize) -> Self {
        Self { seed: now, first }
    }

    /// Returns this number of songs in the order.
    fn songs(self, count: usize) -> Vec<usize> {
        let mut songs: Vec<usize> = (0..count).collect();
        if self.first < count {
            songs.swap(0, self.first);
        }
        let mut random = SplitMix(self.seed);
        for place in (2..count).rev() {
            // The loop leaves out the first song, which stays.
            songs.swap(place, 1 + (random.next_u64() % place as u64) as usize);
        }
        songs
    }
}

impl Music {
    /// Changes how playlists are played. A random order begins with the current song.
    pub fn set_behavior(&mut self, behavior: PlaybackBehavior, now: GuestTicks) {
        if behavior.is_random() && !self.behavior.is_random() {
            self.random = SongOrder::new(now, self.current.map_or(0, |current| current.song));
        }
        self.behavior = behavior;
    }

    /// Returns the songs of a playlist as they are played.
    fn order_of(&self, storage: GuestAddr) -> Vec<usize> {
        let count = self.count(storage);
        if self.behavior.is_random() { self.random.songs(count) } else { (0..count).collect() }
    }

    /// Selects the next song. After the last one it continues with the first, or stops if playlists
    /// do not repeat.
    pub fn next(&mut self, now: GuestTicks) {
        let Some(Current { storage, song, .. }) = self.current else { return };
        let order = self.order_of(storage);
        let next = order.iter().position(|&at| at == song).and_then(|place| order.get(place + 1));
        match next.or_else(|| order.first().filter(|_| self.behavior.repeats())) {
            Some(&next) => self.begin(storage, next, now),
            None => self.stop(),
        }
    }

    /// Selects the previous song. Before the first one it continues with the last, or restarts the
    /// first if playlists do not repeat.
    pub fn previous(&mut self, now: GuestTicks) {
        let Some(Current { storage, song, .. }) = self.current else { return };
        let order = self.order_of(storage);
        let place = order.iter().position(|&at| at == song).and_then(|place| place.checked_sub(1));
        let previous = place.and_then(|place| order.get(place));
        let end = if self.behavior.repeats() { order.last() } else { order.first() };
        if let Some(&song) = previous.or(end) {
            self.begin(storage, song, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{PlaylistSong, XmpState};
    use super::*;
    use std::collections::BTreeSet;

    const STORAGE: GuestAddr = GuestAddr(0x4000_0000);
    const ONCE: PlaybackBehavior = PlaybackBehavior { order: RANDOM, repeat: NO_REPEAT, flags: 0 };

    fn playing(song: u32) -> Music {
        let mut music = Music::default();
        assert_eq!(music.add(STORAGE, vec![PlaylistSong::default(); 5]), Some(1));
        assert!(music.play(STORAGE, song, 7));
        music
    }

    fn handle(music: &Music) -> u32 {
        music.song().unwrap().handle
    }

    #[test]
    fn a_random_order_has_each_song_once_after_the_first() {
        for count in 0..9 {
            for first in 0..count {
                let mut songs = SongOrder::new(0xABCD_0123, first).songs(count);
                assert_eq!(songs[0], first);
                songs.sort_unstable();
                assert_eq!(songs, (0..count).collect::<Vec<_>>(), "{count}");
            }
        }
        assert_eq!(SongOrder::new(5, 3).songs(0), [0; 0]);
        assert_eq!(SongOrder::new(5, 3).songs(2), [0, 1], "the list is shorter than another was");
        let orders: BTreeSet<_> = (0..50).map(|now| SongOrder::new(now * 49_875, 0).songs(4)).collect();
        assert_eq!(orders.len(), 6, "all orders of the other three occur");
    }

    #[test]
    fn songs_in_random_order_play_once_or_again() {
        let mut music = playing(3);
        music.set_behavior(ONCE, 8);
        let mut heard = vec![handle(&music)];
        for _ in 1..5 {
            music.next(9);
            heard.push(handle(&music));
        }
        let expected: Vec<u32> = SongOrder::new(8, 2).songs(5).iter().map(|&song| song as u32 + 1).collect();
        assert_eq!(heard, expected);
        // The same again has no effect on the order.
        music.set_behavior(ONCE, 999);
        for &song in heard.iter().rev().skip(1) {
            music.previous(10);
            assert_eq!(handle(&music), song);
        }
        music.previous(10);
        assert_eq!(handle(&music), 3, "the first again");
        (0..5).for_each(|_| music.next(11));
        assert_eq!(music.state(), XmpState::Idle);
        assert!(music.play(STORAGE, 2, 12));
        music.set_behavior(PlaybackBehavior { repeat: 0, ..ONCE }, 13);
        music.previous(14);
        let last = handle(&music);
        music.next(15);
        assert_eq!((handle(&music), last != 2), (2, true), "around the end");
    }

    #[test]
    fn the_lists_own_order_continues_after_the_current_song() {
        let mut music = playing(4);
        music.set_behavior(ONCE, 8);
        music.set_behavior(PlaybackBehavior::default(), 9);
        music.next(10);
        assert_eq!(handle(&music), 5);
        music.next(10);
        assert_eq!(handle(&music), 1);
    }
}
