//! Tests of the audible output of a title's songs.

use super::*;
use xenia_kernel::ports::{Audio, RenderFrame, SongBytes};

const PLAYER: u64 = 0xFA;
/// Offsets in the scratch memory of a message, songs, their texts and a playlist.
const MESSAGE: u32 = 0x100;
const SONGS: u32 = 0x800;
const TEXTS: u32 = 0x900;
const LIST: u32 = 0x1000;

/// Calls of the sound port: the song's volume for each frame, and the songs.
#[derive(Default)]
struct SoundCalls {
    volumes: Vec<Option<f32>>,
    songs: Vec<Option<Vec<u8>>>,
}

#[derive(Clone, Default)]
struct Ear(Arc<Mutex<SoundCalls>>);

impl Audio for Ear {
    fn play(&mut self, frames: &[Box<RenderFrame>], song: Option<f32>) {
        assert!(frames.is_empty());
        self.0.lock().unwrap().volumes.push(song);
    }
    fn set_song(&mut self, number: u64, song: Option<SongBytes>) {
        let mut calls = self.0.lock().unwrap();
        calls.songs.push(song.map(|mut read| {
            let mut bytes = vec![0; 64];
            let count = read(1, &mut bytes);
            bytes.truncate(count);
            bytes
        }));
        assert_eq!(number, calls.songs.len() as u64);
    }
}

fn send(b: &mut Harness, message: u64, words: &[u32]) -> u32 {
    for (index, word) in words.iter().enumerate() {
        b.memory().write(b.scratch.offset(MESSAGE + 4 * index as u32), *word).unwrap();
    }
    let buffer = u64::from(b.scratch.offset(MESSAGE).0);
    b.xam_call("XMsgInProcessCall", &[PLAYER, message, buffer, 4 * words.len() as u64]) as u32
}

/// Creates a title with a playlist of these songs, a second each.
fn title(folder: &Path, paths: &[&str]) -> (Harness, Ear) {
    let ear = Ear::default();
    let mut b = Harness::with_ports(Ports { audio: Box::new(ear.clone()), ..Ports::default() });
    b.mount(folder);
    for (index, path) in (0..).zip(paths) {
        let text = if path.is_empty() { 0 } else { b.put_wide_text(TEXTS + 0x80 * index, path) as u32 };
        for (word, offset) in [text, 0, 0, 0, 0, 0, 1, 1000, 1].into_iter().zip((0..).step_by(4)) {
            b.memory().write(b.scratch.offset(SONGS + 0x24 * index + offset), word).unwrap();
        }
    }
    let at = |offset: u32| b.scratch.offset(offset).0;
    let words = [2, at(LIST), 0x1000, at(SONGS), paths.len() as u32, 0, 0, 0, 0];
    assert_eq!(send(&mut b, 0x7_000D, &words), 0);
    (b, ear)
}

/// Returns the song's volume in the frames of a field.
fn field(b: &mut Harness, ear: &Ear) -> Vec<Option<f32>> {
    ear.0.lock().unwrap().volumes.clear();
    b.pass_a_field();
    let volumes = std::mem::take(&mut ear.0.lock().unwrap().volumes);
    let once = volumes.first().copied();
    assert!(volumes.iter().all(|volume| Some(*volume) == once));
    once.into_iter().collect()
}

#[test]
fn a_playing_song_is_mixed_at_the_titles_volume() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("one.mp3"), "1 one").unwrap();
    std::fs::write(folder.path().join("two.mp3"), "2 two").unwrap();
    let (mut b, ear) = title(folder.path(), &[r"game:\ONE.mp3", r"two.mp3"]);
    let list = b.scratch.offset(LIST).0;
    assert_eq!(field(&mut b, &ear), [], "nothing plays, and there are no clients");
    assert_eq!(send(&mut b, 0x7_0002, &[2, list, 0]), 0);
    assert_eq!(field(&mut b, &ear), [Some(1.0)]);
    for (bits, volume) in [
        (0.25_f32.to_bits(), 0.25),
        (7.0_f32.to_bits(), 1.0),
        ((-1.0_f32).to_bits(), 0.0),
        (f32::NAN.to_bits(), 0.0),
        (f32::INFINITY.to_bits(), 1.0),
        (0.5_f32.to_bits(), 0.5),
    ] {
        assert_eq!(send(&mut b, 0x7_000C, &[2, bits]), 0);
        assert_eq!(field(&mut b, &ear), [Some(volume)]);
    }
    assert_eq!(send(&mut b, 0x7_0005, &[2]), 0);
    assert_eq!(field(&mut b, &ear), [], "it is held");
    assert_eq!(send(&mut b, 0x7_0003, &[2]), 0);
    assert_eq!(field(&mut b, &ear), [Some(0.5)]);
    (0..60).for_each(|_| b.pass_a_field());
    assert_eq!(field(&mut b, &ear), [Some(0.5)], "the second");
    assert_eq!(send(&mut b, 0x7_0004, &[2]), 0);
    assert_eq!(field(&mut b, &ear), []);
    assert_eq!(send(&mut b, 0x7_0002, &[2, list, 0]), 0);
    assert_eq!(send(&mut b, 0x7_0013, &[2, list]), 0, "the list goes, and what plays of it");
    let songs = std::mem::take(&mut ear.0.lock().unwrap().songs);
    let expected = [Some(b" one".to_vec()), Some(b" two".to_vec()), None, Some(b" one".to_vec()), None];
    assert_eq!(songs, expected);
}

#[test]
fn a_song_that_can_not_be_read_is_silent_and_missed() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("folder")).unwrap();
    let (mut b, ear) = title(folder.path(), &[r"game:\none.mp3", r"game:\folder", r"game:\..\..\x", ""]);
    let list = b.scratch.offset(LIST).0;
    for song in 1..=4 {
        assert_eq!(send(&mut b, 0x7_0002, &[2, list, song]), 0);
        assert_eq!(field(&mut b, &ear), [Some(1.0)], "it takes its time all the same");
    }
    assert!(ear.0.lock().unwrap().songs.iter().all(Option::is_none));
    assert_eq!(b.kernel.files.lock().missing.list()[0].path, r"game:\none.mp3");
}
