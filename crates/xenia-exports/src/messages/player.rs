//! Messages to the music player: playlists of titles and playback ([`crate::user::music`]).
//!
//! This module reads and writes the guest's structures; every change goes through the kernel's
//! control of the player, which notifies listeners of a new state.

use super::{Message, MessageWords, messages};
use crate::abi::Call;
use crate::status::failure::Fallible;
use crate::user::music::{
    CONTROLLED_BY_TITLE, MAX_SONGS, Music, PlaybackBehavior, PlaylistSong, RESTORE_CONTROLLER,
};
use xenia_guest::{GuestAddr, HResult, Win32Error};
use xenia_sched::GuestTicks;
use xenia_user::notifications::{Notification, id};

/// Origin of a request, as titles report it: the title itself, or a part of the system.
const DASHBOARD: u32 = 0;
const HUD: u32 = 1;
const TITLE: u32 = 2;
/// Origin whose changes of the playback order are refused.
const REFUSED_CLIENT: u32 = 6;
/// Sizes in bytes of a playlist, and of each of its songs.
const LIST: u32 = 0x88;
const SONG: u32 = 0x3E8;
/// Maximum length of a song's path in UTF-16 units.
const MAX_PATH_UNITS: u32 = 260;
/// Size in bytes of a song's description: six addresses of texts, the first of which is its path,
/// then three words.
const DESCRIPTION: u32 = 0x24;
/// Layout of a song's information: total size, offset of the texts, size of each, and offset of the
/// words after them.
const INFO: u32 = 0x3E0;
const INFO_TEXTS: u32 = 0x240;
const INFO_TEXT: u32 = 0x50;
const INFO_WORDS: u32 = 0x3D0;

/// Messages of the application.
pub(super) const MESSAGES: &[Message] = messages! {
    /// Plays a playlist of the title, from a song on. MP3 songs are audible; WMA songs take their
    /// time in silence.
    Partial 0x7_0002 XMPPlayTitlePlaylist = play;
    /// Resumes the paused song.
    Done 0x7_0003 XMPContinue = |call, _| act(call, Music::resume);
    /// Stops playback of music.
    Done 0x7_0004 XMPStop = |call, _| act(call, |music, _| music.stop());
    /// Pauses the current song.
    Done 0x7_0005 XMPPause = |call, _| act(call, Music::pause);
    /// Selects the next song in the playback order.
    Done 0x7_0006 XMPNext = |call, _| act(call, Music::next);
    /// Selects the previous song in the playback order.
    Done 0x7_0007 XMPPrevious = |call, _| act(call, Music::previous);
    /// Sets the playback order and notifies listeners. A random order begins with the current song.
    /// The flag for automatic pauses is only stored.
    Partial 0x7_0008 XMPSetPlaybackBehavior = set_behavior;
    /// Returns whether music is playing.
    Done 0x7_0009 XMPGetStatus = status;
    /// Returns the volume.
    Done 0x7_000B XMPGetVolume = volume;
    /// Sets the volume.
    Done 0x7_000C XMPSetVolume = set_volume;
    /// Creates a playlist of up to 1,024 songs of the title.
    Done 0x7_000D XMPCreateTitlePlaylist = create_list;
    /// Returns the current song, as the title has described it.
    Done 0x7_000E XMPGetCurrentSong = current_song;
    /// Deletes a playlist, and stops playback if it is playing.
    Done 0x7_0013 XMPDeleteTitlePlaylist = delete_list;
    /// Sets the playback controller and notifies listeners.
    Done 0x7_001A XMPSetPlaybackController = set_controller;
    /// Returns the playback controller.
    Done 0x7_001B XMPGetPlaybackController = controller;
    /// Lists the user's own playlists: there are none, so the library's enumerator stays empty.
    Constant 0x7_0025 XMPCreateUserPlaylistEnumerator = |_, _| Ok(HResult::OK);
    /// Returns the playback order.
    Done 0x7_0029 XMPGetPlaybackBehavior = behavior;
    /// Lists the sources of music: there are none.
    Done 0x7_002B XMPGetMediaSources = media_sources;
    /// Returns the size in bytes of a playlist with this number of songs.
    Done 0x7_002E XMPGetTitlePlaylistBufferSize = list_size;
    /// Returns the number of songs of a playlist; 0 if there is no such playlist.
    Done 0x7_0031 XMPGetNumSongsInTitlePlaylist = song_count;
    /// Sets the callback for the samples that the player produces. It is never called: titles that
    /// draw the music's level see silence.
    Stub 0x7_003D XMPCaptureOutput = |_, _| Ok(HResult::OK);
};

/// Stores words at the addresses in a message's pointers, from offset `from` on.
fn answer(call: &Call, words: MessageWords, from: u32, values: &[u32]) -> Fallible<HResult> {
    for (offset, &value) in (from..).step_by(4).zip(values) {
        if let Some(at) = words.pointer(call, offset)? {
            call.memory().write(at, value)?;
        }
    }
    Ok(HResult::OK)
}

/// Accesses the player and returns the result of `act`.
fn access_player<R>(call: &mut Call, act: impl FnOnce(&mut Music, GuestTicks) -> R) -> Fallible<R> {
    let kernel = call.kernel;
    kernel.music_control().change(call.cpu, act)
}

fn act(call: &mut Call, act: impl FnOnce(&mut Music, GuestTicks)) -> Fallible<HResult> {
    access_player(call, act)?;
    Ok(HResult::OK)
}

fn create_list(call: &mut Call, words: MessageWords) -> Fallible<HResult> {
    let client: u32 = words.field(call, 0)?;
    let count: u32 = words.field(call, 0x10)?;
    let (Some(storage), Some(songs)) = (words.pointer(call, 4)?, words.pointer(call, 0xC)?) else {
        return Ok(HResult::INVALID_ARGUMENT);
    };
    if !matches!(client, DASHBOARD | TITLE) || count == 0 {
        return Ok(HResult::INVALID_ARGUMENT);
    }
    let no_room = Win32Error::NOT_ENOUGH_MEMORY.to_hresult();
    if count > MAX_SONGS {
        return Ok(no_room);
    }
    let described: Vec<PlaylistSong> =
        (0..count).map(|index| describe(call, songs.offset(index * DESCRIPTION))).collect::<Fallible<_>>()?;
    let Some(first) = access_player(call, |music, _| music.add(storage, described))? else {
        return Ok(no_room);
    };
    if let Some(handles) = words.pointer(call, 0x1C)? {
        for index in 0..count {
            call.memory().write(handles.offset(4 * index), first + index)?;
        }
    }
    answer(call, words, 0x20, &[storage.0])
}

/// Reads a song's description.
fn describe(call: &Call, at: GuestAddr) -> Fallible<PlaylistSong> {
    let memory = call.memory();
    let text_of = |index: u32, most: u32| -> Fallible<Vec<u16>> {
        let text: GuestAddr = memory.read(at.offset(4 * index))?;
        Ok(if text.is_null() { Vec::new() } else { memory.read_wide_string(text, most)? })
    };
    let text = |index: u32| text_of(index + 1, INFO_TEXT / 2 - 1);
    Ok(PlaylistSong {
        handle: 0,
        path: text_of(0, MAX_PATH_UNITS)?,
        texts: [text(0)?, text(1)?, text(2)?, text(3)?, text(4)?],
        track: memory.read(at.offset(0x18))?,
        milliseconds: memory.read(at.offset(0x1C))?,
        format: memory.read(at.offset(0x20))?,
    })
}

fn delete_list(call: &mut Call, words: MessageWords) -> Fallible<HResult> {
    let storage: GuestAddr = words.field(call, 4)?;
    let found = access_player(call, |music, _| music.remove(storage))?;
    Ok(if found { HResult::OK } else { HResult::INVALID_ARGUMENT })
}

fn play(call: &mut Call, words: MessageWords) -> Fallible<HResult> {
    let storage = words.field(call, 4)?;
    let song = words.field(call, 8)?;
    let found = call.kernel.music_control().play(call.cpu, storage, song)?;
    Ok(if found { HResult::OK } else { HResult::INVALID_ARGUMENT })
}

fn current_song(call: &mut Call, words: MessageWords) -> Fallible<HResult> {
    let Some(at) = words.pointer(call, 8)? else { return Ok(HResult::INVALID_ARGUMENT) };
    let Some(song) = access_player(call, |music, _| music.song().cloned())? else { return Ok(HResult::FAIL) };
    let memory = call.memory();
    memory.fill(at, INFO, 0)?;
    memory.write(at, song.handle)?;
    for (text, place) in song.texts.iter().zip((INFO_TEXTS..).step_by(INFO_TEXT as usize)) {
        for (&unit, offset) in text.iter().zip((place..).step_by(2)) {
            memory.write(at.offset(offset), unit)?;
        }
    }
    for (word, offset) in [song.track, song.milliseconds, song.format].into_iter().zip([0, 4, 8]) {
        memory.write(at.offset(INFO_WORDS + offset), word)?;
    }
    Ok(HResult::OK)
}

fn set_behavior(call: &mut Call, words: MessageWords) -> Fallible<HResult> {
    if words.field::<u32>(call, 0)? == REFUSED_CLIENT {
        return Ok(Win32Error::ACCESS_DENIED.to_hresult());
    }
    let behavior = PlaybackBehavior {
        order: words.field(call, 4)?,
        repeat: words.field(call, 8)?,
        flags: words.field(call, 0xC)?,
    };
    access_player(call, |music, now| music.set_behavior(behavior, now))?;
    call.kernel.notifier().notify(call.cpu, Notification { id: id::MUSIC_BEHAVIOR_CHANGED, parameter: 0 })?;
    Ok(HResult::OK)
}

fn behavior(call: &mut Call, words: MessageWords) -> Fallible<HResult> {
    let PlaybackBehavior { order, repeat, flags } = access_player(call, |music, _| music.behavior)?;
    answer(call, words, 4, &[order, repeat, flags])
}

fn status(call: &mut Call, words: MessageWords) -> Fallible<HResult> {
    let Some(at) = words.pointer(call, 4)? else { return Ok(HResult::INVALID_ARGUMENT) };
    let state = access_player(call, |music, _| music.state())?;
    call.memory().write(at, state as u32)?;
    Ok(HResult::OK)
}

fn volume(call: &mut Call, words: MessageWords) -> Fallible<HResult> {
    let volume = access_player(call, |music, _| music.volume)?;
    answer(call, words, 4, &[volume])
}

fn set_volume(call: &mut Call, words: MessageWords) -> Fallible<HResult> {
    let volume: u32 = words.field(call, 4)?;
    access_player(call, |music, _| music.volume = volume)?;
    Ok(HResult::OK)
}

fn set_controller(call: &mut Call, words: MessageWords) -> Fallible<HResult> {
    let wanted = words.field(call, 4)?;
    let lock = words.field(call, 8)?;
    // Nothing else here plays music, so the previous controller is always the title.
    let controller = if wanted == RESTORE_CONTROLLER { CONTROLLED_BY_TITLE } else { wanted };
    access_player(call, |music, _| {
        music.controller = controller;
        music.controller_lock = lock;
    })?;
    let parameter = u32::from(call.kernel.user.music.is_of_title());
    call.kernel.notifier().notify(call.cpu, Notification { id: id::MUSIC_CONTROLLER_CHANGED, parameter })?;
    Ok(HResult::OK)
}

fn controller(call: &mut Call, words: MessageWords) -> Fallible<HResult> {
    let who = access_player(call, |music, _| [music.controller, music.controller_lock])?;
    answer(call, words, 4, &who)
}

fn media_sources(call: &mut Call, words: MessageWords) -> Fallible<HResult> {
    /// Number of sources that a caller must have room for.
    const SOURCES: u32 = 10;
    let Some(count) = words.pointer(call, 0x10)? else { return Ok(HResult::INVALID_ARGUMENT) };
    let capacity: u32 = words.field(call, 0xC)?;
    let found = match words.pointer(call, 8)? {
        None => SOURCES,
        Some(_) if capacity < SOURCES => return Ok(Win32Error::NOT_ENOUGH_MEMORY.to_hresult()),
        Some(_) => 0,
    };
    call.memory().write(count, found)?;
    Ok(HResult::OK)
}

fn list_size(call: &mut Call, words: MessageWords) -> Fallible<HResult> {
    let client: u32 = words.field(call, 0)?;
    let songs: u32 = words.field(call, 4)?;
    let Some(at) = words.pointer(call, 8)?.filter(|_| songs > 0 && client != HUD) else {
        return Ok(HResult::INVALID_ARGUMENT);
    };
    let size = songs.checked_mul(SONG).and_then(|bytes| bytes.checked_add(LIST));
    let Some(size) = size.filter(|_| matches!(client, DASHBOARD | TITLE)) else {
        return Ok(HResult::INVALID_ARGUMENT);
    };
    call.memory().write(at, size)?;
    Ok(HResult::OK)
}

fn song_count(call: &mut Call, words: MessageWords) -> Fallible<HResult> {
    let storage = words.field(call, 4)?;
    let Some(at) = words.pointer(call, 8)? else { return Ok(HResult::INVALID_ARGUMENT) };
    let count = access_player(call, |music, _| music.count(storage))?;
    call.memory().write(at, count as u32)?;
    Ok(HResult::OK)
}
