//! What titles can import: one function or variable per export, in the file of its subsystem.
//!
//! To add one: write the function in the `#[exports]` block of its family, tagged
//! `#[export(Done|Partial|Stub)]`; a new family also gets a line in [`FAMILIES`].

#[cfg(test)]
mod bench;
mod missing;
pub mod ordinals;
mod registry;
pub mod variables;
pub mod waiting;
pub mod xam;
pub mod xboxkrnl;

pub use missing::failure_of;
pub use registry::{Registry, StatusCounts};

use crate::abi::{Call, Flow};
use ordinals::OrdinalRow;

/// How much of an export there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// Does all that titles can ask of it.
    Done,
    /// Does what its documentation says, and not more.
    Partial,
    /// Answers plausibly, without the effect.
    Stub,
    /// Not there; the call returns its documented failure.
    Missing,
}

impl Status {
    /// As reports name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Partial => "partial",
            Self::Stub => "stub",
            Self::Missing => "missing",
        }
    }
}

/// The console's libraries.
#[allow(non_camel_case_types)] // `#[exports(xboxkrnl)]` names them
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Library {
    /// `xboxkrnl.exe`: the kernel.
    xboxkrnl,
    /// `xam.xex`: users, content, the user interface.
    xam,
}

impl Library {
    /// Both.
    pub const ALL: [Self; 2] = [Self::xboxkrnl, Self::xam];

    /// The library of an import table's name, which may have an extension; case does not matter.
    pub fn of_file(name: &str) -> Option<Self> {
        let stem = name.split('.').next().unwrap_or(name);
        Self::ALL.into_iter().find(|library| stem.eq_ignore_ascii_case(library.name()))
    }

    /// Its name without extension.
    pub fn name(self) -> &'static str {
        match self {
            Self::xboxkrnl => "xboxkrnl",
            Self::xam => "xam",
        }
    }

    /// Every export that the console's library has.
    pub fn rows(self) -> &'static [OrdinalRow] {
        match self {
            Self::xboxkrnl => ordinals::xboxkrnl::ROWS,
            Self::xam => ordinals::xam::ROWS,
        }
    }
}

/// A function that titles can import. Made by `#[exports]`.
#[derive(Debug)]
pub struct Export {
    /// Its library.
    pub library: Library,
    /// Its name.
    pub name: &'static str,
    /// Its ordinal.
    pub ordinal: u16,
    /// How much of it there is.
    pub status: Status,
    /// Its documentation.
    pub doc: &'static str,
    /// Names of its parameters.
    pub parameters: &'static [&'static str],
    /// Takes the arguments from the guest, runs the function, and gives the result back.
    pub shim: fn(&mut Call) -> Flow,
}

/// The tables of all families of exports.
pub static FAMILIES: &[&[Export]] = &[
    xboxkrnl::crt_print::CrtPrint::EXPORTS,
    xboxkrnl::debug::Debug::EXPORTS,
    xboxkrnl::ex_config::ExConfig::EXPORTS,
    xboxkrnl::ex_pool::ExPool::EXPORTS,
    xboxkrnl::ex_read_write_lock::ExReadWriteLock::EXPORTS,
    xboxkrnl::hal::Hal::EXPORTS,
    xboxkrnl::interlocked_list::InterlockedList::EXPORTS,
    xboxkrnl::ke_apc::KeApc::EXPORTS,
    xboxkrnl::ke_dpc::KeDpc::EXPORTS,
    xboxkrnl::ke_event::KeEvent::EXPORTS,
    xboxkrnl::ke_irql::KeIrql::EXPORTS,
    xboxkrnl::ke_process::KeProcess::EXPORTS,
    xboxkrnl::ke_semaphore::KeSemaphore::EXPORTS,
    xboxkrnl::ke_thread::KeThread::EXPORTS,
    xboxkrnl::ke_time::KeTime::EXPORTS,
    xboxkrnl::ke_timer::KeTimer::EXPORTS,
    xboxkrnl::ke_tls::KeTls::EXPORTS,
    xboxkrnl::ke_wait::KeWait::EXPORTS,
    xboxkrnl::mm::Mm::EXPORTS,
    xboxkrnl::nt_device::NtDevice::EXPORTS,
    xboxkrnl::nt_event::NtEvent::EXPORTS,
    xboxkrnl::nt_file::NtFile::EXPORTS,
    xboxkrnl::nt_file_information::NtFileInformation::EXPORTS,
    xboxkrnl::nt_volume::NtVolume::EXPORTS,
    xboxkrnl::nt_io_completion::NtIoCompletion::EXPORTS,
    xboxkrnl::nt_memory::NtMemory::EXPORTS,
    xboxkrnl::nt_mutant::NtMutant::EXPORTS,
    xboxkrnl::nt_semaphore::NtSemaphore::EXPORTS,
    xboxkrnl::nt_thread::NtThread::EXPORTS,
    xboxkrnl::nt_timer::NtTimer::EXPORTS,
    xboxkrnl::nt_wait::NtWait::EXPORTS,
    xboxkrnl::ob_handle::ObHandle::EXPORTS,
    xboxkrnl::ob_reference::ObReference::EXPORTS,
    xboxkrnl::rtl_critical_section::RtlCriticalSection::EXPORTS,
    xboxkrnl::rtl_error::RtlError::EXPORTS,
    xboxkrnl::rtl_exception::RtlException::EXPORTS,
    xboxkrnl::rtl_image::RtlImage::EXPORTS,
    xboxkrnl::rtl_memory::RtlMemory::EXPORTS,
    xboxkrnl::rtl_string::RtlString::EXPORTS,
    xboxkrnl::rtl_time::RtlTime::EXPORTS,
    xboxkrnl::symbolic_link::SymbolicLink::EXPORTS,
    xboxkrnl::vd_display::VdDisplay::EXPORTS,
    xboxkrnl::vd_engine::VdEngine::EXPORTS,
    xboxkrnl::vd_notification::VdNotification::EXPORTS,
    xboxkrnl::vd_swap::VdSwap::EXPORTS,
    xboxkrnl::xex::Xex::EXPORTS,
    xam::content::Content::EXPORTS,
    xam::info::Info::EXPORTS,
    xam::input::Input::EXPORTS,
    xam::loader::Loader::EXPORTS,
    xam::notify::Notify::EXPORTS,
    xam::ui::Ui::EXPORTS,
    xam::user::User::EXPORTS,
    xam::video::Video::EXPORTS,
];
