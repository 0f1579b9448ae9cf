//! This process, and processes that it starts with limits.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{
    Pid, PidfdFlags, Resource, Rlimit, Signal, getppid, getrlimit, kill_process_group, pidfd_open,
    set_parent_process_death_signal, setrlimit,
};
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus};
use std::time::Duration;

/// The host's name in the network; empty if it has none.
pub fn host_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    name.trim().to_owned()
}

/// Opens the program that runs, also if its file was replaced meanwhile.
pub fn running_program() -> io::Result<File> {
    File::open("/proc/self/exe")
}

/// Keeps Ctrl-C, which is for this program, from a process that the command starts.
pub fn apart(command: &mut Command) -> &mut Command {
    command.process_group(0)
}

/// Ends this process when its parent ends, and limits its address space and that of its children to
/// `bytes`, without dumps of memory. Fails if `parent` is not the process that started it.
pub fn limit_this_process(bytes: u64, parent: u32) -> io::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // The parent may have died before the signal was set.
    if getppid().map(|pid| pid.as_raw_nonzero().get().cast_unsigned()) != Some(parent) {
        return Err(io::Error::other("the process that started this one has ended"));
    }
    let is = |bytes| Rlimit { current: Some(bytes), maximum: Some(bytes) };
    setrlimit(Resource::As, is(bytes))?;
    setrlimit(Resource::Core, is(0))?;
    Ok(())
}

/// Advice for an error whose text names a limit of this process, or a call that a sandbox forbids;
/// empty for other errors.
pub fn limit_advice(text: &str) -> &'static str {
    let names = |error: Errno| text.contains(&io::Error::from(error).to_string());
    if names(Errno::MFILE) {
        "; the shell limits the number of open files: `ulimit -n` with a larger number permits more"
    } else if names(Errno::NOMEM) && text.contains("mmap") && getrlimit(Resource::As).current.is_some() {
        "; the shell limits the address space: `ulimit -v unlimited` lifts that"
    } else if names(Errno::AGAIN) {
        "; if the shell (`ulimit -u`) or a container limits the number of threads, permit more"
    } else if text.contains("memfd_create") && (names(Errno::PERM) || names(Errno::NOSYS)) {
        "; a container or sandbox must permit that call"
    } else if text.contains("memfd_create") && names(Errno::ACCESS) {
        "; if this system forbids executable memory files, `sysctl vm.memfd_noexec=1` permits them"
    } else {
        ""
    }
}

/// The number of the signal that ended a process, if one did.
pub fn signal_of(status: ExitStatus) -> Option<i32> {
    status.signal()
}

/// A process with all that it starts.
pub struct ProcessGroup {
    leader: Pid,
    handle: OwnedFd,
}

impl ProcessGroup {
    /// Starts the command as the leader of a group. If it cannot be watched, it is ended.
    pub fn spawn(command: &mut Command) -> io::Result<(Child, Self)> {
        let mut child = command.process_group(0).spawn()?;
        let leader = Pid::from_child(&child);
        match pidfd_open(leader, PidfdFlags::empty()) {
            Ok(handle) => Ok((child, Self { leader, handle })),
            Err(error) => {
                let _ = kill_process_group(leader, Signal::KILL);
                let _ = child.wait();
                Err(error.into())
            }
        }
    }

    /// Waits for the leader's end, but no longer than `time`. Returns whether it has ended. It is
    /// not reaped, so the group's id stays its own.
    pub fn wait(&self, time: Duration) -> io::Result<bool> {
        let timeout =
            Timespec { tv_sec: time.as_secs().cast_signed(), tv_nsec: i64::from(time.subsec_nanos()) };
        match poll(&mut [PollFd::new(&self.handle, PollFlags::IN)], Some(&timeout)) {
            Ok(0) | Err(Errno::INTR) => Ok(false),
            Ok(_) => Ok(true),
            Err(error) => Err(error.into()),
        }
    }

    /// Asks all processes of the group to end; they may write their reports before.
    pub fn ask_to_end(&self) {
        let _ = kill_process_group(self.leader, Signal::TERM);
    }

    /// Ends all processes of the group at once. Must not be called after the leader was reaped.
    pub fn end(&self) {
        let _ = kill_process_group(self.leader, Signal::KILL);
    }

    /// Resident memory of the leader, in MiB.
    pub fn memory_mib(&self) -> f64 {
        let path = format!("/proc/{}/statm", self.leader.as_raw_nonzero());
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let pages = text.split_whitespace().nth(1).and_then(|pages| pages.parse::<f64>().ok());
        pages.unwrap_or_default() * rustix::param::page_size() as f64 / f64::from(1 << 20)
    }

    /// CPU seconds of the leader, which has ended, including the children that it waited for.
    pub fn processor_time(&self) -> f64 {
        /// Kernel ticks per second of CPU time, as in /proc on all supported architectures.
        const TICKS: f64 = 100.0;
        let path = format!("/proc/{}/stat", self.leader.as_raw_nonzero());
        let text = std::fs::read_to_string(path).unwrap_or_default();
        // The name, in parentheses, may itself contain parentheses.
        let fields = text.rsplit_once(')').map_or("", |(_, fields)| fields);
        // utime, stime, cutime and cstime are fields 14 to 17; the name is field 2.
        let ticks = fields.split_whitespace().skip(11).take(4).filter_map(|ticks| ticks.parse::<f64>().ok());
        ticks.sum::<f64>() / TICKS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_of_the_process_are_advised_on() {
        let advice = |call: &str, error: Errno| limit_advice(&format!("{call}: {}", io::Error::from(error)));
        assert!(advice("signal handlers", Errno::MFILE).contains("ulimit -n"));
        assert!(advice("signal handlers", Errno::AGAIN).contains("ulimit -u"));
        let reservation = advice("mmap of address space for guest memory", Errno::NOMEM);
        assert_eq!(reservation.contains("ulimit -v"), getrlimit(Resource::As).current.is_some());
        for refusal in [Errno::PERM, Errno::NOSYS] {
            assert!(advice("memfd_create for guest memory", refusal).contains("sandbox"));
            assert_eq!(advice("cannot write a", refusal), "");
        }
        assert!(advice("memfd_create", Errno::ACCESS).contains("vm.memfd_noexec"));
        assert_eq!(advice("ftruncate of guest memory", Errno::NOMEM), "");
    }
}
