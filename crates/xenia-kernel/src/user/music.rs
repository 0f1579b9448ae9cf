//! The console's music player: lists of songs, which of them plays, and until when.
//!
//! Each song takes as much guest time as its description says; what is in its file changes nothing
//! that the guest sees. The file is read and heard behind the sound port ([`crate::ports::Audio`]),
//! frame by frame while the player plays. Listeners are told of each state under their own lock, in
//! the order of the changes.

use super::notifications::{Notification, id};
use crate::Kernel;
use crate::loader::path_of;
use crate::ports::SongBytes;
use crate::status::failure::Fallible;
use crate::vfs::OpenRequest;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Release};
use xenia_guest::GuestAddr;
use xenia_sched::{Cpu, GuestTicks, TICKS_PER_SECOND};
use xenia_sync::{Level, Mutex};

/// Lists that a title may have. Each of them lies in its own memory.
const LISTS: usize = 64;
/// Songs of a list.
pub const SONGS: u32 = 0x400;
/// How long a song is that says nothing of it, in milliseconds.
const SONG: u32 = 180_000;
/// A song is no shorter: a title can't fill the listeners' queues faster than by messages.
const SHORTEST_SONG: u32 = 16;
/// Nothing is due.
const NEVER: GuestTicks = GuestTicks::MAX;
/// The title itself plays music, until it gives that up.
pub const CONTROLLED_BY_TITLE: u32 = 0;
/// How lists are repeated: not at all. Else they begin again.
const NO_REPEAT: u32 = 1;

/// What the player does; the numbers are `XMPGetStatus`'s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// Nothing.
    #[default]
    Idle = 0,
    /// It plays.
    Playing = 1,
    /// It will go on.
    Paused = 2,
}

/// A song as a title describes it.
#[derive(Clone, Debug, Default)]
pub struct Song {
    /// Number, from 1 on; no two songs have the same.
    pub handle: u32,
    /// Where its file is.
    pub path: Vec<u16>,
    /// Title, artist, album, the album's artist, genre.
    pub texts: [Vec<u16>; 5],
    /// Its place on the album.
    pub track: u32,
    /// Its length; 0: nobody knows.
    pub milliseconds: u32,
    /// 0: WMA, 1: MP3.
    pub format: u32,
}

impl Song {
    fn ticks(&self) -> GuestTicks {
        let milliseconds = if self.milliseconds == 0 { SONG } else { self.milliseconds };
        u64::from(milliseconds.max(SHORTEST_SONG)) * TICKS_PER_SECOND / 1000
    }
}

#[derive(Debug)]
struct List {
    storage: GuestAddr,
    songs: Vec<Song>,
}

/// What is on.
#[derive(Clone, Copy, Debug)]
struct Current {
    storage: GuestAddr,
    song: usize,
    progress: Progress,
}

#[derive(Clone, Copy, Debug)]
enum Progress {
    /// It plays until then.
    Until(GuestTicks),
    /// It is paused, with so much left.
    Left(GuestTicks),
}

/// What titles have set, and what plays.
#[derive(Debug)]
pub struct Music {
    /// Order, repeat, flags. Lists are played in order, whatever it says.
    pub behavior: [u32; 3],
    /// Single precision.
    pub volume: u32,
    /// Who plays music.
    pub controller: u32,
    /// Whether that is to stay.
    pub is_locked: u32,
    lists: Vec<List>,
    songs_made: u32,
    current: Option<Current>,
    /// How often another song was put on, or none.
    put_on: u64,
    /// Listeners are to be told of the state.
    has_changed: bool,
}

impl Default for Music {
    /// Idle, in order, as loud as it gets.
    fn default() -> Self {
        Self {
            behavior: [0; 3],
            volume: 1.0_f32.to_bits(),
            controller: CONTROLLED_BY_TITLE,
            is_locked: 0,
            lists: Vec::new(),
            songs_made: 0,
            current: None,
            put_on: 0,
            has_changed: false,
        }
    }
}

impl Music {
    /// Makes a list, or another in the place of one. The first song's handle, the others' follow;
    /// `None` if there are too many.
    pub fn add(&mut self, storage: GuestAddr, mut songs: Vec<Song>) -> Option<u32> {
        self.remove(storage);
        if self.lists.len() >= LISTS || songs.len() > SONGS as usize {
            return None;
        }
        let first = self.songs_made + 1;
        let end = self.songs_made.checked_add(songs.len() as u32)?;
        (first..).zip(&mut songs).for_each(|(handle, song)| song.handle = handle);
        self.songs_made = end;
        self.lists.push(List { storage, songs });
        Some(first)
    }

    /// Forgets a list, and stops if it plays. Whether there was one.
    pub fn remove(&mut self, storage: GuestAddr) -> bool {
        let before = self.lists.len();
        self.lists.retain(|list| list.storage != storage);
        if self.current.is_some_and(|current| current.storage == storage) {
            self.stop();
        }
        self.lists.len() < before
    }

    /// Plays a list from a song on; 0: its first. Whether both are there.
    pub fn play(&mut self, storage: GuestAddr, handle: u32, now: GuestTicks) -> bool {
        let Some(list) = self.lists.iter().find(|list| list.storage == storage) else { return false };
        let found = list.songs.iter().position(|song| handle == 0 || song.handle == handle);
        let Some(song) = found else { return false };
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

    /// Ends what is on.
    pub fn stop(&mut self) {
        if self.current.take().is_some() {
            self.has_changed = true;
            self.put_on += 1;
        }
    }

    /// Holds the song that plays.
    pub fn pause(&mut self, now: GuestTicks) {
        if let Some(Current { progress, .. }) = &mut self.current
            && let Progress::Until(end) = *progress
        {
            *progress = Progress::Left(end.saturating_sub(now));
            self.has_changed = true;
        }
    }

    /// Goes on with the song that is held.
    pub fn go_on(&mut self, now: GuestTicks) {
        if let Some(Current { progress, .. }) = &mut self.current
            && let Progress::Left(left) = *progress
        {
            *progress = Progress::Until(now.saturating_add(left));
            self.has_changed = true;
        }
    }

    /// To the next song; where there is none, to the first, or to an end if lists are not repeated.
    pub fn next(&mut self, now: GuestTicks) {
        let Some(Current { storage, song, .. }) = self.current else { return };
        let count = self.count(storage);
        match song + 1 {
            next if next < count => self.begin(storage, next, now),
            _ if self.behavior[1] == NO_REPEAT => self.stop(),
            _ => self.begin(storage, 0, now),
        }
    }

    /// To the song before; where there is none, to the last, or to this one's beginning if lists
    /// are not repeated.
    pub fn previous(&mut self, now: GuestTicks) {
        let Some(Current { storage, song, .. }) = self.current else { return };
        let last = if self.behavior[1] == NO_REPEAT { 0 } else { self.count(storage).saturating_sub(1) };
        self.begin(storage, song.checked_sub(1).unwrap_or(last), now);
    }

    fn count(&self, storage: GuestAddr) -> usize {
        self.lists.iter().find(|list| list.storage == storage).map_or(0, |list| list.songs.len())
    }

    /// What it does.
    pub fn state(&self) -> State {
        match self.current.map(|current| current.progress) {
            None => State::Idle,
            Some(Progress::Until(_)) => State::Playing,
            Some(Progress::Left(_)) => State::Paused,
        }
    }

    /// The song that is on.
    pub fn song(&self) -> Option<&Song> {
        let current = self.current?;
        self.lists.iter().find(|list| list.storage == current.storage)?.songs.get(current.song)
    }

    /// How loud the song is that plays, from 0 to 1; `None`: none plays. What is no number is
    /// silent.
    fn heard(&self) -> Option<f32> {
        let volume = f32::from_bits(self.volume);
        let volume = if volume.is_nan() { 0.0 } else { volume.clamp(0.0, 1.0) };
        (self.state() == State::Playing).then_some(volume)
    }

    /// When the song ends that plays.
    fn due(&self) -> GuestTicks {
        match self.current.map(|current| current.progress) {
            Some(Progress::Until(end)) => end,
            _ => NEVER,
        }
    }
}

/// See the module's documentation.
#[derive(Debug)]
pub struct MusicPlayer {
    music: Mutex<Music>,
    due: AtomicU64,
    /// [`PLAYS`] and the bits of [`Music::heard`].
    heard: AtomicU64,
}

/// A song plays.
const PLAYS: u64 = 1 << 32;

impl Default for MusicPlayer {
    fn default() -> Self {
        let music = Mutex::new(Level::Settings, Music::default());
        Self { music, due: AtomicU64::new(NEVER), heard: AtomicU64::new(0) }
    }
}

impl MusicPlayer {
    /// When the song ends that plays. Takes no lock.
    pub fn next_due(&self) -> Option<GuestTicks> {
        Some(self.due.load(Acquire)).filter(|due| *due != NEVER)
    }

    /// How loud the song is that plays; `None`: none plays. Takes no lock.
    pub fn heard(&self) -> Option<f32> {
        let heard = self.heard.load(Acquire);
        (heard & PLAYS != 0).then(|| f32::from_bits(heard as u32))
    }
}

impl Kernel {
    /// Does something to the player, and tells listeners what has become of it.
    pub(crate) fn with_music<R>(
        &self,
        cpu: &mut dyn Cpu,
        act: impl FnOnce(&mut Music, GuestTicks) -> R,
    ) -> Fallible<R> {
        let (result, put_on, told) = {
            let _listeners = self.listeners.lock();
            let (result, put_on, told) = {
                let mut music = self.user.music.music.lock();
                let before = music.put_on;
                let result = act(&mut music, cpu.now());
                self.user.music.due.store(music.due(), Release);
                let heard = music.heard();
                let bits = heard.map_or(0, |volume| PLAYS | u64::from(volume.to_bits()));
                self.user.music.heard.store(bits, Release);
                self.render_driver.set_has_song(heard.is_some(), cpu.now());
                let path = || music.song().map(|song| String::from_utf16_lossy(&song.path));
                let put_on = (music.put_on != before).then(|| (music.put_on, path()));
                (result, put_on, std::mem::take(&mut music.has_changed).then(|| music.state()))
            };
            let told = told.map_or(Ok(()), |state| {
                cpu.time_has_more();
                self.notify_locked(cpu, Notification { id: id::MUSIC_STATE_CHANGED, parameter: state as u32 })
            });
            (result, put_on, told)
        };
        if let Some((number, path)) = put_on {
            let song = path.and_then(|path| self.open_song(&path));
            self.devices.audio.lock().set_song(number, song);
        }
        told.map(|()| result)
    }

    /// The file of a song; `None`, with a line of the log, if it can't be read.
    fn open_song(&self, path: &str) -> Option<SongBytes> {
        let path = path_of(path, &self.config.image_path);
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

    /// Ends the song that plays, if that is due.
    pub(crate) fn look_at_music(&self, cpu: &mut dyn Cpu) -> Fallible<()> {
        if self.user.music.due.load(Acquire) > cpu.now() {
            return Ok(());
        }
        self.with_music(cpu, |music, now| {
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

    fn songs(lengths: &[u32]) -> Vec<Song> {
        lengths.iter().map(|&milliseconds| Song { milliseconds, ..Song::default() }).collect()
    }

    #[test]
    fn songs_take_their_time_one_after_the_other() {
        let mut music = Music::default();
        assert_eq!(music.add(STORAGE, songs(&[1000, 2000])), Some(1));
        assert!(!music.play(STORAGE, 3, 0) && !music.play(GuestAddr(4), 0, 0), "there are none");
        assert!(music.play(STORAGE, 0, 0));
        assert_eq!((music.state(), music.due(), music.song().unwrap().handle), (State::Playing, SECOND, 1));
        music.next(SECOND);
        assert_eq!((music.due(), music.song().unwrap().handle), (3 * SECOND, 2));
        music.pause(2 * SECOND);
        assert_eq!((music.state(), music.due()), (State::Paused, NEVER));
        music.go_on(10 * SECOND);
        assert_eq!((music.state(), music.due()), (State::Playing, 11 * SECOND));
        music.next(11 * SECOND);
        assert_eq!(music.song().unwrap().handle, 1, "again");
        music.previous(12 * SECOND);
        assert_eq!(music.song().unwrap().handle, 2);
        music.behavior[1] = NO_REPEAT;
        music.next(13 * SECOND);
        assert_eq!((music.state(), music.due()), (State::Idle, NEVER));
        assert!(music.song().is_none());
    }

    #[test]
    fn lists_have_an_end_and_go_with_what_they_play() {
        let mut music = Music::default();
        assert_eq!(music.add(STORAGE, songs(&[0; SONGS as usize + 1])), None);
        for place in 0..LISTS as u32 {
            assert_eq!(music.add(STORAGE.offset(place), songs(&[0, 5])), Some(1 + 2 * place));
        }
        assert_eq!(music.add(STORAGE.offset(LISTS as u32), songs(&[0])), None);
        assert!(music.play(STORAGE, 2, 0));
        assert_eq!(music.due(), u64::from(SHORTEST_SONG) * TICKS_PER_SECOND / 1000);
        assert!(music.play(STORAGE, 1, 0));
        assert_eq!(music.due(), 180 * SECOND, "nobody knows");
        assert!(music.remove(STORAGE) && !music.remove(STORAGE));
        assert_eq!(music.state(), State::Idle);
        assert!(music.add(STORAGE, Vec::new()).is_some_and(|_| !music.play(STORAGE, 0, 0)), "it is empty");
    }
}
