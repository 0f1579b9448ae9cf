//! A sweep on a real Slurm, all of it on this host: a controller and two nodes on loopback, with a key, ports and folders of their
//! own, which end with the test.
//!
//! The sweep is run here as one shard, then as arrays whose workers are killed at random moments and whose line is given again
//! until nothing is missing. All must end in the same hash.

use crate::apt::has;
use crate::steps::{program, run};
use anyhow::{Context, Result, bail};
use clap::Args;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What this needs, by Debian's packages.
const PROGRAMS: [(&str, &str); 4] =
    [("slurmctld", "slurmctld"), ("slurmd", "slurmd"), ("sbatch", "slurm-client"), ("munged", "munge")];
/// Nodes.
const NODES: [&str; 2] = ["sweep1", "sweep2"];
/// The script that is tested.
const SCRIPT: &str = "deploy/slurm.sh";
/// What a job may take.
const PATIENCE: Duration = Duration::from_hours(2);
/// Between two looks at the queue.
const LOOK: Duration = Duration::from_millis(500);
/// Times that a line may be given again.
const MOST_TRIES: u32 = 50;

/// `cargo xtask slurm-test`.
#[derive(Debug, Args)]
pub(crate) struct SlurmArgs {
    /// Seeds of the fuzzer, one sequence each and four to a unit, beside titles and conformance cases.
    #[arg(long, default_value = "400")]
    seeds: u64,
    /// Numbers of shards.
    #[arg(long, value_delimiter = ',', default_value = "7")]
    shards: Vec<u32>,
    /// Of a hundred workers, so many are killed.
    #[arg(long, default_value = "30")]
    kill: u64,
}

/// Sets Slurm up, runs the sweep, compares.
pub(crate) fn run_test(args: &SlurmArgs) -> Result<()> {
    provide()?;
    let folder = tempfile::tempdir().context("a folder for Slurm")?;
    let at = folder.path();
    let program = program()?;
    let spec = at.join("sweep.toml");
    let root = std::env::current_dir()?;
    std::fs::write(&spec, plan_of(&root, args.seeds))?;
    let (plan, here) = (at.join("plan"), at.join("here"));
    run(Command::new(&program).args(["sweep", "plan"]).arg(&spec).arg("--out").arg(&plan))?;
    run(Command::new(&program).args(["sweep", "run"]).arg(&plan).arg("--out").arg(&here))?;
    let (expected, units) = merged(&program, &here)?;
    let slurm = Slurm::start(at)?;
    for &shards in &args.shards {
        let out = at.join(format!("out{shards}"));
        std::fs::create_dir(&out)?;
        let (mut killed, mut tries) = (0, 0);
        let hash = loop {
            tries += 1;
            // The first tries lose workers; who comes after them is left alone, so that there is an end.
            let kill = if tries <= 3 { args.kill } else { 0 };
            killed += slurm.array(&program, &plan, &out, shards, kill)?;
            match merged(&program, &out) {
                Ok((hash, done)) if done == units => break hash,
                _ if tries == MOST_TRIES => bail!("after {tries} submissions units are still missing"),
                result => drop(result),
            }
        };
        if args.kill > 0 && killed == 0 {
            bail!("no worker lived long enough to be killed: give more --seeds");
        }
        println!("{shards} shards, {tries} submissions, {killed} workers killed: {units} units, hash {hash}");
        if hash != expected {
            bail!("here the hash is {expected}");
        }
    }
    Ok(())
}

fn provide() -> Result<()> {
    let missing: Vec<&str> =
        PROGRAMS.iter().filter(|(program, _)| !has(program)).map(|(_, package)| *package).collect();
    if !missing.is_empty() {
        println!("installing {}", missing.join(" "));
        let install = ["install", "-y", "-qq", "--no-install-recommends"];
        run(Command::new("apt-get").args(install).args(&missing).env("DEBIAN_FRONTEND", "noninteractive"))
            .with_context(|| format!("this needs Debian's {}", missing.join(", ")))?;
    }
    Ok(())
}

fn plan_of(root: &Path, seeds: u64) -> String {
    format!(
        "root = \"{}\"\n[[title]]\npath = \"guest/bin/hello.xex\"\ninstructions = 28\nengines = [\"interp\", \"jit\"]\n\
         [[conformance]]\npath = \"jit-tests/branch\"\nengines = [\"interp\", \"jit\"]\nbatch = 2\n\
         [[fuzz]]\nseeds = \"1..{seeds}\"\nblocks = 1\nbatch = 4\n",
        root.display()
    )
}

/// The hash of a folder of results, and how many units are in it.
fn merged(program: &Path, folder: &Path) -> Result<(String, u64)> {
    let file = folder.join("merged.json");
    let status = Command::new(program)
        .args(["sweep", "merge"])
        .arg(folder)
        .arg("--json")
        .arg(&file)
        .stdout(Stdio::null())
        .status()?;
    if !matches!(status.code(), Some(0 | 1)) {
        bail!("sweep merge ended with {status}");
    }
    let merged: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(file)?)?;
    let hash = merged["hash"].as_str().context("no hash")?.to_owned();
    Ok((hash, merged["units"].as_u64().context("no units")?))
}

/// A Slurm of our own; ended when it is dropped.
struct Slurm {
    folder: PathBuf,
    config: PathBuf,
}

impl Slurm {
    fn start(folder: &Path) -> Result<Self> {
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
            std::thread::sleep(LOOK);
        }
        Ok(slurm)
    }

    /// What one of Slurm's programs says.
    fn ask(&self, program: &str, words: &[&str]) -> Result<String> {
        let output = Command::new(program).args(words).env("SLURM_CONF", &self.config).output()?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Runs a sweep as an array, to its end; how many workers were killed.
    fn array(&self, program: &Path, plan: &Path, out: &Path, shards: u32, kill: u64) -> Result<u64> {
        let log = self.folder.join("log/job-%A-%a.txt");
        run(Command::new("sbatch")
            .arg(format!("--array=0-{}", shards - 1))
            .arg(format!("--output={}", log.display()))
            .arg(SCRIPT)
            .args([plan, out])
            .env("SLURM_CONF", &self.config)
            .env("XENIA_RS", program)
            .stdout(Stdio::null()))?;
        let (mut killed, mut seen) = (0, Vec::new());
        let start = Instant::now();
        while !self.ask("squeue", &["-h"])?.trim().is_empty() {
            if start.elapsed() > PATIENCE {
                bail!("the job doesn't end: {}", self.ask("squeue", &[])?);
            }
            for worker in workers(out)? {
                if seen.contains(&worker) {
                    continue;
                }
                seen.push(worker);
                // Which of them, and when, is the weather of this host.
                let noise = u64::from(start.elapsed().subsec_nanos());
                if noise / 1000 % 100 < kill {
                    std::thread::sleep(Duration::from_millis(noise % 800));
                    let status = Command::new("kill")
                        .args(["-9", &worker.to_string()])
                        .stderr(Stdio::null())
                        .status()?;
                    killed += u64::from(status.success());
                }
            }
            std::thread::sleep(LOOK / 5);
        }
        Ok(killed)
    }
}

impl Drop for Slurm {
    fn drop(&mut self) {
        let pids = ["sweep1.pid", "sweep2.pid", "controller.pid", "munge/pid"];
        for pid in pids.iter().filter_map(|file| std::fs::read_to_string(self.folder.join(file)).ok()) {
            // It may have ended by itself.
            let _ = Command::new("kill").arg(pid.trim()).stderr(Stdio::null()).status();
        }
        // They write to the folder until they have ended.
        std::thread::sleep(Duration::from_secs(2));
    }
}

/// The processes that run shards into this folder: no other has its name on its command line.
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

/// Three ports that nobody has.
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
    fn ports_are_three() {
        let [a, b, c] = free_ports().unwrap();
        assert!(a != b && b != c && a != c && ![a, b, c].contains(&0));
    }

    #[test]
    fn nobody_runs_a_sweep_into_a_folder_that_is_not_there() {
        assert_eq!(workers(Path::new("/nowhere/at/all")).unwrap(), [0; 0]);
    }
}
