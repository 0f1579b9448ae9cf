//! Kills workers of a sweep at random moments.

use anyhow::Result;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Chooses workers to kill, and when.
pub(super) struct Killer {
    /// Percentage of workers to kill.
    kill: u64,
    /// Largest delay after a worker's start.
    within: Duration,
    /// Workers seen so far.
    seen: Vec<u32>,
    due: Vec<(u32, Instant)>,
    pub(super) killed: u64,
}

impl Killer {
    pub(super) fn new(kill: u64, within: Duration) -> Self {
        Self { kill, within, seen: Vec::new(), due: Vec::new(), killed: 0 }
    }

    /// Finds new workers, and kills those that are due.
    pub(super) fn poll(&mut self, out: &Path) -> Result<()> {
        if self.kill == 0 {
            return Ok(());
        }
        let workers = workers(out)?;
        for &worker in &workers {
            if !self.seen.contains(&worker) {
                self.seen.push(worker);
                if random()? % 100 < self.kill {
                    let share = (random()? % 1000) as f64 / 1000.0;
                    self.due.push((worker, Instant::now() + self.within.mul_f64(share)));
                }
            }
        }
        let mut killed = 0;
        self.due.retain(|(worker, at)| {
            let is_due = Instant::now() >= *at;
            // The id of a worker that has ended may belong to another process.
            if is_due && workers.contains(worker) {
                let kill =
                    Command::new("kill").args(["-9", &worker.to_string()]).stderr(Stdio::null()).status();
                killed += u64::from(kill.is_ok_and(|status| status.success()));
            }
            !is_due
        });
        self.killed += killed;
        Ok(())
    }
}

/// A random seed, so that each run kills other workers.
fn random() -> Result<u64> {
    let mut bytes = [0; 8];
    std::io::Read::read_exact(&mut std::fs::File::open("/dev/urandom")?, &mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}

/// The processes that run shards into this folder, by their command lines.
fn workers(out: &Path) -> Result<Vec<u32>> {
    let out = out.as_os_str().as_encoded_bytes();
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc")? {
        let entry = entry?;
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let words: Vec<&[u8]> = line.split(|byte| *byte == 0).collect();
        if words.get(1..3) == Some(&[b"sweep", b"run"]) && words.contains(&out) {
            found.push(pid);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_sweep_folder_has_no_workers() {
        assert_eq!(workers(Path::new("/nowhere/at/all")).unwrap(), [0; 0]);
    }
}
