//! Timing of dumps, loads and resolves of 1280 x 720 pixels: `cargo test -p xenia-render times --
//! --ignored --nocapture`.

use std::time::Instant;

use super::resolves::{self, resolve_of};
use super::*;

/// Mean time of some runs in milliseconds, after one that compiles.
fn milliseconds(device: &Device, mut run: impl FnMut(&mut wgpu::CommandEncoder)) -> f64 {
    const RUNS: u32 = 20;
    let mut once = || {
        let mut encoder = device.device.create_command_encoder(&Default::default());
        run(&mut encoder);
        device.queue.submit([encoder.finish()]);
        device.device.poll(wgpu::PollType::wait_indefinitely()).unwrap();
    };
    once();
    let start = Instant::now();
    (0..RUNS).for_each(|_| once());
    start.elapsed().as_secs_f64() * 1e3 / f64::from(RUNS)
}

#[test]
#[ignore = "a measurement"]
fn times_of_transfers_and_resolves_are_printed() {
    with_device(|device| {
        let mut edram = Edram::new(device, Scale::ONE);
        let memory = xenia_gpu::Ram::new(16 << 20);
        for (format, msaa) in [FORMATS[0], FORMATS[1], FORMATS[7], FORMATS[12]]
            .into_iter()
            .flat_map(|format| [Msaa::X1, Msaa::X4].map(|msaa| (format, msaa)))
        {
            let place = TargetPlace { base: 0, pitch: 1280, msaa, format };
            let texture = texture(device, &place, 1280, 720);
            let target = TargetTexture { place: &place, texture: &texture };
            let area = [0, 0, 1280, 720];
            edram.set_words(device, &vec![0x1234_5600; EDRAM_WORDS], 0..EDRAM_WORDS);
            let dump = milliseconds(device, |encoder| {
                edram.dump(device, encoder, target, &[area], 0);
            });
            let load = milliseconds(device, |encoder| {
                edram.load(device, encoder, target, &[area]);
            });
            let mut call = resolve_of(format, msaa);
            call.sample_select = 6;
            call.pitch = 1280;
            call.scissor.right = 1280;
            call.scissor.bottom = 720;
            call.destination.pitch = 1280;
            call.destination.height = 720;
            call.destination.physical = 0x10_0000;
            resolves::set_rectangle(&memory, [0, 0, 1280, 720]);
            let resolve = milliseconds(device, |_| {
                let resolve = Resolve::new(&call, &memory).unwrap().unwrap();
                edram.resolve(device, &resolve, &memory).unwrap();
            });
            println!("{format:?} {msaa:?}: dump {dump:.1}, load {load:.1}, resolve {resolve:.1} ms");
        }
    });
}
