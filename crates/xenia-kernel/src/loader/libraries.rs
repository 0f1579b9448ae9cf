//! The libraries that a title imports from: loaded with it, and told that they have come before its
//! entry runs.
//!
//! Their entries are guest code, so the title's first thread calls them: it begins at a stub of the
//! kernel's, which goes through them in the order in which they need each other and then to the
//! title's entry.

use super::LoadError;
use super::dynamic::{Lacking, Loading};
use super::lock::locked;
use super::operation::{Operation, run};
use crate::Kernel;
use crate::abi::{Call, Flow};
use crate::imports::thunks::Target;
use crate::status::failure::Fallible;
use xenia_formats::image::LoadedImage;
use xenia_guest::{GuestAddr, NtStatus};

/// What is left to do before the title's entry runs.
#[derive(Clone, Debug)]
pub(crate) struct Beginning {
    libraries: Vec<GuestAddr>,
    entry: GuestAddr,
}

impl Kernel {
    /// Loads the libraries that the title imports from, and those that they import from. Returns
    /// them in the order in which they are to be told.
    pub(super) fn load_libraries_of(
        &self,
        title: GuestAddr,
        image: &LoadedImage,
        now: u64,
    ) -> Result<Vec<GuestAddr>, LoadError> {
        let mut loading = Loading::new(now, Lacking::Refused);
        match self.need_all(title, image, &self.config.image_path, &mut loading, 0) {
            Ok(()) => Ok(loading.complete),
            Err(error) => {
                self.undo(&mut loading, 0);
                Err(error)
            }
        }
    }

    /// Where the title's first thread begins.
    pub(super) fn first_instruction(
        &self,
        entry: GuestAddr,
        libraries: Vec<GuestAddr>,
    ) -> Fallible<GuestAddr> {
        if libraries.is_empty() {
            return Ok(entry);
        }
        self.modules.lock().beginning = Some(Beginning { libraries, entry });
        self.imports.stubs.lock().add(&self.memory, Target::TitleBegin)
    }
}

/// Tells the title's libraries that they have come; then its thread is at its entry.
pub(crate) fn begin(call: &mut Call) -> Fallible<Flow> {
    locked(call, |call| {
        let beginning = call.kernel.modules.lock().beginning.take();
        // Once only, whoever finds the stub.
        let Beginning { libraries, entry } = beginning.ok_or(NtStatus::INVALID_PARAMETER)?;
        run(call, Operation::load(libraries).begin(entry))
    })
}
