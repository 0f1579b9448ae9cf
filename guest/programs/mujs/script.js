// Work of the usual kinds; fold() takes what comes out.
function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2) }
fold('fib ' + fib(19));

function Tree() { this.root = null; this.count = 0 }
Tree.prototype.add = function (key) {
  if (!this.root) { this.root = { key: key, left: null, right: null }; this.count++; return }
  for (var node = this.root; ;) {
    if (key === node.key) return;
    var side = key < node.key ? 'left' : 'right';
    if (!node[side]) { node[side] = { key: key, left: null, right: null }; this.count++; return }
    node = node[side];
  }
};
Tree.prototype.walk = function (visit) {
  (function down(node) { if (node) { down(node.left); visit(node.key); down(node.right) } })(this.root);
};
var seed = 7, tree = new Tree(), sum = 0;
function random(n) { seed = (seed * 16807) % 2147483647; return seed % n }
for (var i = 0; i < 4000; i++) tree.add(random(100000));
tree.walk(function (key) { sum = (sum * 31 + key) % 1000003 });
fold('tree ' + tree.count + ' ' + sum);

var words = [], text = '';
for (i = 0; i < 1500; i++) { words.push('w' + random(500)); text += words[i] + (i % 9 ? ' ' : '\n') }
words.sort();
fold('sorted ' + words[0] + ' ' + words[750] + ' ' + words[1499]);
fold('replaced ' + text.replace(/w(\d)(\d+)/g, function (all, a, b) { return b + a }).length);
var counts = {}, lines = text.split('\n');
for (i = 0; i < lines.length; i++)
  lines[i].split(' ').forEach(function (w) { counts[w] = (counts[w] || 0) + 1 });
fold('keys ' + Object.keys(counts).length);

var grid = [], n = 24;
for (i = 0; i < n; i++) { grid[i] = []; for (var j = 0; j < n; j++) grid[i][j] = (i * j) % 7 + (i === j ? 10 : 0) }
for (var pivot = 0; pivot < n; pivot++)
  for (i = pivot + 1; i < n; i++) {
    var factor = grid[i][pivot] / grid[pivot][pivot];
    for (j = pivot; j < n; j++) grid[i][j] -= factor * grid[pivot][j];
  }
var log = 0;
for (i = 0; i < n; i++) log += Math.log(Math.abs(grid[i][i]));
fold('determinant ' + log.toFixed(6));

var parsed = JSON.parse(JSON.stringify({ list: words.slice(0, 300), counts: counts }));
fold('json ' + parsed.list.join('').length);
