// The standard library: streams, containers, text, numbers, files, threads.
#include <algorithm>
#include <array>
#include <atomic>
#include <bitset>
#include <charconv>
#include <chrono>
#include <complex>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <iomanip>
#include <iostream>
#include <list>
#include <map>
#include <mutex>
#include <numeric>
#include <optional>
#include <queue>
#include <random>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <tuple>
#include <unordered_map>
#include <variant>
#include <vector>

namespace fs = std::filesystem;

static void streams() {
    std::cout << std::boolalpha << true << ' ' << std::hex << std::showbase << 48879 << std::dec << ' ' << -17 << ' '
              << 1.0 / 3 << ' ' << std::fixed << std::setprecision(3) << 2.0 / 3 << ' ' << std::scientific << 1e100 << '\n';
    std::cout << std::defaultfloat << std::setw(8) << std::setfill('*') << 3.5f << std::left << std::setw(6) << 'x' << "|\n";
    std::istringstream in("12 0x1f 2.5e3 word true rest of it");
    int number = 0, other = 0;
    double real = 0;
    std::string word, rest;
    bool truth = false;
    in >> number >> std::hex >> other >> real >> word >> std::boolalpha >> truth;
    std::getline(in >> std::ws, rest);
    std::cout << number << ' ' << other << ' ' << real << ' ' << word << ' ' << truth << ' ' << rest << '\n';
    std::istringstream wrong("seven");
    wrong >> number;
    std::cout << wrong.fail() << ' ' << number << '\n';
    std::wostringstream wide;
    wide << L"wide " << 5;
    std::cout << wide.str().size() << ' ' << std::stod("6.25") << ' ' << std::to_string(7.5) << ' ' << std::stoll("-99") << '\n';
    char text[32];
    auto end = std::to_chars(text, text + sizeof text, 0.1);
    std::cout << std::string(text, end.ptr) << '\n';
    try {
        std::locale there_is_none("xx_XX");
    } catch (const std::runtime_error &) {
        std::cout << "no such locale\n";
    }
    std::cout << std::toupper('q', std::locale("")) << std::isdigit('7', std::locale()) << '\n';
}

static void containers() {
    std::map<std::string, std::vector<int>> groups;
    std::unordered_map<int, std::string> names;
    std::set<int> odd;
    std::priority_queue<int> queue;
    std::mt19937 random(2005);
    for (int i = 0; i < 2000; i++) {
        int value = static_cast<int>(random() % 1000);
        groups[value % 2 ? "odd" : "even"].push_back(value);
        names[value] = std::to_string(i);
        if (value % 2) odd.insert(value);
        queue.push(value);
    }
    for (auto &group : groups) {
        std::sort(group.second.begin(), group.second.end());
        std::cout << group.first << ' ' << group.second.size() << ' ' << group.second[100] << ' '
                  << std::accumulate(group.second.begin(), group.second.end(), 0) << '\n';
    }
    std::cout << names.size() << ' ' << names[groups["odd"][0]] << ' ' << odd.size() << ' ' << queue.top() << '\n';
    std::list<int> list(10);
    std::iota(list.begin(), list.end(), 0);
    list.remove_if([](int i) { return i % 3 == 0; });
    std::variant<int, std::string> either = std::string("text");
    std::optional<int> maybe;
    std::cout << list.size() << ' ' << std::get<std::string>(either) << ' ' << maybe.value_or(-1) << ' ' << std::bitset<12>(1234) << ' '
              << std::abs(std::complex<double>(3, 4)) << '\n';
    std::regex pattern("([a-z]+)-(\\d+)");
    std::string text = "one-1 two-22 three-333";
    for (std::sregex_iterator at(text.begin(), text.end(), pattern), end; at != end; ++at)
        std::cout << (*at)[2] << '=' << (*at)[1] << ' ';
    std::cout << std::regex_replace(text, pattern, "$2") << '\n';
}

static void files() {
    fs::create_directories("folder/inner");
    std::ofstream("folder/a.txt") << "first line\nsecond line\n" << 3 << '\n';
    fs::copy_file("folder/a.txt", "folder/inner/b.txt");
    std::ifstream in("folder/inner/b.txt");
    int lines = 0;
    for (std::string line; std::getline(in, line);) lines++;
    std::fstream both("folder/a.txt", std::ios::in | std::ios::out | std::ios::binary);
    both.seekp(6) << "LINE";
    both.seekg(0);
    std::string word, again;
    both >> word >> again;
    std::cout << lines << ' ' << word << ' ' << again << ' ' << fs::file_size("folder/a.txt") << '\n';
    std::vector<std::string> names;
    for (const auto &entry : fs::recursive_directory_iterator("folder"))
        names.push_back(entry.path().generic_string() + (entry.is_directory() ? "/" : ""));
    std::sort(names.begin(), names.end());
    for (const auto &name : names) std::cout << name << ' ';
    fs::rename("folder/inner/b.txt", "folder/c.txt");
    std::cout << fs::exists("folder/c.txt") << fs::exists("folder/inner/b.txt") << ' ' << fs::remove_all("folder/inner") << '\n';
    std::error_code error;
    (void)fs::file_size("nothing", error);
    std::cout << (error == std::errc::no_such_file_or_directory) << ' ' << error.message() << '\n';
    std::ifstream none("nothing");
    std::cout << none.is_open() << '\n';
}

static void threads() {
    std::mutex lock;
    std::condition_variable changed;
    std::queue<int> queue;
    std::atomic<long long> sum{0};
    bool is_over = false;
    std::vector<std::thread> workers;
    for (int i = 0; i < 4; i++)
        workers.emplace_back([&] {
            for (;;) {
                std::unique_lock<std::mutex> held(lock);
                changed.wait(held, [&] { return is_over || !queue.empty(); });
                if (queue.empty()) return;
                int value = queue.front();
                queue.pop();
                held.unlock();
                sum += value;
            }
        });
    for (int i = 1; i <= 1000; i++) {
        std::lock_guard<std::mutex> held(lock);
        queue.push(i);
        changed.notify_one();
    }
    {
        std::lock_guard<std::mutex> held(lock);
        is_over = true;
    }
    changed.notify_all();
    for (auto &worker : workers) worker.join();
    std::cout << sum << '\n';
    auto answer = std::async(std::launch::async, [](int n) { return n * n; }, 12);
    auto fails = std::async(std::launch::async, []() -> int { throw std::invalid_argument("none"); });
    std::cout << answer.get() << ' ';
    try {
        fails.get();
    } catch (const std::invalid_argument &error) {
        std::cout << error.what() << '\n';
    }
    std::once_flag flag;
    for (int i = 0; i < 3; i++) std::call_once(flag, [] { std::cout << "once\n"; });
    auto begun = std::chrono::steady_clock::now();
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    std::cout << (std::chrono::steady_clock::now() - begun >= std::chrono::milliseconds(5)) << '\n';
    std::random_device device;
    std::set<unsigned> different;
    for (int i = 0; i < 8; i++) different.insert(device());
    std::cout << (different.size() > 1) << '\n';
}

int main() {
    streams();
    containers();
    files();
    threads();
    std::cerr << "end\n";
    return std::cout.good() ? 0 : 1;
}
