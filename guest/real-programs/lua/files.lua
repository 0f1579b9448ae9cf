-- Files as Lua sees them: lines, numbers, positions, buffers, names, what fails and how.
print(#arg, arg[1], arg[2])
local name = "made.txt"
local out = assert(io.open(name, "w"))
for i = 1, 1000 do out:write(string.format("%d %.14g %x\n", i, i / 7, i * i)) end
out:close()
local sum, lines = 0, 0
for line in io.lines(name) do
  local i, f, h = line:match("^(%d+) (%S+) (%x+)$")
  assert(tonumber(h, 16) == i * i)
  sum, lines = sum + tonumber(f), lines + 1
end
print(lines, string.format("%.6f", sum))
local file = assert(io.open(name, "r+"))
print(file:seek("end"), file:seek("set", 10), file:read(5), file:seek())
print(file:read("n", "n", "L"))
file:seek("set", 0)
file:write("REPLACED")
file:seek("set", 0)
print(file:read("l"))
file:setvbuf("full", 100)
file:close()
local more = assert(io.open(name, "a"))
print(more:write("the end\n"):seek("end"))
more:close()
print(select(2, io.open("missing/file")))
print(select(2, io.open("missing.txt")))
assert(os.rename(name, "renamed.txt"))
print(io.open(name))
print(#assert(io.open("renamed.txt", "rb")):read("a"))
assert(os.remove("renamed.txt"))
print(os.remove("renamed.txt"))
local blob = {}
for i = 0, 255 do blob[#blob + 1] = string.char(i) end
blob = table.concat(blob):rep(300)
local binary = assert(io.open("all.bin", "wb"))
assert(binary:write(blob))
binary:close()
print(assert(io.open("all.bin", "rb")):read("a") == blob)
io.output("by_default.txt")
io.write("a", 1, 2.5, "\n")
io.close()
print(io.open("by_default.txt"):read("a"))
