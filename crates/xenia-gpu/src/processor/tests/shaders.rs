//! Tests of instruction memory.

use std::fmt::Write;

use super::*;
use crate::microcode::{Shader, ShaderKind, assemble};
use crate::registers::sq;

/// Backend that notes the hashes of the shaders of expected draws, and the interpolators' number.
#[derive(Clone, Default)]
struct Expecting(Arc<Mutex<Vec<[u64; 3]>>>);

impl Backend for Expecting {
    fn name(&self) -> &'static str {
        "expecting"
    }
    fn expect_draw(&mut self, call: &DrawCall) {
        let pixel = call.pixel_shader.as_ref().map_or(0, |pixel| pixel.hash);
        self.0.lock().unwrap().push([call.vertex_shader.hash, pixel, call.interpolators.into()]);
    }
    fn draw(&mut self, _: &DrawCall, _: &dyn PhysicalMemory) -> Result<(), BackendError> {
        Ok(())
    }
    fn resolve(&mut self, _: &ResolveCall, _: &dyn PhysicalMemory) -> Result<(), BackendError> {
        Ok(())
    }
}

/// Vertex shader with this number of interpolators.
fn vertex(interpolators: u32) -> Vec<u32> {
    let mut text = "alloc position\nmax oPos, r0, r0\n".to_owned();
    if interpolators != 0 {
        writeln!(text, "alloc interpolators {interpolators}").unwrap();
    }
    for interpolator in 0..interpolators {
        writeln!(text, "max o{interpolator}, r0, r0").unwrap();
    }
    assemble(&text).unwrap()
}

/// Pixel shader number `n`.
fn pixel(n: u32) -> Vec<u32> {
    assemble(&format!("alloc colors\nmax oC0, r{n}, r{n}")).unwrap()
}

fn load(kind: ShaderKind, code: &[u32]) -> Vec<u32> {
    let length = code.len() as u32;
    [&[type3(opcode::IM_LOAD_IMMEDIATE, length + 2), kind as u32, length][..], code].concat()
}

#[test]
fn the_first_draw_of_a_new_shader_is_expected() {
    use ShaderKind::{Pixel, Vertex};
    let state = [type0(0x2208, 1), 4, type0(0x2104, 1), 0xf];
    let draw = [type3(opcode::DRAW_INDX_2, 1), 4 | 2 << 6 | 3 << 16];
    let expecting = Expecting::default();
    let mut m = GpuHarness::with_backend(Box::new(expecting.clone()));
    let expected = || std::mem::take(&mut *expecting.0.lock().unwrap());
    let pair = |v, p| [Shader::digest(Vertex, &vertex(v)), Shader::digest(Pixel, &pixel(p)), u64::from(v)];
    let none = [[0_u64; 3]; 0];
    // Before the first draw, the primitives are unknown.
    m.run(&[load(Vertex, &vertex(0)), load(Pixel, &pixel(0)), state.to_vec(), draw.to_vec()].concat());
    assert_eq!(expected(), none);
    // The backend is notified of both shaders together, once.
    m.run(&[load(Vertex, &vertex(1)), load(Pixel, &pixel(1))].concat());
    assert_eq!(expected(), none);
    m.run(&[state, state].concat());
    assert_eq!(expected(), [pair(1, 1)]);
    // Known shaders are not news.
    m.run(&[&draw[..], &load(Pixel, &pixel(0)), &state].concat());
    assert_eq!(expected(), none);
    // The known shader that a new one draws with may be loaded later.
    m.run(&[load(Vertex, &vertex(2)), state.to_vec(), load(Pixel, &pixel(1)), state.to_vec()].concat());
    assert_eq!(expected(), [pair(2, 0), pair(2, 1)]);
    m.run(&[load(Pixel, &pixel(1)), state.to_vec()].concat());
    assert_eq!(expected(), none);
    // A draw that follows at once is not expected.
    m.run(&[load(Vertex, &vertex(3)), draw.to_vec(), state.to_vec()].concat());
    assert_eq!(expected(), none);
}

#[test]
fn a_shader_is_stored_with_what_loads_it_again() {
    let mut m = GpuHarness::new();
    m.run(&[type3(opcode::IM_LOAD_IMMEDIATE, 5), 1, 0x0040_0003, 7, 8, 9]);
    m.run(&[type3(opcode::IM_STORE, 2), DATA | 1, DATA + 0x20]);
    assert_eq!([0, 1, 2, 3].map(|i| m.data(i)), [7, 8, 9, 0]);
    assert_eq!(m.data(8), 0x0040_0003);
    assert!(m.gpu.statistics().problems.is_empty());
    // No vertex shader is loaded, and the third kind can't be stored.
    m.run(&[type3(opcode::IM_STORE, 2), DATA, DATA, type3(opcode::IM_STORE, 2), DATA | 2, DATA]);
    assert_eq!((m.data(0), m.gpu.statistics().problems.len()), (7, 2));
}

#[test]
fn the_split_of_instruction_memory_is_a_register() {
    let mut m = GpuHarness::new();
    m.run(&[type3(opcode::SET_SHADER_BASES, 1), 0x8123_0456]);
    assert_eq!(m.gpu.registers().get(sq::SQ_INST_STORE_MANAGMENT), 0x0123_0456);
}
