# Builds language and library in the current folder.
set -e
for name in language library; do $CXX -O2 -std=c++17 -Wall -Wextra -o $name "$HERE/$name.cpp" -lpthread; done
