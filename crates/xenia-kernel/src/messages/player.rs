//! The music player, as far as titles set it up: nothing plays, so it is idle, and has no song.

use super::{Message, Words, messages};
use crate::abi::Call;
use crate::status::failure::Fallible;
use crate::user::notifications::{Notification, id};
use xenia_guest::{HResult, Win32Error};

/// States of the player.
const IDLE: u32 = 0;
/// Who titles say they are: the title, or the part of the system that asks for it.
const DASHBOARD: u32 = 0;
const HUD: u32 = 1;
const TITLE: u32 = 2;
/// Bytes that a list of songs takes, and each of its songs.
const LIST: u32 = 0x88;
const SONG: u32 = 0x3E8;
/// Who plays music: the title itself, and nobody else until it gives that up.
const CONTROLLED_BY_TITLE: u32 = 0;

/// The rows.
pub(super) const MESSAGES: &[Message] = messages! {
    /// Goes on playing: nothing was.
    Constant 0x7_0003 XMPContinue = |_, _| Ok(HResult::OK);
    /// Stops: nothing plays.
    Constant 0x7_0004 XMPStop = |_, _| Ok(HResult::OK);
    /// Pauses: nothing plays.
    Constant 0x7_0005 XMPPause = |_, _| Ok(HResult::OK);
    /// To the next song: there is none.
    Constant 0x7_0006 XMPNext = |_, _| Ok(HResult::OK);
    /// To the song before: there is none.
    Constant 0x7_0007 XMPPrevious = |_, _| Ok(HResult::OK);
    /// Says in which order songs are played, and tells listeners.
    Done 0x7_0008 XMPSetPlaybackBehavior = set_behavior;
    /// Whether music plays: the player is idle.
    Done 0x7_0009 XMPGetStatus = status;
    /// How loud it is.
    Done 0x7_000B XMPGetVolume = volume;
    /// Says how loud it is.
    Done 0x7_000C XMPSetVolume = set_volume;
    /// The song that plays: none.
    Constant 0x7_000E XMPGetCurrentSong = |_, _| Ok(HResult::FAIL);
    /// Says who plays music, and tells listeners.
    Done 0x7_001A XMPSetPlaybackController = set_controller;
    /// Who plays music.
    Done 0x7_001B XMPGetPlaybackController = controller;
    /// In which order songs are played.
    Done 0x7_0029 XMPGetPlaybackBehavior = behavior;
    /// Where music is kept: nowhere.
    Done 0x7_002B XMPGetMediaSources = media_sources;
    /// Bytes that a list of so many songs takes.
    Done 0x7_002E XMPGetTitlePlaylistBufferSize = list_size;
};

/// What titles have set.
#[derive(Clone, Copy, Debug)]
pub struct Music {
    /// Order, repeat, flags.
    behavior: [u32; 3],
    /// Single precision.
    volume: u32,
    controller: u32,
    is_locked: u32,
}

impl Default for Music {
    /// In order, as loud as it gets.
    fn default() -> Self {
        Self { behavior: [0; 3], volume: 1.0_f32.to_bits(), controller: CONTROLLED_BY_TITLE, is_locked: 0 }
    }
}

/// Stores words where the pointers of a message, from `from` on, lead.
fn answer(call: &Call, words: Words, from: u32, values: &[u32]) -> Fallible<HResult> {
    for (offset, &value) in (from..).step_by(4).zip(values) {
        if let Some(at) = words.pointer(call, offset)? {
            call.memory().write(at, value)?;
        }
    }
    Ok(HResult::OK)
}

fn set_behavior(call: &mut Call, words: Words) -> Fallible<HResult> {
    let behavior = [words.field(call, 4)?, words.field(call, 8)?, words.field(call, 0xC)?];
    call.kernel.user.music.lock().behavior = behavior;
    call.kernel.notify(call.cpu, Notification { id: id::MUSIC_BEHAVIOR_CHANGED, parameter: 0 })?;
    Ok(HResult::OK)
}

fn behavior(call: &mut Call, words: Words) -> Fallible<HResult> {
    let behavior = call.kernel.user.music.lock().behavior;
    answer(call, words, 4, &behavior)
}

fn status(call: &mut Call, words: Words) -> Fallible<HResult> {
    let Some(at) = words.pointer(call, 4)? else { return Ok(HResult::INVALID_ARGUMENT) };
    call.memory().write(at, IDLE)?;
    Ok(HResult::OK)
}

fn volume(call: &mut Call, words: Words) -> Fallible<HResult> {
    let volume = call.kernel.user.music.lock().volume;
    answer(call, words, 4, &[volume])
}

fn set_volume(call: &mut Call, words: Words) -> Fallible<HResult> {
    let volume: u32 = words.field(call, 4)?;
    call.kernel.user.music.lock().volume = volume;
    Ok(HResult::OK)
}

fn set_controller(call: &mut Call, words: Words) -> Fallible<HResult> {
    let (controller, is_locked) = (words.field(call, 4)?, words.field(call, 8)?);
    {
        let mut music = call.kernel.user.music.lock();
        (music.controller, music.is_locked) = (controller, is_locked);
    }
    let parameter = u32::from(controller == CONTROLLED_BY_TITLE);
    call.kernel.notify(call.cpu, Notification { id: id::MUSIC_CONTROLLER_CHANGED, parameter })?;
    Ok(HResult::OK)
}

fn controller(call: &mut Call, words: Words) -> Fallible<HResult> {
    let music = *call.kernel.user.music.lock();
    answer(call, words, 4, &[music.controller, music.is_locked])
}

fn media_sources(call: &mut Call, words: Words) -> Fallible<HResult> {
    /// Sources that a caller must have room for.
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

fn list_size(call: &mut Call, words: Words) -> Fallible<HResult> {
    let (client, songs): (u32, u32) = (words.field(call, 0)?, words.field(call, 4)?);
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
