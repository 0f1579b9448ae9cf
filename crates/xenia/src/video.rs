//! Videos: the pictures and the sound of a title in a window, in a file that other programs play.
//!
//! ```text
//!  machine's threads ──pictures, samples──▶ VideoRecorder ──queue──▶ VideoWriter, on a thread of
//!                                                                    its own: ffmpeg, or PNG files
//!                                                                    and a WAV file
//! ```
//!
//! Time in a video is guest time, so pauses are not recorded, and a title that runs too slowly
//! plays at its original speed. The machine never waits for the writer: a picture that the writer
//! has no time for is left out, and the previous one is shown for longer.

mod clock;
mod encoder;
mod writer;

use crate::config::SpeakerLayout;
use crate::lock_order;
use crate::screenshots::file_name;
use crate::user_folders;
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;
use writer::VideoWriter;
use xenia_audio::mix::Speakers;
use xenia_gpu::SwapPicture;
use xenia_sched::GuestTicks;
use xenia_sync::{Level, Mutex};

/// Pictures in a second of a video.
pub const VIDEO_RATE: u32 = 30;

/// Largest number of messages that wait for the writer: at most 2.7 s of sound.
const MAX_QUEUED: usize = 512;
/// Largest number of pictures among them; one may have some MiB.
const MAX_QUEUED_PICTURES: usize = 6;
/// Largest number of videos of a title in a folder.
const MAX_VIDEOS: u32 = 9999;

/// Data for the writer.
enum VideoMessage {
    Picture(GuestTicks, SwapPicture),
    Sound(Vec<i16>),
}

/// The video that is being recorded.
struct CurrentVideo {
    queue: SyncSender<VideoMessage>,
    /// Pictures in the queue.
    pictures: Arc<AtomicUsize>,
    thread: JoinHandle<()>,
}

#[derive(Default)]
struct Recorded {
    current: Option<CurrentVideo>,
    /// Writers of videos that have ended.
    ending: Vec<JoinHandle<()>>,
}

/// Place and sound of a video.
#[derive(Clone, Debug)]
pub struct VideoTarget {
    folder: PathBuf,
    title: String,
    speakers: Speakers,
}

impl VideoTarget {
    /// Videos of a title in `folder`, with the sound of these speakers.
    pub fn new(folder: &Path, title: &str, layout: SpeakerLayout) -> Self {
        let speakers = match layout {
            SpeakerLayout::Stereo => Speakers::Stereo,
            SpeakerLayout::Surround => Speakers::Surround,
        };
        Self { folder: folder.to_owned(), title: file_name(title), speakers }
    }

    /// The folder of videos in the user's data folder.
    pub fn default_folder() -> PathBuf {
        user_folders::data().map_or_else(|| PathBuf::from("videos"), |data| data.join("videos"))
    }

    /// Makes the folder of a new video, which no other one has. Its name without ".part" is the
    /// video's.
    fn make_part(&self) -> Result<PathBuf> {
        let folder = &self.folder;
        std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        for number in 1..=MAX_VIDEOS {
            let name = format!("{}_{number:03}", self.title);
            let part = folder.join(format!("{name}.part"));
            if [name.clone(), format!("{name}.mp4")].iter().any(|taken| folder.join(taken).exists()) {
                continue;
            }
            match std::fs::create_dir(&part) {
                Ok(()) => return Ok(part),
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error).with_context(|| format!("cannot create {}", part.display())),
            }
        }
        bail!("there are {MAX_VIDEOS} videos of the title in {}: move or delete some", folder.display())
    }
}

/// Records videos, one at a time; clones share it.
#[derive(Clone)]
pub struct VideoRecorder(Arc<Mutex<Recorded>>);

impl Default for VideoRecorder {
    fn default() -> Self {
        Self(Arc::new(Mutex::numbered(Level::Host, lock_order::VIDEO, Recorded::default())))
    }
}

impl VideoRecorder {
    /// Begins a video. `report` is called from another thread with a message when the video is
    /// complete, or can't continue.
    ///
    /// # Errors
    /// A video is being recorded, or the folder of the new one cannot be created.
    pub fn begin(&self, target: &VideoTarget, report: impl FnOnce(String) + Send + 'static) -> Result<()> {
        let mut recorded = self.0.lock();
        if recorded.current.is_some() {
            bail!("a video is being recorded already");
        }
        let part = target.make_part()?;
        let mut writer = VideoWriter::new(part, target.speakers, encoder::find)?;
        let (queue, messages) = sync_channel(MAX_QUEUED);
        let pictures = Arc::new(AtomicUsize::new(0));
        let waiting = pictures.clone();
        let thread = std::thread::Builder::new().name("video".to_owned()).spawn(move || {
            for message in messages {
                let written = match message {
                    VideoMessage::Picture(now, picture) => {
                        waiting.fetch_sub(1, Ordering::Relaxed);
                        writer.picture(now, picture)
                    }
                    VideoMessage::Sound(samples) => writer.sound(&samples),
                };
                if let Err(error) = written {
                    // The part before it may be complete.
                    tracing::warn!("the video ends early: {error:#}");
                    break;
                }
            }
            report(match writer.finish() {
                Ok(path) => format!("video: {}", path.display()),
                Err(error) => format!("no video: {error:#}"),
            });
        })?;
        recorded.ending.retain(|thread| !thread.is_finished());
        recorded.current = Some(CurrentVideo { queue, pictures, thread });
        Ok(())
    }

    /// Ends the video, if there is one. It is completed on another thread.
    pub fn end(&self) {
        let mut recorded = self.0.lock();
        // The end of the queue is the end of the video.
        if let Some(CurrentVideo { thread, .. }) = recorded.current.take() {
            recorded.ending.push(thread);
        }
    }

    /// Ends the video, and waits until all of them are complete.
    pub fn finish(&self) {
        self.end();
        let ending = std::mem::take(&mut self.0.lock().ending);
        for thread in ending {
            // A panic was reported by its own thread.
            let _ = thread.join();
        }
    }

    /// Whether a video is being recorded.
    pub fn is_on(&self) -> bool {
        self.0.lock().current.as_ref().is_some_and(|current| !current.thread.is_finished())
    }

    /// Adds the picture of a swap at a guest time.
    pub fn picture(&self, now: GuestTicks, picture: &SwapPicture) {
        let recorded = self.0.lock();
        let Some(CurrentVideo { queue, pictures, .. }) = &recorded.current else { return };
        if pictures.load(Ordering::Relaxed) < MAX_QUEUED_PICTURES {
            pictures.fetch_add(1, Ordering::Relaxed);
            if queue.try_send(VideoMessage::Picture(now, picture.clone())).is_err() {
                pictures.fetch_sub(1, Ordering::Relaxed);
            }
        }
    }

    /// Adds samples, interleaved by speaker. The writer fills gaps with silence.
    pub fn sound(&self, samples: &[i16]) {
        if let Some(current) = &self.0.lock().current {
            let _ = current.queue.try_send(VideoMessage::Sound(samples.to_vec()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use xenia_gpu::Frame;
    use xenia_sched::TICKS_PER_SECOND;

    #[test]
    fn one_video_is_recorded_at_a_time_and_each_has_a_unique_name() {
        let folder = tempfile::tempdir().unwrap();
        let target = VideoTarget::new(folder.path(), "a/b", SpeakerLayout::Stereo);
        let recorder = VideoRecorder::default();
        recorder.sound(&[0; 512]);
        let (sender, messages) = mpsc::channel();
        for _ in 0..2 {
            let sender = sender.clone();
            recorder.begin(&target, move |text| sender.send(text).unwrap()).unwrap();
            assert!(recorder.begin(&target, |_| ()).is_err() && recorder.is_on());
            for at in 0..MAX_QUEUED_PICTURES as u64 {
                let frame = Frame { width: 16, height: 16, rgba: vec![at as u8; 16 * 16 * 4] };
                recorder.picture(at * TICKS_PER_SECOND / 60, &SwapPicture::Bytes(frame));
                recorder.sound(&[0; 512]);
            }
            recorder.end();
            assert!(!recorder.is_on());
        }
        recorder.finish();
        let mut names: Vec<String> = messages.try_iter().collect();
        names.sort();
        assert!(names[0].contains("a-b_001") && names[1].contains("a-b_002"), "{names:?}");
        assert!(std::fs::read_dir(folder.path()).unwrap().flatten().all(|entry| {
            let path = entry.path();
            path.extension().is_none_or(|end| end == "mp4") && path.to_string_lossy().contains("a-b_00")
        }));
    }

    #[test]
    fn a_folder_that_is_a_file_is_an_error() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let target = VideoTarget::new(file.path(), "x", SpeakerLayout::Surround);
        assert!(VideoRecorder::default().begin(&target, |_| ()).is_err());
    }
}
