//! Exports of the console's system libraries: one function or variable for each, in the file of its
//! subsystem. [`messages`] are the requests that titles send to system applications.
//!
//! The layer above [`xenia_kernel`]: an export translates between the guest ABI and the kernel's
//! parts.
//!
//! To add one: write the function in the `#[exports]` block of its family, tagged
//! `#[export(Done|Constant|Partial|Stub)]`, or a tag of a function that differs by a value only; a
//! new family also gets a line in [`FAMILIES`].
#![forbid(unsafe_code)]

#[cfg(any(test, feature = "testing"))]
pub mod harness;
mod kernel_function;
pub mod messages;
mod missing_answer;
mod named_objects;
mod registry;
mod resume;
pub mod turns;
mod user_index;
pub mod xam;
pub mod xboxkrnl;

pub use missing_answer::missing_answer;
pub use registry::registry;

// The kernel's modules have the same paths here as in the kernel.
use imports::Export;
use xenia_kernel::{
    Kernel, abi, deployment, discs, display, exceptions, files, imports, loader, memory, notification_list,
    objects, ports, random, sockets, status, thread, title, user,
};
#[cfg(any(test, feature = "testing"))]
use xenia_kernel::{KernelConfig, KernelSystem};

/// Tables of all families of exports.
pub static FAMILIES: &[&[Export]] = &[
    xboxkrnl::crt_print::CrtPrint::EXPORTS,
    xboxkrnl::debug::Debug::EXPORTS,
    xboxkrnl::ex_config::ExConfig::EXPORTS,
    xboxkrnl::ex_pool::ExPool::EXPORTS,
    xboxkrnl::ex_read_write_lock::ExReadWriteLock::EXPORTS,
    xboxkrnl::hal::Hal::EXPORTS,
    xboxkrnl::hid::Hid::EXPORTS,
    xboxkrnl::io_device::IoDevice::EXPORTS,
    xboxkrnl::io_irp::IoIrp::EXPORTS,
    xboxkrnl::io_request::IoPacket::EXPORTS,
    xboxkrnl::io_share_access::IoShareAccess::EXPORTS,
    xboxkrnl::interlocked_list::InterlockedList::EXPORTS,
    xboxkrnl::ke_apc::KeApc::EXPORTS,
    xboxkrnl::ke_dpc::KeDpc::EXPORTS,
    xboxkrnl::ke_event::KeEvent::EXPORTS,
    xboxkrnl::ke_irql::KeIrql::EXPORTS,
    xboxkrnl::ke_mutant::KeMutant::EXPORTS,
    xboxkrnl::ke_process::KeProcess::EXPORTS,
    xboxkrnl::ke_semaphore::KeSemaphore::EXPORTS,
    xboxkrnl::ke_thread::KeThread::EXPORTS,
    xboxkrnl::ke_time::KeTime::EXPORTS,
    xboxkrnl::ke_timer::KeTimer::EXPORTS,
    xboxkrnl::ke_tls::KeTls::EXPORTS,
    xboxkrnl::ke_wait::KeWait::EXPORTS,
    xboxkrnl::ldi::Ldi::EXPORTS,
    xboxkrnl::microphone::Microphone::EXPORTS,
    xboxkrnl::mm::Mm::EXPORTS,
    xboxkrnl::nt_device::NtDevice::EXPORTS,
    xboxkrnl::nt_directory_object::NtDirectoryObject::EXPORTS,
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
    xboxkrnl::rtl_conversion::RtlConversion::EXPORTS,
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
    xboxkrnl::xaudio::XAudio::EXPORTS,
    xboxkrnl::xe_crypt_cipher::XeCryptCipher::EXPORTS,
    xboxkrnl::xe_crypt_hash::XeCryptHash::EXPORTS,
    xboxkrnl::xe_crypt_hmac::XeCryptHmac::EXPORTS,
    xboxkrnl::xe_crypt_number::XeCryptNumber::EXPORTS,
    xboxkrnl::xe_crypt_signature::XeCryptSignature::EXPORTS,
    xboxkrnl::xe_keys::XeKeys::EXPORTS,
    xboxkrnl::xex::XexModules::EXPORTS,
    xboxkrnl::xma::XmaExports::EXPORTS,
    xboxkrnl::xusbcam::Usbcam::EXPORTS,
    xam::achievements::Achievements::EXPORTS,
    xam::content::Content::EXPORTS,
    xam::content_device::ContentDevice::EXPORTS,
    xam::content_resolve::ContentPaths::EXPORTS,
    xam::content_titles::ContentTitles::EXPORTS,
    xam::custom_actions::CustomActions::EXPORTS,
    xam::dash::Dash::EXPORTS,
    xam::disc::Discs::EXPORTS,
    xam::enumerate::Enumerate::EXPORTS,
    xam::info::Info::EXPORTS,
    xam::input::XamInput::EXPORTS,
    xam::last_error::LastError::EXPORTS,
    xam::loader::Loader::EXPORTS,
    xam::locale::XamLocale::EXPORTS,
    xam::message::XamMessage::EXPORTS,
    xam::module::XamModules::EXPORTS,
    xam::net_event::NetEvent::EXPORTS,
    xam::net_http::NetHttp::EXPORTS,
    xam::net_qos::NetQos::EXPORTS,
    xam::net_socket::NetSocket::EXPORTS,
    xam::net_transfer::NetTransfer::EXPORTS,
    xam::net_url::NetUrl::EXPORTS,
    xam::net_xnet::NetXNet::EXPORTS,
    xam::notify::Notify::EXPORTS,
    xam::nui::Nui::EXPORTS,
    xam::party::Party::EXPORTS,
    xam::profile::Accounts::EXPORTS,
    xam::random::XamRandom::EXPORTS,
    xam::resource_locator::ResourceLocator::EXPORTS,
    xam::sessions::XamSessions::EXPORTS,
    xam::string::Strings::EXPORTS,
    xam::task::Task::EXPORTS,
    xam::thread::XamThread::EXPORTS,
    xam::tiles::Tiles::EXPORTS,
    xam::ui::Ui::EXPORTS,
    xam::user::XamUser::EXPORTS,
    xam::user_settings::UserSettings::EXPORTS,
    xam::video::XamVideo::EXPORTS,
    xam::voice::Voice::EXPORTS,
    xam::wait::Waiting::EXPORTS,
    xam::xauth::XAuth::EXPORTS,
];
