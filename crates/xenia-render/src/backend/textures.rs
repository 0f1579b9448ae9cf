//! Guest textures on the host: decoded by compute shaders, cached until their memory is written.
//!
//! After a write to a texture's memory, or a resolve to it, the next [`get`](Textures::get) decodes
//! the levels that were written. Pages that a resolve has written are decoded from the
//! [`mirror`](super::mirror), in the order of recorded commands. Other levels are decoded before
//! all commands of the submission, so that no pass is ended.
//!
//! Draws recorded before must keep the old contents. Commands in the order of the draws, and those
//! to a texture that no draw of the submission uses, change the [`HostTexture`] in place, so that
//! its bind groups remain valid. Otherwise a new one with a new id replaces it, to which the other
//! levels are copied.
//!
//! The cache does not poll: physical memory has a version that increases at the first write after
//! the texels were read, and it is compared only when a texture is used again.

mod decode;
mod entries;
mod formats;
mod frames;
mod host;
mod levels;
mod recent;
mod reuse;
mod samplers;
mod scaled;
mod source;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use xenia_gpu::draw_state::DrawCall;
use xenia_gpu::enums::{Anisotropy, Dimension, TextureFilter};
use xenia_gpu::memory::{PhysicalMemory, PhysicalRange};
use xenia_gpu::texture::{TextureInfo, TextureKey};

use self::decode::{Decoder, Target};
use self::entries::{DroppedTextures, Entry, OldTexture, source_bytes};
use self::formats::Decoding;
use self::frames::{TextureFrames, frame_bytes};
use self::host::{copy_level, create, view};
use self::levels::LevelSources;
use self::recent::{LastCurrent, RecentFetches, RecentTexture, TextureEpoch};
pub(crate) use self::reuse::TexturesState;
pub(crate) use self::samplers::HostSampler;
use self::samplers::{SamplerKey, Samplers};
pub(super) use self::source::{LevelSource, texel_bytes};
use super::Device;
use super::conversion::{CompiledConversions, Conversion, TEXTURE_DECODE, TEXTURE_DECODE_SCALED};
use super::mirror::Mirror;
use super::pipelines::Building;
use super::recording::Recording;
use super::scale::Scale;
use xenia_shaders::{EncodedTexture, TextureRecord, TextureShape};

/// Limit on the bytes of host textures (each counted as at least [`MIN_TEXTURE_BYTES`]); beyond it
/// the least recently used ones are dropped, except those of recent [`frames`].
const MAX_BYTES: u64 = 512 << 20;
/// Least cost of a texture in memory of the device and the driver: devices allocate memory in such
/// blocks, and a title can have millions of one-texel textures.
const MIN_TEXTURE_BYTES: u64 = 64 << 10;
/// Number of textures of one texel, whose ids come first.
const DUMMIES: u64 = 2;
/// Bytes of decoded textures (each counted as at least [`MIN_TEXTURE_BYTES`]) and their memory
/// after which recorded commands are submitted: the device keeps them until then.
const UNSUBMITTED_BYTES: u64 = 64 << 20;

/// Decoded texture with all its levels.
pub(crate) struct HostTexture {
    /// Unique during the backend's lifetime, also among samplers.
    pub(crate) id: u64,
    pub(crate) view: wgpu::TextureView,
    texture: wgpu::Texture,
    /// Host texels per guest texel.
    scale: Scale,
    /// Number of stored components; further guest components equal the last one.
    components: u8,
    /// Time of the last use, in calls of [`Textures::get`] and [`Textures::reuse`].
    used: AtomicU64,
    /// Last epoch in which the texture was found current, or was decoded.
    current: LastCurrent,
}

/// Texture with the settings of a fetch constant.
#[derive(Clone)]
pub(crate) struct FetchedTexture {
    pub(crate) host: Arc<HostTexture>,
    /// Record of the constant, encoded once for all draws.
    pub(crate) record: EncodedTexture,
}

/// Counters of the texture cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TextureCounters {
    /// Number of host textures created.
    pub made: u64,
    /// Number of decoded levels.
    pub decoded: u64,
    /// Levels copied from an older texture whose other levels had been written.
    pub copied: u64,
    /// Textures reused while still valid.
    pub reused: u64,
    /// Textures whose memory had been written, or can't be tracked.
    pub written: u64,
    /// Number of version comparisons, which are needed only after a write anywhere.
    pub checks: u64,
    /// Current bytes of host textures.
    pub bytes: u64,
    /// Number of host textures dropped at the cache's limit.
    pub dropped: u64,
    /// Number of searches of all textures for those to drop.
    searches: u64,
}

/// Inputs of textures: guest memory, its mirror on the device, and the commands.
pub(crate) struct TextureInputs<'a> {
    pub(super) device: &'a Device,
    pub(super) recording: &'a mut Recording,
    pub(super) mirror: &'a Mirror,
    pub(super) memory: &'a dyn PhysicalMemory,
}

/// Cache of textures and samplers.
pub(crate) struct Textures {
    decoder: Decoder,
    samplers: Samplers,
    entries: BTreeMap<TextureKey, Entry>,
    recent: RecentFetches,
    /// The least recently used textures at the last search for them, the oldest last.
    oldest: Vec<OldTexture>,
    /// Total cost of the entries.
    cost: u64,
    /// Textures that left the cache since [`Self::take_dropped`] last returned some.
    dropped: DroppedTextures,
    dummies: [Arc<HostTexture>; 2],
    counters: TextureCounters,
    next_id: u64,
    /// Number of calls of `get` and of `reuse`.
    clock: u64,
    /// Number of textures that were made or changed.
    changes: u64,
    /// Value of the clock when commands were submitted last.
    last_submitted: u64,
    /// Limit on the bytes of host textures, beyond which the oldest are dropped; also the limit of
    /// one draw.
    limit: u64,
    /// Bytes beyond the limit that textures of recent frames may take.
    frame_bytes: u64,
    frames: TextureFrames,
    /// Bytes of the current draw's textures and of their memory.
    drawn: u64,
    /// Whether a texture was too much for the draw.
    left_out: bool,
    /// Whether a texture was too large for the device, or for its free memory.
    is_oversized: bool,
    /// Whether a texture of the draw lies in memory whose writes can't be noticed.
    is_untracked: bool,
    /// Memory that resolves must be delivered to before a texture of the draw can be decoded.
    torn: Option<PhysicalRange>,
    /// Bytes of textures and of their memory in commands that are not submitted yet, which count
    /// towards [`UNSUBMITTED_BYTES`].
    unsubmitted: u64,
    /// Whether such commands decode pages of the mirror, in the order of draws.
    follows_resolves: bool,
    /// Anisotropy in place of that of fetch constants.
    forced: Option<Anisotropy>,
    /// Scale of textures that resolves have written.
    scale: Scale,
}

impl Textures {
    pub(crate) fn new(device: &Device, scale: Scale) -> Self {
        let dummy = |id, shape| {
            let format = wgpu::TextureFormat::Rgba8Unorm;
            let texture = create(&device.device, [1; 3], 1, shape, format).expect("one texel is not a limit");
            let view = view(&texture);
            let (used, current) = Default::default();
            Arc::new(HostTexture { id, view, texture, scale: Scale::ONE, components: 4, used, current })
        };
        Self {
            decoder: Decoder::new(&device.device, scale),
            samplers: Samplers::default(),
            entries: BTreeMap::new(),
            recent: RecentFetches::default(),
            oldest: Vec::new(),
            cost: 0,
            dropped: DroppedTextures::default(),
            dummies: [dummy(0, TextureShape::Planes), dummy(1, TextureShape::Volume)],
            counters: TextureCounters::default(),
            next_id: DUMMIES,
            clock: 0,
            changes: 0,
            last_submitted: 0,
            limit: MAX_BYTES * u64::from(scale.factor()),
            frame_bytes: frame_bytes(device),
            frames: TextureFrames::default(),
            drawn: 0,
            left_out: false,
            is_oversized: false,
            forced: None,
            is_untracked: false,
            torn: None,
            unsubmitted: 0,
            follows_resolves: false,
            scale,
        }
    }

    /// Compiles the stored conversions that decode textures.
    pub(crate) fn prebuild(&mut self, device: &Device, stored: &[Conversion], building: &Building<'_>) {
        let entries = [TEXTURE_DECODE, TEXTURE_DECODE_SCALED];
        let own: Vec<_> = stored.iter().filter(|stored| entries.contains(&stored.entry)).collect();
        let make = |conversion: &&Conversion| {
            let made = device.attempt(|device| self.decoder.make(device, conversion));
            made.ok().map(|pipeline| (**conversion, pipeline))
        };
        for (conversion, pipeline) in building.all(&own, make).into_iter().flatten() {
            self.decoder.add(conversion, pipeline);
        }
    }

    /// Takes the conversions that were compiled since the last call, except by `prebuild`.
    pub(crate) fn take_compiled(&mut self) -> CompiledConversions {
        std::mem::take(&mut self.decoder.compiled)
    }

    /// Whether commands that are not submitted yet hold so much that they should be.
    pub(crate) fn needs_submission(&self) -> bool {
        self.unsubmitted > UNSUBMITTED_BYTES
    }

    /// Notes that the recorded commands have been submitted.
    pub(crate) fn note_submission(&mut self) {
        self.unsubmitted = 0;
        self.follows_resolves = false;
        self.last_submitted = self.clock;
    }

    /// Returns the texture that a fetch constant describes, if it has the shape and can be decoded.
    /// For a fetch that binds both shapes, the record belongs to the shape that exists.
    pub(crate) fn get(
        &mut self,
        with: &mut TextureInputs<'_>,
        words: &[u32; 6],
        shape: TextureShape,
    ) -> Option<FetchedTexture> {
        let mirror = with.mirror;
        let memory = with.memory;
        let epoch = TextureEpoch::now(memory, mirror);
        if let Some(epoch) = epoch
            && let Some((fetched, bytes)) = self.recent.texture(words, shape, epoch)
        {
            let fetched = fetched.clone();
            self.clock += 1;
            fetched.host.used.store(self.clock, Relaxed);
            self.counters.reused += 1;
            return self.has_room(bytes).then_some(fetched);
        }
        let info = TextureInfo::decode(words)?;
        if (info.dimension == Dimension::D3) != (shape == TextureShape::Volume) {
            return None;
        }
        let key = TextureKey::from(&info);
        self.clock += 1;
        let old = self.entries.get_mut(&key);
        let checks = &mut self.counters.checks;
        let mut is_current = |entry: &Entry| {
            epoch.is_some() && entry.epoch == epoch || {
                *checks += 1;
                entry.sources.iter().all(|source| source.is_current(mirror, memory))
            }
        };
        if let Some(entry) = old
            && is_current(entry)
        {
            entry.epoch = epoch;
            entry.host.current.note(epoch);
            entry.host.used.store(self.clock, Relaxed);
            self.counters.reused += 1;
            let found = fetched(&entry.host, &info);
            let bytes = entry.drawn_bytes();
            if let Some(epoch) = epoch {
                let fetched = found.clone();
                self.recent.put_texture(RecentTexture { words: *words, shape, epoch, fetched, bytes });
            }
            return self.has_room(bytes).then_some(found);
        }
        let entry = self.decode(with, &info, shape, key)?;
        let host = entry.host.clone();
        // The epoch is older than the bytes that were read, and their sources are watched.
        host.current.note(epoch.filter(|_| entry.is_tracked()));
        self.insert(key, entry);
        Some(fetched(&host, &info))
    }

    /// Decodes a texture, or the levels of it that were written.
    fn decode(
        &mut self,
        with: &mut TextureInputs<'_>,
        info: &TextureInfo,
        shape: TextureShape,
        key: TextureKey,
    ) -> Option<Entry> {
        let &mut TextureInputs { device, memory, .. } = with;
        let decoding = Decoding::new(info, device.features)?;
        let LevelSources { sources, jobs, current } = self.level_sources(with, info, key)?;
        let scale = self.scale_of(device, info, &decoding, &jobs);
        let bytes = decoding.texture_bytes(info) * u64::from(scale.subpixels());
        if !self.has_room(bytes + source_bytes(&sources)) {
            return None;
        }
        self.follows_resolves |= jobs.iter().any(|job| !job.pieces.is_empty());
        let in_place = self.overwritable(key, scale);
        let host = if let Some(host) = &in_place {
            host.clone()
        } else {
            Arc::new(self.make(device, scale, info, shape, &decoding)?)
        };
        let old = self.entries.get(&key);
        // Levels to copy may have been decoded by commands in the order of the draws.
        let encoder =
            if self.follows_resolves { with.recording.encoder(device) } else { with.recording.first(device) };
        if let Some(old) = old.filter(|_| in_place.is_none()) {
            for level in &current {
                copy_level(encoder, &old.host.texture, &host.texture, *level, info.level_size(*level));
            }
            self.counters.copied += current.len() as u64;
        }
        let target = Target { texture: &host.texture, info, decoding: &decoding, scale };
        let sent = match self.decoder.decode(device, encoder, &target, &jobs, memory) {
            Ok(sent) => sent,
            Err(reason) => {
                self.note_undecoded(reason);
                return None;
            }
        };
        self.unsubmitted += sent;
        self.counters.written += u64::from(old.is_some());
        self.counters.decoded += jobs.len() as u64;
        device.traffic.bytes_up.fetch_add(sent, Relaxed);
        if in_place.is_none() {
            self.next_id += 1;
            self.unsubmitted += bytes.max(MIN_TEXTURE_BYTES);
            self.counters.made += 1;
        }
        host.used.store(self.clock, Relaxed);
        Some(Entry { host, sources, bytes, epoch: None })
    }

    /// Texture of one texel, all zero, to bind in place of a missing one.
    pub(crate) fn dummy(&self, shape: TextureShape) -> Arc<HostTexture> {
        self.dummies[usize::from(shape == TextureShape::Volume)].clone()
    }

    /// Returns the sampler of a fetch constant with the filters and the anisotropy that a fetch
    /// sets.
    pub(crate) fn sampler(
        &mut self,
        device: &Device,
        words: &[u32; 6],
        filters: [TextureFilter; 3],
        anisotropy: Anisotropy,
    ) -> Arc<HostSampler> {
        if let Some(sampler) = self.recent.sampler(words, filters, anisotropy) {
            return sampler.clone();
        }
        let constant = words;
        // Constants that aren't textures are bound with a dummy, for which any sampler will do.
        let mut words = *words;
        words[0] = words[0] & !3 | 2;
        let next_id = &mut self.next_id;
        let id = || {
            *next_id += 1;
            *next_id - 1
        };
        let mut info = TextureInfo::decode(&words).unwrap_or_else(|| unreachable!("the type says texture"));
        info.anisotropy = self.forced.unwrap_or(info.anisotropy);
        let key = SamplerKey::new(&info, filters, anisotropy, device.features);
        let sampler = self.samplers.get(&device.device, key, id);
        self.recent.put_sampler(constant, filters, anisotropy, sampler.clone());
        sampler
    }

    /// Sets the anisotropy in place of that of fetch constants, before the first sampler is made.
    pub(crate) fn force_anisotropy(&mut self, forced: Option<Anisotropy>) {
        self.forced = forced;
    }

    /// Texture constants, one bit each, that a draw's pixel shader fetches with anisotropic
    /// filtering.
    pub(crate) fn anisotropic(&self, call: &DrawCall) -> u32 {
        samplers::anisotropic(call, self.forced)
    }

    pub(crate) fn counters(&self) -> TextureCounters {
        self.counters
    }
}

/// Combines a texture with the record of a fetch constant.
fn fetched(host: &Arc<HostTexture>, info: &TextureInfo) -> FetchedTexture {
    let mut record = TextureRecord::new(info).with_host_texels(host.scale.factor());
    for select in record.swizzle.iter_mut().filter(|select| **select < 4) {
        // The host's texture has no components that repeat its last one.
        *select = (*select).min(host.components - 1);
    }
    FetchedTexture { host: host.clone(), record: record.encode() }
}
