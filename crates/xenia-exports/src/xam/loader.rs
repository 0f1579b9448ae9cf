//! Termination of the title and launch of the next (`XamLoader*`).
//!
//! A launch only records the next executable and terminates the title: the next title runs in a new
//! machine.

use crate::abi::{Call, Flow, Out, Text};
use crate::deployment::TitleOrigin;
use crate::files::mounts::TITLE;
use crate::status::failure::Fallible;
use crate::title;
use crate::user::content_data::data;
use xenia_guest::{GuestAddr, NtStatus, Win32Error, code_page};
use xenia_kernel_macros::exports;

/// Exports of the title loader.
pub struct Loader;

/// State of a closed tray with a disc: 0 is one without, 2 an open one, by the order in which
/// programs of the console's users list them.
const TRAY_CLOSED: u32 = 4;
/// Maximum size in bytes of the launch data.
const MAX_LAUNCH_DATA_SIZE: u32 = 0x1000;
/// Path that means the dashboard's list of Arcade games (xenia-canary #236).
const ARCADE_LIST: &str = "XLNI_DASH_ARCADE";

/// Whether a path means the dashboard. The empty one means the disc's default executable, and the
/// dashboard for a downloaded title, which has no disc (xenia-canary #835).
fn is_dashboard(call: &Call, path: &str) -> bool {
    let is_download = call.kernel.config.deployment.origin == TitleOrigin::Download;
    path.is_empty() && is_download || path.eq_ignore_ascii_case(ARCADE_LIST)
}

/// Arguments that a title passes to the next besides the executable.
#[derive(Clone, Copy, Default)]
struct LaunchArguments {
    folder: Option<Text>,
    command_line: Option<Text>,
}

/// Ends the title and launches the executable at a path; the run ends if the path means the
/// dashboard, as the missing one does.
fn launch(call: &mut Call, path: Option<Text>, arguments: LaunchArguments, flags: u32) -> Fallible<Flow> {
    let text_of = |text: Option<Text>| text.map(|text| text.text(call.memory())).transpose();
    let path = text_of(path)?;
    let folder = text_of(arguments.folder)?.filter(|folder| !folder.is_empty());
    let command_line = text_of(arguments.command_line)?.unwrap_or_default();
    tracing::info!(target: "kernel", "the title launches {path:?}, flags {flags:#x}");
    let now = call.kernel.clock.system_time(call.now());
    let path = path.filter(|path| !is_dashboard(call, path));
    // The next title's links are others.
    let folder = folder.map(|folder| {
        let files = call.kernel.files.lock();
        files.vfs.resolve(&folder).map_or(folder, |location| files.vfs.full_name(&location))
    });
    let launch = path.map(|path| {
        let found = call.kernel.loader().prepare_launch(&path, now);
        title::Launch { folder, command_line, ..found }
    });
    call.kernel.title.lock().launch = launch;
    Ok(title::terminate(call))
}

/// Ends the title and launches an executable of a package on its medium, if there is one.
fn launch_package(call: &mut Call, package: &str, executable: &str) -> Flow<Win32Error> {
    tracing::info!(target: "kernel", "the title launches {executable:?} of {package:?}");
    match call.kernel.loader().prepare_package_launch(package, executable) {
        Ok(launch) => {
            call.kernel.title.lock().launch = Some(launch);
            title::terminate(call).map(|_| Win32Error::SUCCESS)
        }
        Err(failure) => {
            tracing::warn!(target: "kernel", "{package:?} can't be launched: {failure}");
            // Not a Win32 code: titles get the status.
            Flow::Return(Win32Error(NtStatus::NO_SUCH_FILE.0))
        }
    }
}

#[exports(xam)]
impl Loader {
    /// Ends the title and launches another, which a new machine runs with the launch data and the
    /// same devices. Where the path means the dashboard, the run ends.
    #[export(Done)]
    fn XamLoaderLaunchTitle(call: &mut Call, path: Option<Text>, flags: u32) -> Fallible<Flow<()>> {
        Ok(launch(call, path, LaunchArguments::default(), flags)?.map(|_| ()))
    }

    /// Like `XamLoaderLaunchTitle`, with the folder of `game:`, if it is not the executable's and
    /// lies on the medium, and the command line after the executable's name.
    #[export(Done)]
    fn XamLoaderLaunchTitleEx(
        call: &mut Call,
        path: Option<Text>,
        folder: Option<Text>,
        command_line: Option<Text>,
        flags: u32,
    ) -> Fallible<Flow<NtStatus>> {
        let arguments = LaunchArguments { folder, command_line };
        Ok(launch(call, path, arguments, flags)?.map(|_| NtStatus::SUCCESS))
    }

    /// Ends the title and launches an executable of a package, which is a file on the title's
    /// medium and becomes the medium of the next. Packages with separate data files are refused.
    #[export(Partial)]
    fn XamContentLaunchImageFromFileInternal(
        call: &mut Call,
        package: Option<Text>,
        executable: Option<Text>,
        _flags: u32,
    ) -> Fallible<Flow<Win32Error>> {
        let (Some(package), Some(executable)) = (package, executable) else {
            return Ok(Flow::Return(Win32Error::INVALID_PARAMETER));
        };
        let package = package.text(call.memory())?;
        let executable = executable.text(call.memory())?;
        Ok(launch_package(call, &package, &executable))
    }

    /// Like `XamContentLaunchImageFromFileInternal`, for a package in the medium's `Content` folder
    /// whose file name begins with the ID of its title.
    #[export(Partial)]
    fn XamContentLaunchImageInternal(
        call: &mut Call,
        content: Option<GuestAddr>,
        executable: Option<Text>,
    ) -> Fallible<Flow<Win32Error>> {
        let (Some(content), Some(executable)) = (content, executable) else {
            return Ok(Flow::Return(Win32Error::INVALID_PARAMETER));
        };
        let memory = call.memory();
        let executable = executable.text(memory)?;
        let kind: u32 = memory.read(content.offset(data::KIND))?;
        let mut file = vec![0; data::FILE_BYTES as usize];
        memory.read_bytes(content.offset(data::FILE), &mut file)?;
        let file = code_page::decode(file.split(|&byte| byte == 0).next().unwrap_or_default());
        let title: String = file.chars().take(8).collect();
        let package = format!(r"{TITLE}\Content\0000000000000000\{title}\{kind:08X}\{file}");
        Ok(launch_package(call, &package, &executable))
    }

    /// Ends the title.
    #[export(Done)]
    fn XamLoaderTerminateTitle(call: &mut Call) -> Flow<()> {
        title::terminate(call).map(|_| ())
    }

    /// Returns the state of the disc drive's tray: closed, with a disc.
    #[export(Constant)]
    fn XamLoaderGetDvdTrayState(_call: &mut Call) -> u32 {
        TRAY_CLOSED
    }

    /// Sets the launch data for the next title.
    #[export(Done)]
    fn XamLoaderSetLaunchData(call: &mut Call, data: GuestAddr, size: u32) -> Fallible<Win32Error> {
        if size > MAX_LAUNCH_DATA_SIZE {
            return Ok(Win32Error::INVALID_PARAMETER);
        }
        let mut bytes = vec![0; size as usize];
        call.memory().read_bytes(data, &mut bytes)?;
        call.kernel.title.lock().launch_data = Some(bytes).filter(|bytes| !bytes.is_empty());
        Ok(Win32Error::SUCCESS)
    }

    /// Returns the size of the launch data that the title was started with.
    #[export(Done)]
    fn XamLoaderGetLaunchDataSize(call: &mut Call, size: Option<Out<u32>>) -> Fallible<Win32Error> {
        let Some(size) = size else { return Ok(Win32Error::INVALID_PARAMETER) };
        let length = call.kernel.title.lock().launch_data.as_ref().map(Vec::len);
        size.set(call.memory(), length.unwrap_or(0) as u32)?;
        Ok(if length.is_some() { Win32Error::SUCCESS } else { Win32Error::NOT_FOUND })
    }

    /// Returns the launch data that the title was started with.
    #[export(Done)]
    fn XamLoaderGetLaunchData(call: &mut Call, buffer: GuestAddr, size: u32) -> Fallible<Win32Error> {
        let data = call.kernel.title.lock().launch_data.clone();
        let Some(data) = data else { return Ok(Win32Error::NOT_FOUND) };
        call.memory().write_bytes(buffer, &data[..data.len().min(size as usize)])?;
        Ok(Win32Error::SUCCESS)
    }
}
