//! A private Slurm on loopback: a key, a controller, two nodes.

use super::killer::Killer;
use crate::steps::run;
use anyhow::{Result, bail};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Names of the nodes.
const NODES: [&str; 2] = ["sweep1", "sweep2"];
/// The script under test.
const SCRIPT: &str = "deploy/slurm.sh";
/// Time limit of a job.
const TIMEOUT: Duration = Duration::from_hours(2);
/// Polling interval of the queue: each poll costs the workers time.
const POLL_INTERVAL: Duration = Duration::from_millis(500);

/// A private Slurm; stopped when dropped.
pub(super) struct Slurm {
    folder: PathBuf,
    config: PathBuf,
}

impl Slurm {
    pub(super) fn start(folder: &Path) -> Result<Self> {
        let slurm = Self { folder: folder.to_owned(), config: folder.join("slurm.conf") };
        let at = |name: &str| folder.join(name);
        for name in ["munge", "state", "log", "spool/sweep1", "spool/sweep2"] {
            std::fs::create_dir_all(at(name))?;
        }
        let key = at("munge/key");
        let mut bytes = vec![0; 1024];
        std::io::Read::read_exact(&mut std::fs::File::open("/dev/urandom")?, &mut bytes)?;
        std::fs::write(&key, bytes)?;
        run(Command::new("chmod").args(["go-rwx"]).arg(&key).arg(at("munge")))?;
        let ports = free_ports()?;
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname")?.trim().to_owned();
        std::fs::write(&slurm.config, config(folder, &host, ports))?;
        let flag = |name: &str, file: &str| format!("--{name}={}", at(file).display());
        run(Command::new("munged").arg("--force").args([
            flag("key-file", "munge/key"),
            flag("socket", "munge/socket"),
            flag("pid-file", "munge/pid"),
            flag("log-file", "munge/log"),
            flag("seed-file", "munge/seed"),
        ]))?;
        run(Command::new("slurmctld").arg("-f").arg(&slurm.config))?;
        for node in NODES {
            run(Command::new("slurmd").args(["-N", node, "-f"]).arg(&slurm.config))?;
        }
        let start = Instant::now();
        while slurm.ask("sinfo", &["-h", "-t", "idle", "-N"])?.lines().count() < NODES.len() {
            if start.elapsed() > Duration::from_mins(2) {
                bail!("the nodes don't come up: {}", slurm.ask("sinfo", &["-R"])?);
            }
            std::thread::sleep(POLL_INTERVAL);
        }
        Ok(slurm)
    }

    /// The output of one of Slurm's programs.
    fn ask(&self, program: &str, words: &[&str]) -> Result<String> {
        let output = Command::new(program).args(words).env("SLURM_CONF", &self.config).output()?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Runs a sweep as an array, to its end; returns the number of killed workers.
    pub(super) fn array(
        &self,
        program: &Path,
        plan: &Path,
        out: &Path,
        shards: u32,
        mut killer: Killer,
    ) -> Result<u64> {
        let log = self.folder.join("log/job-%A-%a.txt");
        run(Command::new("sbatch")
            .arg(format!("--array=0-{}", shards - 1))
            .arg(format!("--output={}", log.display()))
            .arg(SCRIPT)
            .args([plan, out])
            .env("SLURM_CONF", &self.config)
            .env("XENIA_RS", program)
            .stdout(Stdio::null()))?;
        let start = Instant::now();
        while !self.ask("squeue", &["-h"])?.trim().is_empty() {
            if start.elapsed() > TIMEOUT {
                bail!("the job doesn't end: {}", self.ask("squeue", &[])?);
            }
            for _ in 0..5 {
                killer.poll(out)?;
                std::thread::sleep(POLL_INTERVAL / 5);
            }
        }
        Ok(killer.killed)
    }
}

impl Drop for Slurm {
    fn drop(&mut self) {
        let pids = ["sweep1.pid", "sweep2.pid", "controller.pid", "munge/pid"];
        for pid in pids.iter().filter_map(|file| std::fs::read_to_string(self.folder.join(file)).ok()) {
            // It may have ended by itself.
            let _ = Command::new("kill").arg(pid.trim()).stderr(Stdio::null()).status();
        }
        // The daemons write to the folder until they have ended.
        std::thread::sleep(Duration::from_secs(2));
    }
}

/// Three free ports.
fn free_ports() -> Result<[u16; 3]> {
    let listeners = [(); 3].map(|()| TcpListener::bind("127.0.0.1:0"));
    let mut ports = [0; 3];
    for (port, listener) in ports.iter_mut().zip(listeners) {
        *port = listener?.local_addr()?.port();
    }
    Ok(ports)
}

fn config(folder: &Path, host: &str, [controller, first, second]: [u16; 3]) -> String {
    let at = folder.display();
    format!(
        "ClusterName=sweep\n\
         SlurmctldHost={host}(127.0.0.1)\n\
         SlurmUser=root\n\
         SlurmdUser=root\n\
         SlurmctldPort={controller}\n\
         AuthType=auth/munge\n\
         AuthInfo=socket={at}/munge/socket\n\
         ProctrackType=proctrack/linuxproc\n\
         TaskPlugin=task/none\n\
         JobAcctGatherType=jobacct_gather/none\n\
         SelectType=select/cons_tres\n\
         SelectTypeParameters=CR_Core\n\
         SchedulerParameters=batch_sched_delay=0,sched_interval=2\n\
         ReturnToService=2\n\
         MpiDefault=none\n\
         StateSaveLocation={at}/state\n\
         SlurmdSpoolDir={at}/spool/%n\n\
         SlurmctldPidFile={at}/controller.pid\n\
         SlurmdPidFile={at}/%n.pid\n\
         SlurmctldLogFile={at}/log/controller\n\
         SlurmdLogFile={at}/log/%n\n\
         NodeName=sweep1 NodeHostname={host} NodeAddr=127.0.0.1 Port={first} CPUs=1 RealMemory=1000\n\
         NodeName=sweep2 NodeHostname={host} NodeAddr=127.0.0.1 Port={second} CPUs=1 RealMemory=1000\n\
         PartitionName=sweep Nodes=ALL Default=YES MaxTime=INFINITE State=UP\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_ports_are_distinct() {
        let [a, b, c] = free_ports().unwrap();
        assert!(a != b && b != c && a != c && ![a, b, c].contains(&0));
    }
}
