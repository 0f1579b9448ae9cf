-- Floating point of the usual kinds; fold() takes what comes out.
local sqrt, format = math.sqrt, string.format

local bodies = {}
for i = 1, 5 do
  bodies[i] = { x = i * 1.5, y = i * i * 0.25, z = -i * 0.5, vx = 0.1 * i, vy = 0.3 - 0.05 * i, vz = 0.02 * i, m = 40 / (i * i) }
end
local function advance(dt)
  for i = 1, #bodies do
    local a = bodies[i]
    for j = i + 1, #bodies do
      local b = bodies[j]
      local dx, dy, dz = a.x - b.x, a.y - b.y, a.z - b.z
      local d2 = dx * dx + dy * dy + dz * dz + 0.01
      local mag = dt / (d2 * sqrt(d2))
      a.vx, a.vy, a.vz = a.vx - dx * b.m * mag, a.vy - dy * b.m * mag, a.vz - dz * b.m * mag
      b.vx, b.vy, b.vz = b.vx + dx * a.m * mag, b.vy + dy * a.m * mag, b.vz + dz * a.m * mag
    end
    a.x, a.y, a.z = a.x + dt * a.vx, a.y + dt * a.vy, a.z + dt * a.vz
  end
end
for _ = 1, 6000 do advance(0.001) end
fold(format("bodies %.6f %.6f", bodies[1].x, bodies[5].vz))

local function A(i, j) local ij = i + j return 1.0 / (ij * (ij + 1) / 2 + i + 1) end
local n = 60
local function multiply(v, transposed)
  local out = {}
  for i = 0, n - 1 do
    local sum = 0.0
    for j = 0, n - 1 do sum = sum + (transposed and A(j, i) or A(i, j)) * v[j] end
    out[i] = sum
  end
  return out
end
local u, v = {}, nil
for i = 0, n - 1 do u[i] = 1.0 end
for _ = 1, 10 do v = multiply(multiply(u), true) u = multiply(multiply(v), true) end
local vbv, vv = 0.0, 0.0
for i = 0, n - 1 do vbv = vbv + u[i] * v[i] vv = vv + v[i] * v[i] end
fold(format("norm %.6f", sqrt(vbv / vv)))

local inside = 0
for py = 0, 59 do
  for px = 0, 79 do
    local cx, cy, x, y, i = px / 40 - 1.5, py / 30 - 1.0, 0.0, 0.0, 0
    while i < 60 and x * x + y * y < 4.0 do
      x, y, i = x * x - y * y + cx, 2.0 * x * y + cy, i + 1
    end
    inside = inside + i
  end
end
fold("mandelbrot " .. inside)
