-- The language: coroutines, collection, metatables, integers, formats, sorting, patterns, errors.
local function walk(t, n)
  for i = 1, n do coroutine.yield(t[i]) end
  return "over"
end
local co = coroutine.wrap(walk)
print(co({ 3, 1, 2 }, 3), co(), co(), co())
local weak = setmetatable({}, { __mode = "k" })
for _ = 1, 100000 do weak[{}] = true end
collectgarbage() collectgarbage()
print(next(weak))
local closed = {}
do
  local x <close> = setmetatable({}, { __close = function() closed[#closed + 1] = "x" end })
  local y <close> = setmetatable({}, { __close = function() closed[#closed + 1] = "y" end })
end
print(table.concat(closed, ","))
print(math.maxinteger + 1 == math.mininteger, 7 // -2, 7 % -2, 7.5 // 2, 1 << 63, "10" + 5, 3 | 4)
print(string.format("%5.2f|%-8s|%08x|%q|%a", math.pi, "left", 48879, "a\n\"b\"\0c", 0.5))
local numbers, state = {}, 12345
for i = 1, 20000 do
  state = (state * 1103515245 + 12345) & 0x7fffffff
  numbers[i] = state
end
table.sort(numbers)
for i = 2, #numbers do assert(numbers[i - 1] <= numbers[i]) end
print(numbers[1], numbers[10000], numbers[20000])
table.sort(numbers, function(a, b) return a % 1000 > b % 1000 end)
print(numbers[1] % 1000, numbers[20000] % 1000)
print(("the quick brown fox"):gsub("(%w+) (%w+)", "%2 %1"))
print(select("#", ("a,b,,c"):find("(%a),(%a)")), ("x = 10, y = 20"):gsub("%w+ = (%d+)", function(d) return d * 2 end))
print(select(2, pcall(error, { code = 7 })).code, select(2, pcall(function() local x = nil; return x.y end)))
print(load("return 1 +"))
print(utf8.char(228, 8364, 128512), utf8.len("äöü"), #utf8.char(0x7fffffff))
print(string.pack(">I4 s2 d", 7, "text", 1.5):byte(1, -1))
local deep = 0
local function recurse() deep = deep + 1; return 1 + recurse() end
print(pcall(recurse), deep > 1000)
local big = {}
for i = 1, 300000 do big[i] = i .. "" end
print(#table.concat(big))
