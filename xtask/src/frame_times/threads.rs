//! CPU time of a process's threads, by their names.
//!
//! Threads are sampled, so that those that end before the process are counted, too; a thread's last
//! moments after its last sample are missing.

use std::collections::BTreeMap;
use std::path::Path;

/// Names of threads that graphics drivers start begin with these.
const DRIVERS: &[&str] = &["llvmpipe", "lavapipe", "vk", "[vk", "WSI"];

/// Nanoseconds of each thread, by its number, with its name.
#[derive(Default)]
pub(super) struct Sampled(BTreeMap<String, (String, u64)>);

impl Sampled {
    /// Samples all threads of the process whose folder in /proc this is.
    pub(super) fn sample(&mut self, process: &Path) {
        let Ok(threads) = std::fs::read_dir(process.join("task")) else { return };
        for thread in threads.flatten() {
            let read = |file| std::fs::read_to_string(thread.path().join(file)).ok();
            // The first number is the time on a processor.
            let spent = read("schedstat").and_then(|text| text.split(' ').next()?.parse().ok());
            if let (Some(name), Some(spent)) = (read("comm"), spent) {
                let number = thread.file_name().to_string_lossy().into_owned();
                self.0.insert(number, (group(name.trim()), spent));
            }
        }
    }

    /// Seconds by name of threads.
    pub(super) fn seconds(&self) -> BTreeMap<String, f64> {
        let mut seconds = BTreeMap::new();
        for (name, spent) in self.0.values() {
            *seconds.entry(name.clone()).or_default() += *spent as f64 / 1e9;
        }
        seconds
    }
}

/// A thread's name without the number that distinguishes it from others of its kind. The driver's
/// threads are one group.
fn group(name: &str) -> String {
    // Mesa's queues are named after the process.
    let is_queue = name.starts_with("xenia-rs:") || name.starts_with("xenia-r:");
    if is_queue || DRIVERS.iter().any(|prefix| name.starts_with(prefix)) {
        return DRIVER.to_owned();
    }
    name.trim_end_matches(|c: char| c.is_ascii_digit() || " -#".contains(c)).to_owned()
}

/// Name of the group of the driver's threads.
pub(super) const DRIVER: &str = "driver";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_of_a_kind_are_one_group() {
        for (name, expected) in [
            ("draws", "draws"),
            ("slot 3", "slot"),
            ("rasteriser-12", "rasteriser"),
            ("llvmpipe-0", DRIVER),
            ("xenia-rs:disk$0", DRIVER),
            ("xenia-rs", "xenia-rs"),
        ] {
            assert_eq!(group(name), expected, "{name}");
        }
    }

    #[test]
    fn this_process_has_threads() {
        let mut sampled = Sampled::default();
        let end = std::time::Instant::now() + std::time::Duration::from_secs(10);
        // The kernel counts a thread's time when it is switched.
        while sampled.seconds().values().sum::<f64>() <= 0.0 && std::time::Instant::now() < end {
            std::thread::yield_now();
            sampled.sample(Path::new("/proc/self"));
        }
        assert!(sampled.seconds().values().sum::<f64>() > 0.0);
    }
}
