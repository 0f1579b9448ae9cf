//! Tests of render targets: their sizes, their limits, and a device without memory for them.

use std::sync::Arc;

use xenia_gpu::draw_state::{Constants, DrawRequest, IndexSource};
use xenia_gpu::edram::EDRAM_WORDS;
use xenia_gpu::enums::EdramMode;
use xenia_gpu::microcode::{Shader, ShaderKind, assemble};
use xenia_gpu::registers::{FETCH_CONSTANTS, RegisterFile, pa, rb, vgt};
use xenia_gpu::{Backend, PhysicalMemory, Ram};

use super::*;
use crate::backend::{WgpuBackend, device};

const VERTICES: u32 = 0x1000;

/// Draw of a rectangle to a colour target.
fn rectangle() -> DrawCall {
    let mut registers = RegisterFile::new();
    registers.write(rb::RbModecontrol::with().edram_mode(EdramMode::ColorDepth));
    registers.write(rb::RbSurfaceInfo::with().surface_pitch(80));
    registers.write(rb::RbColorMask::with().write_red0(true));
    registers.write(pa::PaScScreenScissorBr::with().br_x(64).br_y(32));
    registers.write(pa::PaScWindowScissorBr::with().br_x(64).br_y(32));
    registers.write(vgt::VgtMaxVtxIndx::with().max_indx(0xff_ffff));
    registers.set(FETCH_CONSTANTS, VERTICES | 3);
    registers.set(FETCH_CONSTANTS + 1, 2 | 6 << 2);
    let shader = |kind, text: &str| Arc::new(Shader::new(kind, &assemble(text).unwrap()));
    let fetch = "vfetch r1.xy01, r0.x, vf0, format=37, stride=2, offset=0";
    let vertex = shader(ShaderKind::Vertex, &format!("{fetch}\nalloc position\nmax oPos, r1, r1"));
    let pixel = shader(ShaderKind::Pixel, "alloc colors\nexec\nmax oC0, r0, r0");
    let initiator = vgt::VgtDrawInitiator(8 | 2 << 6 | 3 << 16);
    let request = DrawRequest { initiator, indices: IndexSource::Counted };
    let constants = Arc::new(Constants::capture(&registers));
    DrawCall::capture(&registers, request, Some(&vertex), Some(&pixel), constants).unwrap()
}

#[test]
fn targets_without_memory_replace_the_others_or_the_reference_draws() {
    device::tests::with_device(|device| {
        let call = rectangle();
        let memory = Ram::new(0x1_0000);
        for (at, corner) in (VERTICES..).step_by(4).zip([0.0_f32, 0.0, 64.0, 0.0, 64.0, 32.0]) {
            memory.write_u32(at, corner.to_bits());
        }
        let initial = vec![0x5a5a_5a5a; EDRAM_WORDS];
        let mut backend = WgpuBackend::new(device.clone());
        backend.set_edram(&initial).unwrap();
        backend.draw(&call, &memory).unwrap();
        let own = backend.targets.bytes;
        assert!(own != 0 && backend.counters().targets.textures == 1);
        // Its own target, and no other one.
        backend.targets.budget = Some(own);
        let mut other = call.clone();
        for target in other.color.iter_mut().flatten() {
            target.base = 16;
        }
        for textures in [2, 3] {
            let next = if textures == 2 { &other } else { &call };
            backend.draw(next, &memory).unwrap();
            let counters = backend.counters();
            assert_eq!((counters.targets.textures, backend.targets.bytes), (textures, own));
            assert!(counters.fallbacks.is_empty(), "{:?}", counters.fallbacks);
        }
        let mut roomy = WgpuBackend::new(device.clone());
        roomy.set_edram(&initial).unwrap();
        for next in [&call, &other, &call] {
            roomy.draw(next, &memory).unwrap();
        }
        let words = backend.edram();
        assert!(words == roomy.edram() && words != Some(initial), "the tiles of dropped targets are stored");
        backend.targets.budget = Some(own - 1);
        backend.draw(&other, &memory).unwrap();
        assert_eq!(backend.targets.bytes, 0);
        assert_eq!(backend.counters().fallbacks.values().sum::<u64>(), 1);
    });
}

#[test]
fn targets_end_where_others_begin() {
    let place = |base, format| TargetPlace { base, pitch: 1280, msaa: Msaa::X1, format };
    let color = |base| place(base, TargetFormat::Color(ColorTargetFormat::Rgba8));
    let wide = |base| place(base, TargetFormat::Color(ColorTargetFormat::Rgba16));
    let depth = |base| place(base, TargetFormat::Depth(DepthFormat::D24S8));
    // 1280 pixels are 16 tiles.
    for (places, expected) in [
        (vec![color(0)], u32::MAX),
        (vec![color(0), depth(720)], 720),
        (vec![color(720), depth(0)], 720),
        (vec![wide(0), depth(1440)], 608),
        (vec![color(0), depth(0)], u32::MAX),
        (vec![color(0), depth(9)], 16 * (2039 / 16)),
        (vec![color(2000), depth(32)], 80),
    ] {
        assert_eq!(rows_apart(places.into_iter()), expected);
    }
}

#[test]
fn targets_are_limited_in_bytes() {
    device::tests::with_device(|device| {
        for factor in [1, 2] {
            let mut targets = Targets::new(Scale::new(factor).unwrap());
            let format = TargetFormat::Color(ColorTargetFormat::Rgba8);
            let place = TargetPlace { base: 0, pitch: 640, msaa: Msaa::X4, format };
            let target = targets.find(device, place).unwrap();
            let size = u64::from(factor * factor) * 640 * 1024 * 4 * 4;
            assert_eq!((bytes(&targets.get(target).texture), targets.bytes), (size, size));
            // The device need not have all of it.
            let most = MAX_BYTES * u64::from(factor);
            targets.bytes = most / size * size;
            assert!(!targets.is_crowded());
            targets.find(device, TargetPlace { base: 1, ..place }).unwrap();
            assert!(targets.is_crowded());
            targets.drop_older();
            assert!(!targets.is_crowded());
        }
    });
}

#[test]
fn targets_have_a_lower_limit_where_memory_has_ended() {
    device::tests::with_device(|device| {
        let mut targets = Targets::new(Scale::ONE);
        let format = TargetFormat::Color(ColorTargetFormat::Rgba8);
        let place = TargetPlace { base: 0, pitch: 80, msaa: Msaa::X1, format };
        // An eighth stays: at no limit at all each draw would drop all targets.
        let half = MAX_BYTES / 2;
        for (bytes, limit) in [(half, half), (MAX_BYTES, half), (0, MAX_BYTES / 8)] {
            targets.bytes = bytes;
            targets.budget = Some(bytes);
            assert!(targets.find(device, place).is_err());
            assert_eq!(targets.limit, limit);
        }
        assert!(!targets.is_crowded());
    });
}

#[test]
fn targets_used_last_stay() {
    device::tests::with_device(|device| {
        let mut targets = Targets::new(Scale::ONE);
        let format = TargetFormat::Color(ColorTargetFormat::Rgba8);
        let place = |base| TargetPlace { base, pitch: 80, msaa: Msaa::X1, format };
        for base in [0, 1, 2, 3, 1] {
            targets.find(device, place(base)).unwrap();
        }
        let textures = [1, 3].map(|target| targets.get(target).texture.clone());
        targets.keep_newest(2, u64::MAX);
        let found = [1, 3].map(|base| targets.find(device, place(base)).unwrap());
        assert_eq!(found.map(|target| targets.get(target).texture.clone()), textures);
        assert_eq!(targets.counters().textures, 4);
        let size = bytes(&textures[0]);
        assert_eq!((targets.made.len(), targets.bytes), (2, 2 * size));
        targets.keep_newest(2, 2 * size - 1);
        assert_eq!((targets.made.len(), targets.bytes), (1, size));
        assert_eq!(targets.get(0).place.base, 3);
        targets.find(device, place(1)).unwrap();
        assert_eq!(targets.counters().textures, 5);
    });
}

#[test]
fn targets_of_one_width_are_equally_high() {
    let size = |pitch, msaa| size(pitch, msaa, MAX_HEIGHT);
    assert_eq!(size(1280, Msaa::X1), [1280, 2048]);
    assert_eq!(size(1280, Msaa::X4), [1280, 512]);
    assert_eq!(size(1, Msaa::X1), [80, 8192]);
    assert_eq!(size(100, Msaa::X4), [120, 16 * 682 / 2]);
    assert_eq!(size(16383, Msaa::X4)[1], 32);
}
