// The language's runtime: static objects, exceptions through frames and threads, types at
// run time, thread-local objects.
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <typeinfo>
#include <vector>

struct Told {
    const char *name;
    explicit Told(const char *name) : name(name) { std::printf("made: %s\n", name); }
    ~Told() { std::printf("gone: %s\n", name); }
};

static Told first("first"), second("second");
static thread_local Told own("a thread's own");

static Told &once() {
    static Told told("on first use");
    return told;
}

struct Shape {
    virtual ~Shape() = default;
    virtual int sides() const = 0;
};
struct Named {
    virtual ~Named() = default;
    virtual std::string name() const = 0;
};
struct Square : Shape, Named {
    int sides() const override { return 4; }
    std::string name() const override { return "square"; }
};
struct Circle : virtual Shape {
    int sides() const override { return 0; }
};

static int deep(int depth) {
    Told told(depth % 2 ? "odd frame" : "even frame");
    if (depth == 0) throw std::out_of_range("the bottom");
    return deep(depth - 1) + 1;
}

static void types() {
    std::vector<std::unique_ptr<Shape>> shapes;
    shapes.emplace_back(new Square);
    shapes.emplace_back(new Circle);
    for (const auto &shape : shapes) {
        auto named = dynamic_cast<Named *>(shape.get());
        std::printf("%d sides, %s, %s\n", shape->sides(), named ? named->name().c_str() : "no name",
                    typeid(*shape) == typeid(Square) ? "a square" : "no square");
    }
    try {
        (void)dynamic_cast<Named &>(*shapes[1]);
    } catch (const std::bad_cast &) {
        std::puts("a bad cast");
    }
}

static void exceptions() {
    try {
        deep(3);
    } catch (const std::logic_error &error) {
        std::printf("caught: %s\n", error.what());
    }
    try {
        try {
            throw 42;
        } catch (...) {
            std::throw_with_nested(std::runtime_error("around it"));
        }
    } catch (const std::exception &error) {
        try {
            std::rethrow_if_nested(error);
        } catch (int number) {
            std::printf("%s was %d\n", error.what(), number);
        }
    }
    try {
        std::vector<int> list(3);
        list.at(7) = 1;
    } catch (const std::exception &) {
        std::puts("beyond a vector's end");
    }
    try {
        volatile std::size_t size = SIZE_MAX / 2;
        std::unique_ptr<char[]> large(new char[size]);
        std::puts(large ? "all memory" : "none");
    } catch (const std::bad_alloc &) {
        std::puts("no memory");
    }
    for (int i = 0; i < 10000; i++) {
        try {
            if (i % 3 == 0) throw std::string("third");
            if (i % 3 == 1) throw i;
        } catch (const std::string &) {
            continue;
        } catch (int) {
        }
    }
    std::puts("many");
}

static void threads() {
    std::exception_ptr kept;
    std::thread worker([&] {
        std::printf("%s begins\n", own.name);
        try {
            throw std::runtime_error("from another thread");
        } catch (...) {
            kept = std::current_exception();
        }
    });
    worker.join();
    try {
        std::rethrow_exception(kept);
    } catch (const std::exception &error) {
        std::printf("caught here: %s\n", error.what());
    }
}

int main() {
    std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
    once();
    types();
    exceptions();
    threads();
    std::atexit([] { std::puts("at exit"); });
    std::puts("end of main");
    return 3;
}
