//! The first line of a recording: its title and conditions.
//!
//! A replay under other conditions is refused, with the name of the first that differs. Conditions
//! that were added later are optional: without them the old behaviour is meant.

use crate::config::{MachineConfig, NetworkKind, as_typed};
use crate::digest::{patches_identity, sha256};
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;
use xenia_gpu::reference::Reference;
use xenia_kernel::calendar::TimeFields;
use xenia_kernel::ports::Clock;
use xenia_patches::PatchSet;
use xenia_sched::QUANTUM_DEFAULT;

/// Version of the format.
const FORMAT: u32 = 2;
/// The conditions of a recorded run. A replay must have the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordingHeader {
    /// Version of the format.
    recording: u32,
    /// Version of the program that recorded.
    program: String,
    /// Display name of the title.
    title: String,
    /// SHA-256 of the loaded image.
    image_loaded_sha256: String,
    /// Scheduling order; a contention manifest is identified by its hash.
    sched_order: String,
    /// Length of a time slice, in instructions.
    quantum: u64,
    /// System time (100 ns since 1601) at the start of guest time.
    start_time: u64,
    /// Licence bits of `--license`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    license: Option<u32>,
    /// Network of the run; recordings without it used the loopback network.
    #[serde(default = "own_network")]
    network: String,
    /// GPU backend, as in `--gpu`: it matters because resolved EDRAM reaches the guest. Recordings
    /// without it used the reference renderer.
    #[serde(default = "reference")]
    gpu: String,
    /// Arguments on the title's command line.
    #[serde(default)]
    arguments: Vec<String>,
    /// Discs of `--disc`: by number, the SHA-256 of the executable's header.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    discs: BTreeMap<u8, String>,
    /// The flags of the console that the title saw.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    console: Vec<String>,
    /// The patches that were switched on: their names, and a hash of their changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    patches: Option<Patches>,
    /// Identity of the saved state at which the recording begins, if it does not begin with the
    /// title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) begins_at: Option<String>,
}

/// The patches of a recorded run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Patches {
    names: Vec<String>,
    identity: String,
}

fn own_network() -> String {
    network_name(NetworkKind::Loopback)
}

fn reference() -> String {
    Reference::NAME.to_owned()
}

/// Name of a network, as in the flag.
fn network_name(kind: NetworkKind) -> String {
    let name = match kind {
        NetworkKind::Off => "off",
        NetworkKind::Loopback => "loopback",
        NetworkKind::Host => "host",
    };
    name.to_owned()
}

impl RecordingHeader {
    /// The conditions of a run, without the digest of the image.
    pub fn new(title: &str, config: &MachineConfig, clock: Clock) -> Result<Self> {
        let manifest = |path: &Path| -> Result<String> {
            let text = crate::source::lasting_text(path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            Ok(format!("replay:sha256={}", sha256(text.as_bytes())))
        };
        let executor = &config.executor;
        let sched_order = match (&executor.contention_manifest, executor.sched_order.as_deref()) {
            (Some(path), _) => manifest(path)?,
            (None, None) => "fixed".to_owned(),
            (None, Some(order)) => match order.strip_prefix("replay:") {
                Some(path) => manifest(path.as_ref())?,
                None => order.replace('_', ""),
            },
        };
        Ok(Self {
            recording: FORMAT,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            title: title.to_owned(),
            image_loaded_sha256: String::new(),
            sched_order,
            quantum: executor.quantum.unwrap_or(u64::from(QUANTUM_DEFAULT)),
            start_time: clock.system_time(0),
            license: config.license,
            network: network_name(config.network),
            gpu: reference(),
            arguments: Vec::new(),
            discs: BTreeMap::new(),
            console: config.console.flags(),
            patches: None,
            begins_at: None,
        })
    }

    /// The same conditions with the digest of the loaded image.
    pub fn with_image(self, sha256: &str) -> Self {
        Self { image_loaded_sha256: sha256.to_owned(), ..self }
    }

    /// The same conditions with another backend and other arguments.
    pub fn with(self, gpu: &str, arguments: &[String]) -> Self {
        Self { gpu: gpu.to_owned(), arguments: arguments.to_vec(), ..self }
    }

    /// The same conditions with other discs.
    pub fn with_discs(self, discs: &BTreeMap<u8, String>) -> Self {
        Self { discs: discs.clone(), ..self }
    }

    /// The same conditions with these patches.
    pub fn with_patches(self, set: &PatchSet) -> Self {
        let names = set.iter().map(|patch| patch.name.clone()).collect();
        Self { patches: patches_identity(set).map(|identity| Patches { names, identity }), ..self }
    }

    /// Refuses a recording or a state of another title, or made under other conditions. The state
    /// at which a recording begins is not one of the conditions.
    pub(crate) fn check(&self, run: &Self) -> Result<()> {
        if self.recording != run.recording {
            bail!("its format is version {}; this build reads version {FORMAT}", self.recording);
        }
        if self.image_loaded_sha256 != run.image_loaded_sha256 {
            bail!(
                "it is of another title: {} with image {}, not {} with image {}",
                self.title,
                self.image_loaded_sha256,
                run.title,
                run.image_loaded_sha256
            );
        }
        if (&self.sched_order, self.quantum) != (&run.sched_order, run.quantum) {
            bail!(
                "it was made with --sched-order {} --quantum {}, not --sched-order {} --quantum {}",
                self.sched_order,
                self.quantum,
                run.sched_order,
                run.quantum
            );
        }
        if self.start_time != run.start_time {
            let [of, is] = [self, run].map(Self::start_time_text);
            bail!("it was made with --start-time {of}, not {is}");
        }
        if self.license != run.license {
            bail!("it was made {}, not {}", self.license_text(), run.license_text());
        }
        if self.network != run.network {
            bail!("it was made with --network {}, not --network {}", self.network, run.network);
        }
        if self.gpu != run.gpu {
            bail!("it was made with --gpu {}, not --gpu {}", self.gpu, run.gpu);
        }
        if self.arguments != run.arguments {
            let [of, is] = [self, run].map(|header| header.arguments.join(" "));
            bail!("it was made with the arguments -- {of}, not -- {is}");
        }
        if self.discs != run.discs {
            bail!("it was made {}, not {}", self.discs_text(), run.discs_text());
        }
        if self.console != run.console {
            bail!("it was made with {}, not with {}", self.console_text(), run.console_text());
        }
        if self.patches != run.patches {
            bail!("it was made with {}, not with {}", self.patches_text(), run.patches_text());
        }
        if self.program != run.program {
            tracing::warn!("it was made by version {}; the run may leave it", self.program);
        }
        Ok(())
    }
}

/// Conditions as the messages of a refusal name them.
impl RecordingHeader {
    fn start_time_text(&self) -> String {
        let [year, month, day, hour, minute, second, ..] = TimeFields::new(self.start_time).words();
        format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
    }

    fn license_text(&self) -> String {
        match self.license {
            Some(mask) => format!("with --license {mask:#x}"),
            None => "without --license".to_owned(),
        }
    }

    fn discs_text(&self) -> String {
        let discs = self.discs.iter().map(|(number, digest)| format!("{number} ({digest:.8})"));
        let discs: Vec<String> = discs.collect();
        if discs.is_empty() {
            return "without --disc".to_owned();
        }
        format!("with --disc {}", discs.join(", "))
    }

    fn console_text(&self) -> String {
        match &self.console[..] {
            [] => "the console's defaults".to_owned(),
            flags => flags.iter().map(|flag| as_typed(flag)).collect::<Vec<_>>().join(" "),
        }
    }

    fn patches_text(&self) -> String {
        match &self.patches {
            Some(patches) => format!("the patches {} ({:.8})", patches.names.join(", "), patches.identity),
            None => "no patches".to_owned(),
        }
    }
}
