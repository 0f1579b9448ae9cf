//! Variables of the environment that the libraries of a desktop read.

use std::path::Path;

/// Variable that names the folder of the user's sockets.
const RUNTIME_FOLDER: &str = "XDG_RUNTIME_DIR";
/// One entry for each thread of the process.
const THREADS: &str = "/proc/self/task";

/// Names the folder of the user's sockets as a login does (`/run/user/UID`), if the variable is
/// missing or no absolute path. Without it each library that looks for a Wayland display prints an
/// error: Mesa's Vulkan layer does so for each device list, also in runs without a window.
///
/// Call it first in the program: nothing changes once the process has a second thread.
pub fn name_runtime_folder() {
    let named = std::env::var_os(RUNTIME_FOLDER);
    let is_alone = || std::fs::read_dir(THREADS).is_ok_and(|threads| threads.count() == 1);
    if !is_usable(named.as_deref().map(Path::new)) && is_alone() {
        let folder = format!("/run/user/{}", rustix::process::getuid().as_raw());
        // SAFETY: this thread is the only one of the process, and others can only be started by
        // it, so no thread reads or writes the environment meanwhile.
        unsafe { std::env::set_var(RUNTIME_FOLDER, folder) };
    }
}

/// Whether libraries take this value.
fn is_usable(folder: Option<&Path>) -> bool {
    folder.is_some_and(Path::is_absolute)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_with_threads_keeps_its_environment() {
        let before = std::env::var_os(RUNTIME_FOLDER);
        std::thread::scope(|scope| {
            scope.spawn(name_runtime_folder);
        });
        assert_eq!(std::env::var_os(RUNTIME_FOLDER), before);
    }

    #[test]
    fn folders_are_absolute_paths() {
        assert!(is_usable(Some("/run/user/1000".as_ref())));
        for folder in [None, Some(""), Some("run/user/1000")] {
            assert!(!is_usable(folder.map(Path::new)), "{folder:?}");
        }
    }
}
