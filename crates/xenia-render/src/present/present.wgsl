// Drawing of an image over the viewport: as it is, or with the changes of `Appearance`.

@group(0) @binding(0) var picture: texture_2d<f32>;
@group(0) @binding(1) var picture_sampler: sampler;

struct Appearance {
    // Part of the picture that is shown: left, top, width and height as shares of it.
    part: vec4<f32>,
    // Width and height of a pixel as shares of the picture.
    pixel: vec2<f32>,
    // Sharpening, from 0 to 1.
    sharpness: f32,
    brightness: f32,
    // Exponent of the gamma correction.
    exponent: f32,
}

@group(0) @binding(2) var<uniform> appearance: Appearance;

struct Corner {
    @builtin(position) position: vec4<f32>,
    @location(0) uv: vec2<f32>,
}

@vertex
fn corner(@builtin(vertex_index) index: u32) -> Corner {
    let uv = vec2<f32>(f32((index << 1u) & 2u), f32(index & 2u));
    return Corner(vec4<f32>(uv.x * 2.0 - 1.0, 1.0 - uv.y * 2.0, 0.0, 1.0), uv);
}

@fragment
fn pixel(corner: Corner) -> @location(0) vec4<f32> {
    return textureSample(picture, picture_sampler, corner.uv);
}

fn color(at: vec2<f32>) -> vec3<f32> {
    return textureSampleLevel(picture, picture_sampler, at, 0.0).rgb;
}

// Sharpens by contrast (AMD's Contrast Adaptive Sharpening, as its documentation describes it): the
// four neighbours get a negative weight that is smaller where they already differ much.
fn sharpened(at: vec2<f32>, center: vec3<f32>) -> vec3<f32> {
    let step = appearance.pixel;
    let up = color(at - vec2(0.0, step.y));
    let down = color(at + vec2(0.0, step.y));
    let left = color(at - vec2(step.x, 0.0));
    let right = color(at + vec2(step.x, 0.0));
    let least = min(center, min(min(up, down), min(left, right)));
    let most = max(center, max(max(up, down), max(left, right)));
    // Room to black and to white, in relation to the brightest neighbour.
    let room = clamp(min(least, 1.0 - most) / max(most, vec3(1.0 / 256.0)), vec3(0.0), vec3(1.0));
    let weight = sqrt(room) * (-1.0 / mix(8.0, 5.0, appearance.sharpness));
    return (center + weight * (up + down + left + right)) / (1.0 + 4.0 * weight);
}

@fragment
fn adjusted(corner: Corner) -> @location(0) vec4<f32> {
    let at = appearance.part.xy + corner.uv * appearance.part.zw;
    var result = color(at);
    if appearance.sharpness > 0.0 {
        result = sharpened(at, result);
    }
    result = clamp(result * appearance.brightness, vec3(0.0), vec3(1.0));
    // A power of one may be off by a step.
    let corrected = pow(result, vec3(appearance.exponent));
    return vec4(select(corrected, result, appearance.exponent == 1.0), 1.0);
}

fn luma(color: vec3<f32>) -> f32 {
    return dot(color, vec3(0.299, 0.587, 0.114));
}

// Smooths edges (FXAA; T. Lottes, NVIDIA white paper, 2009): where diagonal neighbours differ,
// blends along the edge, whose direction is across the change of luma.
@fragment
fn smoothed(corner: Corner) -> @location(0) vec4<f32> {
    let at = corner.uv;
    let step = appearance.pixel;
    let center = color(at);
    let up_left = luma(color(at - step));
    let up_right = luma(color(at + vec2(step.x, -step.y)));
    let down_left = luma(color(at + vec2(-step.x, step.y)));
    let down_right = luma(color(at + step));
    let here = luma(center);
    let least = min(here, min(min(up_left, up_right), min(down_left, down_right)));
    let most = max(here, max(max(up_left, up_right), max(down_left, down_right)));
    if most - least < max(1.0 / 24.0, most / 8.0) {
        return vec4(center, 1.0);
    }
    var along = vec2(
        (down_left + down_right) - (up_left + up_right),
        (up_left + down_left) - (up_right + down_right),
    );
    let reduced = max((up_left + up_right + down_left + down_right) / 32.0, 1.0 / 128.0);
    let scale = 1.0 / (min(abs(along.x), abs(along.y)) + reduced);
    along = clamp(along * scale, vec2(-8.0), vec2(8.0)) * step;
    let near = 0.5 * (color(at - along / 6.0) + color(at + along / 6.0));
    let far = 0.5 * near + 0.25 * (color(at - along * 0.5) + color(at + along * 0.5));
    let reached = luma(far);
    // The far texels may lie beyond the end of the edge.
    let is_beyond = reached < least || reached > most;
    return vec4(select(far, near, is_beyond), 1.0);
}
