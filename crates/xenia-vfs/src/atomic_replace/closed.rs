//! Group commit: small files that a title closes in quick succession are synced together.
//!
//! A sync takes milliseconds, and an atomic save needs two. The first files closed after a pause
//! are committed immediately; later ones are renamed to a *closed file*, whose name has a digest of
//! its contents and the name of the file that it is to replace:
//!
//! ```text
//!  .xenia-draft-PID-N ─close─► .xenia-closed-DIGEST-NAME ─group: sync all, rename each─► NAME
//! ```
//!
//! If the run ends before the group is committed, the next one that opens the folder renames the
//! closed files whose digests match, and removes the others ([`super::names::sweep`]): contents
//! that a crash of the host has cut short never replace a file.
//!
//! A group is committed when it is large, when the title closes no more files for a moment, before
//! a flush, before one of its files is opened for writing, and at the end. So files reach the
//! host's disk in the order in which they were closed or flushed, and confirmed saves (flushed
//! files, closed packages) are synced. The title sees closed files like open ones.

use super::names::{self, MAX_CLOSED_BYTES};
use super::{OpenHostFile, sync_folder};
use crate::VfsError;
use parking_lot::Mutex;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

/// Largest number of files in a group.
const MAX_GROUP: usize = 128;
/// Number of files that are committed immediately before others are grouped. The count restarts
/// when no file was closed for [`MIN_PAUSE`].
const AT_ONCE: u32 = 8;
const MIN_PAUSE: Duration = Duration::from_secs(1);
/// A group is committed when no file was closed for this time.
const COMMIT_DELAY: Duration = Duration::from_millis(500);
/// Largest number of host threads that sync a group: syncs at the same time share the host's
/// journal.
const MAX_SYNCERS: usize = 32;

/// An open file of the table.
pub(super) type SharedFile = Arc<xenia_sync::Mutex<OpenHostFile>>;

/// Closed files that are not committed yet.
#[derive(Debug, Default)]
pub(crate) struct ClosedFiles {
    state: Mutex<State>,
    /// Held while a group is committed, so that a flush waits for it. Taken before locks of files.
    turn: Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    waiting: Vec<SharedFile>,
    /// Number of files closed since the last pause of [`MIN_PAUSE`].
    closed: u32,
    /// Time of the last close.
    last: Option<Instant>,
    /// Whether a thread waits to commit the group.
    is_watched: bool,
}

impl State {
    /// Whether a file that is closed now is committed immediately.
    fn admits(&mut self, now: Instant) -> bool {
        if self.last.is_none_or(|last| now.duration_since(last) >= MIN_PAUSE) {
            self.closed = 0;
        }
        self.last = Some(now);
        self.closed = self.closed.saturating_add(1);
        self.closed <= AT_ONCE
    }
}

impl ClosedFiles {
    /// Handles the close of the last handle to a file.
    pub(super) fn close(self: &Arc<Self>, file: &SharedFile) {
        if !file.lock().is_pending() {
            return;
        }
        let now = Instant::now();
        let is_grouped = !self.state.lock().admits(now) && file.lock().become_closed();
        if !is_grouped {
            // The file is committed when it is dropped, after those that were closed before.
            self.commit_all();
            return;
        }
        let (is_full, must_watch) = {
            let mut state = self.state.lock();
            state.waiting.push(file.clone());
            (state.waiting.len() >= MAX_GROUP, !std::mem::replace(&mut state.is_watched, true))
        };
        if is_full || must_watch && !self.watch() {
            self.commit_all();
        }
    }

    /// Starts a thread that commits the group after a quiet moment; returns whether it runs.
    fn watch(self: &Arc<Self>) -> bool {
        let files = Arc::downgrade(self);
        let started =
            thread::Builder::new().name("saves".to_owned()).spawn(move || commit_after_delay(&files));
        if started.is_err() {
            self.state.lock().is_watched = false;
        }
        started.is_ok()
    }

    /// Commits all closed files.
    pub(crate) fn commit_all(&self) {
        let _turn = self.turn.lock();
        let group = std::mem::take(&mut self.state.lock().waiting);
        if group.is_empty() {
            return;
        }
        // Synced without the files' locks, because a sync takes milliseconds.
        let contents: Vec<Arc<File>> = group.iter().map(|file| file.lock().content.clone()).collect();
        let mut folders = BTreeSet::new();
        let mut renamed = Vec::new();
        for (shared, synced) in group.iter().zip(sync(&contents)) {
            let mut file = shared.lock();
            // A file that was removed meanwhile has no target.
            match synced.map_err(VfsError::from).and_then(|()| file.replace_target()) {
                Ok(Some(folder)) => {
                    folders.insert(folder.clone());
                    renamed.push((shared, folder));
                }
                Ok(None) => {}
                // It is reported when the file is dropped.
                Err(error) => file.failure = Some(error),
            }
        }
        let failed: BTreeSet<PathBuf> =
            folders.into_iter().filter(|folder| sync_folder(folder).is_err()).collect();
        for (shared, folder) in renamed {
            let mut file = shared.lock();
            if failed.contains(&folder) {
                file.failure = Some(VfsError::Host(io::ErrorKind::Other));
            } else {
                file.clear_error();
            }
        }
    }
}

/// Commits the group when no file was closed for a while.
fn commit_after_delay(files: &Weak<ClosedFiles>) {
    loop {
        thread::sleep(COMMIT_DELAY);
        let Some(files) = files.upgrade() else { return };
        let is_due = files.state.lock().last.is_none_or(|last| last.elapsed() >= COMMIT_DELAY);
        if is_due {
            files.commit_all();
            let mut state = files.state.lock();
            // A file that was closed during the commit still needs this thread.
            if state.waiting.is_empty() {
                state.is_watched = false;
                return;
            }
        }
    }
}

/// Syncs files, several at a time; the results are in their order.
fn sync(files: &[Arc<File>]) -> Vec<io::Result<()>> {
    let share = files.len().div_ceil(MAX_SYNCERS).max(1);
    let each = |files: &[Arc<File>]| files.iter().map(|file| file.sync_all()).collect::<Vec<_>>();
    thread::scope(|scope| {
        let parts: Vec<(&[Arc<File>], io::Result<ScopedJoinHandle<'_, _>>)> = files
            .chunks(share)
            .map(|part| (part, thread::Builder::new().spawn_scoped(scope, move || each(part))))
            .collect();
        let done = parts.into_iter().map(|(part, thread)| match thread.map(ScopedJoinHandle::join) {
            Ok(Ok(results)) => results,
            // The thread could not be started.
            _ => each(part),
        });
        done.flatten().collect()
    })
}

impl OpenHostFile {
    /// Renames a small temporary file to a closed file; returns whether that was possible.
    fn become_closed(&mut self) -> bool {
        if self.has_gap() || self.failure.is_some() {
            return false;
        }
        let Ok(size) = self.size() else { return false };
        let (true, Some(target), Some(path)) = (size <= MAX_CLOSED_BYTES, &self.target, &self.path) else {
            return false;
        };
        let closed =
            names::closed_name(&self.content, target).ok().flatten().map(|name| self.folder.join(name));
        let rename =
            |closed: &PathBuf| self.listings.change(&self.folder, None, || fs::rename(path, closed)).is_ok();
        let Some(closed) = closed.filter(rename) else { return false };
        self.path = Some(closed);
        true
    }
}

#[cfg(test)]
mod tests;
