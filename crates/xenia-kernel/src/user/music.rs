//! The console's music player: playlists, the current song, and the time at which it ends.
//!
//! A song lasts for the time in its description, in guest time; the contents of its file have no
//! effect that the guest can see. The file is read and decoded behind the sound port
//! ([`crate::ports::Audio`]), frame by frame while the player plays. Listeners are notified of each
//! state under their own lock, in the order of the changes.

mod order;
mod state;

pub use order::PlaybackBehavior;

use super::notifier::Notifier;
use crate::files::Files;
use crate::loader::path_of;
use crate::ports::{Audio, SongBytes};
use crate::sound::RenderDriver;
use crate::status::failure::Fallible;
use order::SongOrder;
use serde::{Deserialize, Serialize};
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Release};
use xenia_guest::GuestAddr;
use xenia_sched::{Cpu, GuestTicks, TICKS_PER_SECOND};
use xenia_sync::{Level, Mutex};
use xenia_user::notifications::{Notification, id};
use xenia_vfs::OpenRequest;

/// Maximum number of playlists. Each has its own guest memory.
const MAX_LISTS: usize = 64;
/// Maximum number of songs in a playlist.
pub const MAX_SONGS: u32 = 0x400;
/// Highest handle of a song.
const LAST_SONG: u32 = (1 << 31) - 1;
/// Default length of a song in milliseconds, for songs that give none.
const SONG: u32 = 180_000;
/// Minimum length of a song in milliseconds: a title must not fill the listeners' queues faster
/// than it could by messages.
const MIN_SONG_LENGTH: u32 = 16;
/// `due` while no song plays.
const NEVER: GuestTicks = GuestTicks::MAX;
/// Playback controller: the title itself plays music, until it gives that up.
pub const CONTROLLED_BY_TITLE: u32 = 0;
/// Request to a playback controller: gives playback back to its previous controller.
pub const RESTORE_CONTROLLER: u32 = 4;

/// Player state, as numbered by `XMPGetStatus`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum XmpState {
    /// No song is selected.
    #[default]
    Idle = 0,
    /// A song is playing.
    Playing = 1,
    /// A song is paused.
    Paused = 2,
}

/// A song as a title describes it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct PlaylistSong {
    /// Number, from 1 on, unique among all songs.
    pub handle: u32,
    pub path: Vec<u16>,
    /// Title, artist, album, the album's artist, genre.
    pub texts: [Vec<u16>; 5],
    /// Track number on the album.
    pub track: u32,
    /// Length in milliseconds; 0 if unknown.
    pub milliseconds: u32,
    /// 0: WMA, 1: MP3.
    pub format: u32,
}

impl PlaylistSong {
    fn ticks(&self) -> GuestTicks {
        let milliseconds = if self.milliseconds == 0 { SONG } else { self.milliseconds };
        u64::from(milliseconds.max(MIN_SONG_LENGTH)) * TICKS_PER_SECOND / 1000
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct List {
    storage: GuestAddr,
    songs: Vec<PlaylistSong>,
}

/// The current song.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Current {
    storage: GuestAddr,
    song: usize,
    progress: Progress,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
enum Progress {
    /// The song plays until this time.
    Until(GuestTicks),
    /// The song is paused with this time left.
    Left(GuestTicks),
}

/// The title's player settings, the playlists and the current song.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Music {
    pub behavior: PlaybackBehavior,
    /// Order of the songs while the behaviour asks for a random one.
    random: SongOrder,
    /// Volume as the bits of a single-precision number.
    pub volume: u32,
    /// Playback controller; [`CONTROLLED_BY_TITLE`] is the title.
    pub controller: u32,
    /// Lock of the playback controller; 0 is none.
    pub controller_lock: u32,
    lists: Vec<List>,
    songs_made: u32,
    current: Option<Current>,
    /// Number of changes of the current song.
    put_on: u64,
    /// Listeners must be notified of the state.
    has_changed: bool,
}

impl Default for Music {
    /// Idle, in order, at full volume.
    fn default() -> Self {
        Self {
            behavior: PlaybackBehavior::default(),
            random: SongOrder::default(),
            volume: 1.0_f32.to_bits(),
            controller: CONTROLLED_BY_TITLE,
            controller_lock: 0,
            lists: Vec::new(),
            songs_made: 0,
            current: None,
            put_on: 0,
            has_changed: false,
        }
    }
}

impl Music {
    /// Adds a playlist, or replaces the one at this address. Returns the first song's handle, which
    /// the others' follow; `None` if there are too many lists or songs.
    pub fn add(&mut self, storage: GuestAddr, mut songs: Vec<PlaylistSong>) -> Option<u32> {
        let end = self.songs_made.checked_add(songs.len() as u32).filter(|end| *end <= LAST_SONG)?;
        self.remove(storage);
        if self.lists.len() >= MAX_LISTS || songs.len() > MAX_SONGS as usize {
            return None;
        }
        let first = self.songs_made + 1;
        (first..).zip(&mut songs).for_each(|(handle, song)| song.handle = handle);
        self.songs_made = end;
        self.lists.push(List { storage, songs });
        Some(first)
    }

    /// Removes a playlist, and stops if it plays. Returns whether there was one.
    pub fn remove(&mut self, storage: GuestAddr) -> bool {
        let before = self.lists.len();
        self.lists.retain(|list| list.storage != storage);
        if self.current.is_some_and(|current| current.storage == storage) {
            self.stop();
        }
        self.lists.len() < before
    }

    /// Plays a playlist from a song on; 0 is its first. Returns whether both exist.
    pub fn play(&mut self, storage: GuestAddr, handle: u32, now: GuestTicks) -> bool {
        let Some(list) = self.lists.iter().find(|list| list.storage == storage) else { return false };
        let found = list.songs.iter().position(|song| handle == 0 || song.handle == handle);
        let Some(song) = found else { return false };
        self.random = SongOrder::new(now, song);
        self.begin(storage, song, now);
        true
    }

    fn begin(&mut self, storage: GuestAddr, song: usize, now: GuestTicks) {
        let songs =
            self.lists.iter().find(|list| list.storage == storage).map_or(&[][..], |list| &list.songs);
        self.current = songs.get(song).map(|found| {
            let progress = Progress::Until(now.saturating_add(found.ticks()));
            Current { storage, song, progress }
        });
        self.has_changed = true;
        self.put_on += 1;
    }

    pub fn stop(&mut self) {
        if self.current.take().is_some() {
            self.has_changed = true;
            self.put_on += 1;
        }
    }

    /// Pauses the current song.
    pub fn pause(&mut self, now: GuestTicks) {
        if let Some(Current { progress, .. }) = &mut self.current
            && let Progress::Until(end) = *progress
        {
            *progress = Progress::Left(end.saturating_sub(now));
            self.has_changed = true;
        }
    }

    /// Resumes the paused song.
    pub fn resume(&mut self, now: GuestTicks) {
        if let Some(Current { progress, .. }) = &mut self.current
            && let Progress::Left(left) = *progress
        {
            *progress = Progress::Until(now.saturating_add(left));
            self.has_changed = true;
        }
    }

    /// Number of songs of a playlist; 0 if there is no such playlist.
    pub fn count(&self, storage: GuestAddr) -> usize {
        self.lists.iter().find(|list| list.storage == storage).map_or(0, |list| list.songs.len())
    }

    pub fn state(&self) -> XmpState {
        match self.current.map(|current| current.progress) {
            None => XmpState::Idle,
            Some(Progress::Until(_)) => XmpState::Playing,
            Some(Progress::Left(_)) => XmpState::Paused,
        }
    }

    /// The current song.
    pub fn song(&self) -> Option<&PlaylistSong> {
        let current = self.current?;
        self.lists.iter().find(|list| list.storage == current.storage)?.songs.get(current.song)
    }

    /// Volume of the playing song, from 0 to 1; `None` if no song plays. NaN is silent.
    fn playing_volume(&self) -> Option<f32> {
        let volume = f32::from_bits(self.volume);
        let volume = if volume.is_nan() { 0.0 } else { volume.clamp(0.0, 1.0) };
        (self.state() == XmpState::Playing).then_some(volume)
    }

    /// Guest time at which the playing song ends.
    fn due(&self) -> GuestTicks {
        match self.current.map(|current| current.progress) {
            Some(Progress::Until(end)) => end,
            _ => NEVER,
        }
    }
}

/// A lock around [`Music`], with copies of its end time and volume that can be read without the
/// lock.
#[derive(Debug)]
pub struct MusicPlayer {
    music: Mutex<Music>,
    due: AtomicU64,
    /// [`PLAYS`] and the bits of [`Music::playing_volume`].
    playing_volume: AtomicU64,
}

/// A song plays.
const PLAYS: u64 = 1 << 32;

impl Default for MusicPlayer {
    fn default() -> Self {
        let music = Mutex::new(Level::Settings, Music::default());
        Self { music, due: AtomicU64::new(NEVER), playing_volume: AtomicU64::new(0) }
    }
}

impl MusicPlayer {
    /// Guest time at which the playing song ends. Takes no lock.
    pub fn next_due(&self) -> Option<GuestTicks> {
        Some(self.due.load(Acquire)).filter(|due| *due != NEVER)
    }

    /// Whether titles are notified that they control playback: not while one locks the player to
    /// override its music, for instance for a movie.
    pub fn is_of_title(&self) -> bool {
        let music = self.music.lock();
        music.controller == CONTROLLED_BY_TITLE && music.controller_lock == 0
    }

    /// Volume of the playing song; `None` if no song plays. Takes no lock.
    pub fn playing_volume(&self) -> Option<f32> {
        let playing_volume = self.playing_volume.load(Acquire);
        (playing_volume & PLAYS != 0).then(|| f32::from_bits(playing_volume as u32))
    }
}

/// Control of the music player: its state, listeners, files and sound.
#[derive(Clone, Copy)]
pub struct MusicControl<'k> {
    pub(crate) player: &'k MusicPlayer,
    pub(crate) notifier: Notifier<'k>,
    pub(crate) driver: &'k RenderDriver,
    pub(crate) audio: &'k Mutex<Box<dyn Audio>>,
    pub(crate) files: &'k Mutex<Files>,
    /// Guest path of the executable; songs named without a path lie beside it.
    pub(crate) image_path: &'k str,
}

impl MusicControl<'_> {
    /// Applies a change to the player and notifies listeners of the new state.
    pub fn change<R>(&self, cpu: &mut dyn Cpu, act: impl FnOnce(&mut Music, GuestTicks) -> R) -> Fallible<R> {
        self.change_and_announce(cpu, act, |_| None)
    }

    /// Plays a playlist from a song on, as [`Music::play`]. Listeners are notified of the playback
    /// order first.
    pub fn play(&self, cpu: &mut dyn Cpu, storage: GuestAddr, handle: u32) -> Fallible<bool> {
        let order = Notification { id: id::MUSIC_BEHAVIOR_CHANGED, parameter: 1 };
        let act = |music: &mut Music, now| music.play(storage, handle, now);
        self.change_and_announce(cpu, act, |plays| plays.then_some(order))
    }

    /// Applies a change, and notifies listeners of what `first` returns and of the new state.
    fn change_and_announce<R>(
        &self,
        cpu: &mut dyn Cpu,
        act: impl FnOnce(&mut Music, GuestTicks) -> R,
        first: impl FnOnce(&R) -> Option<Notification>,
    ) -> Fallible<R> {
        let (result, put_on, notified) = {
            let _listeners = self.notifier.lock();
            let (result, put_on, changed) = {
                let mut music = self.player.music.lock();
                let before = music.put_on;
                let result = act(&mut music, cpu.now());
                self.player.due.store(music.due(), Release);
                self.player.playing_volume.store(music.volume_bits(), Release);
                self.driver.set_has_song(music.playing_volume().is_some(), cpu.now());
                let path = || music.song().map(|song| String::from_utf16_lossy(&song.path));
                let put_on = (music.put_on != before).then(|| (music.put_on, path()));
                (result, put_on, std::mem::take(&mut music.has_changed).then(|| music.state()))
            };
            let state = changed.map(|state| {
                cpu.notify_time_keeper();
                Notification { id: id::MUSIC_STATE_CHANGED, parameter: state as u32 }
            });
            let mut news = [first(&result), state].into_iter().flatten();
            let notified = news.try_for_each(|news| self.notifier.notify_locked(cpu, news));
            (result, put_on, notified)
        };
        if let Some((number, path)) = put_on {
            let song = path.and_then(|path| self.open_song(&path));
            self.audio.lock().set_song(number, song);
        }
        notified.map(|()| result)
    }

    /// Opens the file of a song; `None`, with a log line, if it can't be read.
    fn open_song(&self, path: &str) -> Option<SongBytes> {
        let path = path_of(path, self.image_path);
        let opened = {
            let mut files = self.files.lock();
            files.vfs.resolve(&path).and_then(|at| files.vfs.open(&at, &OpenRequest::TO_READ))
        };
        match opened {
            Ok(opened) => {
                let file = opened.data?;
                Some(Box::new(move |offset, into| file.read_at(offset, into).unwrap_or(0)))
            }
            Err(error) => {
                tracing::warn!(target: "vfs", "the song {path} can't be read: {error}");
                self.files.lock().missing.note(&path);
                None
            }
        }
    }

    /// Ends the playing song, if its end is due.
    pub(crate) fn poll(&self, cpu: &mut dyn Cpu) -> Fallible<()> {
        if self.player.due.load(Acquire) > cpu.now() {
            return Ok(());
        }
        self.change(cpu, |music, now| {
            if music.due() <= now {
                music.next(now);
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STORAGE: GuestAddr = GuestAddr(0x4000_0000);
    const SECOND: GuestTicks = TICKS_PER_SECOND;

    fn songs(lengths: &[u32]) -> Vec<PlaylistSong> {
        lengths.iter().map(|&milliseconds| PlaylistSong { milliseconds, ..PlaylistSong::default() }).collect()
    }

    #[test]
    fn songs_take_their_time_one_after_the_other() {
        let mut music = Music::default();
        assert_eq!(music.add(STORAGE, songs(&[1000, 2000])), Some(1));
        assert!(!music.play(STORAGE, 3, 0) && !music.play(GuestAddr(4), 0, 0), "there are none");
        assert!(music.play(STORAGE, 0, 0));
        let song = music.song().unwrap().handle;
        assert_eq!((music.state(), music.due(), song), (XmpState::Playing, SECOND, 1));
        music.next(SECOND);
        assert_eq!((music.due(), music.song().unwrap().handle), (3 * SECOND, 2));
        music.pause(2 * SECOND);
        assert_eq!((music.state(), music.due()), (XmpState::Paused, NEVER));
        music.resume(10 * SECOND);
        assert_eq!((music.state(), music.due()), (XmpState::Playing, 11 * SECOND));
        music.next(11 * SECOND);
        assert_eq!(music.song().unwrap().handle, 1, "again");
        music.previous(12 * SECOND);
        assert_eq!(music.song().unwrap().handle, 2);
        music.behavior.repeat = 1;
        music.next(13 * SECOND);
        assert_eq!((music.state(), music.due()), (XmpState::Idle, NEVER));
        assert!(music.song().is_none());
    }

    #[test]
    fn playlists_are_limited_and_stop_when_removed() {
        let mut music = Music::default();
        assert_eq!(music.add(STORAGE, songs(&[0; MAX_SONGS as usize + 1])), None);
        for place in 0..MAX_LISTS as u32 {
            assert_eq!(music.add(STORAGE.offset(place), songs(&[0, 5])), Some(1 + 2 * place));
        }
        assert_eq!(music.add(STORAGE.offset(MAX_LISTS as u32), songs(&[0])), None);
        assert!(music.play(STORAGE, 2, 0));
        assert_eq!(music.due(), u64::from(MIN_SONG_LENGTH) * TICKS_PER_SECOND / 1000);
        assert!(music.play(STORAGE, 1, 0));
        assert_eq!(music.due(), 180 * SECOND, "the length of the song is unknown");
        assert!(music.remove(STORAGE) && !music.remove(STORAGE));
        assert_eq!(music.state(), XmpState::Idle);
        assert!(music.add(STORAGE, Vec::new()).is_some_and(|_| !music.play(STORAGE, 0, 0)), "it is empty");
    }
}
