//! State of the kernel's files.

use crate::Kernel;
use crate::files::{ChangedFiles, FilesState};
use xenia_state::{Impossible, Unsaveable};
use xenia_vfs::SavedBytes;

impl FilesState {
    /// Everything about files, and the contents of those that are in memory or being written, for a
    /// saved state.
    ///
    /// # Errors
    /// A file or package can't be saved at present; the reason names it.
    pub fn of(kernel: &Kernel) -> Result<(Self, SavedBytes), Unsaveable> {
        if !kernel.transfers.is_empty() {
            return Err("file transfers are under way".into());
        }
        let mut bytes = SavedBytes::default();
        let state = kernel.files.lock().state(&mut bytes)?;
        Ok((state, bytes))
    }

    /// Restores a saved state of files, after objects and modules.
    ///
    /// # Errors
    /// A value that no machine can have, or a file of the host that is missing or has changed.
    pub fn restore(
        self,
        kernel: &Kernel,
        mut bytes: SavedBytes,
        changed: ChangedFiles,
    ) -> Result<(), Impossible> {
        kernel.disc_drive().insert_again(self.disc())?;
        let titles = kernel.modules.lock().titles_of_content();
        kernel.files.lock().restore(self, &mut bytes, &kernel.objects, &titles, changed)
    }
}
