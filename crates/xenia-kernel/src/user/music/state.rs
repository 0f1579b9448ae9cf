//! State of the music player. A song's bytes come from a file: it is opened again by its path.

use super::{
    Current, LAST_SONG, List, MAX_LISTS, MAX_SONGS, Music, MusicControl, MusicPlayer, PLAYS, Progress,
};
use crate::sound::FRAME_TICKS;
use std::collections::BTreeSet;
use std::sync::atomic::Ordering::Release;
use xenia_sched::GuestTicks;
use xenia_state::{Impossible, check, is_count};

impl Music {
    /// Checks a player's state that comes from a file.
    fn check_state(&self) -> Result<(), Impossible> {
        // The rest are values of the title.
        let Self {
            behavior: _,
            random: _,
            volume: _,
            controller: _,
            controller_lock: _,
            lists,
            songs_made,
            current,
            put_on,
            has_changed: _,
        } = self;
        check(lists.len() <= MAX_LISTS, "too many playlists")?;
        let places: BTreeSet<_> = lists.iter().map(|list| list.storage).collect();
        check(places.len() == lists.len(), "two playlists are at the same address")?;
        let fits = |list: &List| list.songs.len() <= MAX_SONGS as usize;
        check(lists.iter().all(fits), "a playlist is too long")?;
        check(*songs_made <= LAST_SONG && is_count(*put_on), "a count of songs is too high")?;
        if let Some(Current { storage, song, progress }) = current {
            check(*song < self.count(*storage), "the current song is in no playlist")?;
            let (Progress::Until(time) | Progress::Left(time)) = progress;
            check(is_count(*time), "the current song never ends")?;
        }
        Ok(())
    }

    /// Number of frames of the current song that were played by `now`.
    fn frames_played(&self, now: GuestTicks) -> u64 {
        let left = match self.current.map(|current| current.progress) {
            Some(Progress::Until(end)) => end.saturating_sub(now),
            Some(Progress::Left(left)) => left,
            None => 0,
        };
        self.song().map_or(0, |song| song.ticks().saturating_sub(left) / FRAME_TICKS)
    }

    /// The value of [`MusicPlayer::playing_volume`].
    pub(super) fn volume_bits(&self) -> u64 {
        self.playing_volume().map_or(0, |volume| PLAYS | u64::from(volume.to_bits()))
    }
}

impl MusicPlayer {
    /// The player's state.
    pub(in crate::user) fn state(&self) -> Music {
        // The others are copies.
        let Self { music, due: _, playing_volume: _ } = self;
        music.lock().clone()
    }

    /// Replaces the player's state.
    pub(in crate::user) fn restore(&self, state: Music) -> Result<(), Impossible> {
        state.check_state()?;
        self.due.store(state.due(), Release);
        self.playing_volume.store(state.volume_bits(), Release);
        *self.music.lock() = state;
        Ok(())
    }
}

impl MusicControl<'_> {
    /// Gives the current song to the sound port again, from where it is at `now`, after a load of a
    /// state.
    pub(crate) fn resume(&self, now: GuestTicks) {
        let (number, path, played) = {
            let music = self.player.music.lock();
            let path = music.song().map(|song| String::from_utf16_lossy(&song.path));
            (music.put_on, path, music.frames_played(now))
        };
        if number > 0 {
            let song = path.and_then(|path| self.open_song(&path));
            let mut audio = self.audio.lock();
            audio.set_song(number, song);
            audio.skip_song(played);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::PlaylistSong;
    use super::*;
    use xenia_guest::GuestAddr;

    /// A player inside the second song of the second list.
    fn player() -> Music {
        let mut music = Music { volume: 0.5_f32.to_bits(), ..Music::default() };
        for list in 1..=3_u32 {
            let songs =
                (0..list).map(|track| PlaylistSong { track, milliseconds: 2000, ..Default::default() });
            music.add(GuestAddr(0x100 * list), songs.collect()).expect("there is room");
        }
        assert!(music.play(GuestAddr(0x200), 3, 10 * FRAME_TICKS));
        music
    }

    #[test]
    fn a_restored_player_continues_its_song() {
        let mut music = player();
        let restored = MusicPlayer::default();
        restored.restore(crate::kernel::round_trip(&music)).expect("it can be");
        assert_eq!((restored.next_due(), restored.playing_volume()), (Some(music.due()), Some(0.5)));
        let mut other = restored.state();
        assert_eq!(format!("{other:?}"), format!("{music:?}"));
        for music in [&mut music, &mut other] {
            assert_eq!(music.frames_played(110 * FRAME_TICKS), 100);
            music.pause(60 * FRAME_TICKS);
            assert_eq!(music.frames_played(1000 * FRAME_TICKS), 50);
            music.next(0);
            assert_eq!(music.add(GuestAddr(0x900), vec![PlaylistSong::default()]), Some(7));
        }
        assert_eq!(format!("{other:?}"), format!("{music:?}"));
    }

    #[test]
    fn impossible_player_states_are_refused() {
        let changes: [fn(&mut Music); 5] = [
            |music| music.lists[1].storage = GuestAddr(0x100),
            |music| music.lists[1].songs.truncate(1),
            |music| music.lists[0].songs = vec![PlaylistSong::default(); MAX_SONGS as usize + 1],
            |music| music.songs_made = u32::MAX,
            |music| music.put_on = u64::MAX,
        ];
        for (index, change) in changes.into_iter().enumerate() {
            let mut music = player();
            change(&mut music);
            assert!(MusicPlayer::default().restore(music).is_err(), "{index}");
        }
    }

    #[test]
    fn songs_have_numbers_that_a_state_can_have() {
        let songs = |count| vec![PlaylistSong::default(); count];
        let mut music = player();
        music.songs_made = LAST_SONG - 1;
        assert_eq!(music.add(GuestAddr(0x100), songs(2)), None);
        assert!(music.play(GuestAddr(0x100), 1, 0), "the list that was there stays");
        assert_eq!(music.add(GuestAddr(0x100), songs(1)), Some(LAST_SONG));
        assert_eq!(music.check_state(), Ok(()));
        assert_eq!(music.add(GuestAddr(0x100), songs(1)), None);
    }
}
