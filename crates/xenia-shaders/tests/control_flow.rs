//! Differential test of control flow: structured, and as a loop around a switch.

use super::gpu;
use super::oracle::{compare, compare_words, unequal};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use xenia_scenes::programs;

/// Initial registers 0 and 1: the invocation's number, from negative to positive and from 0 on.
fn inputs() -> Vec<Vec<[f32; 4]>> {
    (0..64)
        .map(|i| {
            let i = i as f32;
            vec![[i - 20.0, i % 3.0, i % 2.0, i], [0.0; 4], [1.0, i % 5.0, 0.0, 0.0]]
        })
        .collect()
}

#[test]
fn programs_with_control_flow_agree_with_the_interpreter() {
    let inputs = inputs();
    gpu::with_gpu(|gpu| {
        for text in [
            // Conditional clauses.
            "exec b1\nadd r1, r1, c[1].x\nexec !b1\nadd r1, r1, c[2].x\nexec b33\nadd r1, r1, c[4].x\nexec b255\nadd r1, r1, c[8].x\nexec !b32\nadd r1, r1, c[16].x\nexec\nmax oC0, r1, r1",
            "setp_gt r1.x, r0.x\nexec p0\nadd r1, r1, c[1].x\nexec !p0\nadd r1, r1, c[2].x\nsetp_eq r1.w, r0.y\nadd r1.y, r1, c[4].x\nexec p0\nadd r1.z, r1, c[8].x\nexec\nmax oC0, r1, r1",
            // A clause that ends the shader for some invocations.
            "max oC0, c[1], c[1]\nsetp_gt r1.x, r0.x\nexece p0\nmax oC0, c[2], c[2]\nexec\nmax oC0, c[3], c[3]\nexece b1\nmax oC1, r0, r0\nexec\nmax oC1, c[5], c[5]",
            // Loops: nested, with addresses, left early, skipped, with the outer's address.
            "loop i0, a\nb:\nloop i5, c\nd:\nexec\nadd r1, r1, c[aL+1]\nendloop i5, d\nc:\nexec\nadd r1, r1, c[aL+2]\nendloop i0, b\na:\nexec\nmax oC0, r1, r1",
            "loop i0, a\nb:\nloop i3, c, repeat\nd:\nexec\nadd r1, r1, c[aL+1]\nendloop i3, d\nc:\nendloop i0, b\na:\nexec\nmax oC0, r1, r1",
            "loop i4, a\nb:\nexec\nadd r1.x, r1, c[1]\nadd r2.y, r2, -c[1].x\nsetp_gt r2.z, r2.y\nendloop i4, b, !p0\na:\nexec\nmax oC0, r1, r2",
            "loop i1, a\nb:\nexec\nadd r1, r1, c[1]\nendloop i1, b\na:\nloop i2, e\nf:\nexec\nadd r1, r1, c[aL+2]\nendloop i2, f\ne:\nexec\nmax oC0, r1, r1",
            // Five nested loops: the innermost is skipped.
            "loop i5, a\nb:\nloop i5, c\nd:\nloop i5, e\nf:\nloop i5, g\nh:\nloop i5, i\nj:\nexec\nadd r1.y, r1, c[1].x\nendloop i5, j\ni:\nexec\nadd r1.x, r1, c[1]\nendloop i5, h\ng:\nendloop i5, f\ne:\nendloop i5, d\nc:\nendloop i5, b\na:\nexec\nmax oC0, r1, r1",
            // A shader that ends within a loop.
            "loop i3, a\nb:\nexec\nadd r1, r1, c[1].x\nadd oC0, r1, c[0].x\nsetp_ge r2.w, r1.x\nadd r2.y, r2, -c[1].x\nsetp_gt r2.z, -r2.y\nexece p0\nmax oC1, r1, r1\nendloop i3, b\na:\nexec\nmax oC1, r2, r2",
            // Jumps, forwards and back, and calls.
            "setp_gt r2.w, r0.x\njump positive, p0\nexec\nmax r1, c[1], c[1]\njump join\npositive:\nexec\nmax r1, c[2], c[2]\njoin:\nexec\nmax oC0, r1, r1",
            "top:\nexec\nadd r1.x, r1, c[1]\nadd r2.y, r2, -c[1].x\nsetp_gt r2.z, r2.y\njump top, p0\nexec\nmax oC0, r1, r2",
            "call f\nsetp_gt r2.w, r0.x\ncall f, p0\ncall g, b1\ncall g, !b1\nexec\nmax oC0, r1, r1\njump end\nf:\nexec\nadd r1, r1, c[1]\ncall g\nret\ng:\nexec\nadd r1, r1, c[2]\nret\nend:\nnop",
            // Recursion: four calls are executed.
            "call f\nexec\nmax oC0, r1, r1\njump end\nf:\nexec\nadd r1, r1, c[1]\ncall f\nexec\nadd r1, r1, c[3]\nret\nend:\nnop",
            // A jump out of a loop, and one into a loop.
            "loop i0, a\nb:\nexec\nadd r1.x, r1, c[aL+1]\nsetp_gt r2.w, r0.x\njump a, p0\nendloop i0, b\na:\nexec\nmax oC0, r1, c[aL+3]",
            "jump b\nloop i0, a\nb:\nexec\nadd r1.x, r1, c[aL+1]\nendloop i0, b\na:\nloop i0, c\nd:\nexec\nadd r1.y, r1, c[aL+1]\njump e, b1\ne:\nendloop i0, d, p0\nc:\nexec\nmax oC0, r1, r1",
            // Discards under predicates and conditions.
            "setp_gt r2.w, r0.x\n(p0) kills_eq r1.x, r0.y\nexec !p0\nkill_eq r1, r0.zzzz, c[1].x\nexec\nmax oC0, r1, r1",
            "jump @2, b1\nnop\nret\nexec\nmax oC0, r0, r0\njump @4000",
        ] {
            compare(gpu, text, &inputs, unequal);
        }
    });
}

/// Number of random programs by default; set by `XENIA_SHADER_RUNS`.
const RUNS: u64 = 30;

#[test]
fn random_programs_agree() {
    let runs = xenia_testing::number_in_environment("XENIA_SHADER_RUNS", RUNS);
    let flush = |value: f32| if value.is_subnormal() { 0.0 } else { value };
    gpu::with_gpu(|gpu| {
        for seed in 0..runs {
            let words = programs::exact_words(&mut ChaCha8Rng::seed_from_u64(seed));
            compare_words(gpu, &words, &inputs(), |a, b| unequal(flush(a), flush(b)));
        }
    });
}

#[test]
fn endless_programs_end_on_the_host_gpu() {
    gpu::with_gpu(|gpu| {
        // The results differ, because the interpreter counts other steps.
        for text in [
            "top:\nexec\nadd r1, r1, c[1].x\nmax oC0, c[7], c[7]\njump top",
            "loop i4, a\nb:\nloop i4, c\nd:\nloop i4, e\nf:\nexec\nmax oC0, c[7], c[7]\nendloop i4, f\ne:\nendloop i4, d\nc:\nendloop i4, b\na:\nnop",
        ] {
            compare(gpu, text, &inputs(), unequal);
        }
    });
}
