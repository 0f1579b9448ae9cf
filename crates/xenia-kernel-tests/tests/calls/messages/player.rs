//! Tests of messages to the music player.

use super::*;

const ACCESS_DENIED: u32 = 0x8007_0005;
const PLAYER: u64 = 0xFA;

#[test]
fn the_player_is_set_up_and_idle() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    let one = at(&b, RESULT);
    let two = at(&b, RESULT + 4);
    let three = at(&b, RESULT + 8);
    let results = |b: &Harness| [0, 4, 8].map(|at| b.word(RESULT + at));
    let listener = b.xam_call("XamNotifyCreateListener", &[0x20, 0]);
    assert_eq!(send(&mut b, PLAYER, 0x7_0009, &[2, one]), 0);
    assert_eq!(results(&b)[0], 0);
    assert_eq!(send(&mut b, PLAYER, 0x7_0009, &[2, 0]), INVALID_ARGUMENT);
    assert_eq!((send(&mut b, PLAYER, 0x7_000B, &[2, one]), results(&b)[0]), (0, 0x3F80_0000));
    assert_eq!(send(&mut b, PLAYER, 0x7_000C, &[2, 0x3F00_0000]), 0);
    assert_eq!((send(&mut b, PLAYER, 0x7_000B, &[2, one]), results(&b)[0]), (0, 0x3F00_0000));
    assert_eq!(send(&mut b, PLAYER, 0x7_0008, &[2, 1, 2, 3]), 0);
    assert_eq!((send(&mut b, PLAYER, 0x7_0029, &[2, one, two, three]), results(&b)), (0, [1, 2, 3]));
    assert_eq!(send(&mut b, PLAYER, 0x7_0008, &[6, 4, 5, 6]), ACCESS_DENIED);
    assert_eq!((send(&mut b, PLAYER, 0x7_0029, &[2, one, two, three]), results(&b)), (0, [1, 2, 3]));
    assert_eq!(send(&mut b, PLAYER, 0x7_0029, &[2, 0, 0, 0]), 0, "each may be left out");
    assert_eq!(send(&mut b, PLAYER, 0x7_001A, &[2, 1, 1]), 0);
    assert_eq!((send(&mut b, PLAYER, 0x7_001B, &[2, one, two]), results(&b)[..2].to_vec()), (0, vec![1, 1]));
    assert_eq!(send(&mut b, PLAYER, 0x7_001A, &[2, 0, 0]), 0);
    let mut heard = Vec::new();
    while b.xam_call("XNotifyGetNext", &[listener, 0, base, base + 4]) == 1 {
        heard.push((b.word(0), b.word(4)));
    }
    assert_eq!(heard, [(0x0A00_0003, 1), (0x0A00_0002, 0), (0x0A00_0003, 0), (0x0A00_0003, 1)]);
    for (words, answer) in [
        ([2, 3, one], Some(3 * 0x3E8 + 0x88)),
        ([0, 1, one], Some(0x3E8 + 0x88)),
        ([1, 3, one], None),
        ([2, 0, one], None),
        ([2, 3, 0], None),
        ([2, u32::MAX, one], None),
    ] {
        let found = send(&mut b, PLAYER, 0x7_002E, &words);
        assert_eq!((found == 0).then(|| b.word(RESULT)), answer, "{words:?}");
    }
    for (words, answer) in [
        ([2, 0, 0, 0, one], Some(10)),
        ([2, 0, two, 10, one], Some(0)),
        ([2, 0, two, 9, one], None),
        ([2, 0, two, 10, 0], None),
    ] {
        let found = send(&mut b, PLAYER, 0x7_002B, &words);
        assert_eq!((found == 0).then(|| b.word(RESULT)), answer, "{words:?}");
    }
    for message in [0x7_0003, 0x7_0004, 0x7_0005, 0x7_0006, 0x7_0007] {
        assert_eq!(send(&mut b, PLAYER, message, &[2]), 0);
    }
    assert_eq!(send(&mut b, PLAYER, 0x7_000E, &[2, one, two]), FAIL);
}

/// Creates a playlist at `storage` of two songs, of half a field and of four.
fn make_list(b: &mut Harness, storage: u32) -> u32 {
    let title = b.put_wide_text(0x900, "A song") as u32;
    for (song, milliseconds) in [(0, 8), (1, 60)] {
        let words = [0, title, 0, 0, 0, 0, song + 1, milliseconds, 1];
        for (word, offset) in words.into_iter().zip((0x800 + song * 0x24..).step_by(4)) {
            b.memory().write(b.scratch.offset(offset), word).unwrap();
        }
    }
    let words = [2, storage, 0x1000, at(b, 0x800), 2, 0, 0, at(b, RESULT + 4), at(b, RESULT)];
    send(b, PLAYER, 0x7_000D, &words)
}

#[test]
fn title_songs_play_for_their_length_and_notify() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    let storage = at(&b, 0x1000);
    let info = at(&b, 0x2000);
    let listener = b.xam_call("XamNotifyCreateListener", &[0x20, 0]);
    assert_eq!((make_list(&mut b, storage), b.word(RESULT)), (0, storage));
    assert_eq!([b.word(RESULT + 4), b.word(RESULT + 8)], [1, 2]);
    for (list, count) in [(storage, 2), (storage + 8, 0)] {
        let words = [2, list, at(&b, RESULT)];
        assert_eq!((send(&mut b, PLAYER, 0x7_0031, &words), b.word(RESULT)), (0, count));
    }
    assert_eq!(send(&mut b, PLAYER, 0x7_0008, &[2, 0, 1, 0]), 0, "once");
    let state = |b: &mut Harness| {
        let result = at(b, RESULT);
        (send(b, PLAYER, 0x7_0009, &[2, result]), b.word(RESULT)).1
    };
    assert_eq!(send(&mut b, PLAYER, 0x7_0002, &[2, storage, 3]), INVALID_ARGUMENT);
    assert_eq!((send(&mut b, PLAYER, 0x7_0002, &[2, storage, 0]), state(&mut b)), (0, 1));
    b.pass_a_field();
    b.memory().write(b.scratch.offset(0x23DC), 0xEEEE_EEEE_u32).unwrap();
    assert_eq!(send(&mut b, PLAYER, 0x7_000E, &[2, 0, info]), 0);
    let description = [0, 0x3D0, 0x3D4, 0x3D8, 0x3DC].map(|field| b.word(0x2000 + field));
    assert_eq!(description, [2, 2, 60, 1, 0], "the first is over");
    let title = b.memory().read_wide_string(b.scratch.offset(0x2240), 40).unwrap();
    assert_eq!(String::from_utf16_lossy(&title), "A song");
    assert_eq!((send(&mut b, PLAYER, 0x7_0005, &[2]), state(&mut b)), (0, 2));
    (0..9).for_each(|_| b.pass_a_field());
    assert_eq!((send(&mut b, PLAYER, 0x7_0003, &[2]), state(&mut b)), (0, 1));
    (0..3).for_each(|_| b.pass_a_field());
    assert_eq!(state(&mut b), 1);
    b.pass_a_field();
    assert_eq!((state(&mut b), b.kernel.user.music.next_due()), (0, None));
    assert_eq!(send(&mut b, PLAYER, 0x7_000E, &[2, 0, info]), FAIL);
    let mut heard = Vec::new();
    while b.xam_call("XNotifyGetNext", &[listener, 0, base, base + 4]) == 1 {
        heard.push((b.word(0) & 0xF, b.word(4)));
    }
    assert_eq!(heard.remove(0), (3, 1), "the title controls the player");
    // Sorted by id; the order for each id stays that of their arrival.
    heard.sort_by_key(|(id, _)| *id);
    assert_eq!(heard[heard.len() - 2..], [(2, 0), (2, 1)]);
    assert_eq!(heard[..heard.len() - 2].last(), Some(&(1, 0)), "{heard:?}");
    for (message, words, result) in [
        (0x7_0006, &[2][..], 0),
        (0x7_0007, &[2], 0),
        (0x7_0025, &[2], 0),
        (0x7_003D, &[2, 0, 0, 0], 0),
        (0x7_0013, &[2, storage], 0),
        (0x7_0013, &[2, storage], INVALID_ARGUMENT),
        (0x7_000D, &[2, 0, 0, storage, 1, 0, 0, 0, 0], INVALID_ARGUMENT),
        (0x7_000D, &[1, storage, 0, storage, 1, 0, 0, 0, 0], INVALID_ARGUMENT),
        (0x7_000D, &[2, storage, 0, storage, 0x401, 0, 0, 0, 0], 0x8007_0008),
    ] {
        assert_eq!(send(&mut b, PLAYER, message, words), result, "{message:#x} {words:x?}");
    }
}

#[test]
fn restored_playback_belongs_to_the_title_again() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    let one = at(&b, RESULT);
    let two = at(&b, RESULT + 4);
    let listener = b.xam_call("XamNotifyCreateListener", &[0x20, 0]);
    // As XMPOverrideBackgroundMusic and XMPRestoreBackgroundMusic send it around a movie.
    assert_eq!(send(&mut b, PLAYER, 0x7_001A, &[2, 0, 1]), 0);
    let during = b.xam_call("XamNotifyCreateListener", &[0x20, 0]);
    assert_eq!(b.xam_call("XNotifyGetNext", &[during, 0, base, base + 4]), 1);
    assert_eq!([0, 4].map(|at| b.word(at)), [0x0A00_0003, 0]);
    assert_eq!(send(&mut b, PLAYER, 0x7_001A, &[2, 4, 0]), 0);
    assert_eq!(send(&mut b, PLAYER, 0x7_001B, &[2, one, two]), 0);
    assert_eq!([0, 4].map(|at| b.word(RESULT + at)), [0, 0]);
    let mut heard = Vec::new();
    while b.xam_call("XNotifyGetNext", &[listener, 0, base, base + 4]) == 1 {
        heard.push((b.word(0), b.word(4)));
    }
    // The first is the state at the listener's creation.
    assert_eq!(heard, [(0x0A00_0003, 1), (0x0A00_0003, 0), (0x0A00_0003, 1)]);
}

#[test]
fn a_playlist_notifies_of_its_order_before_its_song() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    let storage = at(&b, 0x1000);
    assert_eq!(make_list(&mut b, storage), 0);
    let listener = b.xam_call("XamNotifyCreateListener", &[0x20, 0]);
    for (song, answer) in [(3, INVALID_ARGUMENT), (0, 0)] {
        assert_eq!(send(&mut b, PLAYER, 0x7_0002, &[2, storage, song]), answer);
    }
    let mut heard = Vec::new();
    while b.xam_call("XNotifyGetNext", &[listener, 0, base, base + 4]) == 1 {
        heard.push((b.word(0), b.word(4)));
    }
    assert_eq!(heard, [(0x0A00_0003, 1), (0x0A00_0002, 1), (0x0A00_0001, 1)]);
}
