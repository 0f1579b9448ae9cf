//! Tests that assemble programs and run them in the interpreter.

use super::*;
use xenia_host::simd;

/// Fetch unit without vertices and textures.
struct Nothing;

impl FetchUnit for Nothing {
    fn vertex(&mut self, _: &VertexFetch, index: &Lanes, _: Mask) -> Vector {
        [*index; 4]
    }
    fn texture(&mut self, _: &TextureFetch, at: &Sampling<'_>, _: Mask) -> Vector {
        let [x, y, z] = *at.coordinates;
        [x, y, z, [0.0; LANES]]
    }
}

/// Constants of the tests: c[n] is (4n, 4n + 1, 4n + 2, 4n + 3) up to c[15], then zeros.
struct TestConstants {
    float: [[f32; 4]; 256],
    boolean: [u32; 8],
    loops: [u32; 32],
}

impl TestConstants {
    fn stage(&self) -> ShaderConstants<'_> {
        ShaderConstants { float: &self.float, boolean: &self.boolean, loops: &self.loops }
    }
}

fn constants() -> TestConstants {
    let mut constants = TestConstants { float: [[0.0; 4]; 256], boolean: [0; 8], loops: [0; 32] };
    for (value, component) in (0_u16..64).zip(constants.float.as_flattened_mut()) {
        *component = value.into();
    }
    constants.boolean[0] = 0b10;
    constants.loops[0] = 3 | 5 << 8 | 2 << 16; // three iterations, from 5, step 2
    constants.loops[1] = 200;
    constants
}

/// Runs a program and returns oC0. r0 is given for lane 0; lane n has n added to x.
fn run(text: &str, r0: [f32; 4]) -> (Vector, Mask) {
    let program = Program::decode(&assemble(text).unwrap());
    let mut interpreter = ShaderInterpreter::default();
    interpreter.clear(&program);
    for lane in 0..LANES {
        for (c, value) in r0.into_iter().enumerate() {
            interpreter.register(0)[c][lane] = value + if c == 0 { lane as f32 } else { 0.0 };
        }
    }
    let exports = interpreter.run(&program, constants().stage(), Mask::MAX, &mut Nothing);
    (exports.values[0], exports.killed)
}

fn first(text: &str, r0: [f32; 4]) -> [f32; 4] {
    let (out, _) = run(text, r0);
    [0, 1, 2, 3].map(|c: usize| out[c][0])
}

const INF: f32 = f32::INFINITY;

#[test]
fn every_vector_operation_has_its_result() {
    // c[n] is (4n, 4n+1, 4n+2, 4n+3); a is r0.
    let a = [2.0, -1.5, 0.0, 3.0];
    for (text, expected) in [
        ("add oC0, r0, c[1]", [6.0, 3.5, 6.0, 10.0]),
        ("mul oC0, r0, c[1]", [8.0, -7.5, 0.0, 21.0]),
        ("max oC0, r0, c[0]", [2.0, 1.0, 2.0, 3.0]),
        ("min oC0, r0, c[0]", [0.0, -1.5, 0.0, 3.0]),
        ("seq oC0, r0, c[0]", [0.0, 0.0, 0.0, 1.0]),
        ("sgt oC0, r0, c[0]", [1.0, 0.0, 0.0, 0.0]),
        ("sge oC0, r0, c[0]", [1.0, 0.0, 0.0, 1.0]),
        ("sne oC0, r0, c[0]", [1.0, 1.0, 1.0, 0.0]),
        ("frc oC0, r0", [0.0, 0.5, 0.0, 0.0]),
        ("trunc oC0, r0", [2.0, -1.0, 0.0, 3.0]),
        ("floor oC0, r0", [2.0, -2.0, 0.0, 3.0]),
        ("mad oC0, r0, c[0], c[1]", [4.0, 3.5, 6.0, 16.0]),
        ("cndeq oC0, r0, c[0], c[1]", [4.0, 5.0, 2.0, 7.0]),
        ("cndge oC0, r0, c[0], c[1]", [0.0, 5.0, 2.0, 3.0]),
        ("cndgt oC0, r0, c[0], c[1]", [0.0, 5.0, 6.0, 3.0]),
        ("dp4 oC0, r0, c[0]", [7.5; 4]),
        ("dp3 oC0, r0, c[0]", [-1.5; 4]),
        ("dp2add oC0, r0, c[0], c[1]", [2.5; 4]),
        ("max4 oC0, r0", [3.0; 4]),
        ("dst oC0, r0, c[0]", [1.0, -1.5, 0.0, 3.0]),
        ("maxa r1, r0, r0\nmax oC0, c[a0+1], c[a0+1]", [16.0, 17.0, 18.0, 19.0]),
        ("setp_eq_push oC0, r0.wwwz, c[0].yyyx", [4.0; 4]),
        ("setp_ne_push r1, r0.zzzz, c[0].yyyy\n(p0) max oC0, r0, r0", a),
        ("setp_gt_push r1, r0.zzzz, r0.yyyy\n(!p0) max oC0, r0, r0", a),
        ("setp_ge_push oC0, r0.zzzz, r0.zzzz", [0.0; 4]),
        // Direction (1, 2, 3): z is the major axis.
        ("cube oC0, c[0].wwyz, c[0].zyww", [-2.0, 1.0, 6.0, 4.0]),
        ("mul_sat oC0, r0, c[0].y", [1.0, 0.0, 0.0, 1.0]),
        ("add oC0, -r0_abs.wzyx, c[0].x", [-3.0, 0.0, -1.5, -2.0]),
    ] {
        assert_eq!(first(text, a), expected, "{text}");
    }
    // Zero times infinity is zero, also in dot products.
    assert_eq!(first("mul oC0, r0.x, r0.y", [0.0, INF, 0.0, 0.0])[0], 0.0);
    assert_eq!(first("dp4 oC0, r0.xyxy, r0.yxyx", [0.0, INF, 0.0, 0.0])[0], 0.0);
}

#[test]
fn vertices_have_no_neighbours_for_a_level_of_detail() {
    let text = "tfetch2D r1, r0.xy, tf0\ntfetch2D r2, r0.xy, tf0, reggrad\nmax oC0, r1, r2";
    for (kind, expected) in [(ShaderKind::Pixel, [true, true]), (ShaderKind::Vertex, [false, false])] {
        let shader = Shader::new(kind, &assemble(text).unwrap());
        let computed = shader.program.instructions.iter().filter_map(|instruction| match instruction {
            ShaderInstruction::Texture(fetch) => Some(fetch.computed_lod),
            _ => None,
        });
        assert_eq!(computed.collect::<Vec<_>>(), expected, "{kind:?}");
    }
}

#[test]
fn the_size_of_points_is_known_from_their_flags() {
    for (text, expected) in [
        ("max oPts.x, r0, r0", 1),
        ("max oPts.__z_, r0, r0", 4),
        ("max oPts.x, r0, r0\n+ rcp oPts.z, r0.x", 5),
        ("max o0, r0, r0", 0),
    ] {
        let program = Program::decode(&assemble(text).unwrap_or_else(|error| panic!("{error}: {text}")));
        assert_eq!(program.point_size & 7, expected, "{text}");
    }
}

#[test]
fn every_scalar_operation_has_its_result() {
    let a = [4.0, -0.25, 0.0, 1.0];
    for (text, expected) in [
        ("adds oC0, r0.xy", 3.75),
        ("muls oC0, r0.xy", -1.0),
        ("maxs oC0, r0.xy", 4.0),
        ("mins oC0, r0.xy", -0.25),
        ("subs oC0, r0.xy", 4.25),
        ("seqs oC0, r0.z", 1.0),
        ("sgts oC0, r0.y", 0.0),
        ("sges oC0, r0.z", 1.0),
        ("snes oC0, r0.z", 0.0),
        ("frcs oC0, r0.y", 0.75),
        ("truncs oC0, r0.y", 0.0),
        ("floors oC0, r0.y", -1.0),
        ("exp oC0, r0.x", 16.0),
        ("log oC0, r0.x", 2.0),
        ("log oC0, r0.z", -INF),
        ("logc oC0, r0.z", -f32::MAX),
        ("rcp oC0, r0.z", INF),
        ("rcpc oC0, r0.z", f32::MAX),
        ("rcpf oC0, r0.z", 0.0),
        ("rsq oC0, r0.x", 0.5),
        ("rsqc oC0, r0.z", f32::MAX),
        ("rsqf oC0, r0.z", 0.0),
        ("sqrt oC0, r0.x", 2.0),
        ("sin oC0, r0.z", 0.0),
        ("cos oC0, r0.z", 1.0),
        ("mulsc oC0, c[1].y, r0.x", 20.0),
        ("addsc oC0, c[1].y, r0.x", 9.0),
        ("subsc oC0, c[1].y, r0.x", 1.0),
        ("adds r1._, r0.xw\nadds_prev oC0, r0.x", 9.0),
        ("adds r1._, r0.xw\nmuls_prev oC0, r0.x", 20.0),
        ("adds r1._, r0.xw\nsubs_prev oC0, r0.x", -1.0),
        ("adds r1._, r0.xw\nretain_prev oC0", 5.0),
        ("adds r1._, r0.xw\nmuls_prev2 oC0, r0.xw", 20.0),
        ("adds r1._, r0.xw\nmuls_prev2 oC0, r0.xy", -f32::MAX),
        ("setp_eq oC0, r0.z", 0.0),
        ("setp_ne oC0, r0.z", 1.0),
        ("setp_gt oC0, r0.y", 1.0),
        ("setp_ge oC0, r0.z", 0.0),
        ("setp_inv oC0, r0.z", 1.0),
        ("setp_pop oC0, r0.x", 3.0),
        ("setp_clr oC0", f32::MAX),
        ("setp_rstr oC0, r0.x", 4.0),
        ("kills_eq oC0, r0.z", 1.0),
        ("kills_gt oC0, r0.y", 0.0),
        ("kills_ge oC0, r0.z", 1.0),
        ("kills_ne oC0, r0.z", 0.0),
        ("kills_one oC0, r0.w", 1.0),
        ("maxas r1._, r0.xx\nmax oC0, c[a0+1].x, c[a0+1].x", 20.0),
        ("maxasf r1._, r0.yy\nmax oC0, c[a0+1].x, c[a0+1].x", 4.0),
    ] {
        assert_eq!(first(text, a)[0], expected, "{text}");
    }
}

#[test]
fn approximations_have_21_bits_of_mantissa() {
    let a = [97.0, 0.7, 3.0, INF];
    for (text, exact) in [
        ("rcp oC0, r0.x", 1.0 / 97.0),
        ("rcpc oC0, r0.y", 1.0 / 0.7),
        ("rcpf oC0, r0.z", 1.0 / 3.0),
        ("rsq oC0, r0.x", 1.0 / 97.0_f32.sqrt()),
        ("rsqc oC0, r0.z", 1.0 / 3.0_f32.sqrt()),
        ("sqrt oC0, r0.z", 3.0_f32.sqrt()),
        ("exp oC0, r0.y", libm::exp2f(0.7)),
        ("log oC0, r0.z", libm::log2f(3.0)),
        ("logc oC0, r0.y", libm::log2f(0.7)),
    ] {
        let value = first(text, a)[0];
        assert_eq!(value.to_bits() & 3, 0, "{text}");
        assert!((value - exact).abs() <= exact.abs() * 2.0_f32.powi(-21), "{text}: {value} for {exact}");
    }
    assert_eq!(first("rsq oC0, r0.w", a)[0], 0.0);
    assert_eq!(first("sqrt oC0, r0.w", a)[0], INF);
    // Part of compiled code for 97 % 97: with all 23 bits the product is below one.
    assert_eq!(first("rcp r1.x, r0.x\nmul r1.x, r1.x, r0.x\nfloor oC0, r1.x", a)[0], 1.0);
}

#[test]
fn both_halves_read_before_either_writes() {
    let out = first(
        "add r0, r0, c[0].y\n+ adds r1.x, r0.xy\nmax oC0.x, r1.x, r1.x\nmax oC0.yzw, r0, r0",
        [1.0, 2.0, 3.0, 4.0],
    );
    assert_eq!(out, [3.0, 3.0, 4.0, 5.0]);
}

#[test]
fn discards_hit_their_lanes_only() {
    let (_, killed) = run("kills_gt r1._, r0.x\nmax oC0, r0, r0", [-3.0, 0.0, 0.0, 0.0]);
    assert_eq!(killed, !0b1111);
    let (_, killed) =
        run("setp_gt r1._, r0.x\n(!p0) kill_eq r2._, r0, r0\nmax oC0, r0, r0", [-3.0, 0.0, 0.0, 0.0]);
    assert_eq!(killed, 0b1111);
}

#[test]
fn loops_run_as_often_as_their_constant() {
    // The loop address goes 5, 7, 9; constants indexed by it are not used, registers are counted.
    let text = "loop i0, done\ntop:\nadd r1, r1, c[0].y\nendloop i0, top\ndone:\nexec\nmax oC0, r1, r1";
    assert_eq!(first(text, [0.0; 4]), [3.0; 4]);
    let skipped = "loop i2, done\ntop:\nadd r1, r1, c[0].y\nendloop i2, top\ndone:\nexec\nmax oC0, r1, r1";
    assert_eq!(first(skipped, [0.0; 4]), [0.0; 4]);
}

#[test]
fn lanes_take_their_own_way_through_branches() {
    let text = "
        setp_gt r1._, r0.x
        jump positive, p0
        exec
        max r2, c[1], c[1]
        jump join
        positive:
        exec
        max r2, c[2], c[2]
        join:
        exec
        max oC0, r2, r2";
    let (out, _) = run(text, [-2.0, 0.0, 0.0, 0.0]);
    assert_eq!(out[0][..5], [4.0, 4.0, 4.0, 8.0, 8.0]);
    let bools = "exec b1\nmax r1, c[1], c[1]\nexec !b1\nmax r1, c[2], c[2]\nexec b2\nmax r1, c[3], c[3]\nexec\nmax oC0, r1, r1";
    assert_eq!(first(bools, [0.0; 4])[0], 4.0);
    let call = "call f\nexec\nmax oC0, r1, r1\njump end\nf:\nexec\nadd r1, r1, c[1]\nret\nend:\nnop";
    assert_eq!(first(call, [0.0; 4])[0], 4.0);
}

#[test]
fn operations_have_the_same_bits_in_wider_vectors() {
    let mut dice = xenia_testing::Dice(512);
    let special = [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, INF, -INF, f32::NAN, f32::MAX, f32::MIN_POSITIVE, 1e-42];
    let bits = |lanes: &Lanes| lanes.map(f32::to_bits);
    for _ in 0..300 {
        let [a, b, c, previous]: [Vector; 4] = std::array::from_fn(|_| {
            std::array::from_fn(|_| {
                std::array::from_fn(|_| match dice.next() % 4 {
                    0 => special[dice.next() as usize % special.len()],
                    1 => f32::from_bits(dice.next() as u32),
                    _ => (dice.next() as u32 as i32) as f32 / 65_536.0,
                })
            })
        });
        let operands = [a.each_ref(), b.each_ref(), c.each_ref()];
        for &op in VectorOp::ALL {
            let mut out = [[[0.0; LANES]; 4]; 2];
            let [least, widest] = &mut out;
            let expected = alu::vector(op, 15, &operands, least);
            let found = simd::dispatch(
                #[inline(always)]
                || alu::vector(op, 15, &operands, widest),
            );
            assert!(
                found == expected && out[0].each_ref().map(bits) == out[1].each_ref().map(bits),
                "{op:?}: {a:?} {b:?} {c:?}"
            );
        }
        for &op in ScalarOp::ALL {
            let (expected, effect) = alu::scalar(op, &a[0], &b[0], &previous[0]);
            let (found, other) = simd::dispatch(
                #[inline(always)]
                || alu::scalar(op, &a[0], &b[0], &previous[0]),
            );
            let same = bits(&found) == bits(&expected);
            assert!(same && effect == other, "{op:?}: {:?} {:?} {:?}", a[0], b[0], previous[0]);
        }
    }
}

/// Processors make NaNs of either sign.
#[test]
fn an_operation_that_makes_a_nan_always_makes_the_same() {
    let special = [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, INF, -INF, f32::MAX, f32::MIN, 1e-42];
    let turned = |by: usize| -> Lanes { std::array::from_fn(|lane| special[(lane + by) % special.len()]) };
    let mut made = 0;
    for by in 0..special.len() {
        let a = [turned(0); 4];
        let b = [turned(by); 4];
        let c = [turned(2 * by); 4];
        let vectors = VectorOp::ALL.iter().map(|&op| {
            let mut out = [[0.0; LANES]; 4];
            alu::vector(op, 15, &[a.each_ref(), b.each_ref(), c.each_ref()], &mut out);
            (format!("{op:?}"), out)
        });
        let scalars = ScalarOp::ALL.iter().map(|&op| {
            let (out, _) = alu::scalar(op, &a[0], &b[0], &c[0]);
            (format!("{op:?}"), [out; 4])
        });
        for (name, out) in vectors.chain(scalars) {
            for nan in out.as_flattened().iter().filter(|value| value.is_nan()) {
                assert_eq!(nan.to_bits(), f32::NAN.to_bits(), "{name}");
                made += 1;
            }
        }
    }
    assert!(made > 1_000, "{made} NaNs");
}

#[test]
fn programs_are_uniform_if_nothing_differs_between_lanes() {
    for (text, expected) in [
        ("max oC0, c[1], c[1]", true),
        ("max r1, c[1], c[1]\nmax oC0, c[2], c[3]", true),
        ("max oC0, r0, c[1]", false),
        ("log oC0, r2.z", false),
        ("tfetch2D r1, r0.xy, tf1\nmax oC0, c[1], c[1]", false),
        ("alloc memory 1\nmax eA, c[1], c[1]\nmax eM0, c[2], c[2]", false),
    ] {
        let program = Program::decode(&assemble(text).unwrap());
        assert_eq!(program.is_uniform(), expected, "{text}");
    }
}

/// Fetch unit that returns the horizontal gradient.
struct Gradient;

impl FetchUnit for Gradient {
    fn vertex(&mut self, _: &VertexFetch, index: &Lanes, _: Mask) -> Vector {
        [*index; 4]
    }
    fn texture(&mut self, _: &TextureFetch, at: &Sampling<'_>, _: Mask) -> Vector {
        [at.gradients[0][0]; 4]
    }
}

#[test]
fn gradients_are_set_for_the_lanes_that_set_them() {
    let text = "setGradientH r0.____, r1.x, tf0\nsetp_gt r2._, r0.x\n(p0) setGradientH r0.____, r0.x, tf0\n\
                tfetch2D r3, r0.xy, tf0, reggrad\nmax oC0, r3, r3";
    let program = Program::decode(&assemble(text).unwrap());
    let mut interpreter = ShaderInterpreter::default();
    interpreter.clear(&program);
    for lane in 0..LANES {
        interpreter.register(0)[0][lane] = lane as f32 - 2.0;
        interpreter.register(1)[0][lane] = 100.0;
    }
    let exports = interpreter.run(&program, constants().stage(), Mask::MAX, &mut Gradient);
    assert_eq!(exports.values[0][0][..5], [100.0, 100.0, 100.0, 1.0, 2.0]);
}

#[test]
fn an_endless_program_stops_at_the_step_limit() {
    let count = first("top:\nexec\nadd r1, r1, c[0].y\nmax oC0, r1, r1\njump top", [0.0; 4])[0];
    assert!(count > 1000.0 && count < MAX_STEPS as f32, "{count}");
    let nested = "loop i1, a\nb:\nloop i1, c\nd:\nloop i1, e\nf:\nadd r1, r1, r1\nendloop i1, f\ne:\nendloop i1, d\nc:\nendloop i1, b\na:\nexec\nmax oC0, r1, r1";
    first(nested, [0.0; 4]);
}

#[test]
fn any_words_are_a_program() {
    let mut dice = xenia_testing::Dice(5);
    let mut next = || dice.next() as u32;
    let constants = constants();
    let mut interpreter = ShaderInterpreter::default();
    for _ in 0..2000 {
        let length = next() as usize % 64;
        let mut words: Vec<u32> = (0..length).map(|_| next()).collect();
        for word in words.iter_mut().take(6) {
            *word &= 0x3fff_f01f; // nearby clauses, so that some instructions run
        }
        let program = Program::decode(&words);
        interpreter.clear(&program);
        let last = ShaderConstants { float: &constants.float[200..], ..constants.stage() };
        interpreter.run(&program, last, Mask::MAX, &mut Nothing);
    }
}
