// A first title in C++: counts its arguments' letters, and names those that are not numbers.
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>

int main(int argc, char **argv) {
    std::map<char, int> letters;
    for (int i = 1; i < argc; i++) {
        for (const char *c = argv[i]; *c; c++) letters[*c]++;
        try {
            int number = std::stoi(argv[i]);
            std::cout << argv[i] << " is the number " << number << '\n';
        } catch (const std::invalid_argument &) {
            std::cout << argv[i] << " is no number\n";
        }
    }
    for (const auto &[letter, count] : letters) std::cout << letter << ": " << count << '\n';
}
