// A spring network, a parser of expressions, records as JSON, regular expressions and a priority queue.
function Spring(a, b, rest) { this.a = a; this.b = b; this.rest = rest; }
var points = [], springs = [];
for (var i = 0; i < 24; i++) points.push({ x: i % 6, y: (i / 6) | 0, vx: 0, vy: 0 });
for (var i = 0; i < 24; i++) {
    if (i % 6 < 5) springs.push(new Spring(points[i], points[i + 1], 0.9));
    if (i < 18) springs.push(new Spring(points[i], points[i + 6], 1.1));
}
for (var step = 0; step < 120; step++) {
    springs.forEach(function (s) {
        var dx = s.b.x - s.a.x, dy = s.b.y - s.a.y, d = Math.sqrt(dx * dx + dy * dy), f = (d - s.rest) * 0.05 / d;
        s.a.vx += dx * f; s.a.vy += dy * f; s.b.vx -= dx * f; s.b.vy -= dy * f;
    });
    points.forEach(function (p) { p.vx *= 0.99; p.vy *= 0.99; p.x += p.vx; p.y += p.vy; });
}
fold(points.map(function (p) { return Math.round(p.x * 1000) + "," + Math.round(p.y * 1000); }).join(";"));

function evaluate(text) {
    var at = 0;
    function value() {
        if (text[at] === "(") { at++; var v = sum(); at++; return v; }
        var from = at;
        while (at < text.length && text[at] >= "0" && text[at] <= "9") at++;
        return parseInt(text.slice(from, at), 10);
    }
    function product() { var v = value(); while (text[at] === "*") { at++; v = v * value() % 1000003; } return v; }
    function sum() { var v = product(); while (text[at] === "+" || text[at] === "-") { var o = text[at++]; v = o === "+" ? v + product() : v - product(); } return v; }
    return sum();
}
var expression = "1";
for (var i = 2; i < 120; i++) expression = i % 3 ? expression + "+" + i + "*" + (i * 7 % 13) : "(" + expression + ")*" + (i % 5 + 1);
for (var i = 0, total = 0; i < 12; i++) total += evaluate(expression + "-" + i);
fold(total);

var records = [];
for (var i = 0; i < 160; i++) records.push({ id: i, name: "name" + (i * 37 % 101), tags: ["a" + i % 3, i % 2 === 0], value: i * 1.25 });
var text = JSON.stringify(records, null, 1), copy = JSON.parse(text);
copy.sort(function (a, b) { return a.name < b.name ? -1 : a.name > b.name ? 1 : a.id - b.id; });
fold(copy.map(function (r) { return r.id; }).join());
fold(text.replace(/"name(\d+)"/g, function (all, n) { return "<" + n * 2 + ">"; }).match(/<\d*[02468]>/g).length);

function Queue() { this.heap = []; }
Queue.prototype.push = function (key) {
    var h = this.heap, i = h.length;
    while (i && h[(i - 1) >> 1] > key) { h[i] = h[(i - 1) >> 1]; i = (i - 1) >> 1; }
    h[i] = key;
};
Queue.prototype.pop = function () {
    var h = this.heap, top = h[0], key = h.pop(), i = 0;
    if (h.length) {
        for (;;) { var c = 2 * i + 1; if (c >= h.length) break; if (c + 1 < h.length && h[c + 1] < h[c]) c++; if (h[c] >= key) break; h[i] = h[c]; i = c; }
        h[i] = key;
    }
    return top;
};
var queue = new Queue(), seed = 7, out = 0;
for (var i = 0; i < 1500; i++) { seed = (seed * 16807) % 2147483647; queue.push(seed & 65535); }
while (queue.heap.length) out = (out * 31 + queue.pop()) % 1000000007;
fold(out);
