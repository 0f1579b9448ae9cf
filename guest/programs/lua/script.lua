-- Integer work of the usual kinds; fold() takes what comes out.
local function queens(n)
  local count, cols, up, down = 0, {}, {}, {}
  local function place(row)
    if row > n then count = count + 1 return end
    for col = 1, n do
      if not (cols[col] or up[row + col] or down[row - col + n]) then
        cols[col], up[row + col], down[row - col + n] = true, true, true
        place(row + 1)
        cols[col], up[row + col], down[row - col + n] = nil, nil, nil
      end
    end
  end
  place(1)
  return count
end
fold("queens " .. queens(7))

local function sieve(n)
  local flags, count = {}, 0
  for i = 2, n do flags[i] = true end
  for i = 2, n do
    if flags[i] then
      count = count + 1
      for j = i * i, n, i do flags[j] = false end
    end
  end
  return count
end
fold("sieve " .. sieve(150000))

local seed = 42
local function random(n)
  seed = (seed * 1103515245 + 12345) & 0x7fffffff
  return seed % n
end

local list = {}
for i = 1, 15000 do list[i] = random(1000000) end
table.sort(list)
fold("sorted " .. list[1] .. " " .. list[7500] .. " " .. list[15000])
table.sort(list, function(a, b) return a % 1000 < b % 1000 or a % 1000 == b % 1000 and a < b end)
fold("sorted " .. list[1] .. " " .. list[7500] .. " " .. list[15000])

local parts = {}
for i = 1, 6000 do parts[#parts + 1] = string.format("%d:%s", i, string.rep("x", i % 7)) end
local text = table.concat(parts, ",")
local count = 0
for number, xs in text:gmatch("(%d+):(x*)") do count = count + tonumber(number) * #xs end
fold("matches " .. count .. " " .. #text:gsub("x+", function(s) return #s end))

-- Objects and closures: a heap of tasks.
local Heap = {}
Heap.__index = Heap
function Heap.new() return setmetatable({ n = 0 }, Heap) end
function Heap:push(key, task)
  self.n = self.n + 1
  local at = self.n
  self[at] = { key = key, task = task }
  while at > 1 and self[at // 2].key > self[at].key do
    self[at], self[at // 2] = self[at // 2], self[at]
    at = at // 2
  end
end
function Heap:pop()
  local top = self[1]
  self[1], self[self.n] = self[self.n], nil
  self.n = self.n - 1
  local at = 1
  while true do
    local least = at
    for child = 2 * at, 2 * at + 1 do
      if child <= self.n and self[child].key < self[least].key then least = child end
    end
    if least == at then return top end
    self[at], self[least] = self[least], self[at]
    at = least
  end
end
local heap, total = Heap.new(), 0
for i = 1, 6000 do
  local value = random(100000)
  heap:push(value * 8192 + i, function(sum) return (sum * 31 + value) % 1000000007 end)
end
while heap.n > 0 do total = heap:pop().task(total) end
fold("heap " .. total)

local words = {}
for i = 1, 30000 do
  local key = "k" .. random(2000)
  words[key] = (words[key] or 0) + 1
end
local keys = {}
for key in pairs(words) do keys[#keys + 1] = key end
table.sort(keys, function(a, b) return words[a] > words[b] or words[a] == words[b] and a < b end)
fold("words " .. keys[1] .. " " .. words[keys[1]] .. " " .. #keys)
