//! Imported libraries of a title: loaded with it, and notified before the title's entry point runs.
//!
//! Library entry points are guest code, so the title's first thread calls them: it starts at a
//! kernel stub that notifies the libraries in dependency order and then jumps to the title's entry
//! point.

use super::dynamic::{Lacking, Loading};
use super::lock::locked;
use super::operation::{Operation, run};
use super::{LoadError, ModuleLoader};
use crate::abi::{Call, Flow};
use crate::imports::thunks::Target;
use crate::status::failure::Fallible;
use serde::{Deserialize, Serialize};
use xenia_formats::image::LoadedImage;
use xenia_guest::{GuestAddr, NtStatus};

/// Remaining work before the title's entry point runs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Beginning {
    libraries: Vec<GuestAddr>,
    entry: GuestAddr,
}

impl ModuleLoader<'_> {
    /// Loads the libraries that the title imports from, transitively. Returns them in notification
    /// order.
    pub(super) fn load_libraries_of(
        &self,
        title: GuestAddr,
        image: &LoadedImage,
        now: u64,
    ) -> Result<Vec<GuestAddr>, LoadError> {
        let mut loading = Loading::new(now, Lacking::Refused);
        match self.need_all(title, image, self.image_path, &mut loading, 0) {
            Ok(()) => Ok(loading.complete),
            Err(error) => {
                self.undo(&mut loading, 0);
                Err(error)
            }
        }
    }

    /// Start address of the title's first thread.
    pub(super) fn first_instruction(
        &self,
        entry: GuestAddr,
        libraries: Vec<GuestAddr>,
    ) -> Fallible<GuestAddr> {
        if libraries.is_empty() {
            return Ok(entry);
        }
        self.modules.lock().beginning = Some(Beginning { libraries, entry });
        self.imports.stubs.lock().add(self.memory, Target::TitleBegin)
    }
}

/// Notifies the title's libraries; then the thread is at the title's entry point.
pub(crate) fn begin(call: &mut Call) -> Fallible<Flow> {
    locked(call, |call| {
        let beginning = call.kernel.modules.lock().beginning.take();
        // Runs only once, even if guest code jumps to the stub again.
        let Beginning { libraries, entry } = beginning.ok_or(NtStatus::INVALID_PARAMETER)?;
        run(call, Operation::load(libraries).begin(entry))
    })
}
