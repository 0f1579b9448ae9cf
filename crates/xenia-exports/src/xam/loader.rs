//! Termination of the title and launch of the next (`XamLoader*`).

use crate::abi::{Call, Flow, Out, Text};
use crate::status::failure::Fallible;
use crate::title;
use xenia_guest::{GuestAddr, Win32Error};
use xenia_kernel_macros::exports;

/// Exports of the title loader.
pub struct Loader;

/// State of a closed tray with a disc: 0 is one without, 2 an open one, by the order in which
/// programs of the console's users list them.
const TRAY_CLOSED: u32 = 4;
/// Maximum size in bytes of the launch data.
const LAUNCH_DATA: u32 = 0x1000;

#[exports(xam)]
impl Loader {
    /// Ends the title and launches another, which a new machine runs with the launch data and the
    /// same devices. Without a path, which means the dashboard, the run ends.
    #[export(Done)]
    fn XamLoaderLaunchTitle(call: &mut Call, path: Option<Text>, flags: u32) -> Fallible<Flow<()>> {
        let path = path.map(|path| path.text(call.memory())).transpose()?;
        tracing::info!(target: "kernel", "the title asks for {path:?} to be launched, flags {flags:#x}");
        let now = call.kernel.clock.system_time(call.now());
        let launch = path.map(|path| call.kernel.loader().prepare_launch(&path, now));
        call.kernel.title.lock().launch = launch;
        Ok(title::terminate(call).map(|_| ()))
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
        if size > LAUNCH_DATA {
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
